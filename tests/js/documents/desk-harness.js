// A desk without a browser: a store in memory, storage shared by tabs, and tabs with storage of their own.

import assert from "node:assert/strict";
import { Desk } from "../../../www/documents/desk.js";
import { inWords } from "../../../www/strings/strings.js";

/** @import { Content, Document } from "../../../www/documents/document.js" */

/** @param {string} text @returns {Content} */
export const plain = (text) => ({ text, marks: [] });

/** A stand-in for IndexedDB that can fail as browsers do. */
export class MemoryStore {
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
    if (this.isBroken) throw new DOMException("closed", "InvalidStateError");
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

/** A stand-in for a browser's storage. @param {Record<string, string>} [items] */
export const storageOf = (items = {}) => {
  const map = new Map(Object.entries(items));
  return {
    getItem: (/** @type {string} */ key) => map.get(key) ?? null,
    setItem: (/** @type {string} */ key, /** @type {string} */ value) => void map.set(key, value),
    removeItem: (/** @type {string} */ key) => void map.delete(key),
  };
};

/** A browser: the state that its tabs share. */
export class Browser {
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
