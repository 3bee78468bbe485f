// Opening the page: the checkbox as the browser has put it back, a page that cannot start.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { RAIN, Site, ready, suggestion, write } from "./harness.js";

/** @type {Site} */
let site;
before(async () => {
  site = await Site.open();
});
after(() => site.close());

test("the setting that is kept counts, whatever the browser has put back into the checkbox", () =>
  site.visit(async (page) => {
    // Firefox does this on a reload, before any script runs.
    await page.route("**/", async (route) => {
      const response = await route.fetch();
      await route.fulfill({ response, body: (await response.text()).replace('type="checkbox" checked', 'type="checkbox"') });
    });
    await page.reload();
    await ready(page);
    assert.equal(await page.locator("#automatic").isChecked(), true);
    await write(page, RAIN);
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
