// Scrolling on a phone: caret and suggestion stay in view while a text grows, above the bar and in a low window.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import {
  assertAccessible,
  ghost,
  openDocuments,
  overflowPx,
  PHONE,
  RAIN,
  ready,
  Site,
  suggestion,
  write,
  written,
  ZOOMED,
} from "./harness.js";

/** @import { Page } from "playwright-core" */

/** The part of the window above a keyboard. */
const LOW_PHONE = { ...PHONE, viewport: { width: 390, height: 380 } };

/** @type {Site} */
let site;
before(async () => {
  site = await Site.open();
});
after(() => site.close());

/** Text without automatic suggestions. @param {Page} page @param {string} text */
async function begin(page, text) {
  await ready(page);
  await page.locator("#automatic").uncheck();
  await page.locator(".cm-content").focus();
  await write(page, text);
}

/** Turns on automatic suggestions without moving the focus or the page. @param {Page} page */
const suggestUnasked = (page) => page.locator("#automatic").evaluate((box) => /** @type {HTMLElement} */ (box).click());

/** Waits until the editor has measured and scrolled. @param {Page} page */
const painted = (page) => page.evaluate(() => new Promise(requestAnimationFrame));

/** The places of caret, suggestion and bar in the window. @param {Page} page */
const places = (page) =>
  page.evaluate(() => {
    const caret = /** @type {Selection} */ (getSelection()).getRangeAt(0).getBoundingClientRect();
    const firstLine = document.querySelector(".ghost-text")?.getClientRects()[0];
    const bar = /** @type {Element} */ (document.querySelector("#suggestion-bar")).getBoundingClientRect();
    return {
      left: caret.left,
      top: caret.top,
      bottom: Math.max(caret.bottom, firstLine?.bottom ?? 0),
      barTop: bar.top,
    };
  });

for (const [device, options] of /** @type {const} */ ([
  ["a phone", PHONE],
  ["a low phone", LOW_PHONE],
  ["200 % zoom", ZOOMED],
])) {
  test(`at the end of the text the page scrolls for a new line, not for every key (${device})`, () =>
    site.visit(async (page) => {
      await begin(page, "A line.\n".repeat(13));
      const scrolled = new Set();
      for (const key of "abcdefghij") {
        await page.keyboard.press(key);
        await painted(page);
        scrolled.add(await page.evaluate(() => scrollY));
      }
      assert.equal(scrolled.size, 1, [...scrolled].join(" "));
    }, options));
}

test("caret and suggestion stay in view while one suggestion after another is accepted", () =>
  site.visit(async (page) => {
    const assertInView = async (/** @type {string} */ when) => {
      await painted(page);
      const { top, bottom, barTop } = await places(page);
      assert.ok(top >= 0 && bottom <= barTop, `${top} to ${bottom} above ${barTop} ${when}`);
    };
    await ready(page);
    for (let n = 1; n <= 6; n++) {
      await write(page, RAIN);
      await suggestion(page);
      await assertInView(`with suggestion ${n}`);
      await page.getByRole("button", { name: /^Accept: / }).tap();
      await assertInView(`with suggestion ${n} taken`);
    }
    assert.ok(await page.evaluate(() => scrollY > 0), "the text is longer than the window");
  }, LOW_PHONE));

test("at the end of the page a suggestion does not push the caret out of the window", () =>
  site.visit(async (page) => {
    const toEnd = async () => {
      await page.evaluate(() => scrollTo(0, document.documentElement.scrollHeight));
      await painted(page);
      return (await places(page)).top;
    };
    await begin(page, "A line.\n".repeat(8) + RAIN);
    for (const word of ["dark", "cold", "quiet", "empty", "narrow", "old"]) {
      if ((await places(page)).left < 310) await write(page, `${word}, `);
    }
    // One more line below the caret would push it out.
    const heightPx = Math.round(LOW_PHONE.viewport.height - (await toEnd()) + 20);
    await page.setViewportSize({ ...LOW_PHONE.viewport, height: heightPx });
    const before = await toEnd();
    assert.ok(before >= 0 && before < 30, `${before}`);
    await suggestUnasked(page);
    await suggestion(page);
    await painted(page);
    const { top } = await places(page);
    assert.ok(top >= 0, `${top}`);
    const ghostBottom = await ghost(page).evaluate((ghost) => ghost.getBoundingClientRect().bottom);
    assert.ok(ghostBottom > top + 40, "the suggestion needs more than the rest of the line");
  }, LOW_PHONE));

test("a suggestion does not scroll back a reader who has scrolled away", () =>
  site.visit(async (page) => {
    await begin(page, "A line.\n".repeat(60) + RAIN);
    await page.evaluate(() => scrollTo(0, 0));
    await suggestUnasked(page);
    await suggestion(page);
    await painted(page);
    assert.equal(await page.evaluate(() => scrollY), 0);
  }, PHONE));

test("a tap undoes an accepted suggestion, and the keyboard stays", () =>
  site.visit(
    async (page) => {
      const undo = page.getByRole("button", { name: "Undo", exact: true });
      await ready(page);
      assert.equal(await undo.isVisible(), false, "nothing to undo");
      await write(page, RAIN);
      await suggestion(page);
      await page.getByRole("button", { name: /^Accept: / }).tap();
      await suggestion(page);
      assert.equal(await overflowPx(page), 0);
      for (const button of await page.locator("#suggestion-bar button:visible").all()) {
        const { width, height } = /** @type {{width: number, height: number}} */ (await button.boundingBox());
        assert.ok(width >= 44 && height >= 44, `${await button.textContent()}: ${width} x ${height}`);
      }
      await assertAccessible(page, "with Undo");
      await undo.tap();
      assert.equal(await written(page), RAIN);
      await page.locator(".cm-content:focus").waitFor();
      await undo.tap();
      assert.equal(await written(page), "");
      await undo.waitFor({ state: "hidden" });
    },
    { ...PHONE, viewport: { width: 320, height: 640 } },
  ));

test("another document has its own undo history", () =>
  site.visit(async (page) => {
    await begin(page, RAIN);
    await page.locator("#undo").waitFor();
    await openDocuments(page);
    await page.locator("#new-document").tap();
    await page.locator("#undo").waitFor({ state: "hidden" });
  }, PHONE));
