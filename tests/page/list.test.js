// The list at the caret: open, move, accept, ask for more, close.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { assertAccessible, gone, PHONE, RAIN, Site, suggestion, toEnd, write, written } from "./harness.js";
import { active, begin, list, more, openList, rows, shown } from "./list-harness.js";

/** @import { Page } from "playwright-core" */

/** @type {Site} */
let site;
before(async () => {
  site = await Site.open("real");
});
after(() => site.close());

/** The seed of the page's last request. @param {Page} page */
const question = (page) => page.evaluate(() => /** @type {any} */ (window).question.generation_config.seed);

test("Tab opens the list, arrows show each suggestion at the caret, Enter accepts it, Ctrl+Z undoes that", () =>
  site.visit(async (page) => {
    await begin(page);
    await openList(page);
    const texts = await rows(page).allTextContents();
    assert.equal(new Set(texts).size, texts.length);
    for (const text of texts) {
      assert.equal(await active(page), text);
      assert.equal(await shown(page), text);
      await page.keyboard.press("ArrowDown");
    }
    assert.equal(await active(page), "More …");
    await page.keyboard.press("ArrowDown");
    assert.equal(await active(page), texts[0], "the first follows the last");
    await page.keyboard.press("ArrowUp");
    await page.keyboard.press("ArrowUp");
    assert.equal(await active(page), texts.at(-1));
    assert.equal(await written(page), RAIN, "nothing is written before it is accepted");
    await page.keyboard.press("Enter");
    assert.equal(await written(page), RAIN + texts.at(-1));
    assert.equal(await list(page).count(), 0);
    assert.equal(await page.locator(".cm-content").getAttribute("aria-activedescendant"), null);
    await page.keyboard.press("Control+z");
    assert.equal(await written(page), RAIN);
  }));

for (const key of ["Alt+Backslash", "Control+Space"]) {
  test(`${key} lists the suggestions, then asks for others; with none, it asks at once`, () =>
    site.visit(async (page) => {
      await begin(page);
      await page.keyboard.press(key);
      await suggestion(page);
      await list(page).waitFor();
      await page.keyboard.press("Escape");
      await list(page).waitFor({ state: "detached" });
      await page.locator("#automatic").check();
      await page.locator(".cm-content").focus();
      await write(page, "old ");
      const text = await suggestion(page);
      const asked = await question(page);
      await page.keyboard.press(key);
      assert.equal(await active(page), text.trim());
      assert.equal(await question(page), asked, "no request yet");
      await page.keyboard.press(key);
      await suggestion(page);
      assert.notEqual(await question(page), asked);
      assert.equal(await list(page).count(), 1);
    }));
}

test("Tab accepts the highlighted suggestion too", () =>
  site.visit(async (page) => {
    await begin(page);
    await openList(page);
    await page.keyboard.press("ArrowDown");
    const text = await active(page);
    await page.keyboard.press("Tab");
    assert.equal(await written(page), RAIN + text);
  }));

test("the list opens at once, and rows appear as suggestions arrive", () =>
  site.visit(async (page) => {
    await begin(page);
    await page.locator(".cm-content").evaluate((content) => {
      /** @type {string[]} */
      const labels = [];
      new MutationObserver(() => {
        const label = document.querySelector(".suggestion-list .last")?.textContent ?? "closed";
        const count = document.querySelectorAll(".suggestion-list li").length;
        labels.push(`${label} ${count}`);
      }).observe(document.body, { childList: true, subtree: true, characterData: true });
      Object.assign(content, { labels });
    });
    await openList(page);
    const labels = await page.locator(".cm-content").evaluate((content) => /** @type {any} */ (content).labels);
    assert.ok(labels.includes("Thinking … 1"), "open before the first suggestion");
    assert.ok(
      labels.some((/** @type {string} */ label) => /^Thinking … [2-9]/.test(label)),
      "a suggestion is shown while others are still growing",
    );
  }));

test("a click accepts a suggestion, and the focus stays in the text", () =>
  site.visit(async (page) => {
    await begin(page);
    await openList(page);
    const text = await rows(page).nth(1).textContent();
    await rows(page).nth(1).click();
    assert.equal(await written(page), RAIN + text);
    await page.locator(".cm-content:focus").waitFor();
    assert.equal(await list(page).count(), 0);
  }));

test("More asks again: the list stays, grows, and highlights the first new row", () =>
  site.visit(async (page) => {
    await begin(page);
    await openList(page);
    const texts = await rows(page).allTextContents();
    await page.keyboard.press("ArrowUp");
    assert.equal(await active(page), "More …");
    for (let attempt = 0; (await rows(page).count()) === texts.length; attempt++) {
      assert.ok(attempt < 10, "a new suggestion arrives");
      await page.keyboard.press("Enter");
      await more(page).filter({ hasNotText: "Thinking" }).waitFor();
    }
    const grown = await rows(page).allTextContents();
    assert.deepEqual(grown.slice(0, texts.length), texts, "the rows keep their places");
    assert.equal(await active(page), grown[texts.length]);
    assert.equal(await shown(page), grown[texts.length]);
    assert.equal(await written(page), RAIN);
  }));

test("Esc closes the list; then Enter breaks the line, and Tab leaves the text", () =>
  site.visit(async (page) => {
    await begin(page);
    await openList(page);
    await page.keyboard.press("Escape");
    assert.equal(await list(page).count(), 0);
    await gone(page);
    assert.equal(await written(page), RAIN);
    await page.locator("#hint", { hasText: "Tab leaves the text" }).waitFor();
    await page.keyboard.press("Enter");
    assert.equal(await written(page), `${RAIN}\n`);
    await openList(page, 1);
    await page.keyboard.press("Escape");
    await page.keyboard.press("Tab");
    assert.equal(await page.evaluate(() => document.activeElement?.id), "automatic");
    assert.equal(await written(page), `${RAIN}\n`);
  }));

test("typing along keeps the list and its matching rows; typing something else closes it", () =>
  site.visit(async (page) => {
    await begin(page);
    await openList(page);
    await page.keyboard.press("ArrowDown");
    const text = (await active(page)) ?? "";
    await page.keyboard.type(text[0]);
    assert.equal(await active(page), text.slice(1).trim(), "the same row stays highlighted");
    for (const row of await rows(page).allTextContents()) assert.notEqual(row, "");
    await page.keyboard.type("#");
    assert.equal(await list(page).count(), 0);
    assert.equal(await written(page), `${RAIN}${text[0]}#`);
  }));

test("moving the caret closes the list, and so does leaving the text", () =>
  site.visit(async (page) => {
    await begin(page);
    for (const away of [() => page.keyboard.press("ArrowLeft"), () => page.locator("#open-settings").focus()]) {
      await toEnd(page);
      await openList(page, 1);
      await away();
      assert.equal(await list(page).count(), 0);
    }
  }));

test("where there is nothing to continue, Tab opens no list and says so", () =>
  site.visit(async (page) => {
    await begin(page, "");
    await page.keyboard.press("Tab");
    await page.locator("#announcer", { hasText: "Write a few words first" }).waitFor({ state: "attached" });
    assert.equal(await list(page).count(), 0);
  }));

test("on a phone one tap opens the list, another accepts a suggestion, and the keyboard stays", () =>
  site.visit(async (page) => {
    await begin(page);
    await page.getByRole("button", { name: "Suggest", exact: true }).tap();
    await rows(page).first().waitFor();
    await more(page).filter({ hasNotText: "Thinking" }).waitFor();
    const text = await rows(page).last().textContent();
    await rows(page).last().tap();
    assert.equal(await written(page), RAIN + text);
    assert.equal(await list(page).count(), 0);
    await page.locator(".cm-content:focus").waitFor();
  }, PHONE));

for (const colorScheme of /** @type {const} */ (["light", "dark"])) {
  for (const [device, options] of /** @type {const} */ ([
    ["a desk", {}],
    ["a phone", PHONE],
  ])) {
    test(`axe-core finds nothing with the list open (${device}, ${colorScheme})`, () =>
      site.visit(
        async (page) => {
          await begin(page);
          await openList(page);
          await assertAccessible(page, "on a suggestion");
          await page.keyboard.press("ArrowUp");
          await assertAccessible(page, "on the row for more");
        },
        { ...options, colorScheme },
      ));
  }
}
