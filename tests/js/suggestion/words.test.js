// The rules for words that only the page has. Those that it shares with the engine are in tables.test.js.

import assert from "node:assert/strict";
import { test } from "node:test";
import { beginning, firstWord, isAskable, promptStart, remainder } from "../../../www/suggestion/words.js";

test("a selection is not continued", () => {
  assert.equal(isAskable({ before: "The rain", after: "", hasSelection: true }), false);
});

test("what the writer types off a suggestion leaves the rest; anything else ends it", () => {
  /** @type {[continuation: string, typed: string, expected: string | null][]} */
  const table = [
    [" the sea", "", " the sea"],
    [" the sea", "n", null],
    [" the sea", " ", "the sea"],
    [" the sea", " the se", "a"],
    [" the sea", " the sea", ""],
    [" the sea", " the seas", null],
    ["", "", ""],
    ["", " ", null],
    ["😀 there", "😀", " there"],
    ["😀 there", "\uD83D", ""],
  ];
  for (const [continuation, typed, expected] of table) {
    assert.equal(remainder(continuation, typed), expected, JSON.stringify([continuation, typed]));
  }
});

test("two suggestions begin alike if their first three words are the same", () => {
  assert.equal(beginning(" “The old sea,” he said"), beginning("the OLD -- sea was calm"));
  assert.equal(beginning(" the"), beginning(" The,"));
  assert.notEqual(beginning(" the old"), beginning(" the old sea"));
  assert.equal(beginning(" ..."), "");
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
