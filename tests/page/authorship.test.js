// Authorship in the browser: shown, counted, kept through editing, clipboard, undo and reload.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { opened, RAIN, ready, Site, suggestion, toEnd, write, written } from "./harness.js";

/** @import { Page } from "playwright-core" */

/** @type {Site} */
let site;
before(async () => {
  site = await Site.open();
});
after(() => site.close());

/** Accepts a suggestion after RAIN. @param {Page} page @returns {Promise<string>} the suggestion */
async function acceptOne(page) {
  await ready(page);
  await write(page, RAIN);
  const text = await suggestion(page, 2);
  await page.keyboard.press("Tab");
  await page.locator("#automatic").uncheck(); // so that no further suggestion interferes
  await toEnd(page);
  return text;
}

/** @param {Page} page @returns {Promise<string[]>} the highlighted words of the model */
const marked = (page) => page.locator(".cm-content mark.from-model").allTextContents();

/** @param {Page} page @param {number} percent */
const counted = (page, percent) =>
  page.locator("#share-of-model", { hasText: new RegExp(`^${percent} % from the model$`) }).waitFor();

test("the model's words are counted, and highlighted on request, by more than colour", () =>
  site.visit(async (page) => {
    assert.equal(await page.locator("#authors").isVisible(), false);
    const text = await acceptOne(page);
    await counted(page, Math.round((100 * text.length) / (RAIN.length + text.length)));
    assert.deepEqual(await marked(page), [], "only on request");
    await page.locator("#show-authors").check();
    assert.deepEqual(await marked(page), [text]);
    assert.match(await page.locator("mark").evaluate((mark) => getComputedStyle(mark).textDecorationLine), /underline/);
    await page.locator("#show-authors").uncheck();
    assert.deepEqual(await marked(page), []);
  }));

test("text typed into the model's words is the writer's; undo restores the marks; a reload keeps them", () =>
  site.visit(async (page) => {
    const text = await acceptOne(page);
    await page.locator("#show-authors").check();
    await toEnd(page);
    await page.keyboard.press("ArrowLeft");
    await page.keyboard.type("zz");
    assert.deepEqual(await marked(page), [text.slice(0, -1), text.slice(-1)]);
    await page.keyboard.press("Control+z");
    assert.equal((await marked(page)).join(""), text);
    await page.keyboard.press("Control+z");
    assert.equal(await written(page), RAIN);
    await page.keyboard.press("Control+y");
    assert.deepEqual(await marked(page), [text], "still the model's after undo and redo");
    const percent = Math.round((100 * text.length) / (RAIN.length + text.length));
    await counted(page, percent);
    await page.reload();
    await opened(page);
    await counted(page, percent);
    await page.locator("#show-authors").check();
    assert.deepEqual(await marked(page), [text]);
  }));

test("cut and paste move the marks; text from elsewhere has none", () =>
  site.visit(async (page) => {
    const text = await acceptOne(page);
    await page.locator("#show-authors").check();
    await page.locator(".cm-content").focus();
    await page.keyboard.press("Control+a");
    await page.keyboard.press("Control+x");
    assert.equal(await written(page), "");
    await page.keyboard.type("Before. ");
    await page.keyboard.press("Control+v");
    assert.equal(await written(page), `Before. ${RAIN}${text}`);
    assert.deepEqual(await marked(page), [text]);
    await page.keyboard.press("Control+z");
    await page.keyboard.press("Control+y");
    assert.deepEqual(await marked(page), [text]);
    await page.locator(".cm-content").evaluate((content) => {
      const clipboardData = new DataTransfer();
      clipboardData.setData("text/plain", " Other words.");
      content.dispatchEvent(new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true }));
    });
    assert.match(await written(page), / Other words\.$/);
    assert.deepEqual(await marked(page), [text]);
  }));

test("words accepted one by one are the model's too", () =>
  site.visit(async (page) => {
    await ready(page);
    await write(page, RAIN);
    await suggestion(page, 3);
    await page.keyboard.press("Control+ArrowRight");
    await page.keyboard.press("Control+ArrowRight");
    await page.locator("#show-authors").check();
    const taken = (await written(page)).slice(RAIN.length);
    assert.notEqual(taken, "");
    assert.deepEqual(await marked(page), [taken]);
  }));
