// Authorship: the ranges of the text that came from the model, tracked through typing, cutting, pasting, undo and redo.

import { Decoration, EditorState, EditorView, invertedEffects, StateEffect, StateField } from "../vendor/codemirror.js";

/**
 * @import { DecorationSet } from "@codemirror/view"
 * @import { Extension, StateEffectType, Transaction } from "@codemirror/state"
 * @import { Marks } from "../documents/document.js"
 */

const modelWords = Decoration.mark({ tagName: "mark", class: "from-model" });

/** Marks ranges of the new document as the model's. @type {StateEffectType<Marks>} */
const addMarks = StateEffect.define({
  map: (marks, changes) =>
    marks
      .map(([from, to]) => /** @type {[number, number]} */ ([changes.mapPos(from, 1), changes.mapPos(to, -1)]))
      .filter(([from, to]) => from < to),
});

/** @type {StateField<DecorationSet>} */
const fromModel = StateField.define({
  create: () => Decoration.none,
  update(before, transaction) {
    let ranges = before.map(transaction.changes);
    const isAccepted = transaction.isUserEvent("input.complete");
    transaction.changes.iterChanges((_fromA, _toA, from, to) => {
      // An insertion has its own author, even inside the other's words.
      if (from < to) ranges = isAccepted ? add(ranges, from, to) : cutOut(ranges, from, to);
    });
    for (const effect of transaction.effects) {
      if (effect.is(addMarks)) for (const [from, to] of effect.value) ranges = add(ranges, from, to);
    }
    return ranges;
  },
});

// The system's clipboard, of which there is one too, carries plain text only.
let clipboard = { text: "", marks: /** @type {Marks} */ ([]) };

/**
 * @param {Marks} marks of the initial text
 * @param {() => boolean} isShown whether the model's words are highlighted; read at each update of the editor
 * @returns {Extension}
 */
export function authorship(marks, isShown) {
  return [
    fromModel.init(() => Decoration.set(marks.map(([from, to]) => modelWords.range(from, to)))),
    EditorView.decorations.of((view) => (isShown() ? view.state.field(fromModel) : Decoration.none)),
    // Undo restores deleted text as a plain insertion; this effect restores its author. Redo is the undo of an undo.
    invertedEffects.of((transaction) => {
      const deleted = deletedMarks(transaction);
      return deleted.length > 0 ? [addMarks.of(deleted)] : [];
    }),
    EditorState.transactionExtender.of((transaction) => {
      const pasted = isMoved(transaction) ? pastedMarks(transaction) : [];
      return pasted.length > 0 ? { effects: addMarks.of(pasted) } : null;
    }),
    EditorView.domEventObservers({
      copy: (_event, view) => copy(view.state),
      cut: (_event, view) => copy(view.state),
      dragstart: (_event, view) => copy(view.state),
    }),
  ];
}

/**
 * @param {EditorState} state
 * @returns {Marks} the model's ranges, in order, adjacent ones joined
 */
export function marksOf(state) {
  return marksBetween(state, 0, state.doc.length);
}

/**
 * @param {EditorState} state
 * @param {number} start
 * @param {number} end
 * @returns {Marks} the model's ranges between them, relative to `start`
 */
function marksBetween(state, start, end) {
  /** @type {Marks} */
  const marks = [];
  const cursor = state.field(fromModel).iter(start);
  for (; cursor.value !== null && cursor.from < end; cursor.next()) {
    const [from, to] = [Math.max(cursor.from, start) - start, Math.min(cursor.to, end) - start];
    const last = marks.at(-1);
    if (last?.[1] === from) last[1] = to;
    else if (from < to) marks.push([from, to]);
  }
  return marks;
}

/**
 * @param {DecorationSet} ranges
 * @param {number} from
 * @param {number} to
 * @returns {DecorationSet} with this range, joined with those that it touches
 */
function add(ranges, from, to) {
  let [first, last] = [from, to];
  ranges.between(from, to, (start, end) => {
    first = Math.min(first, start);
    last = Math.max(last, end);
  });
  return ranges.update({ filterFrom: from, filterTo: to, filter: () => false, add: [modelWords.range(first, last)] });
}

/**
 * @param {DecorationSet} ranges
 * @param {number} from
 * @param {number} to
 * @returns {DecorationSet} without this range; a mark that contains it is split in two
 */
function cutOut(ranges, from, to) {
  /** @type {ReturnType<typeof modelWords.range>[]} */
  const ends = [];
  ranges.between(from, to, (start, end) => {
    if (start < from) ends.push(modelWords.range(start, from));
    if (end > to) ends.push(modelWords.range(to, end));
  });
  return ranges.update({ filterFrom: from, filterTo: to, filter: () => false, add: ends, sort: true });
}

/** @param {Transaction} transaction @returns {Marks} of the text before it */
function deletedMarks({ changes, startState }) {
  /** @type {Marks} */
  const deleted = [];
  changes.iterChanges((fromA, toA) => {
    for (const [from, to] of marksBetween(startState, fromA, toA)) deleted.push([fromA + from, fromA + to]);
  });
  return deleted;
}

/** @param {EditorState} state of which the selection is copied, cut or dragged; without a selection, the whole line */
function copy(state) {
  const { main } = state.selection;
  const { from, to } = main.empty ? state.doc.lineAt(main.head) : main;
  clipboard = { text: state.sliceDoc(from, to), marks: marksBetween(state, from, to) };
}

/** @param {Transaction} transaction */
const isMoved = (transaction) =>
  ["input.paste", "input.drop", "move.drop"].some((event) => transaction.isUserEvent(event));

/** @param {Transaction} transaction @returns {Marks} of the text after it */
function pastedMarks({ changes }) {
  /** @type {Marks} */
  const pasted = [];
  changes.iterChanges((_fromA, _toA, start, _end, inserted) => {
    const text = inserted.toString();
    // A line copied without a selection is pasted with its line break.
    if (text !== clipboard.text && text !== `${clipboard.text}\n`) return;
    for (const [from, to] of clipboard.marks) pasted.push([start + from, start + to]);
  });
  return pasted;
}
