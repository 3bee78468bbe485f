// Opening the page, leaving it and coming back: the draft, the checkbox, a page that cannot start.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { RAIN, Site, ghost, opened, ready, stopClock, suggestion, write, written } from "./harness.js";

/** @type {Site} */
let site;
before(async () => {
  site = await Site.open();
});
after(() => site.close());

test("the draft outlives a reload", () =>
  site.visit(async (page) => {
    await write(page, "One line,\nanother.");
    await page.reload();
    await opened(page);
    assert.equal(await written(page), "One line,\nanother.");
    await ready(page);
    assert.equal(await ghost(page).count(), 0, "nothing is suggested before anything is typed");
  }));

test("two tabs do not overwrite each other's draft", () =>
  site.visit(async (page) => {
    await write(page, "One.");
    const other = await page.context().newPage();
    await other.goto(page.url());
    await opened(other);
    await write(other, " Other.");
    await other.reload();
    await opened(other);
    const others = await written(other);
    await page.reload();
    await opened(page);
    assert.equal(await written(page), "One.");
    assert.match(others, /Other\.$/);
  }));

test("the draft is saved at once when the page is hidden", () =>
  site.visit(async (page) => {
    await stopClock(page); // Its timer never runs out.
    await write(page, "One.");
    const saved = await page.evaluate(() => {
      const before = sessionStorage.getItem("draft");
      Object.defineProperty(document, "visibilityState", { value: "hidden" });
      document.dispatchEvent(new Event("visibilitychange"));
      return [before, sessionStorage.getItem("draft")];
    });
    assert.deepEqual(saved, [null, "One."]);
  }));

test("that the draft is not kept stays told while suggestions come", () =>
  site.visit(async (page) => {
    await ready(page);
    await page.evaluate(() => {
      Storage.prototype.setItem = () => {
        throw new DOMException("full", "QuotaExceededError");
      };
    });
    await write(page, "The rain");
    await page.locator("#problem-text", { hasText: "keeps no more text" }).waitFor();
    await page.keyboard.press("Control+Space");
    await suggestion(page);
    assert.equal(await page.locator("#problem").isVisible(), true);
  }));

test("what the browser has put back into the checkbox counts from the start", () =>
  site.visit(async (page) => {
    // Firefox does this on a reload, before any script runs.
    await page.route("**/", async (route) => {
      const response = await route.fetch();
      await route.fulfill({ response, body: (await response.text()).replace('type="checkbox" checked', 'type="checkbox"') });
    });
    await page.reload();
    await ready(page);
    assert.equal(await page.locator("#automatic").isChecked(), false);
    await page.clock.install();
    await write(page, RAIN);
    await page.clock.runFor(1000);
    assert.equal(await page.locator("#headline").textContent(), "Pocket GPT-2 · ready", "nothing is asked");
    await page.keyboard.press("Control+Space");
    await suggestion(page);
  }));

test("a page that cannot start says so", () =>
  site.visit(async (page) => {
    await page.route("**/vendor/**", (route) => route.abort());
    await page.reload();
    await page.locator("#problem-text", { hasText: "The page could not start: " }).waitFor();
    assert.match((await page.locator("#problem-text").textContent()) ?? "", /main\.js\. Reload it/);
    assert.equal(await page.locator("#headline").textContent(), "The page could not start");
  }));
