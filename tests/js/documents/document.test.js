// A document's title, share of the model, Markdown and file name.

import assert from "node:assert/strict";
import { test } from "node:test";
import { fileNameOf, highlighted, percentFromModel, titleOf } from "../../../www/documents/document.js";

/** @import { Marks } from "../../../www/documents/document.js" */

test("a document's title is its name, else its first line", () => {
  /** @type {[string, string, string][]} */
  const table = [
    ["", "", "Untitled"],
    ["", " \n\n", "Untitled"],
    ["", "\n  One line  \nanother", "One line"],
    ["Name", "One line", "Name"],
    ["", "雨停了。", "雨停了。"],
    ["", "x".repeat(60), "x".repeat(60)],
    ["", "x".repeat(61), `${"x".repeat(60)} …`],
    [
      "",
      `A line of words that ends ${"somewhere ".repeat(4)}`,
      "A line of words that ends somewhere somewhere somewhere …",
    ],
    ["", "🙂".repeat(61), `${"🙂".repeat(60)} …`],
  ];
  for (const [name, text, title] of table) assert.equal(titleOf({ name, text }), title);
});

test("the model's share is counted in characters, and is 0 or 100 only for none or all", () => {
  /** @type {[number, Marks, number][]} */
  const table = [
    [0, [], 0],
    [100, [], 0],
    [100, [[0, 18]], 18],
    [
      100,
      [
        [0, 9],
        [50, 59],
      ],
      18,
    ],
    [1000, [[3, 4]], 1],
    [1000, [[0, 999]], 99],
    [7, [[0, 7]], 100],
  ];
  for (const [length, marks, percent] of table)
    assert.equal(percentFromModel({ text: "x".repeat(length), marks }), percent);
});

test("Markdown highlights the model's words line by line, without the spaces around them", () => {
  const text = "I saw the sea. \n\nIt was blue";
  /** @type {[Marks, string][]} */
  const table = [
    [[], text],
    [[[5, 9]], "I saw ==the== sea. \n\nIt was blue"],
    [[[10, 23]], "I saw the ==sea.== \n\n==It was== blue"],
    [
      [
        [0, 1],
        [24, 28],
      ],
      "==I== saw the sea. \n\nIt was ==blue==",
    ],
    [[[14, 17]], text],
  ];
  for (const [marks, markdown] of table) assert.equal(highlighted({ text, marks }), markdown);
});

test("a file name is valid on every system", () => {
  assert.equal(fileNameOf("A/B: “C”?\u202E", "txt"), "A B “C”.txt");
  assert.equal(fileNameOf("..", "md"), "Untitled.md");
  assert.equal(fileNameOf("雨停了。", "md"), "雨停了。.md");
});
