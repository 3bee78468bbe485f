// Keeps the text in this browser, so that a reload, or a tab that dies, loses nothing.

/** @import { Clock } from "./suggester.js" */

const KEY = "draft";
const DELAY_MS = 300;

/** @typedef {Pick<Storage, "getItem" | "setItem">} Store */

export class Draft {
  #tab;
  #device;
  #clock;
  #onProblem;
  /** @type {any} */
  #timer = null;
  /** @type {(() => string) | null} */
  #unsaved = null;

  /**
   * @param {object} world
   * @param {Store} world.tab keeps this tab's text apart from that of others
   * @param {Store} world.device keeps the last text of all, with which a new tab begins
   * @param {Clock} world.clock
   * @param {(message: string | null) => void} world.onProblem null when it is over
   */
  constructor({ tab, device, clock, onProblem }) {
    this.#tab = tab;
    this.#device = device;
    this.#clock = clock;
    this.#onProblem = onProblem;
  }

  /** @returns {string} */
  read() {
    return this.#tab.getItem(KEY) ?? this.#device.getItem(KEY) ?? "";
  }

  /** @param {() => string} getText called when it is time to save, which is soon, however fast the changes come */
  changed(getText) {
    this.#unsaved = getText;
    this.#timer ??= this.#clock.setTimeout(() => this.save(), DELAY_MS);
  }

  save() {
    this.#clock.clearTimeout(this.#timer);
    this.#timer = null;
    if (this.#unsaved === null) return;
    const text = this.#unsaved();
    try {
      this.#tab.setItem(KEY, text);
      this.#device.setItem(KEY, text);
      this.#unsaved = null;
      this.#onProblem(null);
    } catch {
      this.#onProblem("This browser keeps no more text for this page: copy yours elsewhere before you leave.");
    }
  }
}
