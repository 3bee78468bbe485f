// The settings: what a row takes and refuses, and what is kept of them.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import {
  defaultSettings,
  keepSettings,
  NUMBER_NAMES,
  NUMBERS,
  parseNumber,
  readSettings,
} from "../../../www/settings/settings.js";

/** @import { NumberName } from "../../../www/settings/settings.js" */

/** A browser's storage of one item. */
class OneItem {
  /** @type {string | null} */
  item;

  /** @param {string | null} item */
  constructor(item = null) {
    this.item = item;
  }

  getItem() {
    return this.item;
  }

  /** @param {string} _key @param {string} item */
  setItem(_key, item) {
    this.item = item;
  }
}

test("every default is a value of its row, as are both ends of its range", () => {
  for (const name of NUMBER_NAMES) {
    const { default: initial, min, max } = NUMBERS[name];
    for (const value of [initial, min, max])
      assert.equal(parseNumber(name, `${value ?? ""}`), value, `${name}: ${value}`);
    assert.equal(defaultSettings()[name], initial);
  }
  assert.equal(defaultSettings().is_automatic, true);
});

test("docs/PERFORMANCE.md names the gate that the page has", async () => {
  const text = await readFile(new URL("../../../docs/PERFORMANCE.md", import.meta.url), "utf8");
  assert.ok(text.replaceAll(/\s+/g, " ").includes(`at ${NUMBERS.gate.default}, the default,`));
});

test("a row takes what is in its range, and nothing else", () => {
  /** @type {[NumberName, string, number | null | undefined][]} */
  const table = [
    ["temperature", "1.25", 1.25],
    ["temperature", " 1.25 ", 1.25],
    ["temperature", ".5", 0.5],
    ["temperature", "0.05", undefined],
    ["temperature", "2.1", undefined],
    ["temperature", "", undefined],
    ["temperature", "warm", undefined],
    ["temperature", "0,5", undefined],
    ["temperature", "NaN", undefined],
    ["temperature", "Infinity", undefined],
    ["delay_ms", "-1", undefined],
    ["delay_ms", "12.5", undefined],
    ["gate", "0.3", 0.3],
    ["gate", "1.1", undefined],
    ["seed", "", null],
    ["seed", "  ", null],
    ["seed", "0", 0],
    ["seed", "4294967295", 4294967295],
    ["seed", "4294967296", undefined],
  ];
  for (const [name, text, value] of table) assert.equal(parseNumber(name, text), value, `${name}: "${text}"`);
});

test("what was set is there on the next visit", () => {
  const storage = new OneItem();
  const settings = { ...defaultSettings(), is_automatic: false, temperature: 1.25, seed: 0 };
  assert.equal(keepSettings(storage, settings), true);
  assert.deepEqual(readSettings(storage), settings);
});

test("only what differs from the defaults is kept, so that a later version's defaults hold", () => {
  const storage = new OneItem();
  keepSettings(storage, { ...defaultSettings(), top_k: 40 });
  assert.deepEqual(JSON.parse(storage.item ?? ""), { top_k: 40 });
  keepSettings(storage, defaultSettings());
  assert.deepEqual(JSON.parse(storage.item ?? ""), {});
});

test("what was kept is not trusted: damage and values out of range become the defaults", () => {
  for (const item of [
    null,
    "",
    "{",
    "null",
    "[]",
    "7",
    '"text"',
    '{"temperature":9,"top_k":"many","delay_ms":null,"gate":{},"seed":-1,"other":1}',
  ]) {
    assert.deepEqual(readSettings(new OneItem(item)), defaultSettings(), `${item}`);
  }
  assert.equal(readSettings(new OneItem('{"temperature":9,"top_k":40}')).top_k, 40);
});

test("a browser that keeps nothing is told, not thrown", () => {
  const setItem = () => {
    throw new DOMException("full", "QuotaExceededError");
  };
  assert.equal(keepSettings({ setItem }, defaultSettings()), false);
});
