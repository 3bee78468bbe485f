// The desk with a store in memory: saving, two tabs, recovery.

import assert from "node:assert/strict";
import { test } from "node:test";
import { titleOf } from "../../../www/documents/document.js";
import { Browser, MemoryStore, plain, storageOf } from "./desk-harness.js";

test("a change is saved and reported after a moment, however fast more follow", async () => {
  const browser = new Browser();
  const tab = await browser.open();
  assert.equal(tab.shown?.text, "");
  assert.deepEqual(browser.stored.texts, [], "an empty page is not a document yet");
  tab.desk.changed(() => plain("a"));
  const [running] = tab.timers.keys();
  tab.desk.changed(() => plain("ab"));
  assert.deepEqual([...tab.timers.keys()], [running], "a change does not delay the save");
  tab.timers.get(running)?.();
  await tab.desk.save();
  assert.deepEqual(browser.stored.texts, ["ab"]);
  assert.equal(tab.told?.text, "ab");
  assert.equal(tab.timers.size, 0);
  assert.deepEqual(new Set(tab.problems), new Set([null]));
});

test("a reload shows the tab's own document, a new tab the last changed one", async () => {
  const browser = new Browser();
  const one = await browser.open();
  await one.write("One.");
  const other = await browser.open();
  assert.equal(other.shown?.text, "One.");
  await other.desk.create();
  await other.write("Other.");
  assert.equal((await browser.open(one.storage)).shown?.text, "One.");
  assert.equal((await browser.open(other.storage)).shown?.text, "Other.");
  assert.equal((await browser.open()).shown?.text, "Other.");
});

test("two tabs writing in one document do not overwrite each other: the later one continues in a copy and says so", async () => {
  const browser = new Browser();
  const one = await browser.open();
  await one.write("Text.");
  const other = await browser.open();
  await other.write("Text. Other.");
  await one.write("Text. One.");
  await one.write("Text. One, again.");
  await other.write("Text. Other, again.");
  assert.deepEqual(browser.stored.texts, ["Text. One, again.", "Text. Other, again."]);
  assert.equal(one.notes.length, 1);
  assert.match(one.notes[0], /“Text\. One\.” was changed in another tab.*“Copy of Text\. One\.”/);
  assert.deepEqual(other.notes, []);
  assert.equal((await browser.open(one.storage)).shown?.text, "Text. One, again.");
});

test("a tab that becomes visible shows what another has written, unless it has unsaved text itself", async () => {
  const browser = new Browser();
  const one = await browser.open();
  await one.write("One.");
  const other = await browser.open();
  await one.desk.back();
  assert.deepEqual(one.notes, [], "nothing was changed");
  await other.write("One. Other.");
  await one.desk.back();
  assert.equal(one.shown?.text, "One. Other.");
  assert.match(one.notes[0], /changed in another tab/);
  await one.write("One. Other. One.");
  assert.deepEqual(browser.stored.texts, ["One. Other. One."], "it continues from there");
  other.desk.changed(() => plain("Unsaved."));
  await other.desk.back();
  assert.equal(other.shown?.text, "One.");
  await other.desk.save();
  assert.deepEqual(browser.stored.texts, ["One. Other. One.", "Unsaved."]);
});

test("a document deleted in another tab is kept by the tab that writes in it", async () => {
  const browser = new Browser();
  const one = await browser.open();
  await one.write("One.");
  const other = await browser.open();
  await other.desk.remove(one.desk.document.id);
  assert.deepEqual(browser.stored.texts, []);
  await one.write("One, more.");
  assert.deepEqual(browser.stored.texts, ["One, more."]);
});

test("a document renamed in another tab keeps its new name when this tab saves", async () => {
  const browser = new Browser();
  const one = await browser.open();
  await one.write("One.");
  const other = await browser.open();
  await other.desk.create();
  const { id } = one.desk.document;
  await other.desk.rename(id, "Name");
  await one.write("One. More.");
  await one.write("One. More, again.");
  assert.deepEqual([one.desk.document.name, one.desk.document.id], ["Name", id]);
  assert.deepEqual(browser.stored.texts, ["One. More, again."]);
  await other.desk.rename(id, "Another name");
  await one.desk.rename(id, "The last name");
  await one.write("One. More, at last.");
  assert.deepEqual((await other.desk.list()).map(titleOf), ["The last name"]);
  assert.deepEqual([one.notes, other.notes], [[], []]);
});

test("renaming a document does not overwrite what another tab has written in it", async () => {
  const browser = new Browser();
  const one = await browser.open();
  await one.write("One.");
  const other = await browser.open();
  await other.write("One. Other.");
  await one.desk.rename(one.desk.document.id, "Name");
  await one.write("One. One.");
  assert.deepEqual(
    (await one.desk.list()).map(({ name, text }) => [name, text]),
    [
      ["Copy of One. One.", "One. One."],
      ["Name", "One. Other."],
    ],
  );
});

test("documents are listed, opened, renamed, deleted and restored", async () => {
  const browser = new Browser();
  const { desk, ...tab } = await browser.open();
  desk.changed(() => plain("First line\nsecond"));
  await desk.create();
  desk.changed(() => plain("Another"));
  assert.deepEqual((await desk.list()).map(titleOf), ["Another", "First line"], "listing saves first");
  const [another, first] = await desk.list();
  await desk.rename(first.id, "My name");
  await desk.rename(another.id, "Open one");
  assert.deepEqual((await desk.list()).map(titleOf).sort(), ["My name", "Open one"]);
  await desk.rename(first.id, "");
  await desk.open(first.id);
  assert.equal(desk.document.text, "First line\nsecond");
  await desk.remove(first.id);
  assert.equal(desk.document.id, another.id, "the next one is shown");
  await desk.undoRemove();
  assert.equal(desk.document.id, first.id);
  assert.deepEqual((await desk.list()).length, 2);
  await desk.remove(another.id);
  await desk.remove(first.id);
  assert.equal(desk.document.text, "", "a blank page when none is left");
  assert.deepEqual(await desk.list(), []);
  assert.deepEqual(tab.notes, []);
});

test("undo restores the last deletion, or nothing if the document was already gone", async () => {
  const browser = new Browser();
  const { desk } = await browser.open();
  desk.changed(() => plain("One."));
  await desk.create();
  desk.changed(() => plain("Two."));
  const [two, one] = await desk.list();
  await desk.remove(one.id);
  assert.equal(desk.deleted?.text, "One.");
  await browser.stored.remove(two.id);
  await desk.remove(two.id);
  assert.equal(desk.deleted, null);
  await desk.undoRemove();
  assert.deepEqual(browser.stored.texts, []);
});

test("text that a closing page could not save is there on the next visit", async () => {
  const browser = new Browser();
  const one = await browser.open();
  await one.write("Saved.");
  browser.stored.save = async () => new Promise(() => {}); // The page is gone before the answer.
  one.desk.changed(() => plain("Saved. And this."));
  one.desk.leave();
  browser.store = Object.assign(new MemoryStore(), { documents: browser.stored.documents });
  const next = await browser.open(one.storage);
  assert.equal(next.shown?.text, "Saved. And this.");
  assert.deepEqual(browser.stored.texts, ["Saved. And this."]);
  await next.write("Saved. And that.");
  assert.equal((await browser.open(one.storage)).shown?.text, "Saved. And that.", "it is recovered once");
});

test("a save that succeeded at the last moment is not recovered again; one that another tab overtook is kept apart", async () => {
  const browser = new Browser();
  const one = await browser.open();
  await one.write("One.");
  one.desk.changed(() => plain("One. Last."));
  one.desk.leave();
  const rescued = browser.device.getItem("unsaved") ?? "";
  await one.desk.save();
  browser.device.setItem("unsaved", rescued); // The page ended before it could tidy up.
  await browser.open();
  assert.deepEqual(browser.stored.texts, ["One. Last."]);
  const other = await browser.open();
  await other.write("Overtaken.");
  browser.device.setItem("unsaved", rescued);
  await browser.open();
  assert.deepEqual(browser.stored.texts, ["One. Last.", "Overtaken."]);
});

test("after a page was closed during a save, the next visit continues with its latest text and says so", async () => {
  const browser = new Browser();
  const { stored } = browser;
  const one = await browser.open();
  await one.write("Hello");
  await new Promise((committed) => {
    stored.save = async (document) => {
      committed(await MemoryStore.prototype.save.call(stored, document));
      return new Promise(() => {}); // The page is gone before the answer.
    };
    one.desk.changed(() => plain("Hello wor"));
    one.desk.save();
  });
  one.desk.changed(() => plain("Hello world"));
  one.desk.leave();
  browser.store = Object.assign(new MemoryStore(), { documents: stored.documents });
  const next = await browser.open(one.storage);
  assert.equal(next.shown?.text, "Hello world");
  assert.deepEqual(next.notes, [
    "The page was closed while it was saving “Hello world”. Your latest text is here, in “Copy of Hello world”.",
  ]);
  assert.deepEqual(browser.stored.texts, ["Hello wor", "Hello world"]);
  const again = await browser.open(one.storage);
  assert.deepEqual([again.shown?.text, again.notes], ["Hello world", []]);
});

test("an empty page leaves nothing behind", async () => {
  const browser = new Browser();
  const tab = await browser.open();
  tab.desk.changed(() => plain(""));
  tab.desk.leave();
  await tab.desk.save();
  await browser.open();
  assert.deepEqual(browser.stored.texts, []);
});

test("drafts from before the page had documents become documents, once", async () => {
  const browser = new Browser();
  browser.device.setItem("draft", "The other tab's.");
  const tab = storageOf({ draft: "This tab's." });
  assert.equal((await browser.open(tab)).shown?.text, "This tab's.");
  assert.deepEqual(browser.stored.texts, ["The other tab's.", "This tab's."]);
  assert.equal((await browser.open(storageOf({ draft: "The other tab's." }))).shown?.text, "This tab's.");
  assert.deepEqual(browser.stored.texts, ["The other tab's.", "This tab's."]);
  assert.deepEqual([tab.getItem("draft"), browser.device.getItem("draft")], [null, null]);
});

test("a text that cannot be saved is reported with advice, kept, and saved once possible", async () => {
  const browser = new Browser();
  const tab = await browser.open();
  browser.stored.isFull = true;
  await tab.write("Mine.");
  assert.match(tab.problems.at(-1) ?? "", /Copy yours elsewhere/);
  assert.equal(await tab.desk.create(), false, "nothing replaces it");
  await tab.desk.open("id0");
  assert.equal(tab.shown?.text, "");
  browser.stored.isFull = false;
  await tab.desk.save();
  assert.equal(tab.problems.at(-1), null);
  assert.deepEqual(browser.stored.texts, ["Mine."]);
  browser.stored.isBroken = true;
  await tab.write("Mine, too.");
  assert.match(tab.problems.at(-1) ?? "", /reload the page/, "not a lack of space");
  await assert.rejects(tab.desk.rename(tab.desk.document.id, "Name"), { name: "InvalidStateError" });
  browser.stored.isBroken = false;
  assert.equal(await tab.desk.create(), true);
  assert.deepEqual(browser.stored.texts, ["Mine, too."]);
});

test("a letter typed during a save is saved too before another document opens", async () => {
  const browser = new Browser();
  const { stored } = browser;
  const { desk } = await browser.open();
  stored.save = (document) => {
    if (document.text === "a") desk.changed(() => plain("ab"));
    return MemoryStore.prototype.save.call(stored, document);
  };
  desk.changed(() => plain("a"));
  assert.equal(await desk.create(), true);
  assert.deepEqual(stored.texts, ["ab"]);
});

test("without a database the last draft is shown, and the page says that nothing is kept", async () => {
  const browser = new Browser();
  browser.store = null;
  browser.device.setItem("draft", "Old.");
  const tab = await browser.open();
  assert.equal(tab.shown?.text, "Old.");
  assert.match(tab.problems[0] ?? "", /does not store documents/);
  await tab.write("Old and new.");
  tab.desk.leave();
  assert.equal(tab.told?.text, "Old and new.");
  assert.equal(tab.problems.length, 1, "the problem persists");
  assert.equal(await tab.desk.create(), false);
  assert.deepEqual(await tab.desk.list(), []);
  await tab.write("");
  assert.equal(await tab.desk.create(plain("From a link.")), true, "an empty text loses nothing");
  assert.equal(tab.shown?.text, "From a link.");
  assert.equal(tab.problems.length, 1);
});

test("a database that cannot be read is reported, and the writer can still write", async () => {
  const browser = new Browser();
  browser.stored.isBroken = true;
  const tab = await browser.open();
  assert.match(tab.problems[0] ?? "", /reload the page/);
  assert.equal(tab.shown?.text, "");
});
