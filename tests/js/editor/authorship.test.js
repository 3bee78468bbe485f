// Authorship under every kind of edit, checked against a text in which each letter remembers its author.

import assert from "node:assert/strict";
import { test } from "node:test";
import { noise } from "../fakes.js";

/**
 * @import { EditorState, TransactionSpec } from "@codemirror/state"
 * @import { Marks } from "../../../www/documents/document.js"
 */

// The bundle creates a style sheet when it is imported; an editor's state needs nothing else of a browser.
Object.assign(globalThis, {
  CSSStyleSheet: class {
    replaceSync() {}
  },
});
const {
  EditorState: States,
  history,
  historyKeymap,
  isolateHistory,
} = await import("../../../www/vendor/codemirror.js");
const { authorship, marksOf } = await import("../../../www/editor/authorship.js");

/** @param {string} text @param {Marks} [marks] */
const stateOf = (text, marks = []) =>
  States.create({ doc: text, extensions: [authorship(marks, () => true), history()] });

/** @param {EditorState} state @param {string} key */
function press(state, key) {
  const binding = historyKeymap.find((candidate) => candidate.key === key);
  const target = { state, dispatch: (/** @type {{state: EditorState}} */ transaction) => (state = transaction.state) };
  binding?.run?.(/** @type {any} */ (target));
  return state;
}
/** @param {EditorState} state */
const undo = (state) => press(state, "Mod-z");
/** @param {EditorState} state */
const redo = (state) => press(state, "Mod-y");

/**
 * @param {EditorState} state
 * @param {number} from
 * @param {number} to
 * @param {string} insert
 * @param {string} userEvent
 */
const change = (state, from, to, insert, userEvent) =>
  state.update({ changes: { from, to, insert }, userEvent, annotations: isolateHistory.of("full") }).state;

test("accepted text is the model's; typed text is the writer's, even inside the model's", () => {
  let state = stateOf("I saw ");
  state = change(state, 6, 6, "the blue sea", "input.complete");
  assert.deepEqual(marksOf(state), [[6, 18]]);
  state = change(state, 10, 10, "very ", "input.type");
  assert.deepEqual(
    marksOf(state),
    [
      [6, 10],
      [15, 23],
    ],
    "both halves remain",
  );
  state = change(state, 6, 6, "all ", "input.type");
  state = change(state, 27, 27, "!", "input.type");
  assert.deepEqual(
    marksOf(state),
    [
      [10, 14],
      [19, 27],
    ],
    "text typed beside it is the writer's",
  );
  state = change(state, 0, 12, "", "delete");
  assert.deepEqual(marksOf(state), [
    [0, 2],
    [7, 15],
  ]);
  state = change(state, 7, 15, "", "delete");
  state = change(state, 0, 2, "x", "input.type");
  assert.deepEqual(marksOf(state), []);
});

test("words accepted one after the other form one range", () => {
  let state = stateOf("");
  for (const word of ["The", " blue", " sea"])
    state = change(state, state.doc.length, state.doc.length, word, "input.complete");
  assert.deepEqual(marksOf(state), [[0, 12]]);
});

test("undo and redo restore the marks with the words", () => {
  let state = change(stateOf("I saw "), 6, 6, "the blue sea", "input.complete");
  state = change(state, 8, 12, "", "delete");
  state = change(state, 0, 14, "", "delete");
  assert.deepEqual(marksOf(state), []);
  state = undo(state);
  assert.deepEqual(marksOf(state), [[6, 14]]);
  state = undo(state);
  assert.deepEqual(marksOf(state), [[6, 18]]);
  state = undo(state);
  assert.equal(state.doc.toString(), "I saw ");
  assert.deepEqual(marksOf(state), []);
  state = redo(state);
  assert.deepEqual(marksOf(state), [[6, 18]], "an accepted suggestion is still the model's after undo and redo");
  state = redo(state);
  assert.deepEqual(marksOf(state), [[6, 14]]);
});

test("deletions undone in one step keep their authors", () => {
  let state = stateOf("abcdef", [[2, 4]]);
  for (let end = 6; end > 0; end--)
    state = state.update({ changes: { from: end - 1, to: end }, userEvent: "delete.backward" }).state;
  assert.equal(state.doc.length, 0);
  state = undo(state);
  assert.equal(state.doc.toString(), "abcdef");
  assert.deepEqual(marksOf(state), [[2, 4]]);
});

test("after any edits, undos and redos each letter keeps its author", () => {
  const coins = noise(40_000);
  let next = 0;
  const coin = (/** @type {number} */ sides) => coins[next++] % sides;
  for (let round = 0; round < 60; round++) {
    let state = stateOf("");
    /** The author of each letter: "w" for the writer, "m" for the model. @type {string[]} */
    const past = [""];
    let now = 0;
    for (let step = 0; step < 60; step++) {
      const authors = past[now];
      const kind = coin(6);
      if (kind === 0 && now > 0) {
        state = undo(state);
        now -= 1;
      } else if (kind === 1 && now < past.length - 1) {
        state = redo(state);
        now += 1;
      } else {
        const from = coin(authors.length + 1);
        const to = coin(2) === 0 ? from : Math.min(authors.length, from + coin(9));
        const insert = "abcdefgh".slice(0, coin(6));
        if (from === to && insert === "") continue;
        const author = coin(2) === 0 ? "m" : "w";
        state = change(state, from, to, insert, author === "m" ? "input.complete" : "input.type");
        past.length = now + 1;
        past.push(authors.slice(0, from) + author.repeat(insert.length) + authors.slice(to));
        now += 1;
      }
      const expected = [...past[now].matchAll(/m+/g)].map(({ 0: { length }, index }) => [index, index + length]);
      assert.deepEqual(marksOf(state), expected, `round ${round}, step ${step}`);
    }
  }
});

test("in a text of 10,000 words a letter moves the marks after it and no others", () => {
  const text = "word ".repeat(10_000);
  /** @type {Marks} */
  const marks = Array.from({ length: 2000 }, (_, i) => [i * 25, i * 25 + 5]);
  let state = stateOf(text, marks);
  for (let i = 0; i < 200; i++)
    state = state.update({ changes: { from: 7 + i, insert: "x" }, userEvent: "input.type" }).state;
  assert.deepEqual(
    marksOf(state),
    marks.map(([from, to]) => (from === 0 ? [from, to] : [from + 200, to + 200])),
  );
});
