// The suggestion as buttons above a phone's keyboard, where there is no Tab and no Ctrl+Z.

import { find, hide } from "../page/dom.js";
import { firstWord } from "./words.js";

/** @import { Offer } from "./question.js" */

/**
 * @typedef {object} BarActions
 * @property {() => void} onTakeWord
 * @property {() => void} onTakeAll
 * @property {() => void} onNext
 * @property {() => void} onAsk
 * @property {() => void} onUndo
 * @property {() => void} onFocusLost
 */

export class SuggestionBar {
  #word;
  #all;
  #next;
  #ask;
  #undo;
  #onFocusLost;

  /**
   * @param {HTMLElement} bar
   * @param {BarActions} actions
   */
  constructor(bar, { onTakeWord, onTakeAll, onNext, onAsk, onUndo, onFocusLost }) {
    this.#onFocusLost = onFocusLost;
    this.#word = button(bar, "#take-word", onTakeWord);
    this.#all = button(bar, "#take-all", onTakeAll);
    this.#next = button(bar, "#show-next", onNext);
    this.#ask = button(bar, "#ask", onAsk);
    this.#undo = button(bar, "#undo", onUndo);
  }

  /**
   * @param {Offer} offer
   * @param {{canAsk: boolean, canUndo: boolean}} can whether there is something to continue, and something to take back
   */
  show({ alternatives, index }, { canAsk, canUndo }) {
    const suggestion = alternatives[index] ?? "";
    this.#show(this.#word, firstWord(suggestion).trim());
    this.#show(this.#all, suggestion.trim());
    this.#show(this.#next, alternatives.length > 1 ? `${index + 1} / ${alternatives.length}` : "");
    hide(this.#ask, suggestion !== "", this.#onFocusLost);
    this.#ask.disabled = !canAsk;
    hide(this.#undo, !canUndo, this.#onFocusLost);
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
  /** @type {HTMLButtonElement} */
  const node = find(bar, selector);
  // The focus stays in the text, or the keyboard would close at every tap.
  node.addEventListener("pointerdown", (event) => event.preventDefault());
  node.addEventListener("click", onTap);
  return node;
}
