// The figures: counted on this device, shown, exported, reset.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, test } from "node:test";
import { assertAccessible, opened, RAIN, ready, Site, suggestion, write } from "./harness.js";

/** @import { Page } from "playwright-core" */

/** @type {Site} */
let site;
before(async () => {
  site = await Site.open();
});
after(() => site.close());

/** Accepts a suggestion of several words, first a word, then the rest, and waits for the next one. @param {Page} page */
async function take(page) {
  await ready(page);
  await write(page, RAIN);
  const text = await suggestion(page, 3);
  await page.keyboard.press("Control+ArrowRight");
  await page.keyboard.press("Tab");
  await suggestion(page);
  return text;
}

/** @param {Page} page @returns {Promise<Map<string, string>>} the table */
async function table(page) {
  const rows = await page
    .locator("#figures tr")
    .evaluateAll((rows) => rows.map((row) => [...row.children].map((cell) => cell.textContent ?? "")));
  return new Map(rows.map(([name, value]) => [name, value]));
}

test("suggestions shown and accepted are counted, shown, and kept for the next visit", () =>
  site.visit(async (page) => {
    const text = await take(page);
    await page.getByRole("button", { name: "Figures" }).click();
    const rows = await table(page);
    assert.ok(Number(rows.get("Suggestions shown")) >= 2);
    assert.equal(rows.get("Accepted by word"), "2");
    assert.equal(rows.get("Accepted in full"), "0");
    assert.equal(rows.get("Characters saved"), String(text.length - 2));
    assert.match(rows.get("From pause to suggestion, median") ?? "", /^\d+ ms$/);
    assert.match(rows.get("Tokens per second") ?? "", /^\d+/);
    assert.match(rows.get("Memory used by the model") ?? "", /^\d+ MB$/);
    assert.match(rows.get("Text reused instead of read again") ?? "", /^[1-9]\d? %$/);
    assert.equal(await page.locator("#figures-chart rect").count(), Number(rows.get("Suggestions shown")));
    await page.reload();
    await opened(page);
    await page.getByRole("button", { name: "Figures" }).click();
    assert.equal((await table(page)).get("Accepted by word"), "2");
  }));

test("before anything is counted the dialog says so, without a chart", () =>
  site.visit(async (page) => {
    await page.getByRole("button", { name: "Figures" }).click();
    assert.equal((await table(page)).get("Tokens per second"), "none yet");
    assert.equal(await page.locator("#figures-chart").isVisible(), false);
    await page.keyboard.press("Escape");
    assert.equal(await page.evaluate(() => document.activeElement?.id), "open-figures");
  }));

test("the figures can be exported as JSON", () =>
  site.visit(async (page) => {
    await take(page);
    await page.getByRole("button", { name: "Figures" }).click();
    const downloading = page.waitForEvent("download");
    await page.getByRole("button", { name: "Export as JSON" }).click();
    const download = await downloading;
    assert.equal(download.suggestedFilename(), "write-with-distilgpt2-figures.json");
    const { counts, summary, model } = JSON.parse(await readFile(await download.path(), "utf8"));
    assert.equal(counts.takenByWord, 2);
    assert.ok(counts.waitsMs.includes(summary.p50Ms));
    assert.match(model.id, /pocket/);
  }));

test("the figures can be reset", () =>
  site.visit(async (page) => {
    await take(page);
    await page.keyboard.press("Escape");
    await page.getByRole("button", { name: "Figures" }).click();
    await page.getByRole("button", { name: "Reset figures" }).click();
    assert.equal((await table(page)).get("Suggestions shown"), "0");
    assert.equal(await page.locator("#figures-chart").isVisible(), false);
    await page.reload();
    await opened(page);
    await page.getByRole("button", { name: "Figures" }).click();
    assert.equal((await table(page)).get("Suggestions shown"), "0");
  }));

for (const [what, options] of /** @type {const} */ ([
  ["light", { colorScheme: "light" }],
  ["dark", { colorScheme: "dark" }],
  ["a phone", { viewport: { width: 390, height: 664 }, isMobile: true, hasTouch: true }],
])) {
  test(`axe-core finds nothing, and nothing scrolls sideways (${what})`, () =>
    site.visit(async (page) => {
      await take(page);
      await page.getByRole("button", { name: "Figures" }).click();
      await assertAccessible(page, "the figures");
      assert.equal(await page.locator("#figures").evaluate((dialog) => dialog.scrollWidth - dialog.clientWidth), 0);
    }, options));
}
