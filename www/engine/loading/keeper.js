// Keeps one file on this device while it is downloaded. A storage that fails is a notice to the reader, never an error.

/**
 * @import { Words } from "../../strings/strings.js"
 * @import { FileStorage, FileWriter, StoredFile } from "./storage.js"
 */

export class Keeper {
  #storage;
  #name;
  #title;
  /** @type {FileWriter | null} */
  #writer = null;

  /** The whole file is stored and verified. */
  kept = false;
  /** @type {Words | null} why the file is not kept */
  notice = null;

  /**
   * @param {FileStorage | null} storage null: the file is not to be kept
   * @param {string} name what the storage calls the file
   * @param {Words} title what the reader calls it
   */
  constructor(storage, name, title) {
    this.#storage = storage;
    this.#name = name;
    this.#title = title;
  }

  /** @returns {Promise<StoredFile | null>} what earlier downloads left */
  async stored() {
    return this.#attempt(async () => {
      const file = (await this.#storage?.read(this.#name)) ?? null;
      this.kept = file?.complete === true;
      return file;
    });
  }

  /** @param {number} offset how many bytes of the file are good; `write` goes on from there */
  async open(offset) {
    await this.#attempt(async () => {
      if (this.#storage === null) return;
      this.#writer = await this.#storage.append(this.#name, offset);
      if (this.#writer === null) this.notice = { key: "kept_elsewhere", values: { title: this.#title } };
    });
  }

  /** Whether what is written now is kept. */
  get isOpen() {
    return this.#writer !== null;
  }

  /** @param {Uint8Array} bytes taken before this returns */
  async write(bytes) {
    await this.#attempt(() => this.#writer?.write(bytes));
  }

  /** The file is whole and verified. */
  async commit() {
    await this.#attempt(async () => {
      if (this.#writer === null) return;
      await this.#writer.commit();
      this.#writer = null;
      this.kept = true;
    });
  }

  /** Leaves what has arrived for the next download. */
  close() {
    this.#writer?.close();
    this.#writer = null;
  }

  /** Deletes what is stored. */
  async discard() {
    this.close();
    this.kept = false;
    // Where this fails the file belongs to another tab now, or the storage is gone; a damaged file is found by its hash.
    await this.#storage?.delete(this.#name).catch(() => {});
  }

  /**
   * @template T
   * @param {() => T | Promise<T>} action
   * @returns {Promise<T | null>} null if the storage failed
   */
  async #attempt(action) {
    try {
      return await action();
    } catch (error) {
      const { name, message } = /** @type {Error} */ (error);
      const title = this.#title;
      this.notice =
        name === "QuotaExceededError"
          ? { key: "not_kept_full", values: { title } }
          : { key: "not_kept", values: { title, cause: message } };
      await this.discard();
      return null;
    }
  }
}
