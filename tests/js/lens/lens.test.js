// The lens's view of tokens.

import assert from "node:assert/strict";
import { test } from "node:test";
import { historyStart, levelOf, percent, untouchedLength, visible } from "../../../www/lens/tokens.js";

test("the less likely, the higher the level", () => {
  for (const [probability, level] of [
    [1, 0],
    [0.51, 0],
    [0.49, 1],
    [0.21, 1],
    [0.19, 2],
    [0.04, 3],
    [0.009, 4],
    [0.0009, 5],
    [0, 5],
  ]) {
    assert.equal(levelOf(Math.log(probability)), level, `${probability}`);
  }
});

test("percentages have two significant digits", () => {
  for (const [probability, text] of /** @type {[number, string][]} */ ([
    [1, "100 %"],
    [0.123, "12 %"],
    [0.0996, "10 %"],
    [0.0994, "9.9 %"],
    [0.05, "5 %"],
    [0.0012, "0.1 %"],
    [0.0009, "< 0.1 %"],
    [0, "< 0.1 %"],
  ])) {
    assert.equal(percent(probability), text, `${probability}`);
  }
});

test("a token's whitespace is made visible", () => {
  assert.equal(visible(" the"), "␣the");
  assert.equal(visible("\n\n"), "↵↵");
});

test("an edit keeps the tokens before its word and before the spaces in front of it", () => {
  for (const [before, untouched] of [
    ["", ""],
    ["weath", ""],
    ["the weath", "the"],
    ["the ", "the"],
    ["the  weath", "the"],
    ["the end.\n\n", "the end."],
    ["the end.\n\nNow", "the end."],
    ["It isn't", "It"],
    ["語言", ""],
  ]) {
    assert.equal(before.slice(0, untouchedLength(before)), untouched, JSON.stringify(before));
  }
});

test("the history starts at most 8,192 characters back, and stays put while the text grows", () => {
  for (const [position, start] of [
    [0, 0],
    [4095, 0],
    [8191, 0],
    [8192, 4096],
    [12287, 4096],
    [12288, 8192],
  ]) {
    assert.equal(historyStart(position), start, `${position}`);
  }
});
