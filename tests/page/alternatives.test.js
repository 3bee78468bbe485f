// Several suggestions without a list: the keys that cycle through them, F2, and the bar of a phone.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { PHONE, RAIN, Site, written } from "./harness.js";
import { announced, begin, beOffered, list, shown } from "./list-harness.js";

/** @type {Site} */
let site;
before(async () => {
  site = await Site.open();
});
after(() => site.close());

test("Alt+] and Alt+[ show the other suggestions without a list, and announce their number", () =>
  site.visit(async (page) => {
    await begin(page);
    const total = await beOffered(page, 2);
    /** @type {string[]} */
    const texts = [];
    for (let n = 1; n <= total; n++) {
      texts.push(await shown(page));
      await page.keyboard.press("F2");
      assert.equal(await announced(page), `${n} of ${total}: ${texts[n - 1]}`);
      await page.keyboard.press("Alt+BracketRight");
    }
    assert.equal(new Set(texts).size, total);
    assert.equal(await announced(page), `1 of ${total}: ${texts[0]}`, "the first follows the last");
    await page.keyboard.press("Alt+BracketLeft");
    assert.equal(await announced(page), `${total} of ${total}: ${texts[total - 1]}`);
    assert.equal(await shown(page), texts[total - 1]);
    assert.equal(await list(page).count(), 0);
    await page.keyboard.press("Tab");
    assert.equal(await written(page), RAIN + texts[total - 1]);
  }));

test("F2 announces the suggestion again, as often as it is pressed", () =>
  site.visit(async (page) => {
    await begin(page);
    await page.keyboard.press("F2");
    assert.equal(await announced(page), "No suggestion.");
    await beOffered(page, 1);
    const seen = new Set();
    for (const nth of ["first", "second"]) {
      await page.keyboard.press("F2");
      assert.equal((await announced(page)).split(": ")[1], await shown(page), nth);
      // A screen reader skips the same text set twice.
      seen.add(await page.locator("#announcer").textContent());
    }
    assert.equal(seen.size, 2);
  }));

test("without a suggestion Alt+] and Alt+[ type as usual", () =>
  site.visit(async (page) => {
    await begin(page);
    const taken = await page.locator(".cm-content").evaluate((content) =>
      ["BracketRight", "BracketLeft"].filter((code) => {
        const init = { key: "“", code, altKey: true, bubbles: true, cancelable: true };
        return !content.dispatchEvent(new KeyboardEvent("keydown", init));
      }),
    );
    assert.deepEqual(taken, []);
  }));

test("on a phone the bar shows the next suggestion by tap, with its number", () =>
  site.visit(async (page) => {
    await begin(page);
    const total = await beOffered(page, 2);
    const first = await shown(page);
    const next = page.getByRole("button", { name: /^Next suggestion: / });
    assert.equal(await next.locator("span").last().textContent(), `1 / ${total}`);
    await next.tap();
    assert.equal(await next.locator("span").last().textContent(), `2 / ${total}`);
    const second = await shown(page);
    assert.notEqual(second, first);
    await page.getByRole("button", { name: /^Accept: / }).tap();
    assert.equal(await written(page), RAIN + second);
    await page.locator(".cm-content:focus").waitFor();
  }, PHONE));
