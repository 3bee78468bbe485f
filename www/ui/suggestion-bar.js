// The suggestion as two buttons above a phone's keyboard, where there is no Tab.

import { firstWord } from "../editor/state.js";
import { hide } from "./hide.js";

export class SuggestionBar {
  #bar;
  #word;
  #all;
  #onFocusLost;

  /**
   * @param {HTMLElement} bar
   * @param {{onTakeWord: () => void, onTakeAll: () => void, onFocusLost: () => void}} actions
   */
  constructor(bar, { onTakeWord, onTakeAll, onFocusLost }) {
    this.#bar = bar;
    this.#onFocusLost = onFocusLost;
    this.#word = button(bar, "#take-word", onTakeWord);
    this.#all = button(bar, "#take-all", onTakeAll);
  }

  /** @param {string} suggestion "" for none */
  show(suggestion) {
    hide(this.#bar, suggestion === "", this.#onFocusLost);
    this.#word.textContent = firstWord(suggestion).trim();
    this.#all.textContent = suggestion.trim();
  }
}

/**
 * @param {HTMLElement} bar
 * @param {string} selector
 * @param {() => void} onTake
 * @returns {Element} the place for the suggested words
 */
function button(bar, selector, onTake) {
  const node = /** @type {HTMLButtonElement} */ (bar.querySelector(selector));
  // The focus stays in the text, or the keyboard would close at every tap.
  node.addEventListener("pointerdown", (event) => event.preventDefault());
  node.addEventListener("click", onTake);
  return /** @type {Element} */ (node.lastElementChild);
}

/**
 * Tells the style sheet how much of the page's bottom the keyboard covers.
 * @param {VisualViewport} viewport
 * @param {HTMLElement} root
 */
export function followKeyboard(viewport, root) {
  const measure = () => {
    // Zoomed in with two fingers, the window shows a part of the page for another reason.
    const coveredPx = viewport.scale > 1 ? 0 : Math.max(0, root.clientHeight - viewport.height - viewport.offsetTop);
    root.style.setProperty("--keyboard-height", `${coveredPx}px`);
  };
  viewport.addEventListener("resize", measure);
  viewport.addEventListener("scroll", measure);
}
