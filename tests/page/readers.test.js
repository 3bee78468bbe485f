// Accessibility for every reader: zoom, screen reader, keyboard alone, reduced motion, directions of writing.

import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";
import { ghost, overflowPx, RAIN, ready, Site, suggestion, WEIGHTS_PATH, write, written, ZOOMED } from "./harness.js";

/** @type {Site} */
let site;
before(async () => {
  site = await Site.open("real");
});
after(() => site.close());
afterEach(() => site.hub.mend(WEIGHTS_PATH));

test("at 200 % zoom nothing is out of reach, even with every message shown", () =>
  site.visit(async (page) => {
    site.hub.fail(WEIGHTS_PATH, "status", { status: 404 });
    await ready(page);
    for (const opener of ["#open-about", "#open-settings", "#open-models"]) {
      await page.locator(opener).click();
      for (const control of await page.locator("dialog[open] :is(button, a, input):visible").all())
        await control.click({ trial: true });
      await page.keyboard.press("Escape");
    }
    await page.locator("#open-models").click();
    await page.getByLabel("DistilGPT2").check();
    await page.locator("#use-model").click();
    await page.locator("#problem-text", { hasText: "could not be loaded" }).waitFor();
    for (const control of await page.locator(":is(button, input):visible").all()) await control.click({ trial: true });
    await page.locator(".cm-content").focus();
    await write(page, "A line.\n".repeat(60));
    await write(page, RAIN);
    await suggestion(page);
    const [top, bottom, windowPx, cover] = await ghost(page).evaluate((span) => {
      const box = span.getBoundingClientRect();
      const [line] = span.getClientRects(); // The first line, as it may wrap.
      const cover = document.elementFromPoint(line.left + 1, (line.top + line.bottom) / 2);
      return [box.top, box.bottom, innerHeight, cover?.className];
    });
    assert.ok(top >= 0 && bottom <= windowPx, `${top} to ${bottom} of ${windowPx}`);
    assert.equal(cover, "ghost-text", "nothing covers it");
    assert.equal(await overflowPx(page), 0);
  }, ZOOMED));

test("a screen reader finds the parts by name, and no suggestion in the writer's text", () =>
  site.visit(async (page) => {
    await ready(page);
    await write(page, RAIN);
    const suggested = await suggestion(page);
    const tree = await page.locator("body").ariaSnapshot();
    for (const part of [
      "- banner:",
      "- main:",
      "- contentinfo:",
      '- heading "Write with DistilGPT2" [level=1]',
      '- button "About"',
      '- checkbox "Suggest while typing" [checked]',
    ]) {
      assert.ok(tree.includes(part), `${part} in\n${tree}`);
    }
    const text = page.getByRole("textbox", { name: "Your text" });
    assert.equal(await text.getAttribute("aria-multiline"), "true");
    assert.equal(await text.getAttribute("aria-describedby"), "hint");
    assert.equal(await text.getAttribute("lang"), "", "the text may be in any language");
    const devtools = await page.context().newCDPSession(page);
    const { nodes } = await devtools.send("Accessibility.getFullAXTree");
    const read = nodes
      .filter(({ ignored, role }) => !ignored && role?.value === "StaticText")
      .map(({ name }) => name?.value);
    assert.ok(read.includes(RAIN), read.join("|"));
    assert.ok(!read.includes(suggested), read.join("|"));
  }));

test("a suggestion is announced politely and only once", () =>
  site.visit(async (page) => {
    await ready(page);
    const said = await page.locator("#announcer").evaluateHandle((region) => {
      /** @type {string[]} */
      const said = [];
      new MutationObserver(() => said.push(region.textContent ?? "")).observe(region, {
        childList: true,
        characterData: true,
        subtree: true,
      });
      return said;
    });
    await write(page, RAIN);
    const text = await suggestion(page);
    assert.deepEqual(
      (await said.jsonValue()).filter((sentence) => sentence !== ""),
      [`Suggestion: ${text}`],
    );
    const [role, live] = await page
      .locator("#announcer")
      .evaluate((region) => [region.getAttribute("role"), region.getAttribute("aria-live")]);
    assert.deepEqual([role, live], ["status", null], "which is polite");
    assert.equal(await page.locator("#problem").getAttribute("role"), "alert");
  }));

test("everything works by keyboard, and the focus is always visible and returned", () =>
  site.visit(async (page) => {
    /** @type {() => Promise<{id: string, isSeen: boolean}>} */
    const focused = () =>
      page.evaluate(() => {
        const element = /** @type {Element} */ (document.activeElement);
        const { outlineStyle, outlineWidth } = getComputedStyle(element);
        return { id: element.id, isSeen: outlineStyle !== "none" && outlineWidth !== "0px" };
      });
    const walk = async (/** @type {string} */ key, /** @type {string[]} */ ids) => {
      for (const id of ids) {
        await page.keyboard.press(key);
        assert.deepEqual(await focused(), { id, isSeen: true });
      }
    };
    await ready(page);
    await page.keyboard.press("Escape");
    await walk("Tab", ["open-openings", "automatic", "probabilities", "open-settings"]);
    await page.keyboard.press("Enter");
    assert.equal((await focused()).id, "settings-title");
    await page.keyboard.press("Escape");
    assert.equal((await focused()).id, "open-settings");
    await walk("Tab", ["open-models"]);
    await page.keyboard.press("Enter");
    await page.keyboard.press("ArrowDown");
    assert.equal(await page.getByLabel("DistilGPT2").isChecked(), true);
    await page.keyboard.press("Escape");
    assert.equal((await focused()).id, "open-models");
    await walk("Shift+Tab", ["open-settings", "probabilities", "automatic"]);
    await page.keyboard.press("Space");
    assert.equal(await page.locator("#automatic").isChecked(), false);
    await walk("Shift+Tab", ["open-openings"]);
    await page.keyboard.press("Shift+Tab");
    await page.locator(".cm-content:focus").waitFor();
    await walk("Shift+Tab", ["open-about"]);
    await page.keyboard.press("Enter");
    assert.equal((await focused()).id, "about-title");
    await page.keyboard.press("Escape");
    assert.equal((await focused()).id, "open-about");
    await walk("Shift+Tab", ["language"]);
    await page.keyboard.press("Space");
    assert.deepEqual(await focused(), { id: "language", isSeen: true });
    assert.equal(await page.locator("html").getAttribute("lang"), "zh-Hans");
  }));

test("nothing moves with reduced motion", () =>
  site.visit(
    async (page) => {
      site.hub.fail(WEIGHTS_PATH, "stall");
      await ready(page);
      await page.locator("#open-models").click();
      await page.getByLabel("DistilGPT2").check();
      await page.locator("#use-model").click();
      await page.locator("#task-text", { hasText: "%" }).waitFor();
      assert.equal(await page.evaluate(() => document.getAnimations().length), 0);
      // Without a value the bar would move to and fro.
      const visibility = await page.locator("#task-progress").evaluate((bar) => {
        bar.removeAttribute("value");
        return getComputedStyle(bar).visibility;
      });
      assert.equal(visibility, "hidden");
    },
    { reducedMotion: "reduce" },
  ));

test("each line has the direction of its script, and the page keeps its own", () =>
  site.visit(async (page) => {
    await ready(page);
    await page.locator("#automatic").uncheck();
    await page.locator(".cm-content").focus();
    await write(page, "The sign said:\nשלום לכולם\nمرحبا بالجميع\n");
    await write(page, RAIN);
    const directions = await page
      .locator(".cm-line")
      .evaluateAll((lines) => lines.map((line) => getComputedStyle(line).direction));
    assert.deepEqual(directions, ["ltr", "rtl", "rtl", "ltr"]);
    assert.equal(await page.locator("body").evaluate((body) => getComputedStyle(body).direction), "ltr");
    assert.equal(await overflowPx(page), 0);
  }));

for (const [script, text] of [
  ["Hebrew", "הגשם פסק כשהגענו אל "],
  ["Arabic", "توقف المطر عندما وصلنا إلى "],
]) {
  test(`after ${script} the suggestion is to the left, at the caret, and is inserted there`, () =>
    site.visit(async (page) => {
      await ready(page);
      await write(page, text);
      const suggested = await suggestion(page);
      const [ghostBox, textBox, caretX] = await page.evaluate(() => {
        const ghost = /** @type {Element} */ (document.querySelector(".ghost-text"));
        const range = document.createRange();
        range.setStart(/** @type {Element} */ (ghost.closest(".cm-line")), 0);
        range.setEndBefore(ghost);
        const caret = /** @type {Selection} */ (getSelection()).getRangeAt(0).getBoundingClientRect();
        return [ghost.getClientRects()[0], range.getBoundingClientRect(), caret.x];
      });
      assert.ok(ghostBox.right <= textBox.left + 1, `${ghostBox.right} <= ${textBox.left}`);
      assert.ok(Math.abs(caretX - textBox.left) <= 1, `the caret at ${caretX}, the text from ${textBox.left}`);
      await page.keyboard.press("Tab");
      assert.equal(await written(page), text + suggested);
    }));
}
