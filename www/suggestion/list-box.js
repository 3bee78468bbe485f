// The list's elements, and the rectangle at the caret that it must not cover.

import { POPUP_MARGIN_PX } from "../page/window.js";
import { repositionTooltips } from "../vendor/codemirror.js";

/** @import { EditorView, Rect } from "@codemirror/view" */

/**
 * `last`: the row that asks for more, unless `isBusy`. `active`: the row highlighted.
 * @typedef {{label: string, rows: string[], last: string, isBusy: boolean, active: number}} ListContent
 */

/** @typedef {{onTake: (row: number) => void, freeBottomPx: () => number}} ListBoxWorld */

export const LIST_ID = "suggestion-list";

/** @param {number} row */
export const rowId = (row) => `${LIST_ID}-${row}`;

// Between the caret's line and the list.
const GAP_PX = 4;
// So that its words stand below those of the text.
const INSET_PX = 15;

export class ListBox {
  #view;
  #freeBottomPx;
  #life = new AbortController();
  #last = createRow("");
  #active = 0;
  #ghostHeightPx = 0;
  dom = document.createElement("ul");

  /**
   * @param {EditorView} view
   * @param {ListBoxWorld} world `freeBottomPx`: the top of whatever covers the bottom of the window
   */
  constructor(view, { onTake, freeBottomPx }) {
    this.#view = view;
    this.#freeBottomPx = freeBottomPx;
    Object.assign(this.dom, { id: LIST_ID, className: "suggestion-list", role: "listbox" });
    this.#last.className = "last";
    this.dom.append(this.#last);
    // The focus stays in the text.
    this.dom.addEventListener("pointerdown", (event) => event.preventDefault());
    this.dom.addEventListener("click", ({ target }) => {
      const row = [...this.dom.children].findIndex((row) => row.contains(/** @type {Node} */ (target)));
      if (row >= 0) onTake(row);
    });
    window.visualViewport?.addEventListener("resize", () => this.#resized(), { signal: this.#life.signal });
  }

  destroy() {
    this.#life.abort();
  }

  /** @param {ListContent} content */
  fill({ label, rows, last, isBusy, active }) {
    this.dom.ariaLabel = label;
    while (this.dom.children.length > rows.length + 1) this.#last.previousElementSibling?.remove();
    while (this.dom.children.length < rows.length + 1) this.#last.before(createRow("auto"));
    for (const [index, row] of [...this.dom.children].entries()) {
      row.id = rowId(index);
      row.ariaSelected = `${index === active}`;
      /** @type {Element} */ (row.firstElementChild).textContent = rows[index] ?? last;
    }
    this.#last.ariaDisabled = `${isBusy}`;
    if (active !== this.#active) this.#reveal(active);
    this.#active = active;
  }

  /**
   * The caret with the suggestion below it. Where a longer one was before stays free, so that the list does not jump from row
   * to row; where the window has no room for both, the list covers the suggestion's end.
   * @returns {Rect} in px from the window's corner
   */
  findPlace() {
    const { contentDOM, dom, state } = this.#view;
    const caret = this.#view.coordsAtPos(state.selection.main.head, -1) ?? dom.getBoundingClientRect();
    const ghostBottom = contentDOM.querySelector(".ghost-text")?.getBoundingClientRect().bottom ?? 0;
    this.#ghostHeightPx = Math.max(this.#ghostHeightPx, ghostBottom - caret.bottom);
    const lowest = Math.max(caret.bottom, this.#freeBottomPx() - this.dom.offsetHeight - GAP_PX - POPUP_MARGIN_PX);
    return {
      left: caret.left - INSET_PX,
      right: caret.left,
      top: caret.top - GAP_PX,
      bottom: GAP_PX + Math.min(caret.bottom + this.#ghostHeightPx, lowest),
    };
  }

  /** Where the list scrolls; scrollIntoView would scroll the page too. @param {number} active */
  #reveal(active) {
    const { offsetTop, offsetHeight } = /** @type {HTMLElement} */ (this.dom.children[active]);
    const least = offsetTop + offsetHeight - this.dom.clientHeight;
    this.dom.scrollTop = Math.min(offsetTop, Math.max(this.dom.scrollTop, least));
  }

  /** A phone's keyboard opens or closes, and the page moves. */
  #resized() {
    this.#view.dispatch({ scrollIntoView: true });
    repositionTooltips(this.#view);
  }
}

/** An option without a text. @param {"auto" | ""} dir that of the page for what the page says */
function createRow(dir) {
  const row = document.createElement("li");
  row.role = "option";
  row.dir = dir;
  row.append(document.createElement("span"));
  return row;
}
