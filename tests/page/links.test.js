// Links to a text and to a suggestion: created, opened, refused.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { fillDevice, openDocuments, opened, RAIN, ready, Site, suggestion, toEnd, write, written } from "./harness.js";

/** @import { Page } from "playwright-core" */

/** @type {Site} */
let site;
before(async () => {
  site = await Site.open();
});
after(() => site.close());

/** @param {Page} page @param {string} button @returns {Promise<string>} the address */
async function makeLink(page, button) {
  await openDocuments(page);
  await page.locator(button).click();
  await page.locator("#link-address").waitFor();
  const address = await page.locator("#link-address").inputValue();
  await page.keyboard.press("Escape");
  return address;
}

/** Opens an address in another browser, as a new reader would. @param {Page} page @param {string} address */
async function openElsewhere(page, address) {
  const browser = page.context().browser();
  assert.ok(browser);
  const context = await browser.newContext();
  const reader = await context.newPage();
  await reader.addInitScript(() => {
    // A seed other than the link's, to show which one is used.
    const random = crypto.getRandomValues.bind(crypto);
    /** @param {any} array */
    crypto.getRandomValues = (array) => (array.length === 1 ? array.fill(987654) : random(array));
  });
  await reader.goto(address);
  await reader.locator("#shared[open]").waitFor();
  return reader;
}

test("a link to a text opens for reading, and for editing as a copy", () =>
  site.visit(async (page) => {
    const text = "Two lines,\nand 雨停了 🙂 <b>no markup</b>.";
    await write(page, text);
    const address = await makeLink(page, "#link-text");
    assert.match(address, /^http:\/\/localhost:\d+\/#text=1\.[\w-]+$/);

    const reader = await openElsewhere(page, address);
    await reader.locator("#shared-text", { hasText: "no markup" }).waitFor();
    assert.equal(await reader.locator("#shared-text").textContent(), text);
    assert.match(
      (await reader.locator("#shared-about").textContent()) ?? "",
      /^Model: Pocket GPT-2 · max_new_tokens 24 · /,
    );
    await reader.locator("#shared-copy").click();
    await opened(reader);
    assert.equal(await written(reader), text);
    assert.equal(new URL(reader.url()).hash, "", "a reload shows the reader's own text");
    await write(reader, " Mine.");
    await reader.reload();
    await opened(reader);
    assert.equal(await written(reader), `${text} Mine.`);
    await reader.context().close();
  }));

test("reading a link leaves the reader's documents alone", () =>
  site.visit(async (page) => {
    await write(page, "Shared.");
    const address = await makeLink(page, "#link-text");
    await openDocuments(page);
    await page.locator("#new-document").click();
    await write(page, "Mine.");
    await page.evaluate((hash) => (location.hash = hash), new URL(address).hash);
    await page.locator("#shared[open]").waitFor();
    assert.equal(await page.locator("#shared-text").textContent(), "Shared.");
    await page.keyboard.press("Escape");
    assert.equal(await written(page), "Mine.");
    await openDocuments(page);
    await page.locator("#document-list .title", { hasText: "Mine. · open" }).waitFor();
    assert.deepEqual(await page.locator("#document-list .title").allTextContents(), ["Mine. · open", "Shared."]);
  }));

test("a copy does not replace a text that cannot be saved, and Esc does not discard the link", () =>
  site.visit(async (page) => {
    await write(page, "Shared.");
    const { hash } = new URL(await makeLink(page, "#link-text"));
    await fillDevice(page);
    await toEnd(page);
    await write(page, " Mine.");
    await page.evaluate((hash) => (location.hash = hash), hash);
    await page.locator("#shared-copy").click();
    await page.locator("#shared-state", { hasText: "Copy yours elsewhere" }).waitFor();
    assert.equal(await written(page), "Shared. Mine.");
    await page.keyboard.press("Escape");
    await page.reload();
    await page.locator("#shared-text", { hasText: "Shared." }).waitFor();
    await page.locator("#shared").getByRole("button", { name: "Close" }).click();
    await opened(page);
    assert.equal(await written(page), "Shared. Mine.", "kept outside the database meanwhile");
    assert.equal(new URL(page.url()).hash, "");
  }));

test("a link to a suggestion shows the same suggestion to every reader", () =>
  site.visit(async (page) => {
    await ready(page);
    const [before, after] = [RAIN.trimEnd(), ". So we left."];
    await write(page, before + after);
    for (const _letter of after) await page.keyboard.press("ArrowLeft");
    await page.keyboard.press("Control+Space");
    const text = await suggestion(page, 3);
    const address = await makeLink(page, "#link-suggestion");

    const reader = await openElsewhere(page, address);
    const ghost = reader.locator("#shared-text .ghost-text");
    await ghost.waitFor();
    assert.equal(await ghost.textContent(), text);
    assert.equal(await reader.locator("#shared-text").textContent(), before + text + after);
    assert.match((await reader.locator("#shared-about").textContent()) ?? "", / · seed \d+$/);
    assert.match((await reader.locator("#shared-state").textContent()) ?? "", /grey italics/);
    await reader.locator("#shared-copy").click();
    await opened(reader);
    await write(reader, "|");
    assert.equal(
      await written(reader),
      `${before}|${after}`,
      "the suggestion is not part of the text, and the caret is where it was",
    );
    await reader.context().close();
  }));

test("a link to the second of several suggestions shows the second", () =>
  site.visit(async (page) => {
    await ready(page);
    await write(page, RAIN);
    const first = await suggestion(page);
    await page.locator("#hint", { hasText: "Alt+]" }).waitFor();
    await page.keyboard.press("Alt+BracketRight");
    const second = (await page.locator(".ghost-text").textContent()) ?? "";
    assert.notEqual(second, first);
    const reader = await openElsewhere(page, await makeLink(page, "#link-suggestion"));
    const ghost = reader.locator("#shared-text .ghost-text");
    await ghost.waitFor();
    assert.equal(await ghost.textContent(), second);
    await reader.context().close();
  }));

test("a suggestion from another model is shown once that model is loaded", () =>
  site.visit(async (page) => {
    await ready(page);
    await page.locator("#open-models").click();
    await page.getByLabel("DistilGPT2").check();
    await page.locator("#use-model").click();
    await ready(page, "DistilGPT2");
    await page.locator(".cm-content").focus();
    await write(page, RAIN);
    const text = await suggestion(page, 3);
    const address = await makeLink(page, "#link-suggestion");
    await page.locator("#open-models").click();
    await page.getByLabel("Pocket GPT-2").check();
    await page.locator("#use-model").click();
    await ready(page, "Pocket GPT-2");
    await page.evaluate((hash) => (location.hash = hash), new URL(address).hash);
    await page.locator("#shared-state", { hasText: "comes from DistilGPT2" }).waitFor();
    await page.locator("#shared-use").click();
    const ghost = page.locator("#shared-text .ghost-text");
    await ghost.waitFor();
    assert.equal(await ghost.textContent(), text);
    assert.equal(await page.locator("#shared-use").isVisible(), false);
  }));

test("without a suggestion there is no link to one, and a text too long for a link is refused with its size", () =>
  site.visit(async (page) => {
    await openDocuments(page);
    await page.locator("#link-suggestion").click();
    await page.locator("#link-note", { hasText: "No suggestion is shown" }).waitFor();
    await page.keyboard.press("Escape");
    await page.locator(".cm-content").focus();
    let state = 1;
    const letters = Array.from({ length: 60_000 }, () => {
      state = (state * 48271) % 2147483647;
      return String.fromCharCode(97 + (state % 26));
    });
    await write(page, letters.join(""));
    await openDocuments(page);
    await page.locator("#link-text").click();
    await page.locator("#link-note", { hasText: /too long for a link: \d+ kB, and the limit is 32 kB/ }).waitFor();
    assert.equal(await page.locator("#link").isVisible(), false);
  }));

test("a damaged link and one from a newer version say so, and leave the documents alone", () =>
  site.visit(async (page) => {
    await ready(page);
    await write(page, "The rain");
    await page.locator(".ghost-text").waitFor();
    const { hash } = new URL(await makeLink(page, "#link-suggestion"));
    await page.evaluate((hash) => (location.hash = hash), hash);
    await page.locator("#shared-state:not(:empty)").waitFor();
    await page.keyboard.press("Escape");
    for (const [fragment, sentence] of /** @type {const} */ ([
      [hash.slice(0, -6), "This link is damaged"],
      [hash.replace("#text=1.", "#text=7."), "newer version of this page (format 7)"],
    ])) {
      await page.evaluate((fragment) => (location.hash = fragment), fragment);
      await page.locator("#shared-about", { hasText: sentence }).waitFor();
      assert.equal(await page.locator("#shared-state").textContent(), "", "nothing is left of the previous link");
      assert.equal(await page.locator("#shared-copy").isVisible(), false);
      assert.equal(await page.locator("#shared-text").isVisible(), false);
      await page.keyboard.press("Escape");
      assert.equal(await written(page), "The rain");
    }
  }));
