// Opening the page: a checkbox restored by the browser, a page that cannot start, the model's card.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, test } from "node:test";
import { RAIN, ready, Site, suggestion, write } from "./harness.js";

/** @type {Site} */
let site;
before(async () => {
  site = await Site.open();
});
after(() => site.close());

test("the stored setting wins over a checkbox restored by the browser", () =>
  site.visit(async (page) => {
    // Firefox does this on a reload, before any script runs.
    await page.route("**/", async (route) => {
      const response = await route.fetch();
      await route.fulfill({
        response,
        body: (await response.text()).replace('type="checkbox" checked', 'type="checkbox"'),
      });
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

test("the page shows the bundled model's card, or says that it cannot", () =>
  site.visit(async (page) => {
    await page.route("**/card.html", (route) => route.abort());
    await page.locator("#open-about").click();
    const summary = page.locator("#card summary");
    const card = page.locator("#card > div");
    await summary.click();
    await card.filter({ hasText: "The model card could not be loaded." }).waitFor();
    await page.unroute("**/card.html");
    await summary.click();
    await summary.click();
    await card.locator("h4", { hasText: "Pocket GPT-2" }).waitFor();
    const markdown = await readFile(new URL("../../www/models/pocket-gpt2/README.md", import.meta.url), "utf8");
    const rows = markdown.split("\n").filter((line) => line.startsWith("|") && !line.startsWith("|--"));
    assert.equal(await card.locator("tr").count(), rows.length);
    assert.equal(await card.getAttribute("lang"), "en");
  }));
