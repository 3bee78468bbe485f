// The list of alternatives at the caret, a tooltip of the editor; its highlighted row stands as ghost text.

import { say } from "../strings/strings.js";
import { EditorView, showTooltip } from "../vendor/codemirror.js";
import { takeRow } from "./commands.js";
import { LIST_ID, ListBox, rowId } from "./list-box.js";
import { activeRow, isThinking, offerIn, suggestions } from "./state.js";

/**
 * @import { Extension } from "@codemirror/state"
 * @import { TooltipView } from "@codemirror/view"
 * @import { ListContent } from "./list-box.js"
 * @import { SuggestionState } from "./state.js"
 */

/**
 * @param {() => number} freeBottomPx the top of whatever covers the bottom of the window
 * @returns {Extension}
 */
export function suggestionList(freeBottomPx) {
  /** @param {EditorView} view @returns {TooltipView} */
  const create = (view) => {
    const box = new ListBox(view, { onTake: (row) => takeRow(view, row), freeBottomPx });
    box.fill(contentOf(view.state.field(suggestions)));
    return {
      dom: box.dom,
      getCoords: () => box.findPlace(),
      update: ({ state }) => box.fill(contentOf(state.field(suggestions))),
      destroy: () => box.destroy(),
    };
  };
  return [
    showTooltip.compute(
      [suggestions, "selection"],
      (state) =>
        // The editor would take a caret near the bottom for hidden, by the margin that keeps room for a suggestion.
        state.field(suggestions).list && { pos: state.selection.main.head, create, clip: false },
    ),
    EditorView.contentAttributes.compute([suggestions], (state) => attributesOf(state.field(suggestions))),
  ];
}

/**
 * @param {SuggestionState} state
 * @returns {ListContent}
 */
function contentOf(state) {
  const { alternatives } = offerIn(state);
  const isBusy = isThinking(state);
  const asksAgain = alternatives.length === 0 ? say("list_none") : say("list_more");
  return {
    label: say("suggestions"),
    rows: alternatives.map((text) => text.trim()),
    last: isBusy ? say("list_thinking") : asksAgain,
    isBusy,
    active: activeRow(state),
  };
}

/**
 * @param {SuggestionState} state
 * @returns {Record<string, string>} that make the highlighted row the focused one for a screen reader
 */
function attributesOf(state) {
  /** @type {Record<string, string>} */
  const closed = {};
  if (state.list === null) return closed;
  return {
    "aria-autocomplete": "list",
    "aria-haspopup": "listbox",
    "aria-controls": LIST_ID,
    "aria-activedescendant": rowId(activeRow(state)),
  };
}
