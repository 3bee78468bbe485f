// Tables for the pure part of the editor: where a suggestion may stand, what of it is shown, how it is taken.

import assert from "node:assert/strict";
import { test } from "node:test";
import { firstWord, isAskable, presentable, promptStart, remainder } from "../../www/editor/state.js";

/** @import { FinishReason } from "../../www/engine/protocol.js" */

test("there is something to continue behind a word or a space, not in a word, a selection or nothing", () => {
  /** @type {[string, string, boolean, boolean][]} before, after, hasSelection, expected */
  const table = [
    ["The rain", "", false, true],
    ["The rain ", "", false, true],
    ["The rain", " fell.", false, true],
    ["The rain", ", then", false, true],
    ["One.\n", "", false, true],
    ["Один", "\nдва", false, true],
    ["", "", false, false],
    [" \n\t", "", false, false],
    ["The ra", "in", false, false],
    ["The ", "rain", false, false],
    ["cafe", "\u0301", false, false],
    ["北", "京", false, false],
    ["year 19", "84", false, false],
    ["The rain", "", true, false],
  ];
  for (const [before, after, hasSelection, expected] of table) {
    assert.equal(isAskable({ before, after, hasSelection }), expected, JSON.stringify([before, after, hasSelection]));
  }
});

test("what the writer types off a suggestion leaves the rest; anything else ends it", () => {
  /** @type {[string, string, string, string | null][]} prompt, continuation, before, expected */
  const table = [
    ["We saw", " the sea", "We saw", " the sea"],
    ["We saw", " the sea", "We sawn", null],
    ["We saw", " the sea", "We saw ", "the sea"],
    ["We saw", " the sea", "We saw the se", "a"],
    ["We saw", " the sea", "We saw the sea", ""],
    ["We saw", " the sea", "We saw the seas", null],
    ["We saw", " the sea", "We sa", null],
    ["We saw", "", "We saw", ""],
    ["We saw", "", "We saw ", null],
    ["Hi ", "😀 there", "Hi 😀", " there"],
    ["Hi ", "😀 there", "Hi \uD83D", ""],
  ];
  for (const [prompt, continuation, before, expected] of table) {
    assert.equal(remainder(prompt, continuation, before), expected, JSON.stringify([prompt, continuation, before]));
  }
});

test("while tokens arrive, only whole words are shown", () => {
  /** @type {[string, string][]} */
  const table = [
    ["", ""],
    [" stre", ""],
    [" street", ""],
    [" street and", " street"],
    [" street and ", " street and"],
    [" street,", ""],
    [" street, an", " street,"],
    [" can'", ""],
    [" can't b", " can't"],
    [" 3.", ""],
    [" 3.14", ""],
    [" said, \"Yes", " said,"],
    [" well-kn", " well"],
    [" a 👩\u200D", " a"],
    [" a 👩\u200D🚀 f", " a 👩\u200D🚀"],
    [" street. and", " street."],
  ];
  for (const [continuation, text] of table) {
    assert.deepEqual(presentable(continuation, null), { text, isComplete: false }, continuation);
  }
});

test("a suggestion never takes back what it has shown", () => {
  const said = " \"I can't,\" she said (at 3.30 p.m.) to Mr. O'Neill -- well-known for 1,000 things, the old 👩\u200D🚀 too, and left";
  let shown = "";
  for (let length = 0; length <= said.length; length++) {
    const { text } = presentable(said.slice(0, length), null);
    assert.ok(text.startsWith(shown), `${JSON.stringify(shown)} became ${JSON.stringify(text)}`);
    shown = text;
  }
  assert.equal(shown, said.slice(0, said.lastIndexOf(" and left")) + " and");
});

test("a suggestion ends with its sentence or paragraph", () => {
  /** @type {[string, string][]} */
  const table = [
    [" ground. The", " ground."],
    [" ground! “And", " ground!"],
    [" ground?\" He", " ground?\""],
    [" ground.) He", " ground.)"],
    [" ground… 3 more", " ground…"],
    [" ground\nThe", " ground"],
    [" ground \r\n", " ground"],
    ["\nThe", ""],
    [" Mr. Smith and Dr. Jones met J. Doe. They", " Mr. Smith and Dr. Jones met J. Doe."],
    ["地上。他", "地上。"],
    ["“地上。”他", "“地上。”"],
  ];
  for (const [continuation, text] of table) {
    assert.deepEqual(presentable(continuation, null), { text, isComplete: true }, continuation);
  }
});

test("a sentence that may still go on is not cut", () => {
  for (const continuation of [" ground.", " ground. ", " wait... and", " \"Stop!\" she said", " 3.5 and", "地上。"]) {
    assert.equal(presentable(continuation, null).isComplete, false, continuation);
  }
});

test("how the model stopped decides whether the last word is whole", () => {
  /** @type {[string, FinishReason, string][]} */
  const table = [
    [" the street and hal", "length", " the street and"],
    [" the street and hal", "max_time", " the street and"],
    [" the street and hal", "eos", " the street and hal"],
    [" the street ", "stop_string", " the street"],
    [" the street,", "length", " the street,"],
    [" the street (", "length", " the street"],
    [" said, \"", "length", " said,"],
    [" well-", "length", " well"],
    [" street", "length", ""],
    ["", "eos", ""],
    ["很北京", "length", "很"],
  ];
  for (const [continuation, finish, text] of table) {
    assert.deepEqual(presentable(continuation, finish), { text, isComplete: true }, `${continuation} ${finish}`);
  }
});

test("the next word takes the space before it and the punctuation behind it", () => {
  /** @type {[string, string][]} */
  const table = [
    [" street and", " street"],
    ["street and", "street"],
    [" street, and", " street,"],
    [" “Yes,” she", " “Yes,”"],
    [" \"Yes,\" she", " \"Yes,\""],
    [" don't go", " don't"],
    [" well-known", " well"],
    ["-known", "-known"],
    [" — and", " —"],
    [". Then", "."],
    ["...", "..."],
    [" 3.14 is", " 3.14"],
    [" 👩\u200D🚀 flew", " 👩\u200D🚀"],
    [" 🇫🇷🇩🇪 met", " 🇫🇷🇩🇪"],
    [" cafe\u0301 au lait", " cafe\u0301"],
    ["北京很大", "北京"],
    ["大。他", "大。"],
    ["  two", "  two"],
    ["", ""],
  ];
  for (const [suggestion, word] of table) assert.equal(firstWord(suggestion), word, suggestion);
});

test("word by word, a suggestion is taken whole and no character is split", () => {
  const suggestion = " “Naïve 👩\u200D🚀, don't!” — 北京很大。 3.14 e\u0301 𝒳";
  const graphemes = new Set([...new Intl.Segmenter("en").segment(suggestion)].map(({ index }) => index));
  let rest = suggestion;
  while (rest !== "") {
    const word = firstWord(rest);
    assert.notEqual(word, "");
    assert.ok(graphemes.has(suggestion.length - rest.length));
    rest = rest.slice(word.length);
  }
});

test("the beginning of the prompt stays where it is for thousands of keystrokes, and there is enough of it", () => {
  assert.equal(promptStart(0), 0);
  assert.equal(promptStart(16_383), 0);
  assert.equal(promptStart(16_384), 8192);
  assert.equal(promptStart(24_575), 8192);
  for (let caret = 8192; caret < 100_000; caret += 97) assert.ok(caret - promptStart(caret) >= 8192);
});
