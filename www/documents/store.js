// The documents in IndexedDB. A save counts only if nobody else has saved since the version that it was made from.

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
   * @param {Document} document with the revision it had when it was read; it is one more when it is saved
   * @returns {Promise<boolean>} false, and nothing is saved, if it was saved or deleted by somebody else since
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
   * Puts a document back that was removed, as it was.
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
   * @returns {Promise<Result>} when the transaction is complete: before that, a save may yet find the disk full
   */
  async #run(mode, work) {
    try {
      return await this.#attempt(mode, work);
    } catch (error) {
      if (/** @type {Error | null} */ (error)?.name !== "InvalidStateError") throw error;
      // The connection is closed: the site's data were deleted, or a phone has ended it. A new one may do.
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
 * @returns {Words} what it means for the writer
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
      // Else a page of a later version could never change the database while this one is open.
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
