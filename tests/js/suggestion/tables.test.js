// Rules that Rust has as well, by the tables of cases that its tests read too: tests/tables/.

import assert from "node:assert/strict";
import { test } from "node:test";
import { defaultSettings } from "../../../www/settings/settings.js";
import { beginning, firstWord, isAskable } from "../../../www/suggestion/words.js";
import askable from "../../tables/askable.json" with { type: "json" };
import beginnings from "../../tables/beginning.json" with { type: "json" };
import firstWords from "../../tables/first_word.json" with { type: "json" };
import parameters from "../../tables/generation_config.json" with { type: "json" };
import "../style-sheet.js";

const { generationConfig } = await import("../../../www/suggestion/request.js");

test("one key accepts the first word with its spaces and punctuation", () => {
  for (const [text, word] of firstWords) assert.equal(firstWord(text), word, JSON.stringify(text));
});

test("suggestions begin alike if their first three words are the same", () => {
  for (const [text, expected] of beginnings) assert.equal(beginning(text), expected, JSON.stringify(text));
});

test("there is something to continue after text and outside of words", () => {
  for (const row of askable) {
    const [before, after, expected] = /** @type {[string, string, boolean]} */ (row);
    assert.equal(isAskable({ before, after, hasSelection: false }), expected, JSON.stringify(row));
  }
});

test("a question has parameters that no setting changes", () => {
  const sent = generationConfig(defaultSettings());
  assert.deepEqual({ ...sent, ...parameters }, sent);
});
