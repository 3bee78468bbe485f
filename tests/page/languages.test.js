// The page in English and Chinese: chosen by the browser, switched by the writer, with nothing left in the other language.

import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";
import { ghost, opened, RAIN, ready, Site, WEIGHTS_PATH, write, written } from "./harness.js";

/** @import { Page } from "playwright-core" */

/** @type {Site} */
let site;
before(async () => {
  site = await Site.open();
});
after(() => site.close());
afterEach(() => site.hub.mend(WEIGHTS_PATH));

const CHINESE = { locale: "zh-CN" };

// Names that Chinese text keeps: models and makers, files and protocols, keys, units, and the other language's name.
const NAMES = [
  /DistilGPT2|Pocket GPT-2|GPT-2|Hugging Face|OpenAI|SmolLM2|OpenWebText|WebText|Reddit|Apache-2\.0|MIT\b/,
  /[\w.-]+\.(co|json|safetensors)\b|HTTP \d+|CORS|SHA-256|\b[0-9a-f]{64}\b|cookie/,
  /\b(Tab|Enter|Esc|Ctrl|Alt|Space|F2|Mac|Z|MB|English|Top-[kp])\b/,
];

/** @param {Page} page */
const readyInChinese = (page) => page.locator("#headline", { hasText: "Pocket GPT-2 · 就绪" }).waitFor();

/**
 * @param {Page} page
 * @returns {Promise<string[]>} all texts and accessible names, except the writer's and the model's words
 */
const wordsOf = (page) =>
  page.evaluate(() => {
    const others = ".cm-line, .ghost-text, [dir=auto]";
    const found = [];
    for (const element of document.querySelectorAll("body, body *")) {
      if (!element.checkVisibility()) continue;
      if (element.matches(`${others}, :is(${others}) *`) && !element.matches(".cm-placeholder, .cm-placeholder *"))
        continue;
      for (const attribute of [
        "aria-label",
        "aria-placeholder",
        "aria-description",
        "aria-valuetext",
        "title",
        "alt",
        "placeholder",
      ]) {
        found.push(element.getAttribute(attribute) ?? "");
      }
      for (const child of element.childNodes)
        if (child.nodeType === Node.TEXT_NODE) found.push(child.textContent ?? "");
    }
    return [document.title, ...found].filter((text) => text.trim() !== "");
  });

/**
 * @param {Page} page
 * @param {string} state what the page shows
 */
async function assertChinese(page, state) {
  const words = await wordsOf(page);
  assert.ok(words.length > 8, `${words.length} texts`);
  const foreign = words.filter((text) =>
    /[A-Za-z]/.test(NAMES.reduce((rest, name) => rest.replaceAll(new RegExp(name, "g"), ""), text)),
  );
  assert.deepEqual(foreign, [], state);
}

test("the page is in the browser's language from the first paint on", async () => {
  for (const [locale, lang, title] of [
    ["zh-CN", "zh-Hans", "用 DistilGPT2 写作"],
    ["zh-TW", "zh-Hans", "用 DistilGPT2 写作"],
    ["en-US", "en", "Write with DistilGPT2"],
    ["fr-FR", "en", "Write with DistilGPT2"],
  ]) {
    await site.visit(
      async (page) => {
        assert.equal(await page.locator("html").getAttribute("lang"), lang);
        assert.equal(await page.title(), title);
        assert.equal(await page.locator("h1").textContent(), title);
      },
      { locale },
    );
  }
});

test("in Chinese no state of the page has an English word", () =>
  site.visit(async (page) => {
    site.hub.fail(WEIGHTS_PATH, "stall");
    await readyInChinese(page);
    await assertChinese(page, "empty");
    await page.keyboard.press("Tab");
    await page.locator("#announcer", { hasText: "请先写几个词" }).waitFor({ state: "attached" });
    await assertChinese(page, "with nothing to continue");
    await page.keyboard.press("Escape");
    await assertChinese(page, "when Tab leaves the text");
    await page.locator("#open-models").click();
    await assertChinese(page, "with the choice of models");
    await page.getByRole("radio", { name: "DistilGPT2" }).check();
    await page.locator("#use-model").click();
    await page.locator("#task-text", { hasText: "%" }).waitFor();
    await assertChinese(page, "during a download");
    await page.locator("#cancel").click();
    await assertChinese(page, "after a download");
    site.hub.mend(WEIGHTS_PATH);
    for (const failure of /** @type {const} */ (["no_cors", "flipped_byte", "wrong_length"])) {
      site.hub.fail(WEIGHTS_PATH, failure);
      await page.locator("#open-models").click();
      await page.getByRole("radio", { name: "DistilGPT2" }).check();
      await page.locator("#use-model").click();
      await page.locator("#problem-text", { hasText: "无法加载 DistilGPT2。" }).waitFor();
      await assertChinese(page, `with the error ${failure}`);
      await page.locator("#use-bundled").click();
      site.hub.mend(WEIGHTS_PATH);
    }
    await page.locator("#open-about").click();
    await assertChinese(page, "with the about dialog");
    await page.keyboard.press("Escape");
    await page.locator("#open-settings").click();
    await page.locator("#setting-temperature").fill("9");
    await page.keyboard.press("Tab");
    await assertChinese(page, "with a setting refused");
    await page.keyboard.press("Escape");
    await page.locator("#automatic").uncheck();
    await page.locator(".cm-content").focus();
    await write(page, RAIN);
    await page.keyboard.press("Tab");
    await page.getByRole("option", { name: "更多……" }).waitFor();
    await page.locator("#announcer").evaluate((region) => (region.textContent = "")); // It contains the model's words.
    await assertChinese(page, "with the list of suggestions");
    await page.keyboard.press("Control+a");
    await page.keyboard.press("Delete");
    await page.locator(".cm-announced", { hasText: "已删除" }).waitFor({ state: "attached" });
    await assertChinese(page, "when the selection is deleted");
  }, CHINESE));

test("the page announces and offers a suggestion in Chinese", () =>
  site.visit(async (page) => {
    await readyInChinese(page);
    await write(page, RAIN);
    await page.locator("#announcer", { hasText: "建议：" }).waitFor({ state: "attached" });
    assert.equal(await page.locator("#announcer").textContent(), `建议：${await ghost(page).textContent()}`);
    assert.match((await page.locator("#hint").textContent()) ?? "", /^Tab 采纳 · Ctrl\+→ 采纳一词 · .*Esc 放弃$/);
    assert.match(((await page.locator("#take-word").textContent()) ?? "").trim(), /^采纳下一个词： \S/);
  }, CHINESE));

test("a page that cannot start says so in Chinese", () =>
  site.visit(async (page) => {
    await page.route("**/vendor/**", (route) => route.abort());
    await page.reload();
    await page.locator("#problem-text", { hasText: "页面无法启动：" }).waitFor();
    assert.equal(await page.locator("#headline").textContent(), "页面无法启动");
  }, CHINESE));

test("the switch changes every string at once, keeps the text, and is remembered", () =>
  site.visit(async (page) => {
    site.hub.fail(WEIGHTS_PATH, "status", { status: 404 });
    await ready(page);
    await page.locator("#open-models").click();
    await page.getByRole("radio", { name: "DistilGPT2" }).check();
    await page.locator("#use-model").click();
    await page.locator("#problem-text", { hasText: "could not be loaded" }).waitFor();
    const english = await wordsOf(page);

    const button = page.locator("#language");
    assert.deepEqual([await button.textContent(), await button.getAttribute("lang")], ["中文", "zh-Hans"]);
    await button.click();
    assert.deepEqual([await button.textContent(), await button.getAttribute("lang")], ["English", "en"]);
    assert.equal(await page.locator("html").getAttribute("lang"), "zh-Hans");
    await assertChinese(page, "switched to");
    await button.click();
    const again = await wordsOf(page);
    assert.deepEqual(
      again,
      english.filter((text) => text !== "Pocket GPT-2 is ready."),
      "except for the last announcement",
    );
    await button.click();
    await page.locator(".cm-content").focus();
    await write(page, RAIN);
    await page.locator("#announcer", { hasText: "建议：" }).waitFor({ state: "attached" });
    const text = await ghost(page).textContent();
    await button.click();
    assert.equal(await ghost(page).textContent(), text, "the suggestion stays");
    assert.match((await page.locator("#hint").textContent()) ?? "", /^Tab accept · Ctrl\+→ word · .*Esc dismiss$/);
    assert.equal(await written(page), RAIN);

    await button.click();
    await page.reload();
    await opened(page);
    await readyInChinese(page);
  }));

test("the switch works where the browser stores nothing", () =>
  site.visit(async (page) => {
    await page.addInitScript(() => {
      Object.defineProperty(window, "localStorage", {
        get() {
          throw new DOMException("denied", "SecurityError");
        },
      });
    });
    await page.reload();
    await ready(page);
    await page.locator("#language").click();
    await readyInChinese(page);
  }));
