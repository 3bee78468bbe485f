// The document on the writer's desk: which one this tab shows, and that all that is written into it is saved.

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
/** Where a tab remembers its document. */
const OPEN_KEY = "document";
/** Where the one draft was that this page had before it had documents. */
const DRAFT_KEY = "draft";

/** @typedef {Pick<Storage, "getItem" | "setItem" | "removeItem">} TabStorage */

/**
 * @typedef {object} DeskWorld
 * @property {Pick<DocumentStore, "list" | "get" | "save" | "restore" | "remove"> | null} store null where the browser gives none
 * @property {TabStorage} tab
 * @property {TabStorage} device
 * @property {Clock} clock
 * @property {() => number} now ms since 1970
 * @property {() => string} nextId
 * @property {(document: Document) => void} onOpen this one is to be shown
 * @property {(content: Content) => void} onContent what has been written, told a moment after each change
 * @property {(words: Words | null) => void} onProblem that text is not saved; null when it is over
 * @property {(words: Words) => void} onNote what has happened to the document without the writer's doing
 */

export class Desk {
  #world;
  #rescue;
  /** As it was opened, or last saved. @type {Document} */
  #document;
  /** Takes what has been written since. @type {(() => Content) | null} */
  #getUnsaved = null;
  /** @type {any} */
  #timer = null;
  /** One save at a time, each upon the revision that the one before has made. */
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

  /** The document on the desk, without what was written in the last moment. */
  get document() {
    return this.#document;
  }

  /** Why text is not saved, null if it is. */
  get problem() {
    return this.#problem;
  }

  /** What was deleted last, and can be brought back. */
  get deleted() {
    return this.#deleted?.document ?? null;
  }

  /** Opens what this tab had open; a new tab opens what was changed last. */
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

  /** @param {() => Content} getContent called when it is time to save, which is soon, however fast the changes come */
  changed(getContent) {
    this.#getUnsaved = getContent;
    this.#timer ??= this.#world.clock.setTimeout(() => this.save(), DELAY_MS);
  }

  /** @returns {Promise<void>} when everything written so far is saved, or the writer was told that it is not */
  save() {
    this.#world.clock.clearTimeout(this.#timer);
    this.#timer = null;
    this.#saving = this.#saving.then(() => this.#write());
    return this.#saving;
  }

  /** Saves what there is to save, and tells whether the page could go without losing a word. */
  async saved() {
    // A key may come while it saves.
    do await this.save();
    while (this.#getUnsaved !== null && this.#problem === null);
    return this.#getUnsaved === null;
  }

  /** The page may be gone in a moment. */
  leave() {
    if (this.#getUnsaved !== null && this.#world.store !== null) {
      const document = { ...this.#document, ...this.#getUnsaved(), changedAt: this.#world.now() };
      if (!isNothing(document)) this.#rescue.keep(document);
    }
    this.save();
  }

  /** The page is looked at again: if another tab has changed the document meanwhile, it is shown as it is now. */
  async back() {
    const stored = await this.#world.store?.get(this.#document.id).catch(() => undefined);
    if (stored === undefined || stored.revision <= this.#document.revision || this.#getUnsaved !== null) return;
    this.#show(stored);
    this.#world.onNote({ key: "document_refreshed", values: { title: titleOf(stored) } });
  }

  /** @returns {Promise<Document[]>} what is saved, the last changed first */
  async list() {
    await this.save();
    return (await this.#world.store?.list()) ?? [];
  }

  /**
   * @param {string} id
   * @returns {Promise<boolean>} false if the present document cannot be saved, and therefore stays
   */
  async open(id) {
    if (id === this.#document.id) return true;
    const stored = await this.#world.store?.get(id);
    if (!(await this.saved())) return false;
    if (stored !== undefined) this.#show(stored);
    return true;
  }

  /**
   * @param {Content} [content] what it begins with
   * @returns {Promise<boolean>} false if the present document cannot be saved, and therefore stays
   */
  async create(content) {
    if (!(await this.saved())) return false;
    this.#show({ ...this.#blank(), ...content });
    if (content !== undefined) this.changed(() => content);
    return true;
  }

  /**
   * @param {string} id
   * @param {string} name "" to go by the first line again
   * @returns {Promise<void>}
   */
  rename(id, name) {
    const renaming = this.save().then(() => this.#rename(id, name));
    this.#saving = renaming.catch(() => {}); // Whoever renames is told.
    return renaming;
  }

  /**
   * @param {string} id of a document that is deleted, and kept until the next one is
   * @returns {Promise<boolean>} false if it has text that was not saved, and therefore could not come back
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

  /** Takes the last deletion back. */
  async undoRemove() {
    if (this.#deleted === null) return;
    const { document, wasOpen } = this.#deleted;
    await this.#world.store?.restore(document);
    this.#deleted = null;
    if (wasOpen) await this.open(document.id);
  }

  /** @returns {Document} that exists nowhere yet, and is saved with its first letter */
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
      // Then a reload opens what was changed last, which is mostly the same.
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
   * Saves upon what this tab has seen last, under the name that it has by now.
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
    // Another tab has changed its name only.
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
    // What another tab has written meanwhile is not this tab's to write over.
    if (id !== this.#document.id || revision !== this.#document.revision) return;
    this.#document = { ...this.#document, name, revision: revision + 1 };
  }

  /**
   * Goes on in a copy: another tab has changed or deleted the document that this one writes in, and both texts shall stay.
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
   * @returns {Document} that exists nowhere yet
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
   * Saves what earlier pages have left outside the database.
   * @param {NonNullable<DeskWorld["store"]>} store
   * @returns {Promise<Map<string, Words>>} by the id of each copy that it had to make, what to say when the copy is shown
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

/** @param {Document} document that was never saved, and has nothing in it to save */
const isNothing = ({ revision, text, name }) => revision === 0 && text === "" && name === "";
