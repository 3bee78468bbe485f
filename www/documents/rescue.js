// Keeps unsaved documents when the page is closed: localStorage writes at once, IndexedDB would be too late.

/** @import { Document } from "./document.js" */

const KEY = "unsaved";

export class Rescue {
  #device;

  /** @param {Pick<Storage, "getItem" | "setItem">} device shared by all tabs */
  constructor(device) {
    this.#device = device;
  }

  /** @returns {Document[]} */
  all() {
    return Object.values(this.#read());
  }

  /** @param {Document} document */
  keep(document) {
    this.#write({ ...this.#read(), [document.id]: document });
  }

  /** @param {string} id of a document that is saved or no longer needed */
  drop(id) {
    const { [id]: dropped, ...others } = this.#read();
    if (dropped !== undefined) this.#write(others);
  }

  /** @returns {Record<string, Document>} */
  #read() {
    return JSON.parse(this.#device.getItem(KEY) ?? "{}");
  }

  /** @param {Record<string, Document>} documents */
  #write(documents) {
    try {
      this.#device.setItem(KEY, JSON.stringify(documents));
    } catch {
      // Storage is full or blocked. The pending save may still succeed, and nobody is left to read a message.
    }
  }
}
