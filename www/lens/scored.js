// The scored tokens of the text, as coloured marks in the editor's state.

import { Decoration, EditorView, StateEffect, StateField } from "../vendor/codemirror.js";
import { levelOf, untouchedLength } from "./tokens.js";

/**
 * @import { EditorState, StateEffectType, Transaction } from "@codemirror/state"
 * @import { DecorationSet } from "@codemirror/view"
 * @import { Score } from "../engine/protocol.js"
 */

/**
 * The marks cover the text between `from` and `to` without a gap.
 * @typedef {{marks: DecorationSet, from: number, to: number}} Scored
 */

/** @typedef {{from: number, to: number, score: Score}} ScoredToken */

/** @type {Scored} */
const NOTHING = { marks: Decoration.none, from: 0, to: 0 };

// How far back to look for the start of an edited word, as Chinese has no spaces.
const MAX_WORD = 100;

/**
 * Adds scores from `start` on to those that end there; others are dropped.
 * @type {StateEffectType<{start: number, scores: Score[]}>}
 */
export const addScores = StateEffect.define();

/** Drops all scores, as they are another model's. @type {StateEffectType<null>} */
export const forgetScores = StateEffect.define();

export const scored = StateField.define({
  create: () => NOTHING,
  update(value, transaction) {
    let next = transaction.docChanged ? keepUntouched(value, transaction) : value;
    for (const effect of transaction.effects) {
      if (effect.is(forgetScores)) next = NOTHING;
      if (effect.is(addScores)) next = add(next, effect.value);
    }
    return next;
  },
  provide: (field) => EditorView.decorations.from(field, ({ marks }) => marks),
});

/**
 * @param {EditorState} state
 * @param {number} position
 * @param {-1 | 1} side before or after the position
 * @returns {ScoredToken | null}
 */
export function tokenAt(state, position, side) {
  /** @type {ScoredToken | null} */
  let found = null;
  state.field(scored).marks.between(position, position, (from, to, { spec: { score } }) => {
    if (side < 0 ? from < position : to > position) found = { from, to, score };
  });
  return found;
}

/**
 * @param {Scored} value
 * @param {{start: number, scores: Score[]}} more
 * @returns {Scored}
 */
function add(value, { start, scores }) {
  const { marks, from } = start === value.to ? value : { marks: Decoration.none, from: start };
  let to = start;
  const ranges = scores.map((score) => {
    const mark = Decoration.mark({ class: `token token-${levelOf(score.log_probability)}`, score });
    const start = to;
    to += score.text.length;
    return mark.range(start, to);
  });
  return { marks: marks.update({ add: ranges }), from, to };
}

/**
 * Drops the scores from the edited word on. Those before it still hold, as no token crosses into a word.
 * @param {Scored} value
 * @param {Transaction} transaction
 * @returns {Scored}
 */
function keepUntouched(value, { startState: { doc }, changes }) {
  let edit = Infinity;
  changes.iterChangedRanges((from) => (edit = Math.min(edit, from)));
  const wordStart = Math.max(0, edit - MAX_WORD);
  const end = wordStart + untouchedLength(doc.sliceString(wordStart, edit));
  if (end >= value.to) return value;
  if (end <= value.from) return NOTHING;
  let to = end;
  value.marks.between(end, end, (tokenFrom, tokenTo) => {
    if (tokenFrom < end && tokenTo > end) to = tokenFrom;
  });
  const marks = value.marks.update({ filterFrom: to, filter: (from) => from < to });
  return { marks, from: value.from, to };
}
