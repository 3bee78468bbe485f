// The desk: opens, saves, renames and deletes documents; one at a time is open in this tab.

import { say } from "../strings/strings.js";
import { titleOf } from "./document.js";
import { Rescue } from "./rescue.js";
import { problemOf } from "./store.js";

/**
 * @import { Clock } from "../suggestion/request.js"
 * @import { Content, Document } from "./document.js"
 * @import { Words } from "../strings/strings.js"
 * @import { DocumentStore } from "./store.js"
 */

const DELAY_MS = 300;
/** The tab's key for the id of its document. */
const OPEN_KEY = "document";
/** The key of the single draft, from before the page had documents. */
const DRAFT_KEY = "draft";

/** @typedef {Pick<Storage, "getItem" | "setItem" | "removeItem">} TabStorage */

/**
 * @typedef {object} DeskWorld
 * @property {Pick<DocumentStore, "list" | "get" | "save" | "restore" | "remove"> | null} store null where the browser has none
 * @property {TabStorage} tab
 * @property {TabStorage} device
 * @property {Clock} clock
 * @property {() => number} now ms since 1970
 * @property {() => string} nextId
 * @property {(document: Document) => void} onOpen shows a document
 * @property {(content: Content) => void} onContent called with the current content a moment after each change
 * @property {(words: Words | null) => void} onProblem why text is not saved; null once it is
 * @property {(words: Words) => void} onNote a change of the document that the writer did not make
 */

export class Desk {
  #world;
  #rescue;
  /** As opened or last saved. @type {Document} */
  #document;
  /** Reads the content that is not saved yet. @type {(() => Content) | null} */
  #getUnsaved = null;
  /** @type {any} */
  #timer = null;
  /** Saves run one after the other, each based on the revision that the last one made. */
  #saving = Promise.resolve();
  /** @type {Words | null} */
  #problem = null;
  /** @type {{document: Document, wasOpen: boolean} | null} */
  #deleted = null;

  /** @param {DeskWorld} world */
  constructor(world) {
    this.#world = world;
    this.#rescue = new Rescue(world.device);
    this.#document = this.#blank();
  }

  /** The open document as last saved. */
  get document() {
    return this.#document;
  }

  /** Why text is not saved, null if it is. */
  get problem() {
    return this.#problem;
  }

  /** The last deleted document, which can be restored. */
  get deleted() {
    return this.#deleted?.document ?? null;
  }

  /** Opens the document that this tab had open; in a new tab, the last changed one. */
  async start() {
    const { store, tab, device, onNote } = this.#world;
    if (store === null) {
      this.#tell({ key: "documents_none" });
      const text = tab.getItem(DRAFT_KEY) ?? device.getItem(DRAFT_KEY) ?? "";
      return this.#show({ ...this.#blank(), text });
    }
    try {
      const notes = await this.#recover(store);
      const id = tab.getItem(OPEN_KEY);
      const own = id === null ? undefined : await store.get(id);
      this.#show(own ?? (await store.list())[0] ?? this.#blank());
      const note = notes.get(this.#document.id);
      if (note !== undefined) onNote(note);
    } catch (error) {
      this.#tell(problemOf(error));
      this.#show(this.#blank());
    }
  }

  /** @param {() => Content} getContent called at the next save, at most `DELAY_MS` from now */
  changed(getContent) {
    this.#getUnsaved = getContent;
    this.#timer ??= this.#world.clock.setTimeout(() => this.save(), DELAY_MS);
  }

  /** @returns {Promise<void>} resolves once everything so far is saved, or `onProblem` has said why not */
  save() {
    this.#world.clock.clearTimeout(this.#timer);
    this.#timer = null;
    this.#saving = this.#saving.then(() => this.#write());
    return this.#saving;
  }

  /** Saves, and returns whether the page can be left without losing a word. */
  async saved() {
    // A key may be pressed during a save.
    do await this.save();
    while (this.#getUnsaved !== null && this.#problem === null);
    return this.#getUnsaved === null;
  }

  /** Keeps the unsaved text where it survives the end of the page, which may be near. */
  leave() {
    if (this.#getUnsaved !== null && this.#world.store !== null) {
      const document = { ...this.#document, ...this.#getUnsaved(), changedAt: this.#world.now() };
      if (!isNothing(document)) this.#rescue.keep(document);
    }
    this.save();
  }

  /** Called when the tab is visible again: shows what another tab has changed meanwhile. */
  async back() {
    const stored = await this.#world.store?.get(this.#document.id).catch(() => undefined);
    if (stored === undefined || stored.revision <= this.#document.revision || this.#getUnsaved !== null) return;
    this.#show(stored);
    this.#world.onNote({ key: "document_refreshed", values: { title: titleOf(stored) } });
  }

  /** @returns {Promise<Document[]>} all documents, the last changed first */
  async list() {
    await this.save();
    return (await this.#world.store?.list()) ?? [];
  }

  /**
   * @param {string} id
   * @returns {Promise<boolean>} false if the open document cannot be saved, and so stays open
   */
  async open(id) {
    if (id === this.#document.id) return true;
    const stored = await this.#world.store?.get(id);
    if (!(await this.saved())) return false;
    if (stored !== undefined) this.#show(stored);
    return true;
  }

  /**
   * @param {Content} [content] of the new document
   * @returns {Promise<boolean>} false if the open document cannot be saved, and so stays open
   */
  async create(content) {
    if (!(await this.saved())) return false;
    this.#show({ ...this.#blank(), ...content });
    if (content !== undefined) this.changed(() => content);
    return true;
  }

  /**
   * @param {string} id
   * @param {string} name "" to use the first line again
   * @returns {Promise<void>}
   */
  rename(id, name) {
    const renaming = this.save().then(() => this.#rename(id, name));
    this.#saving = renaming.catch(() => {}); // The caller handles the error.
    return renaming;
  }

  /**
   * Deletes a document, and remembers it until the next deletion.
   * @param {string} id
   * @returns {Promise<boolean>} false if it has unsaved text, which could not be restored
   */
  async remove(id) {
    const { store } = this.#world;
    const wasOpen = id === this.#document.id;
    if (wasOpen && !(await this.saved())) return false;
    const document = await store?.get(id);
    this.#deleted = null;
    if (document === undefined) return true;
    await store?.remove(id);
    this.#deleted = { document, wasOpen };
    if (wasOpen) this.#show((await this.list())[0] ?? this.#blank());
    return true;
  }

  /** Restores the last deleted document. */
  async undoRemove() {
    if (this.#deleted === null) return;
    const { document, wasOpen } = this.#deleted;
    await this.#world.store?.restore(document);
    this.#deleted = null;
    if (wasOpen) await this.open(document.id);
  }

  /** @returns {Document} a new one, saved from its first letter on */
  #blank() {
    return { id: this.#world.nextId(), name: "", text: "", marks: [], revision: 0, changedAt: this.#world.now() };
  }

  /** @param {Document} document */
  #show(document) {
    this.#document = document;
    this.#getUnsaved = null;
    this.#remember();
    this.#world.onOpen(document);
  }

  #remember() {
    try {
      this.#world.tab.setItem(OPEN_KEY, this.#document.id);
    } catch {
      // A reload then opens the last changed document, which is usually this one.
    }
  }

  /** @param {Words | null} problem */
  #tell(problem) {
    this.#problem = problem;
    this.#world.onProblem(problem);
  }

  async #write() {
    const { store, now, onContent } = this.#world;
    const getUnsaved = this.#getUnsaved;
    if (getUnsaved === null) return;
    const content = getUnsaved();
    onContent(content);
    const document = { ...this.#document, ...content, changedAt: now() };
    try {
      if (isNothing(document)) this.#document = document;
      else if (store === null) return;
      else await this.#keep(store, document);
      this.#rescue.drop(document.id);
      if (this.#getUnsaved === getUnsaved) this.#getUnsaved = null;
      if (store !== null) this.#tell(null);
    } catch (error) {
      this.#tell(problemOf(error));
    }
  }

  /**
   * Saves a document if its text is still as this tab last saw it, under its current name.
   * @param {NonNullable<DeskWorld["store"]>} store
   * @param {Document} document
   * @returns {Promise<void>}
   */
  async #keep(store, document) {
    if (await store.save(document)) {
      this.#document = { ...document, revision: document.revision + 1 };
      return;
    }
    const stored = await store.get(document.id);
    if (stored?.text !== this.#document.text) return this.#fork(store, document);
    // Another tab has only renamed it.
    const { name, revision } = stored;
    return this.#keep(store, { ...document, name, revision });
  }

  /**
   * @param {string} id
   * @param {string} name
   */
  async #rename(id, name) {
    const { store } = this.#world;
    const stored = await store?.get(id);
    if (stored === undefined || !(await store?.save({ ...stored, name }))) return;
    const { revision } = stored;
    // Another tab may have saved a new text, which this tab must not overwrite.
    if (id !== this.#document.id || revision !== this.#document.revision) return;
    this.#document = { ...this.#document, name, revision: revision + 1 };
  }

  /**
   * Continues in a copy, as another tab has changed or deleted the document: both texts are kept.
   * @param {NonNullable<DeskWorld["store"]>} store
   * @param {Document} document
   */
  async #fork(store, document) {
    const copy = this.#copyOf(document);
    await store.save(copy);
    this.#document = { ...copy, revision: 1 };
    this.#remember();
    this.#world.onNote({ key: "document_forked", values: { title: titleOf(document), copy: copy.name } });
  }

  /**
   * @param {Document} document
   * @returns {Document} a new one with the same content
   */
  #copyOf(document) {
    return {
      ...document,
      id: this.#world.nextId(),
      name: say("document_copy", { title: titleOf(document) }),
      revision: 0,
    };
  }

  /**
   * Saves what earlier visits left outside the database.
   * @param {NonNullable<DeskWorld["store"]>} store
   * @returns {Promise<Map<string, Words>>} the notes for the copies it had to make, by their ids
   */
  async #recover(store) {
    const { tab, device } = this.#world;
    /** @type {Map<string, Words>} */
    const notes = new Map();
    for (const document of this.#rescue.all()) {
      const isSaved = (await store.save(document)) || (await store.get(document.id))?.text === document.text;
      if (!isSaved) {
        const copy = this.#copyOf(document);
        await store.save(copy);
        notes.set(copy.id, { key: "document_rescued", values: { title: titleOf(document), copy: copy.name } });
        if (tab.getItem(OPEN_KEY) === document.id) tab.setItem(OPEN_KEY, copy.id);
      }
      this.#rescue.drop(document.id);
    }
    const drafts = new Set([device, tab].map((storage) => storage.getItem(DRAFT_KEY) ?? ""));
    for (const text of drafts) {
      const document = { ...this.#blank(), text };
      if (text.trim() === "" || (await store.list()).some((saved) => saved.text === text)) continue;
      await store.save(document);
      if (text === tab.getItem(DRAFT_KEY)) tab.setItem(OPEN_KEY, document.id);
    }
    for (const storage of [device, tab]) storage.removeItem(DRAFT_KEY);
    return notes;
  }
}

/** Whether a document was never saved and is empty. @param {Document} document */
const isNothing = ({ revision, text, name }) => revision === 0 && text === "" && name === "";
