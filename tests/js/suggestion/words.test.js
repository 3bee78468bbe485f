// Tables for the pure part of the editor: where a suggestion may stand, what of it is shown, how it is taken.

import assert from "node:assert/strict";
import { test } from "node:test";
import { beginning, firstWord, isAskable, promptStart, remainder } from "../../../www/suggestion/words.js";

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
    ["don", "'t", false, false],
    ["don", "’t", false, false],
    ["3", ".14", false, false],
    ["cafe\u0301", "'s", false, false],
    ["👩", "\u200D🚀", false, false],
    ["The rain", ".", false, true],
    ["The rain", "'\n", false, true],
    ["The rain,", "'then", false, true],
    ["北", "’b", false, true],
    ["a", ",北", false, true],
    ["The rain", "", true, false],
  ];
  for (const [before, after, hasSelection, expected] of table) {
    assert.equal(isAskable({ before, after, hasSelection }), expected, JSON.stringify([before, after, hasSelection]));
  }
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

test("the next word takes the space before it and the punctuation behind it", () => {
  /** @type {[string, string][]} */
  const table = [
    [" street and", " street"],
    ["street and", "street"],
    [" street, and", " street,"],
    [" “Yes,” she", " “Yes,”"],
    [' "Yes," she', ' "Yes,"'],
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
