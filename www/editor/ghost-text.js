// The suggestion in the editor: grey text at the caret that is not part of the document, and the keys that take it.

import {
  Decoration,
  EditorView,
  Prec,
  StateEffect,
  StateField,
  WidgetType,
  isolateHistory,
  keymap,
} from "../vendor/codemirror.js";
import { firstWord, promptStart } from "./state.js";

/**
 * @import { EditorState, Extension, StateEffectType, Transaction } from "@codemirror/state"
 * @import { ViewUpdate } from "@codemirror/view"
 * @import { Context } from "./state.js"
 * @import { Suggester } from "./suggester.js"
 */

/**
 * `suggestion` is what stands at the caret. `tabLeaves`: the next Tab goes to the next control, as everywhere else on a page.
 * @typedef {{suggestion: string, tabLeaves: boolean}} GhostState
 */

/** @type {GhostState} */
const NOTHING = { suggestion: "", tabLeaves: false };

/** @type {StateEffectType<Partial<GhostState>>} */
const setGhost = StateEffect.define();

const ghost = StateField.define({
  create: () => NOTHING,
  update(value, transaction) {
    // Whatever moves text or caret ends it; the suggester says at once what of it still holds.
    let next = transaction.docChanged || transaction.selection ? NOTHING : value;
    for (const effect of transaction.effects) {
      if (effect.is(setGhost)) next = { ...next, ...effect.value };
    }
    return next;
  },
  provide: (field) =>
    EditorView.decorations.compute([field, "selection"], (state) => {
      const { suggestion } = state.field(field);
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
 * @param {object} options
 * @param {Suggester} options.suggester
 * @param {(state: GhostState) => void} options.onChange
 * @param {(sentence: string) => void} options.announce to a writer who cannot see what a key has done
 * @returns {Extension}
 */
export function ghostText({ suggester, onChange, announce }) {
  /** @param {EditorView} view */
  const ask = (view) => {
    if (!suggester.ask(contextOf(view.state))) announce("Nothing to continue here: put the caret behind a word.");
    return true;
  };

  /** @param {EditorView} view */
  const dismiss = (view) => {
    suggester.dismiss();
    view.dispatch({ effects: setGhost.of({ tabLeaves: true }) });
    announce("Tab leaves the text.");
    return true;
  };

  /** @param {EditorView} view */
  const acceptWord = (view) => accept(view, firstWord);

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
        { key: "Tab", run: (view) => accept(view, whole) || ask(view) },
        { key: "Ctrl-ArrowRight", mac: "Alt-ArrowRight", run: acceptWord },
        { mac: "Cmd-ArrowRight", run: acceptWord },
        { key: "Ctrl-Space", run: ask },
        { key: "Escape", run: dismiss },
      ]),
    ),
    Prec.highest(EditorView.domEventHandlers({ keydown: (event, view) => isAltBackslash(event) && ask(view) })),
    EditorView.updateListener.of(follow),
    EditorView.domEventObservers({
      // Back in the text, Tab is its own again.
      blur: (_event, view) => view.dispatch({ effects: setGhost.of({ tabLeaves: false }) }),
      compositionstart: () => suggester.dismiss(),
      compositionend: (_event, view) => suggester.edited(contextOf(view.state)),
    }),
  ];
}

/** @param {string} suggestion */
export const whole = (suggestion) => suggestion;

/**
 * Puts a part of what is suggested into the text, as one step for undo.
 * @param {EditorView} view
 * @param {(suggestion: string) => string} part
 * @returns {boolean} false if nothing is suggested
 */
export function accept(view, part) {
  const { suggestion } = view.state.field(ghost);
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
 * @param {string} suggestion
 */
export function showSuggestion(view, suggestion) {
  if (view.state.field(ghost).suggestion === suggestion) return;
  view.dispatch({ effects: setGhost.of({ suggestion }) });
}

/**
 * @param {EditorState} state
 * @returns {Context}
 */
function contextOf({ doc, selection: { main } }) {
  return {
    before: doc.sliceString(promptStart(main.head), main.head),
    after: doc.sliceString(main.head, main.head + 2), // two units hold any character
    hasSelection: !main.empty,
  };
}

// By its place on the keyboard: with Alt, a Mac types « there. With Ctrl too, it is Windows' AltGr, which writes.
const isAltBackslash = (/** @type {KeyboardEvent} */ { code, altKey, ctrlKey, metaKey }) =>
  code === "Backslash" && altKey && !ctrlKey && !metaKey;

/** @param {Transaction} transaction */
const isTakingBack = (transaction) => transaction.isUserEvent("undo") || transaction.isUserEvent("redo");
