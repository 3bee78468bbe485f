// Keeps the text in this browser, so that a reload, or a tab that dies, loses nothing.

/** @import { Clock } from "./suggester.js" */

const KEY = "draft";
const DELAY_MS = 300;

export class Draft {
  #storage;
  #clock;
  #onProblem;
  /** @type {any} */
  #timer;
  /** @type {(() => string) | null} */
  #unsaved = null;

  /**
   * @param {object} world
   * @param {Pick<Storage, "getItem" | "setItem">} world.storage
   * @param {Clock} world.clock
   * @param {(message: string) => void} world.onProblem
   */
  constructor({ storage, clock, onProblem }) {
    this.#storage = storage;
    this.#clock = clock;
    this.#onProblem = onProblem;
  }

  /** @returns {string} */
  read() {
    return this.#storage.getItem(KEY) ?? "";
  }

  /** @param {() => string} getText called when it is time to save */
  changed(getText) {
    this.#unsaved = getText;
    this.#clock.clearTimeout(this.#timer);
    this.#timer = this.#clock.setTimeout(() => this.save(), DELAY_MS);
  }

  save() {
    if (this.#unsaved === null) return;
    try {
      this.#storage.setItem(KEY, this.#unsaved());
      this.#unsaved = null;
    } catch {
      this.#onProblem("This browser keeps no more text for this page: copy yours elsewhere before you leave.");
    }
  }
}
