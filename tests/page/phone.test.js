// On a phone: where the caret and its suggestion are while a text grows, above a bar and in a low window.

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

/** As much as a keyboard leaves of the window. */
const LOW_PHONE = { ...PHONE, viewport: { width: 390, height: 380 } };

/** @type {Site} */
let site;
before(async () => {
  site = await Site.open();
});
after(() => site.close());

/** Without suggestions unasked. @param {Page} page @param {string} text */
async function begin(page, text) {
  await ready(page);
  await page.locator("#automatic").uncheck();
  await page.locator(".cm-content").focus();
  await write(page, text);
}

/** By the box; neither the focus nor the page moves. @param {Page} page */
const suggestUnasked = (page) => page.locator("#automatic").evaluate((box) => /** @type {HTMLElement} */ (box).click());

/** What the editor has to measure and scroll is done. @param {Page} page */
const painted = (page) => page.evaluate(() => new Promise(requestAnimationFrame));

/** Where in the window things are. @param {Page} page */
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
  test(`at the end of the text the page scrolls with a new line, not with every key (${device})`, () =>
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

test("caret and suggestion stay in view while one suggestion after the other is taken", () =>
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

test("at the page's end a suggestion does not push the caret out of the window", () =>
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
    // One line more below the caret's would push it out.
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
    assert.ok(ghostBottom > top + 40, "it takes more than what is left of the line");
  }, LOW_PHONE));

test("a suggestion does not fetch back a reader who has scrolled elsewhere", () =>
  site.visit(async (page) => {
    await begin(page, "A line.\n".repeat(60) + RAIN);
    await page.evaluate(() => scrollTo(0, 0));
    await suggestUnasked(page);
    await suggestion(page);
    await painted(page);
    assert.equal(await page.evaluate(() => scrollY), 0);
  }, PHONE));

test("what was accepted is taken back by a tap, and the keyboard stays", () =>
  site.visit(
    async (page) => {
      const undo = page.getByRole("button", { name: "Undo", exact: true });
      await ready(page);
      assert.equal(await undo.isVisible(), false, "there is nothing to take back");
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

test("another document has a past of its own to take back", () =>
  site.visit(async (page) => {
    await begin(page, RAIN);
    await page.locator("#undo").waitFor();
    await openDocuments(page);
    await page.locator("#new-document").tap();
    await page.locator("#undo").waitFor({ state: "hidden" });
  }, PHONE));
