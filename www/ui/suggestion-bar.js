// The suggestion as buttons above a phone's keyboard, where there is no Tab.

import { firstWord } from "../editor/state.js";
import { hide } from "./hide.js";

/** @import { Suggestions } from "../editor/ghost-text.js" */

/**
 * @typedef {object} BarActions
 * @property {() => void} onTakeWord
 * @property {() => void} onTakeAll
 * @property {() => void} onNext
 * @property {() => void} onAsk
 * @property {() => void} onFocusLost
 */

export class SuggestionBar {
  #word;
  #all;
  #next;
  #ask;
  #onFocusLost;

  /**
   * @param {HTMLElement} bar
   * @param {BarActions} actions
   */
  constructor(bar, { onTakeWord, onTakeAll, onNext, onAsk, onFocusLost }) {
    this.#onFocusLost = onFocusLost;
    this.#word = button(bar, "#take-word", onTakeWord);
    this.#all = button(bar, "#take-all", onTakeAll);
    this.#next = button(bar, "#show-next", onNext);
    this.#ask = button(bar, "#ask", onAsk);
  }

  /**
   * @param {Suggestions} suggestions
   * @param {boolean} canAsk whether there is something to continue
   */
  show({ alternatives, index }, canAsk) {
    const suggestion = alternatives[index] ?? "";
    this.#show(this.#word, firstWord(suggestion).trim());
    this.#show(this.#all, suggestion.trim());
    this.#show(this.#next, alternatives.length > 1 ? `${index + 1} / ${alternatives.length}` : "");
    hide(this.#ask, suggestion !== "", this.#onFocusLost);
    this.#ask.disabled = !canAsk;
  }

  /**
   * @param {HTMLElement} button
   * @param {string} text "" if there is nothing to offer
   */
  #show(button, text) {
    hide(button, text === "", this.#onFocusLost);
    /** @type {Element} */ (button.lastElementChild).textContent = text;
  }
}

/**
 * @param {HTMLElement} bar
 * @param {string} selector
 * @param {() => void} onTap
 */
function button(bar, selector, onTap) {
  const node = /** @type {HTMLButtonElement} */ (bar.querySelector(selector));
  // The focus stays in the text, or the keyboard would close at every tap.
  node.addEventListener("pointerdown", (event) => event.preventDefault());
  node.addEventListener("click", onTap);
  return node;
}
