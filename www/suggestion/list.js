// The list of suggestions at the caret, which a key opens; its highlighted row stands as ghost text.

import { say } from "../strings/strings.js";
import { EditorView, keymap, Prec, StateEffect, StateField, ViewPlugin } from "../vendor/codemirror.js";
import { accept, ask, ghost, isAlt, isShown, whole } from "./ghost-text.js";
import { LIST_ID, ListBox, rowId } from "./list-box.js";

/**
 * @import { EditorState, Extension, StateEffectType } from "@codemirror/state"
 * @import { GhostWorld } from "./ghost-text.js"
 * @import { ListContent } from "./list-box.js"
 */

/**
 * `moreAt`: the last row, which asks for more, is highlighted, and was the one with this number; a suggestion that has come
 * to stand there since is what it brought.
 * @typedef {{moreAt: number | null}} ListState
 */

/** @typedef {GhostWorld & {coverTopPx: () => number}} ListWorld `coverTopPx`: from where on down other things cover the window */

/** @type {StateEffectType<ListState | null>} */
const setList = StateEffect.define();

const list = StateField.define({
  create: () => /** @type {ListState | null} */ (null),
  update(value, { effects }) {
    for (const effect of effects) {
      if (effect.is(setList)) value = effect.value;
    }
    return value;
  },
});

/**
 * @param {ListWorld} world
 * @returns {Extension} to stand before the ghost text's
 */
export function suggestionList(world) {
  /** @param {number} by how many rows on @returns {(view: EditorView) => boolean} */
  const move = (by) => (view) => {
    const rows = view.state.field(ghost).alternatives.length + 1;
    return isOpen(view.state) && highlight(view, (activeRow(view.state) + by + rows) % rows, world);
  };
  const open = (/** @type {EditorView} */ view) => openList(view, world);
  const takeActive = (/** @type {EditorView} */ view) => isOpen(view.state) && take(view, activeRow(view.state), world);

  return [
    list,
    ViewPlugin.define((view) => {
      const box = new ListBox(view, { onTake: (row) => take(view, row, world), coverTopPx: world.coverTopPx });
      return { update: ({ state }) => box.show(contentOf(state)), destroy: () => box.destroy() };
    }),
    EditorView.contentAttributes.compute([list, ghost], attributesOf),
    Prec.highest(
      keymap.of([
        { key: "Tab", run: (view) => takeActive(view) || (!isShown(view.state) && open(view)) },
        { key: "Ctrl-Space", run: open },
        { key: "Enter", run: takeActive },
        { key: "ArrowDown", run: move(1) },
        { key: "ArrowUp", run: move(-1) },
        {
          key: "Escape",
          run: (view) => {
            close(view);
            return false; // The ghost text has its part in it.
          },
        },
      ]),
    ),
    Prec.highest(
      EditorView.domEventHandlers({
        keydown: (event, view) => isAlt(event) && event.code === "Backslash" && open(view),
      }),
    ),
    // After the ghost text's listener, by which the suggester has said what of the suggestions still holds.
    Prec.low(
      EditorView.updateListener.of(({ view, docChanged, selectionSet }) => {
        const shown = view.state.field(list);
        if (shown === null) return;
        const { alternatives } = view.state.field(ghost);
        if ((docChanged || selectionSet) && alternatives.length === 0) close(view);
        else if (shown.moreAt !== null && shown.moreAt < alternatives.length) highlight(view, shown.moreAt, world);
      }),
    ),
    EditorView.domEventObservers({ blur: (_event, view) => close(view) }),
  ];
}

/**
 * Opens the list of what stands at the caret; where nothing does, or the list is open already, asks for suggestions and shows
 * them as they come.
 * @param {EditorView} view
 * @param {ListWorld} world
 * @returns {true} as a key that has done its work
 */
export function openList(view, world) {
  const isThere = isShown(view.state) && !isOpen(view.state);
  if (isThere || ask(view, world)) view.dispatch({ effects: setList.of({ moreAt: null }) });
  return true;
}

/** @param {EditorState} state */
export const isOpen = (state) => state.field(list) !== null;

/** @param {EditorView} view */
function close(view) {
  if (isOpen(view.state)) view.dispatch({ effects: setList.of(null) });
}

/**
 * @param {EditorState} state
 * @returns {number} the row that asks for more comes after those of the alternatives
 */
function activeRow(state) {
  const { alternatives, index } = state.field(ghost);
  const isOnMore = state.field(list)?.moreAt !== null || alternatives.length === 0;
  return isOnMore ? alternatives.length : index;
}

/**
 * @param {EditorView} view
 * @param {number} row
 * @param {ListWorld} world
 * @returns {true}
 */
function highlight(view, row, { suggester }) {
  const { length } = view.state.field(ghost).alternatives;
  view.dispatch({ effects: setList.of({ moreAt: row < length ? null : length }) });
  if (row < length) suggester.choose(row);
  return true;
}

/**
 * @param {EditorView} view
 * @param {number} row
 * @param {ListWorld} world
 * @returns {true}
 */
function take(view, row, world) {
  highlight(view, row, world);
  const { alternatives, isThinking } = view.state.field(ghost);
  if (row < alternatives.length) {
    close(view);
    accept(view, whole);
  } else if (!isThinking) {
    if (row > 0) world.suggester.more();
    else ask(view, world);
  }
  return true;
}

/**
 * @param {EditorState} state
 * @returns {ListContent | null}
 */
function contentOf(state) {
  if (!isOpen(state)) return null;
  const { alternatives, isThinking } = state.field(ghost);
  const asksAgain = alternatives.length === 0 ? say("list_none") : say("list_more");
  return {
    label: say("suggestions"),
    rows: alternatives.map((text) => text.trim()),
    last: isThinking ? say("list_thinking") : asksAgain,
    isBusy: isThinking,
    active: activeRow(state),
  };
}

/** @param {EditorState} state */
function attributesOf(state) {
  /** @type {Record<string, string>} */
  const closed = {};
  if (!isOpen(state)) return closed;
  return {
    "aria-autocomplete": "list",
    "aria-haspopup": "listbox",
    "aria-controls": LIST_ID,
    "aria-activedescendant": rowId(activeRow(state)),
  };
}
