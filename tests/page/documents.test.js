// Documents in the browser: saved, listed, renamed, deleted, restored, in two tabs, as files; "Start me off".

import assert from "node:assert/strict";
import { text as readAll } from "node:stream/consumers";
import { after, before, test } from "node:test";
import {
  fillDevice,
  ghost,
  listed,
  openDocuments,
  opened,
  RAIN,
  ready,
  Site,
  stopClock,
  suggestion,
  toEnd,
  write,
  written,
} from "./harness.js";

/** @import { Page } from "playwright-core" */

/** @type {Site} */
let site;
before(async () => {
  site = await Site.open();
});
after(() => site.close());

/** @param {Page} page */
const titles = (page) => page.locator("#document-list .title").allTextContents();

/** @param {Page} page @returns {Promise<string[]>} the texts in the database */
const storedTexts = (page) =>
  page.evaluate(
    () =>
      new Promise((resolve, reject) => {
        const opening = indexedDB.open("documents");
        opening.onerror = () => reject(opening.error);
        opening.onsuccess = () => {
          const reading = opening.result.transaction("documents").objectStore("documents").getAll();
          reading.onsuccess = () => {
            opening.result.close();
            resolve(reading.result.map(({ text }) => text));
          };
        };
      }),
  );

/** Waits until a text is saved, a moment after it was written. @param {Page} page @param {string} text */
async function saved(page, text) {
  for (let attempt = 0; attempt < 1000; attempt++) {
    if ((await storedTexts(page)).includes(text)) return;
  }
  throw new Error(`not saved: ${text.slice(0, 50)}`);
}

/** @param {Page} page @param {string} selector */
const hasFocus = (page, selector) => page.locator(`${selector}:focus`).waitFor();

test("a document survives a reload", () =>
  site.visit(async (page) => {
    await write(page, "One line,\nanother.");
    await page.reload();
    await opened(page);
    assert.equal(await written(page), "One line,\nanother.");
    await ready(page);
    assert.equal(await ghost(page).count(), 0, "nothing is suggested before a key is pressed");
  }));

test("unsaved text is kept at once when the page is hidden", () =>
  site.visit(async (page) => {
    await stopClock(page); // so that its timer never fires
    await write(page, "One.");
    const kept = await page.evaluate(() => {
      const before = localStorage.getItem("unsaved");
      Object.defineProperty(document, "visibilityState", { value: "hidden" });
      document.dispatchEvent(new Event("visibilitychange"));
      return [before, localStorage.getItem("unsaved")];
    });
    assert.equal(kept[0], null);
    assert.match(kept[1] ?? "", /"text":"One\."/);
    await page.waitForFunction(() => localStorage.getItem("unsaved") === "{}");
    await saved(page, "One.");
  }));

test("the draft from an earlier version of the page becomes the first document", () =>
  site.visit(async (page) => {
    await page.evaluate(() => localStorage.setItem("draft", "From before."));
    await page.reload();
    await opened(page);
    assert.equal(await written(page), "From before.");
    await openDocuments(page);
    assert.deepEqual(await titles(page), ["From before. · open"]);
    assert.equal(await page.evaluate(() => localStorage.getItem("draft")), null);
  }));

test("the message that text is not saved stays while suggestions arrive", () =>
  site.visit(async (page) => {
    await ready(page);
    await fillDevice(page);
    await write(page, "The rain");
    await page.locator("#problem-text", { hasText: "no room for more text" }).waitFor();
    await page.keyboard.press("Control+Space");
    await suggestion(page);
    assert.equal(await page.locator("#problem").isVisible(), true);
    await openDocuments(page);
    await page.locator("#new-document").click();
    await page.locator("#documents-note", { hasText: "no room for more text" }).waitFor();
    assert.equal(await written(page), "The rain", "another document would replace it");
  }));

test("without a database the page says so, and the writer can still write", () =>
  site.visit(async (page) => {
    await page.addInitScript(() => {
      IDBFactory.prototype.open = () => {
        throw new DOMException("blocked", "SecurityError");
      };
    });
    await page.reload();
    await opened(page);
    await page.locator("#problem-text", { hasText: "does not store documents" }).waitFor();
    await write(page, "Text.");
    assert.equal(await written(page), "Text.");
  }));

test("documents are created, renamed, opened, deleted and restored, by keyboard alone", () =>
  site.visit(async (page) => {
    await write(page, "The first\nhas two lines.");
    await page.locator("#open-documents").focus();
    await page.keyboard.press("Enter");
    await hasFocus(page, "#documents-title");
    await listed(page);
    assert.deepEqual(await titles(page), ["The first · open"]);
    await page.locator("#new-document").focus();
    await page.keyboard.press("Enter");
    await opened(page);
    assert.equal(await written(page), "");
    await write(page, "The second");
    await openDocuments(page);
    assert.deepEqual(await titles(page), ["The second · open", "The first"]);

    await page.getByRole("button", { name: "Rename “The first”" }).focus();
    await page.keyboard.press("Enter");
    await page.keyboard.press("Escape");
    await hasFocus(page, ".rename");
    await page.keyboard.press("Enter");
    await page.keyboard.type("Old one");
    await page.keyboard.press("Enter");
    await hasFocus(page, ".rename");
    assert.deepEqual(await titles(page), ["The second · open", "Old one"]);

    await page.getByRole("button", { name: "Delete “The second”" }).focus();
    await page.keyboard.press("Enter");
    await hasFocus(page, "#undo-delete");
    assert.equal(await page.locator("#documents-note").textContent(), "Deleted “The second”.");
    assert.deepEqual(await titles(page), ["Old one · open"]);
    await page.keyboard.press("Enter");
    await hasFocus(page, ".title");
    assert.deepEqual(await titles(page), ["The second · open", "Old one"]);
    assert.equal(await page.locator("#undo-delete").isVisible(), false);

    await page.getByRole("button", { name: "Old one", exact: true }).press("Enter");
    await opened(page);
    assert.equal(await written(page), "The first\nhas two lines.");
    await page.keyboard.press("Control+z");
    assert.equal(await written(page), "The first\nhas two lines.", "undo does not reach into another document");
    await page.reload();
    await opened(page);
    assert.equal(await written(page), "The first\nhas two lines.");
  }));

test("closing the list keeps a typed name and the offer to undo a deletion", () =>
  site.visit(async (page) => {
    await write(page, "The first");
    await openDocuments(page);
    await page.locator("#new-document").click();
    await write(page, "The second");
    await openDocuments(page);
    await page.getByRole("button", { name: "Rename “The first”" }).click();
    const name = page.locator("#document-list input");
    await name.fill("Old one");
    await name.dispatchEvent("keydown", { key: "Escape", isComposing: true });
    await page.locator("#documents").getByRole("button", { name: "Close" }).click();
    await openDocuments(page);
    assert.deepEqual(await titles(page), ["The second · open", "Old one"]);

    await page.getByRole("button", { name: "Rename “Old one”" }).click();
    await name.fill("Another");
    await page.keyboard.press("Escape");
    await hasFocus(page, ".rename");
    await page.getByRole("button", { name: "Delete “Old one”" }).click();
    await hasFocus(page, "#undo-delete");
    await page.keyboard.press("Escape");
    await openDocuments(page);
    assert.equal(await page.locator("#documents-note").textContent(), "Deleted “Old one”.");
    await page.locator("#undo-delete").click();
    await hasFocus(page, ".title");
    assert.deepEqual(await titles(page), ["The second · open", "Old one"]);
  }));

test("text written after the site's data were deleted is saved", () =>
  site.visit(async (page) => {
    await write(page, "One.");
    await saved(page, "One.");
    const other = await page.context().newPage();
    await other.goto(new URL("icons/icon.svg", page.url()).href);
    await other.evaluate(() => {
      const deletion = indexedDB.deleteDatabase("documents");
      return new Promise((resolve) => (deletion.onsuccess = resolve));
    });
    await write(page, " Two.");
    await page.locator("#document-note:visible").waitFor();
    await saved(page, "One. Two.");
    assert.equal(await page.locator("#problem").isVisible(), false);
  }));

test("the lens stays on when another document is opened", () =>
  site.visit(async (page) => {
    await ready(page);
    await page.locator("#probabilities").check();
    await openDocuments(page);
    await page.locator("#new-document").click();
    await opened(page);
    await write(page, RAIN);
    await page.locator(".cm-content .token").first().waitFor();
  }));

/** Writes "One." here, then " Other." after it in a second tab. @param {Page} page @returns {Promise<Page>} the second tab */
async function writeInTwoTabs(page) {
  await write(page, "One.");
  await saved(page, "One.");
  const other = await page.context().newPage();
  await other.goto(page.url());
  await opened(other);
  await write(other, " Other.");
  await saved(other, "One. Other.");
  return other;
}

test("two tabs that write in one document end up with two, and the page says so", () =>
  site.visit(async (page) => {
    const other = await writeInTwoTabs(page);
    await write(page, " Mine.");
    await page.locator("#document-note", { hasText: "“One. Mine.” was changed in another tab" }).waitFor();
    for (const [tab, text] of /** @type {const} */ ([
      [page, "One. Mine."],
      [other, "One. Other."],
    ])) {
      await tab.reload();
      await opened(tab);
      assert.equal(await written(tab), text);
    }
  }));

test("a tab that becomes visible shows what another has written", () =>
  site.visit(async (page) => {
    await writeInTwoTabs(page);
    await page.evaluate(() => {
      Object.defineProperty(document, "visibilityState", { value: "visible" });
      document.dispatchEvent(new Event("visibilitychange"));
    });
    await page.locator("#document-note", { hasText: "changed in another tab" }).waitFor();
    assert.equal(await written(page), "One. Other.");
  }));

test("a document is exported as a file, plain or with the model's words marked", () =>
  site.visit(async (page) => {
    await ready(page);
    await write(page, RAIN);
    const text = await suggestion(page, 2);
    await page.keyboard.press("Tab");
    await openDocuments(page);
    const download = async (/** @type {string} */ button) => {
      const [file] = await Promise.all([page.waitForEvent("download"), page.locator(button).click()]);
      return [file.suggestedFilename().replace(/^.*\./, ""), await readAll(await file.createReadStream())];
    };
    assert.deepEqual(await download("#save-txt"), ["txt", RAIN + text]);
    assert.deepEqual(await download("#save-md"), ["md", RAIN + text]);
    await page.locator("#mark-in-md").check();
    assert.deepEqual(await download("#save-md"), ["md", `${RAIN}==${text}==`]);
    assert.deepEqual(await download("#save-txt"), ["txt", RAIN + text]);
  }));

test("an empty page offers openings: one click inserts a line, and a suggestion follows", () =>
  site.visit(async (page) => {
    await ready(page);
    await page.locator("#open-openings").focus();
    await page.keyboard.press("Enter");
    assert.equal(await page.locator("#open-openings").getAttribute("aria-expanded"), "true");
    assert.equal(await page.locator("#openings li").count(), 7);
    await page.getByRole("button", { name: /^Story/ }).press("Enter");
    await opened(page);
    await suggestion(page);
    assert.match(await written(page), /^The lighthouse .* after two, $/);
    assert.equal(await page.locator("#start").isVisible(), false);
    assert.equal(await page.locator("#authors").isVisible(), false, "an opening is not the model's");
    await page.keyboard.press("Control+z");
    assert.equal(await written(page), "");
    await page.locator("#open-openings").waitFor();
  }));

test("in a text of 10,000 words a key does not save, and a pause saves once", () =>
  site.visit(async (page) => {
    await write(page, "Ten thousand words. ".repeat(3334));
    await toEnd(page);
    await saved(page, "Ten thousand words. ".repeat(3334));
    await stopClock(page);
    await page.evaluate(() => {
      const put = IDBObjectStore.prototype.put;
      Object.assign(window, { puts: 0 });
      IDBObjectStore.prototype.put = function (value) {
        /** @type {any} */ (window).puts += 1;
        return put.call(this, value);
      };
    });
    const puts = () => page.evaluate(() => /** @type {any} */ (window).puts);
    await page.keyboard.type("and thirty more, typed one by one");
    assert.equal(await puts(), 0);
    await page.clock.runFor(300);
    await saved(page, `${"Ten thousand words. ".repeat(3334)}and thirty more, typed one by one`);
    assert.equal(await puts(), 1);
  }));
