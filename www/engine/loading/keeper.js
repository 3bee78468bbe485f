// Keeps one file on this device as it arrives. A storage that fails causes a notice for the reader, never an error.

/**
 * @import { Notice } from "../protocol.js"
 * @import { FileStorage, FileWriter, StoredFile } from "./storage.js"
 */

export class Keeper {
  #storage;
  #name;
  #file;
  /** @type {FileWriter | null} */
  #writer = null;

  /** The whole file is stored and verified. */
  kept = false;
  /** @type {Notice | null} why the file is not kept */
  notice = null;

  /**
   * @param {FileStorage | null} storage null: the file is not to be kept
   * @param {string} name of the file in the storage
   * @param {Notice} file its name for the reader
   */
  constructor(storage, name, file) {
    this.#storage = storage;
    this.#name = name;
    this.#file = file;
  }

  /** @returns {Promise<StoredFile | null>} the file as far as earlier downloads got */
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
      if (this.#writer === null) this.notice = { code: "kept_elsewhere", values: { file: this.#file } };
    });
  }

  /** Whether `write` has a file to write to. */
  get isOpen() {
    return this.#writer !== null;
  }

  /** @param {Uint8Array} bytes written before this returns */
  async write(bytes) {
    await this.#attempt(() => this.#writer?.write(bytes));
  }

  /**
   * @param {Parameters<FileWriter["writeBy"]>[0]} writeNext
   * @returns {Promise<boolean>} false if nothing was left to write, or the storage failed
   */
  async writeBy(writeNext) {
    return (await this.#attempt(() => this.#writer?.writeBy(writeNext))) ?? false;
  }

  /** Marks the file as whole and verified. */
  async commit() {
    await this.#attempt(async () => {
      if (this.#writer === null) return;
      await this.#writer.commit();
      this.#writer = null;
      this.kept = true;
    });
  }

  /** Leaves an incomplete file for the next download. */
  close() {
    this.#writer?.close();
    this.#writer = null;
  }

  /** Deletes the file. */
  async discard() {
    this.close();
    this.kept = false;
    // If this fails, another tab has the file now, or the storage is gone; a damaged file is found by its hash.
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
      // A panic of the engine is no failure of the storage.
      if (error instanceof WebAssembly.RuntimeError) throw error;
      const { name, message } = /** @type {Error} */ (error);
      const file = this.#file;
      this.notice =
        name === "QuotaExceededError"
          ? { code: "not_kept_full", values: { file } }
          : { code: "not_kept", values: { file, cause: message } };
      await this.discard();
      return null;
    }
  }
}
