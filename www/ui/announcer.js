// The polite live region: what a screen reader is told, and taken back when it no longer stands at the caret.

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
    this.#region.textContent = sentence;
  }

  /** @param {string} text what has settled at the caret, "" if nothing came */
  settled(text) {
    this.say(text === "" ? "No suggestion." : `Suggestion: ${text}`);
    this.#isSuggestion = text !== "";
  }

  /** Nothing stands at the caret any longer. */
  gone() {
    if (this.#isSuggestion) this.say("");
  }
}
