// A list of rows at the caret, as elements: what is in it, and its place in the window.

/** @import { EditorView } from "@codemirror/view" */

/**
 * `last`: the row behind the others, which does something else than they do, unless `isBusy`. `active`: the row highlighted.
 * @typedef {{label: string, rows: string[], last: string, isBusy: boolean, active: number}} ListContent
 */

/** @typedef {{onTake: (row: number) => void, coverTopPx: () => number}} ListBoxWorld */

/** @typedef {{isAbove: boolean, left: number, top: number, room: number}} Place in px from the editor's corner */

export const LIST_ID = "suggestion-list";

/** @param {number} row */
export const rowId = (row) => `${LIST_ID}-${row}`;

// A full list on a desk; where less is left below the caret, it opens on the side with more.
const ROOM_PX = 240;
// Five rows of two lines; more can be reached by scrolling.
const MOST_PX = 340;
const MARGIN_PX = 8;
const GAP_PX = 4;
const BORDERS_PX = 3; // and what is lost by rounding
// So that its words stand below those of the text.
const INSET_PX = 15;

export class ListBox {
  #view;
  #coverTopPx;
  #life = new AbortController();
  #dom = document.createElement("ul");
  #last = createRow("");
  #active = 0;
  /** @type {boolean | null} on which side of the caret it stands; null while that is to be found out */
  #isAbove = null;
  #ghostHeightPx = 0;

  /**
   * @param {EditorView} view
   * @param {ListBoxWorld} world `coverTopPx`: from where on down other things cover the window
   */
  constructor(view, { onTake, coverTopPx }) {
    this.#view = view;
    this.#coverTopPx = coverTopPx;
    Object.assign(this.#dom, { id: LIST_ID, className: "suggestion-list", role: "listbox", hidden: true });
    this.#last.className = "last";
    this.#dom.append(this.#last);
    // The focus stays in the text.
    this.#dom.addEventListener("pointerdown", (event) => event.preventDefault());
    this.#dom.addEventListener("click", ({ target }) => {
      const row = [...this.#dom.children].findIndex((row) => row.contains(/** @type {Node} */ (target)));
      if (row >= 0) onTake(row);
    });
    view.dom.append(this.#dom);
    const { signal } = this.#life;
    window.addEventListener("scroll", () => this.#moved(), { signal });
    window.visualViewport?.addEventListener("resize", () => this.#resized(), { signal });
  }

  destroy() {
    this.#life.abort();
    this.#dom.remove();
  }

  /** @param {ListContent | null} content null: the list is closed */
  show(content) {
    if (content === null || this.#dom.hidden) {
      this.#isAbove = null;
      this.#ghostHeightPx = 0;
    }
    this.#dom.hidden = content === null;
    if (content === null) return;
    this.#fill(content);
    this.#view.requestMeasure(this.#place);
  }

  /** @param {ListContent} content */
  #fill({ label, rows, last, isBusy, active }) {
    this.#dom.ariaLabel = label;
    while (this.#dom.children.length > rows.length + 1) this.#last.previousElementSibling?.remove();
    while (this.#dom.children.length < rows.length + 1) this.#last.before(createRow("auto"));
    for (const [index, row] of [...this.#dom.children].entries()) {
      row.id = rowId(index);
      row.ariaSelected = `${index === active}`;
      /** @type {Element} */ (row.firstElementChild).textContent = rows[index] ?? last;
    }
    this.#last.ariaDisabled = `${isBusy}`;
    if (active !== this.#active) this.#reveal(active);
    this.#active = active;
  }

  /** Where the list scrolls; scrollIntoView would scroll the page too. @param {number} active */
  #reveal(active) {
    const { offsetTop, offsetHeight } = /** @type {HTMLElement} */ (this.#dom.children[active]);
    const least = offsetTop + offsetHeight - this.#dom.clientHeight;
    this.#dom.scrollTop = Math.min(offsetTop, Math.max(this.#dom.scrollTop, least));
  }

  #moved() {
    if (!this.#dom.hidden) this.#view.requestMeasure(this.#place);
  }

  /** A phone's keyboard has come or gone. */
  #resized() {
    if (this.#dom.hidden) return;
    this.#isAbove = null;
    this.#view.dispatch({ scrollIntoView: true });
  }

  #place = {
    key: this,
    read: () => this.#findPlace(),
    write: (/** @type {Place} */ { isAbove, left, top, room }) => {
      this.#dom.classList.toggle("above", isAbove);
      Object.assign(this.#dom.style, { left: `${left}px`, top: `${top}px`, maxHeight: `${room}px` });
    },
  };

  /** @returns {Place} */
  #findPlace() {
    const { contentDOM, defaultLineHeight, dom, state } = this.#view;
    const space = this.#findSpace();
    const editor = dom.getBoundingClientRect();
    const caret = this.#view.coordsAtPos(state.selection.main.head, -1) ?? editor;
    const ghostBottom = contentDOM.querySelector(".ghost-text")?.getBoundingClientRect().bottom ?? 0;
    // Where a longer one was before stays free: the list does not jump from row to row.
    this.#ghostHeightPx = Math.max(this.#ghostHeightPx, ghostBottom - caret.bottom);
    const bottom = Math.min(caret.top - GAP_PX, space.bottom);
    const above = bottom - space.top;
    const below = space.bottom - GAP_PX - caret.bottom - 2 * defaultLineHeight; // for the suggestion
    this.#isAbove ??= below < ROOM_PX && below < above;
    const isAbove = this.#isAbove;
    // Where there is no room for both, it covers the end of a long suggestion.
    const heightPx = Math.min(MOST_PX, this.#dom.scrollHeight + BORDERS_PX);
    const lowest = Math.max(caret.bottom, space.bottom - GAP_PX - heightPx);
    const top = GAP_PX + Math.min(caret.bottom + this.#ghostHeightPx, lowest);
    return {
      isAbove,
      left: Math.max(space.left, Math.min(caret.left - INSET_PX, space.right - this.#dom.offsetWidth)) - editor.left,
      top: (isAbove ? bottom : top) - editor.top,
      room: Math.min(MOST_PX, isAbove ? above : space.bottom - top),
    };
  }

  /** The part of the window that is neither covered nor behind a phone's keyboard. */
  #findSpace() {
    const { offsetLeft, offsetTop, width, height } = /** @type {VisualViewport} */ (window.visualViewport);
    return {
      left: offsetLeft + MARGIN_PX,
      right: offsetLeft + width - MARGIN_PX,
      top: offsetTop + MARGIN_PX,
      bottom: Math.min(offsetTop + height, this.#coverTopPx()) - MARGIN_PX,
    };
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
