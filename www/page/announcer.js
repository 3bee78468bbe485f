// The polite live region: announces each suggestion to screen readers, and clears it once it has left the caret.

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
    // Screen readers skip the same text set twice; a space makes it different.
    this.#region.textContent = this.#region.textContent === sentence ? `${sentence}\u00a0` : sentence;
  }

  /** @param {string} text the finished suggestion at the caret, "" for none */
  settled(text) {
    this.say(text === "" ? say("suggestion_none") : say("suggestion_said", { text }));
    this.#isSuggestion = text !== "";
  }

  /** The suggestion has left the caret. */
  gone() {
    if (this.#isSuggestion) this.say("");
  }
}
