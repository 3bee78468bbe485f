// The polite live region: what a screen reader is told, and taken back when it no longer stands at the caret.

import { say } from "../strings/strings.js";

export class Announcer {
  #region;
  #isSuggestion = false;

  /** @param {Pick<Element, "textContent">} region */
  constructor(region) {
    this.#region = region;
  }

  /** @param {string} sentence */
  say(sentence) {
    this.#isSuggestion = false;
    // The same text set again is no news to a screen reader; a space makes it so.
    this.#region.textContent = this.#region.textContent === sentence ? `${sentence}\u00a0` : sentence;
  }

  /** @param {string} text what has settled at the caret, "" if nothing came */
  settled(text) {
    this.say(text === "" ? say("suggestion_none") : say("suggestion_said", { text }));
    this.#isSuggestion = text !== "";
  }

  /** Nothing stands at the caret any longer. */
  gone() {
    if (this.#isSuggestion) this.say("");
  }
}
