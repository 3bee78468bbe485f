// The suggestion in the editor: grey text at the caret that is not part of the document, and the keys that take it.

import { say } from "../strings/strings.js";
import {
  Decoration,
  EditorView,
  isolateHistory,
  keymap,
  Prec,
  StateEffect,
  StateField,
  WidgetType,
} from "../vendor/codemirror.js";
import { firstWord, isAskable, promptStart } from "./words.js";

/**
 * @import { EditorState, Extension, StateEffectType, Transaction } from "@codemirror/state"
 * @import { ViewUpdate } from "@codemirror/view"
 * @import { StringKey } from "../strings/strings.js"
 * @import { Context } from "./words.js"
 * @import { Suggester } from "./suggester.js"
 */

/**
 * What could stand at the caret, the best first, and the `index` of what does.
 * @typedef {{alternatives: string[], index: number}} Suggestions
 */

/**
 * `isThinking`: more may come. `tabLeaves`: the next Tab goes to the next control, as everywhere else on a page.
 * `refusal`: why the writer has asked in vain.
 * @typedef {Suggestions & {isThinking: boolean, tabLeaves: boolean, refusal: StringKey | null}} GhostState
 */

/**
 * @typedef {object} GhostWorld
 * @property {Suggester} suggester
 * @property {(sentence: string) => void} announce to a writer who cannot see what a key has done
 */

// Enough to tell whether a suggestion says what stands behind the caret already.
const AFTER_LENGTH = 200;

/** @type {GhostState} */
const NOTHING = { alternatives: [], index: 0, isThinking: false, tabLeaves: false, refusal: null };

/** @type {StateEffectType<Partial<GhostState>>} */
const setGhost = StateEffect.define();

export const ghost = StateField.define({
  create: () => NOTHING,
  update(value, transaction) {
    // Whatever moves text or caret ends it; the suggester says at once what of it still holds.
    let next = transaction.docChanged || transaction.selection ? { ...NOTHING, isThinking: value.isThinking } : value;
    for (const effect of transaction.effects) {
      if (effect.is(setGhost)) next = { ...next, ...effect.value };
    }
    return next;
  },
  provide: (field) =>
    EditorView.decorations.compute([field, "selection"], (state) => {
      const suggestion = shownOf(state.field(field));
      if (suggestion === "") return Decoration.none;
      const widget = Decoration.widget({ widget: new GhostText(suggestion), side: 1 });
      return Decoration.set(widget.range(state.selection.main.head));
    }),
});

class GhostText extends WidgetType {
  #text;

  /** @param {string} text */
  constructor(text) {
    super();
    this.#text = text;
  }

  /** @param {GhostText} other */
  eq(other) {
    return other.#text === this.#text;
  }

  toDOM() {
    const span = document.createElement("span");
    span.className = "ghost-text";
    // A screen reader would read it as the writer's own words; the live region announces it instead.
    span.setAttribute("aria-hidden", "true");
    span.textContent = this.#text;
    return span;
  }

  ignoreEvent() {
    return false;
  }
}

/**
 * @param {GhostWorld & {onChange: (state: GhostState) => void}} world
 * @returns {Extension}
 */
export function ghostText(world) {
  const { suggester, onChange, announce } = world;

  /** @param {EditorView} view */
  const dismiss = (view) => {
    suggester.dismiss();
    view.dispatch({ effects: setGhost.of({ tabLeaves: true }) });
    announce(say("tab_leaves"));
    return true;
  };

  /** @param {EditorView} view */
  const acceptWord = (view) => accept(view, firstWord);

  /** @type {Record<string, (view: EditorView) => boolean>} */
  const altKeys = {
    BracketRight: (view) => isShown(view.state) && showOther(view, world, "next"),
    BracketLeft: (view) => isShown(view.state) && showOther(view, world, "previous"),
  };

  /** @param {ViewUpdate} update */
  const follow = ({ view, state, startState, transactions, docChanged, selectionSet }) => {
    if (view.compositionStarted || transactions.some(isTakingBack)) suggester.dismiss();
    else if (docChanged) suggester.edited(contextOf(state));
    else if (selectionSet) suggester.dismiss();
    // The suggester may have changed the state once more, so `state` is not the view's any longer.
    const { tabLeaves } = view.state.field(ghost);
    if (tabLeaves !== startState.field(ghost).tabLeaves) view.setTabFocusMode(tabLeaves);
    onChange(view.state.field(ghost));
  };

  return [
    ghost,
    // Before every other keymap: while a suggestion stands, its keys are its own.
    Prec.highest(
      keymap.of([
        { key: "Tab", run: (view) => accept(view, whole) },
        { key: "Ctrl-ArrowRight", mac: "Alt-ArrowRight", run: acceptWord },
        { mac: "Cmd-ArrowRight", run: acceptWord },
        { key: "F2", run: (view) => read(view, world) },
        { key: "Escape", run: dismiss },
      ]),
    ),
    Prec.highest(
      EditorView.domEventHandlers({ keydown: (event, view) => isAlt(event) && altKeys[event.code]?.(view) }),
    ),
    EditorView.updateListener.of(follow),
    EditorView.domEventObservers({
      // Back in the text, Tab is its own again.
      blur: (_event, view) => view.dispatch({ effects: setGhost.of({ tabLeaves: false }) }),
      compositionstart: () => suggester.dismiss(),
      compositionend: (_event, view) => suggester.edited(contextOf(view.state)),
    }),
  ];
}

/** @param {EditorState} state */
export const canAsk = (state) => isAskable(contextOf(state));

/**
 * Asks for suggestions at the caret.
 * @param {EditorView} view
 * @param {GhostWorld} world
 * @returns {boolean} false if there is nothing to continue, which is said
 */
export function ask(view, { suggester, announce }) {
  const isAsked = suggester.ask(contextOf(view.state));
  // The writer may have scrolled elsewhere.
  if (isAsked) {
    view.dispatch({ scrollIntoView: true });
  } else {
    const refusal = view.state.doc.length === 0 ? "nothing_written" : "nothing_to_continue";
    view.dispatch({ effects: setGhost.of({ refusal }) });
    announce(say(refusal));
  }
  return isAsked;
}

/**
 * @param {EditorView} view
 * @param {GhostWorld} world
 * @param {"next" | "previous"} direction
 */
export function showOther(view, world, direction) {
  world.suggester[direction]();
  return read(view, world);
}

/**
 * Announces what stands at the caret, and which of how many it is.
 * @param {EditorView} view
 * @param {GhostWorld} world
 */
function read({ state }, { announce }) {
  const { alternatives, index } = state.field(ghost);
  const values = { n: index + 1, total: alternatives.length, text: shownOf({ alternatives, index }) };
  announce(alternatives.length === 0 ? say("suggestion_none") : say("nth_suggestion", values));
  return true;
}

/**
 * @param {Suggestions} suggestions
 * @returns {string} what stands at the caret, "" for nothing
 */
export const shownOf = ({ alternatives, index }) => alternatives[index] ?? "";

/** @param {EditorState} state */
export const isShown = (state) => shownOf(state.field(ghost)) !== "";

/** @param {string} suggestion */
export const whole = (suggestion) => suggestion;

/**
 * Puts a part of what is suggested into the text, as one step for undo.
 * @param {EditorView} view
 * @param {(suggestion: string) => string} part
 * @returns {boolean} false if nothing is suggested
 */
export function accept(view, part) {
  const suggestion = shownOf(view.state.field(ghost));
  if (suggestion === "") return false;
  view.dispatch({
    ...view.state.replaceSelection(part(suggestion)),
    annotations: isolateHistory.of("full"),
    userEvent: "input.complete",
    scrollIntoView: true,
  });
  return true;
}

/**
 * @param {EditorView} view
 * @param {Suggestions} suggestions
 */
export function showSuggestions(view, { alternatives, index }) {
  const shown = view.state.field(ghost);
  const isSame = `${index} ${alternatives.join("\n")}` === `${shown.index} ${shown.alternatives.join("\n")}`;
  // The suggester answers every change of the view; were this one more, they would never end.
  if (isSame) return;
  // The text grows or shrinks by it, and the page with it.
  view.dispatch({ effects: setGhost.of({ alternatives, index }), scrollIntoView: isCaretInView(view) });
}

/** The writer may have scrolled elsewhere. @param {EditorView} view */
function isCaretInView(view) {
  const caret = view.coordsAtPos(view.state.selection.main.head, -1);
  return caret !== null && caret.bottom > 0 && caret.top < window.innerHeight;
}

/**
 * @param {EditorView} view
 * @param {boolean} isThinking
 */
export function showThinking(view, isThinking) {
  view.dispatch({ effects: setGhost.of({ isThinking }) });
}

/**
 * @param {EditorState} state
 * @returns {Context}
 */
function contextOf({ doc, selection: { main } }) {
  const paragraphEnd = doc.lineAt(main.head).to;
  return {
    before: doc.sliceString(promptStart(main.head), main.head),
    after: doc.sliceString(main.head, Math.min(paragraphEnd, main.head + AFTER_LENGTH)),
    hasSelection: !main.empty,
  };
}

// These keys go by their place on the keyboard: with Alt, a Mac types « there. With Ctrl too, it is Windows' AltGr, which writes.
export const isAlt = (/** @type {KeyboardEvent} */ { altKey, ctrlKey, metaKey, shiftKey }) =>
  altKey && !ctrlKey && !metaKey && !shiftKey;

/** @param {Transaction} transaction */
const isTakingBack = (transaction) => transaction.isUserEvent("undo") || transaction.isUserEvent("redo");
