// Documents against a store in memory: what is saved when, two tabs, recovery; titles, shares, exports; links.

import assert from "node:assert/strict";
import { test } from "node:test";
import { deflateSync } from "node:zlib";
import { Desk } from "../../www/documents/desk.js";
import { fileNameOf, highlighted, percentFromModel, titleOf } from "../../www/documents/document.js";
import { fragmentOf, isLink, readFragment } from "../../www/documents/link.js";
import { inWords } from "../../www/strings.js";
import { noise } from "./fakes.js";

/**
 * @import { Content, Document } from "../../www/documents/document.js"
 * @import { Shared } from "../../www/documents/link.js"
 */

/** @param {string} text @returns {Content} */
const plain = (text) => ({ text, marks: [] });

/** What IndexedDB does, with the failures that a browser may have. */
class MemoryStore {
  /** @type {Map<string, Document>} */
  documents = new Map();
  isFull = false;
  isBroken = false;

  async list() {
    if (this.isBroken) throw new DOMException("closed", "InvalidStateError");
    return [...this.documents.values()].sort((a, b) => b.changedAt - a.changedAt);
  }

  /** @param {string} id */
  async get(id) {
    return this.documents.get(id);
  }

  /** @param {Document} document */
  async save(document) {
    if (this.isFull) throw new DOMException("full", "QuotaExceededError");
    if ((this.documents.get(document.id)?.revision ?? 0) !== document.revision) return false;
    this.documents.set(document.id, { ...document, revision: document.revision + 1 });
    return true;
  }

  /** @param {Document} document */
  async restore(document) {
    this.documents.set(document.id, document);
  }

  /** @param {string} id */
  async remove(id) {
    this.documents.delete(id);
  }

  get texts() {
    return [...this.documents.values()].map(({ text }) => text).sort();
  }
}

/** A browser's storage. @param {Record<string, string>} [items] */
const storageOf = (items = {}) => {
  const map = new Map(Object.entries(items));
  return {
    getItem: (/** @type {string} */ key) => map.get(key) ?? null,
    setItem: (/** @type {string} */ key, /** @type {string} */ value) => void map.set(key, value),
    removeItem: (/** @type {string} */ key) => void map.delete(key),
  };
};

/** One browser: what its tabs share. */
class Browser {
  /** @type {MemoryStore | null} */
  store = new MemoryStore();
  device = storageOf();
  time = 0;
  ids = 0;

  async open(tab = storageOf()) {
    const opened = new Tab(this, tab);
    await opened.desk.start();
    return opened;
  }

  get stored() {
    assert.ok(this.store);
    return this.store;
  }
}

class Tab {
  /** @type {Document | null} */
  shown = null;
  /** @type {Content | null} */
  told = null;
  /** @type {(string | null)[]} in English */
  problems = [];
  /** @type {string[]} */
  notes = [];
  /** @type {Map<number, () => void>} */
  timers = new Map();
  #timer = 0;

  /**
   * @param {Browser} browser
   * @param {ReturnType<typeof storageOf>} storage
   */
  constructor(browser, storage) {
    this.storage = storage;
    this.desk = new Desk({
      store: browser.store,
      tab: storage,
      device: browser.device,
      clock: {
        setTimeout: (callback) => {
          this.timers.set(++this.#timer, callback);
          return this.#timer;
        },
        clearTimeout: (timer) => this.timers.delete(timer),
      },
      now: () => ++browser.time,
      nextId: () => `id${++browser.ids}`,
      onOpen: (document) => (this.shown = document),
      onContent: (content) => (this.told = content),
      onProblem: (words) => this.problems.push(words === null ? null : inWords(words)),
      onNote: (words) => this.notes.push(inWords(words)),
    });
  }

  /** @param {string} text */
  async write(text) {
    this.desk.changed(() => plain(text));
    await this.desk.save();
  }
}

test("what is written is saved a moment later, however fast the changes come, and told", async () => {
  const browser = new Browser();
  const tab = await browser.open();
  assert.equal(tab.shown?.text, "");
  assert.deepEqual(browser.stored.texts, [], "an empty page is no document yet");
  tab.desk.changed(() => plain("a"));
  const [running] = tab.timers.keys();
  tab.desk.changed(() => plain("ab"));
  assert.deepEqual([...tab.timers.keys()], [running], "a change does not put the saving off");
  tab.timers.get(running)?.();
  await tab.desk.save();
  assert.deepEqual(browser.stored.texts, ["ab"]);
  assert.equal(tab.told?.text, "ab");
  assert.equal(tab.timers.size, 0);
  assert.deepEqual(new Set(tab.problems), new Set([null]));
});

test("a reload shows the tab's own document, a new tab the one that was changed last", async () => {
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

test("two tabs that write in one document do not overwrite each other: the later one goes on in a copy, and says so", async () => {
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

test("a tab that is looked at again shows what another has written, unless it has something to save itself", async () => {
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
  assert.deepEqual(browser.stored.texts, ["One. Other. One."], "it goes on from there");
  other.desk.changed(() => plain("Unsaved."));
  await other.desk.back();
  assert.equal(other.shown?.text, "One.");
  await other.desk.save();
  assert.deepEqual(browser.stored.texts, ["One. Other. One.", "Unsaved."]);
});

test("a document deleted in another tab is kept by the one that writes in it", async () => {
  const browser = new Browser();
  const one = await browser.open();
  await one.write("One.");
  const other = await browser.open();
  await other.desk.remove(one.desk.document.id);
  assert.deepEqual(browser.stored.texts, []);
  await one.write("One, more.");
  assert.deepEqual(browser.stored.texts, ["One, more."]);
});

test("documents are listed, opened, renamed, deleted, and brought back", async () => {
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

test("what a closing page could not save any more is there on the next visit", async () => {
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

test("a save that did come through at the last moment is not recovered twice; one that another tab overtook is kept apart", async () => {
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

test("an empty page leaves nothing behind", async () => {
  const browser = new Browser();
  const tab = await browser.open();
  tab.desk.changed(() => plain(""));
  tab.desk.leave();
  await tab.desk.save();
  await browser.open();
  assert.deepEqual(browser.stored.texts, []);
});

test("the drafts of the page before it had documents become documents, once", async () => {
  const browser = new Browser();
  browser.device.setItem("draft", "The other tab's.");
  const tab = storageOf({ draft: "This tab's." });
  assert.equal((await browser.open(tab)).shown?.text, "This tab's.");
  assert.deepEqual(browser.stored.texts, ["The other tab's.", "This tab's."]);
  assert.equal((await browser.open(storageOf({ draft: "The other tab's." }))).shown?.text, "This tab's.");
  assert.deepEqual(browser.stored.texts, ["The other tab's.", "This tab's."]);
  assert.deepEqual([tab.getItem("draft"), browser.device.getItem("draft")], [null, null]);
});

test("a text that cannot be saved is told with a way out, kept, and saved when it can be", async () => {
  const browser = new Browser();
  const tab = await browser.open();
  browser.stored.isFull = true;
  await tab.write("Mine.");
  assert.match(tab.problems.at(-1) ?? "", /copy yours elsewhere/);
  assert.equal(await tab.desk.create(), false, "nothing takes its place");
  await tab.desk.open("id0");
  assert.equal(tab.shown?.text, "");
  browser.stored.isFull = false;
  await tab.desk.save();
  assert.equal(tab.problems.at(-1), null);
  assert.deepEqual(browser.stored.texts, ["Mine."]);
});

test("without a database the last draft is shown, and that nothing is kept is said", async () => {
  const browser = new Browser();
  browser.store = null;
  browser.device.setItem("draft", "Old.");
  const tab = await browser.open();
  assert.equal(tab.shown?.text, "Old.");
  assert.match(tab.problems[0] ?? "", /keeps no documents/);
  await tab.write("Old and new.");
  tab.desk.leave();
  assert.equal(tab.told?.text, "Old and new.");
  assert.equal(tab.problems.length, 1, "nothing has become better");
  assert.equal(await tab.desk.create(), false);
  assert.deepEqual(await tab.desk.list(), []);
});

test("a database that cannot be read is told, and the page can be written on", async () => {
  const browser = new Browser();
  browser.stored.isBroken = true;
  const tab = await browser.open();
  assert.match(tab.problems[0] ?? "", /Reload the page/);
  assert.equal(tab.shown?.text, "");
});

test("a document goes by its name, else by its first line", () => {
  /** @type {[string, string, string][]} */
  const table = [
    ["", "", "Untitled"],
    ["", " \n\n", "Untitled"],
    ["", "\n  One line  \nanother", "One line"],
    ["Name", "One line", "Name"],
    ["", "雨停了。", "雨停了。"],
    ["", "x".repeat(60), "x".repeat(60)],
    ["", "x".repeat(61), `${"x".repeat(60)} …`],
    ["", `A line of words that ends ${"somewhere ".repeat(4)}`, "A line of words that ends somewhere somewhere somewhere …"],
    ["", "🙂".repeat(61), `${"🙂".repeat(60)} …`],
  ];
  for (const [name, text, title] of table) assert.equal(titleOf({ name, text }), title);
});

test("the model's share is counted in characters, and is 0 or 100 only if it is none or all", () => {
  /** @type {[number, import("../../www/documents/document.js").Marks, number][]} */
  const table = [
    [0, [], 0],
    [100, [], 0],
    [100, [[0, 18]], 18],
    [100, [[0, 9], [50, 59]], 18],
    [1000, [[3, 4]], 1],
    [1000, [[0, 999]], 99],
    [7, [[0, 7]], 100],
  ];
  for (const [length, marks, percent] of table) assert.equal(percentFromModel({ text: "x".repeat(length), marks }), percent);
});

test("Markdown may highlight the model's words, line by line and without the spaces around them", () => {
  const text = "I saw the sea. \n\nIt was blue";
  /** @type {[import("../../www/documents/document.js").Marks, string][]} */
  const table = [
    [[], text],
    [[[5, 9]], "I saw ==the== sea. \n\nIt was blue"],
    [[[10, 23]], "I saw the ==sea.== \n\n==It was== blue"],
    [[[0, 1], [24, 28]], "==I== saw the sea. \n\nIt was ==blue=="],
    [[[14, 17]], text],
  ];
  for (const [marks, markdown] of table) assert.equal(highlighted({ text, marks }), markdown);
});

test("a file's name is one that every system takes", () => {
  assert.equal(fileNameOf("A/B: “C”?\u202E", "txt"), "A B “C”.txt");
  assert.equal(fileNameOf("..", "md"), "Untitled.md");
  assert.equal(fileNameOf("雨停了。", "md"), "雨停了。.md");
});

/** @type {Shared} */
const SHARED = {
  text: "The rain had stopped.\n\n雨停了 🙂",
  model: "distilbert/distilgpt2",
  generation_config: { max_new_tokens: 24, do_sample: true, temperature: 0.7, top_k: 50, seed: 2 ** 53 - 1, token_healing: true },
  suggestion: { caretUtf16: 8, gate: 0.3, index: 2 },
};

test("a link brings back what was put in, and holds nothing else", async () => {
  for (const shared of [SHARED, { ...SHARED, suggestion: null }, { ...SHARED, text: "", generation_config: {}, suggestion: { caretUtf16: 0, gate: null, index: 0 } }]) {
    const fragment = await fragmentOf(shared);
    assert.match(fragment, /^text=1\.[\w-]+$/);
    assert.equal(isLink(`#${fragment}`), true);
    assert.deepEqual(await readFragment(`#${fragment}`), shared);
    assert.deepEqual(Object.keys(await readFragment(fragment)).sort(), ["generation_config", "model", "suggestion", "text"]);
  }
  assert.equal(isLink(""), false);
  assert.equal(isLink("#about"), false);
});

test("with any one character changed, or cut short anywhere, a link is called damaged and never brings another text", async () => {
  const fragment = await fragmentOf(SHARED);
  let damaged = 0;
  for (let at = "text=1.".length; at < fragment.length; at++) {
    const other = fragment[at] === "A" ? "Q" : "A";
    const read = await readFragment(fragment.slice(0, at) + other + fragment.slice(at + 1)).catch(({ message }) => message);
    // A few bits are there to fill a byte, and carry nothing.
    if (typeof read === "string") assert.match(read, /damaged/);
    else assert.deepEqual(read, SHARED);
    damaged += Number(typeof read === "string");
    await assert.rejects(readFragment(fragment.slice(0, at)), /damaged/, `cut at ${at}`);
  }
  assert.ok(damaged >= fragment.length - "text=1.".length - 2, `${damaged} of ${fragment.length}`);
  for (const junk of ["text=", "text=1", "text=1.", "text=1.%%%", "text=x.AAAA", "text=1.AAAA"]) await assert.rejects(readFragment(junk), /damaged/, junk);
});

test("a link of a later version says so", () => assert.rejects(readFragment("#text=2.AAAA"), /later version of this page \(format 2\)/));

/** @param {unknown} value */
const linkTo = (value) => `text=1.${deflateSync(Buffer.from(JSON.stringify(value))).toString("base64url")}`;

test("a link with anything but what a link holds is refused", async () => {
  assert.deepEqual(await readFragment(linkTo(SHARED)), SHARED);
  const wrong = [
    null,
    "text",
    [],
    {},
    { ...SHARED, extra: 1 },
    { ...SHARED, text: 1 },
    { ...SHARED, text: "a\rb", suggestion: null },
    { ...SHARED, suggestion: {} },
    ...[-1, 1.5, "1", SHARED.text.length + 1].map((caretUtf16) => ({ ...SHARED, suggestion: { caretUtf16, gate: null, index: 0 } })),
    ...[-1, 5, 0.5].map((index) => ({ ...SHARED, suggestion: { caretUtf16: 0, gate: null, index } })),
    ...[undefined, "none", -1, 2].map((gate) => ({ ...SHARED, suggestion: { caretUtf16: 0, gate, index: 0 } })),
    { ...SHARED, suggestion: { caretUtf16: 0, gate: null, index: 0, extra: 1 } },
    { ...SHARED, model: null },
    { ...SHARED, generation_config: null },
    { ...SHARED, generation_config: { temperature: "0.7" } },
    { ...SHARED, generation_config: { temperature: 1e9 } },
    { ...SHARED, generation_config: { max_new_tokens: 1.5 } },
    { ...SHARED, generation_config: { num_return_sequences: 1000 } },
    { ...SHARED, generation_config: { do_sample: 1 } },
    { ...SHARED, generation_config: { toString: 1 } },
  ];
  for (const value of wrong) await assert.rejects(readFragment(linkTo(value)), /damaged/, JSON.stringify(value));
});

test("a text too long for a link is refused with its size before there is a link, and an overlong link before it is read", async () => {
  const letters = [...noise(60_000)].map((byte) => String.fromCharCode(97 + (byte % 26))).join("");
  await assert.rejects(fragmentOf({ ...SHARED, text: letters }), /too long for a link: (4\d|5\d) kB, where 32 kB fit/);
  await assert.rejects(fragmentOf({ ...SHARED, text: "a".repeat(300_000) }), /too long for a link: 294 kB, where 256 kB fit/);
  await assert.rejects(readFragment(`text=1.${"A".repeat(40_000)}`), /too long: 40 kB, where 32 kB are allowed/);
  const prose = "The quick brown fox jumps over the lazy dog, and nobody is surprised. ".repeat(1000);
  assert.deepEqual(await readFragment(await fragmentOf({ ...SHARED, text: prose })), { ...SHARED, text: prose });
});

test("a link that would fill the memory is not unfolded", async () => {
  const bomb = `text=1.${deflateSync(Buffer.alloc(20 * 1024 * 1024, 0x20)).toString("base64url")}`;
  assert.ok(bomb.length < 32 * 1024, `${bomb.length}`);
  await assert.rejects(readFragment(bomb), /damaged/);
});
