// The documents in IndexedDB. A save succeeds only on the latest revision, so that tabs do not overwrite each other.

/**
 * @import { Words } from "../strings/strings.js"
 * @import { Document } from "./document.js"
 */

const NAME = "documents";

export class DocumentStore {
  #database;

  /** @param {IDBDatabase} database */
  constructor(database) {
    this.#database = database;
  }

  static async open() {
    return new DocumentStore(await connect());
  }

  /** @returns {Promise<Document[]>} the last changed first */
  async list() {
    /** @type {Document[]} */
    const documents = await this.#run("readonly", (store, done) => answer(store.getAll(), done));
    return documents.sort((a, b) => b.changedAt - a.changedAt);
  }

  /**
   * @param {string} id
   * @returns {Promise<Document | undefined>}
   */
  get(id) {
    return this.#run("readonly", (store, done) => answer(store.get(id), done));
  }

  /**
   * @param {Document} document with the revision it was read with; stored with the next one
   * @returns {Promise<boolean>} false, with nothing saved, if another tab has saved or deleted it since
   */
  save(document) {
    return this.#run("readwrite", (store, done) => {
      answer(store.get(document.id), (stored) => {
        const isNext = (stored?.revision ?? 0) === document.revision;
        if (isNext) store.put({ ...document, revision: document.revision + 1 });
        done(isNext);
      });
    });
  }

  /**
   * Puts back a removed document, unchanged.
   * @param {Document} document
   * @returns {Promise<void>}
   */
  restore(document) {
    return this.#run("readwrite", (store) => void store.put(document));
  }

  /**
   * @param {string} id
   * @returns {Promise<void>}
   */
  remove(id) {
    return this.#run("readwrite", (store) => void store.delete(id));
  }

  /**
   * @template Result
   * @param {IDBTransactionMode} mode
   * @param {(store: IDBObjectStore, done: (result: Result) => void) => void} work
   * @returns {Promise<Result>} resolves once the transaction is complete; until then a save may find the disk full
   */
  async #run(mode, work) {
    try {
      return await this.#attempt(mode, work);
    } catch (error) {
      if (/** @type {Error | null} */ (error)?.name !== "InvalidStateError") throw error;
      // The connection is closed: the site's data were deleted, or a phone closed it. Try once more with a new one.
      this.#database = await connect();
      return this.#attempt(mode, work);
    }
  }

  /**
   * @template Result
   * @param {IDBTransactionMode} mode
   * @param {(store: IDBObjectStore, done: (result: Result) => void) => void} work
   * @returns {Promise<Result>}
   */
  #attempt(mode, work) {
    return new Promise((resolve, reject) => {
      const transaction = this.#database.transaction(NAME, mode);
      /** @type {any} */
      let result;
      transaction.oncomplete = () => resolve(result);
      transaction.onabort = () => reject(transaction.error);
      work(transaction.objectStore(NAME), (value) => (result = value));
    });
  }
}

/**
 * @param {unknown} error of a store
 * @returns {Words} the problem in words
 */
export const problemOf = (error) =>
  /** @type {Error | null} */ (error)?.name === "QuotaExceededError"
    ? { key: "documents_full" }
    : { key: "documents_unreachable" };

/** @returns {Promise<IDBDatabase>} */
function connect() {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(NAME, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(NAME, { keyPath: "id" });
    request.onsuccess = () => {
      const database = request.result;
      // Otherwise a page of a newer version could not upgrade the database while this one is open.
      database.onversionchange = () => database.close();
      resolve(database);
    };
    request.onerror = () => reject(request.error);
  });
}

/**
 * @template Result
 * @param {IDBRequest<Result>} request
 * @param {(result: Result) => void} done
 */
function answer(request, done) {
  request.onsuccess = () => done(request.result);
}
