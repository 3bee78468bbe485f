// The place of the list: inside the window, clear of the caret, above a phone's keyboard.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { overflowPx, PHONE, RAIN, Site } from "./harness.js";
import { begin, openList, rows } from "./list-harness.js";

/** @type {Site} */
let site;
before(async () => {
  site = await Site.open();
});
after(() => site.close());

for (const [device, options] of /** @type {const} */ ([
  ["a desk", {}],
  ["a phone", PHONE],
])) {
  for (const [place, before] of [
    ["in the first line", ""],
    ["at the right edge", "It had been a long and quiet afternoon, and. "],
    ["at the bottom of the window", "A line.\n".repeat(60)],
  ]) {
    test(`the list stays in the window and clear of the caret, ${place} (${device})`, () =>
      site.visit(async (page) => {
        await begin(page, before + RAIN);
        await openList(page);
        for (let row = 0; row < (await rows(page).count()); row++) {
          await page.evaluate(() => new Promise(requestAnimationFrame)); // The list is placed before the next paint.
          const [listBox, caret, coverTop, width] = await page.evaluate(() => {
            const box = (/** @type {string} */ selector) => {
              const { left, right, top, bottom } = /** @type {Element} */ (
                document.querySelector(selector)
              ).getBoundingClientRect();
              return { left, right, top, bottom };
            };
            const covers = ["#suggestion-bar", "#status"].map(box).filter(({ top, bottom }) => bottom > top);
            const caret = /** @type {Selection} */ (getSelection()).getRangeAt(0).getBoundingClientRect();
            return [
              box(".suggestion-list"),
              { top: caret.top, bottom: caret.bottom },
              Math.min(...covers.map(({ top }) => top)),
              innerWidth,
            ];
          });
          assert.ok(listBox.left >= 0 && listBox.right <= width, `${JSON.stringify(listBox)} in ${width}`);
          assert.ok(listBox.top >= 0 && listBox.bottom <= coverTop, `${JSON.stringify(listBox)} above ${coverTop}`);
          assert.ok(listBox.top >= caret.bottom || listBox.bottom <= caret.top, `${JSON.stringify([listBox, caret])}`);
          await page.keyboard.press("ArrowDown");
        }
        assert.equal(await overflowPx(page), 0);
      }, options));
  }
}

test("on a phone the list stays above the keyboard", () =>
  site.visit(async (page) => {
    await begin(page, "A line.\n".repeat(6) + RAIN);
    await openList(page);
    const heightPx = 330;
    await page.evaluate((heightPx) => {
      const viewport = /** @type {VisualViewport} */ (visualViewport);
      Object.defineProperty(viewport, "height", { value: heightPx });
      viewport.dispatchEvent(new Event("resize"));
    }, heightPx);
    await page.waitForFunction((heightPx) => {
      const { top, bottom } = /** @type {Element} */ (
        document.querySelector(".suggestion-list")
      ).getBoundingClientRect();
      const bar = /** @type {Element} */ (document.querySelector("#suggestion-bar")).getBoundingClientRect();
      return top >= 0 && bottom <= bar.top && bar.bottom <= heightPx;
    }, heightPx);
  }, PHONE));
