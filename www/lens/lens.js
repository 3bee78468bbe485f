// The probability lens: colours each token by its probability under the model, and shows the likeliest alternatives.

import { element } from "../page/dom.js";
import { say } from "../strings/strings.js";
import {
  Compartment,
  isolateHistory,
  keymap,
  Prec,
  StateEffect,
  StateField,
  showTooltip,
  ViewPlugin,
} from "../vendor/codemirror.js";
import { choiceList, spoken } from "./choices.js";
import { Hover } from "./hover.js";
import { Reader } from "./reader.js";
import { forgetScores, scored, tokenAt } from "./scored.js";
import { LEAST_PROBABILITIES, percent } from "./tokens.js";

/**
 * @import { Extension, StateEffectType } from "@codemirror/state"
 * @import { EditorView, Tooltip } from "@codemirror/view"
 * @import { ReaderWorld } from "./reader.js"
 * @import { ScoredToken } from "./scored.js"
 */

/** @typedef {ReaderWorld & {announce: (sentence: string) => void}} LensWorld */

/** @type {StateEffectType<Tooltip | null>} */
const setChoices = StateEffect.define();

/** The popup at a token, closed by any edit or move of the caret. */
const choices = StateField.define({
  create: () => /** @type {Tooltip | null} */ (null),
  update(value, transaction) {
    let next = transaction.docChanged || transaction.selection ? null : value;
    for (const effect of transaction.effects) {
      if (effect.is(setChoices)) next = effect.value;
    }
    return next;
  },
  provide: (field) => showTooltip.from(field),
});

export class Lens {
  #world;
  #compartment = new Compartment();
  /** Empty while the lens is off. @type {Extension} */
  extension = this.#compartment.of([]);

  /** @param {LensWorld} world */
  constructor(world) {
    this.#world = world;
  }

  /**
   * @param {EditorView} view
   * @param {boolean} isOn
   */
  toggle(view, isOn) {
    const parts = isOn ? lens(this.#world) : [];
    this.extension = this.#compartment.of(parts); // for documents opened from now on
    view.dispatch({ effects: this.#compartment.reconfigure(parts) });
  }

  /** Called when another model is ready. @param {EditorView} view */
  renew(view) {
    view.dispatch({ effects: forgetScores.of(null) });
  }
}

/**
 * @param {LensWorld} world
 * @returns {Extension}
 */
function lens(world) {
  /**
   * @param {EditorView} view
   * @param {ScoredToken} token
   */
  const open = (view, { from, to, score }) => {
    if (view.state.field(choices)?.pos === from) return;
    const dom = choiceList(score, {
      onChoose: (text) => (text === score.text ? leave(view) : branch(view, from, text, world.announce)),
      onClose: () => leave(view),
    });
    // `clip: false`, as the scroll margins would make the editor hide popups near the bottom.
    view.dispatch({ effects: setChoices.of({ pos: from, end: to, clip: false, create: () => ({ dom }) }) });
  };

  /** @param {EditorView} view */
  const openAtCaret = (view) => {
    const { head } = view.state.selection.main;
    // Prefers the word just written to the next one.
    const token = tokenAt(view.state, head, -1) ?? tokenAt(view.state, head, 1);
    if (token === null) {
      world.announce(say("lens_no_token"));
    } else {
      open(view, token);
      // The list is not placed yet, so the page must not scroll to it.
      listOf(view)?.focus({ preventScroll: true });
    }
    return true;
  };

  const hover = ViewPlugin.define(
    (view) =>
      new Hover(view, {
        clock: world.clock,
        onRest: ({ target, x, y }) => {
          if (target.closest(".cm-tooltip") || isFocused(view)) return;
          const place = target.closest(".token") && view.posAndSideAtCoords({ x, y });
          const token = place ? tokenAt(view.state, place.pos, place.assoc) : null;
          if (token === null) close(view);
          else open(view, token);
        },
        onLeave: () => {
          if (!isFocused(view)) close(view);
        },
      }),
  );

  return [
    scored,
    choices,
    hover,
    ViewPlugin.define((view) => new Reader(view, world)),
    Prec.highest(
      keymap.of([
        { key: "Alt-Enter", run: openAtCaret },
        { key: "Escape", run: close },
      ]),
    ),
  ];
}

/**
 * @param {EditorView} view
 * @returns {boolean} false if nothing was open
 */
function close(view) {
  if (view.state.field(choices) === null) return false;
  view.dispatch({ effects: setChoices.of(null) });
  return true;
}

/** @param {EditorView} view */
function leave(view) {
  close(view);
  view.focus();
}

/**
 * Replaces the rest of the paragraph by `text`, in one step of undo.
 * @param {EditorView} view
 * @param {number} from
 * @param {string} text
 * @param {(sentence: string) => void} announce
 */
function branch(view, from, text, announce) {
  const insert = view.state.toText(text);
  view.dispatch({
    changes: { from, to: view.state.doc.lineAt(from).to, insert },
    selection: { anchor: from + insert.length },
    annotations: isolateHistory.of("full"),
    userEvent: "input.complete",
    scrollIntoView: true,
  });
  view.focus();
  announce(say("lens_branched", { text: spoken(text) }));
}

/** @param {EditorView} view @returns {HTMLElement | null} */
const listOf = (view) => view.dom.querySelector(".token-choices [role=listbox]");

/** Whether the choices are used by keyboard, so that the pointer must not close them. @param {EditorView} view */
const isFocused = (view) => listOf(view)?.contains(document.activeElement) ?? false;

/**
 * The legend below the text: what each colour means, and how to look at a token.
 * @param {HTMLElement} root
 * @param {boolean} isMac
 */
export function fillLegend(root, isMac) {
  const labels = [...LEAST_PROBABILITIES.map((least) => `≥ ${percent(least)}`), percent(0)];
  root.replaceChildren(
    element("span", {}, say("lens_legend")),
    ...labels.map((label, level) => element("span", { className: `token token-${level}` }, label)),
    element("span", {}, say("lens_how", { key: isMac ? "⌥ ⏎" : "Alt + Enter" })),
  );
}
