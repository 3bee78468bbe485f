// The commands on suggestions, for keys, taps and clicks.

import { say } from "../strings/strings.js";
import { EditorView, isolateHistory, keymap, Prec } from "../vendor/codemirror.js";
import { canAsk } from "./place.js";
import {
  activeRow,
  askMore,
  close,
  dismiss,
  highlight,
  isThinking,
  leave,
  offerIn,
  open,
  shownIn,
  suggestions,
} from "./state.js";
import { firstWord } from "./words.js";

/** @import { Extension } from "@codemirror/state" */

/** @typedef {(sentence: string) => void} Announce tells a writer who cannot see it what a key has done */

/**
 * The keys of suggestions.
 * @param {Announce} announce
 * @returns {Extension}
 */
export function suggestionKeys(announce) {
  const openByKey = (/** @type {EditorView} */ view) => openList(view, announce);
  /** @type {Record<string, (view: EditorView) => boolean>} */
  const altKeys = {
    Backslash: openByKey,
    BracketRight: (view) => showOther(view, 1, announce),
    BracketLeft: (view) => showOther(view, -1, announce),
  };
  return [
    // Before the editor's own keys: while a suggestion stands, Tab takes it.
    Prec.high([
      keymap.of([
        { key: "Tab", run: (view) => takeActive(view) || acceptAll(view) || openByKey(view) },
        { key: "Enter", run: takeActive },
        { key: "ArrowDown", run: (view) => moveInList(view, 1) },
        { key: "ArrowUp", run: (view) => moveInList(view, -1) },
        { key: "Ctrl-Space", run: openByKey },
        { key: "Ctrl-ArrowRight", mac: "Alt-ArrowRight", run: acceptWord },
        { mac: "Cmd-ArrowRight", run: acceptWord },
        { key: "F2", run: (view) => read(view, announce) },
        { key: "Escape", run: (view) => dismissByKey(view, announce) },
      ]),
      EditorView.domEventHandlers({ keydown: (event, view) => isAlt(event) && altKeys[event.code]?.(view) }),
    ]),
    EditorView.updateListener.of(({ view, state, startState }) => {
      const { tabLeaves } = state.field(suggestions);
      if (tabLeaves !== startState.field(suggestions).tabLeaves) view.setTabFocusMode(tabLeaves);
    }),
    EditorView.domEventObservers({
      blur: (_event, view) => {
        const { list, tabLeaves } = view.state.field(suggestions);
        // On a phone a transaction would drop what the editor has not read yet of an input method's text.
        if (list !== null || tabLeaves) view.dispatch({ effects: leave.of(null) });
      },
    }),
  ];
}

/** @param {EditorView} view */
export const acceptAll = (view) => accept(view, shownIn(view.state.field(suggestions)));

/** @param {EditorView} view */
export const acceptWord = (view) => accept(view, firstWord(shownIn(view.state.field(suggestions))));

/**
 * Puts a part of the suggestion into the text, as one step for undo.
 * @param {EditorView} view
 * @param {string} part
 * @returns {boolean} false if nothing is suggested
 */
function accept(view, part) {
  if (part === "") return false;
  view.dispatch({
    ...view.state.replaceSelection(part),
    annotations: isolateHistory.of("full"),
    userEvent: "input.complete",
    scrollIntoView: true,
  });
  return true;
}

/**
 * Opens the list of what stands at the caret. Where nothing does, or the list is open already, asks; says so where there is
 * nothing to continue.
 * @param {EditorView} view
 * @param {Announce} announce
 * @returns {true}
 */
export function openList(view, announce) {
  const before = view.state.field(suggestions);
  // The writer may have scrolled elsewhere.
  const scrollIntoView = canAsk(view.state) && (before.list !== null || shownIn(before) === "");
  view.dispatch({ effects: open.of(null), scrollIntoView });
  const { refusal } = view.state.field(suggestions);
  if (refusal !== null) announce(say(refusal));
  return true;
}

/**
 * Another alternative takes the caret, and is read out.
 * @param {EditorView} view
 * @param {1 | -1} step
 * @param {Announce} announce
 * @returns {boolean} false if nothing is suggested
 */
export function showOther(view, step, announce) {
  const { alternatives, index } = offerIn(view.state.field(suggestions));
  if (alternatives.length === 0) return false;
  view.dispatch({ effects: highlight.of((index + step + alternatives.length) % alternatives.length) });
  return read(view, announce);
}

/**
 * Announces what stands at the caret, and which of how many it is.
 * @param {EditorView} view
 * @param {Announce} announce
 * @returns {true}
 */
function read({ state }, announce) {
  const { alternatives, index } = offerIn(state.field(suggestions));
  const values = { n: index + 1, total: alternatives.length, text: alternatives[index] };
  announce(alternatives.length === 0 ? say("suggestion_none") : say("nth_suggestion", values));
  return true;
}

/**
 * @param {EditorView} view
 * @param {Announce} announce
 * @returns {true}
 */
function dismissByKey(view, announce) {
  view.dispatch({ effects: dismiss.of({ tabLeaves: true }) });
  announce(say("tab_leaves"));
  return true;
}

/**
 * @param {EditorView} view
 * @param {1 | -1} step
 * @returns {boolean} false if the list is closed
 */
function moveInList(view, step) {
  const state = view.state.field(suggestions);
  if (state.list === null) return false;
  const nRows = offerIn(state).alternatives.length + 1;
  view.dispatch({ effects: highlight.of((activeRow(state) + step + nRows) % nRows) });
  return true;
}

/**
 * @param {EditorView} view
 * @returns {boolean} false if the list is closed
 */
function takeActive(view) {
  const state = view.state.field(suggestions);
  return state.list !== null && takeRow(view, activeRow(state));
}

/**
 * Accepts the alternative of a row of the list; the last row asks for more.
 * @param {EditorView} view
 * @param {number} row
 * @returns {true}
 */
export function takeRow(view, row) {
  const state = view.state.field(suggestions);
  const { length } = offerIn(state).alternatives;
  if (row < length) {
    view.dispatch({ effects: [highlight.of(row), close.of(null)] });
    acceptAll(view);
  } else if (!isThinking(state)) {
    view.dispatch({
      effects: [highlight.of(row), length > 0 ? askMore.of(null) : open.of(null)],
      scrollIntoView: true,
    });
  }
  return true;
}

// These keys go by their place on the keyboard: with Alt, a Mac types « there. With Ctrl too, it is Windows' AltGr, which writes.
const isAlt = (/** @type {KeyboardEvent} */ { altKey, ctrlKey, metaKey, shiftKey }) =>
  altKey && !ctrlKey && !metaKey && !shiftKey;
