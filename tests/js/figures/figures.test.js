// The figures: tables of events in the editor and of what they count.

import assert from "node:assert/strict";
import { beforeEach, describe, test } from "node:test";
import { NOTHING, read, sum, summary } from "../../../www/figures/counts.js";
import { Figures } from "../../../www/figures/figures.js";

class FakeStore {
  /** @type {Map<string, string>} */
  items = new Map();
  isFull = false;
  getItem = (/** @type {string} */ key) => this.items.get(key) ?? null;
  removeItem = (/** @type {string} */ key) => void this.items.delete(key);
  setItem = (/** @type {string} */ key, /** @type {string} */ value) => {
    if (this.isFull) throw new DOMException("full", "QuotaExceededError");
    this.items.set(key, value);
  };
}

/** @type {FakeStore} */
let store;
let nowMs = 0;
/** @type {Figures} */
let figures;
beforeEach(() => {
  store = new FakeStore();
  nowMs = 1000;
  figures = new Figures({ store, now: () => nowMs });
});

const offer = (/** @type {string} */ text) => () => {
  figures.asked();
  figures.showed(text);
};
const ask = () => figures.asked();
const show = (/** @type {string} */ text) => () => figures.showed(text);
const type = (/** @type {string} */ text) => () => figures.edited(text, false);
const take = (/** @type {string} */ text) => () => figures.edited(text, true);

describe("what becomes of a suggestion", () => {
  /** @type {[what: string, events: (() => void)[], expected: Partial<import("../../../www/figures/counts.js").Counts>][]} */
  const table = [
    ["nothing", [], {}],
    ["shown", [offer("one")], { shown: 1 }],
    ["shown again, unchanged", [offer("one"), show("one")], { shown: 1 }],
    ["growing while it streams", [offer("one"), show("one two"), show("one two three")], { shown: 1 }],
    ["the next alternative, back and forth", [offer("one"), show("two"), show("one"), show("two")], { shown: 1 }],
    ["more alternatives, asked for", [offer("one"), ask, show("one"), show("two")], { shown: 1 }],
    ["another, asked for", [offer("one"), show(""), offer("two")], { shown: 2 }],
    [
      "the next alternative, accepted",
      [offer("one"), show("two"), take("two")],
      { shown: 1, takenWhole: 1, charactersSaved: 2 },
    ],
    ["gone, and shown again", [offer("one"), show(""), offer("one")], { shown: 2 }],
    ["accepted in full", [offer("one two"), take("one two")], { shown: 1, takenWhole: 1, charactersSaved: 6 }],
    [
      "accepted by word",
      [offer("one two"), take("one"), show(" two"), take(" two")],
      { shown: 1, takenByWord: 2, charactersSaved: 5 },
    ],
    ["a suggestion of one word", [offer("one"), take("one")], { shown: 1, takenWhole: 1, charactersSaved: 2 }],
    [
      "a word, then all the rest",
      [offer("one two three"), take("one"), show(" two three"), take(" two three")],
      { shown: 1, takenByWord: 2, charactersSaved: 11 },
    ],
    ["typed through", [offer("on"), type("o"), show("n"), type("n")], { shown: 1, typedThrough: 1 }],
    [
      "typed in part, then accepted",
      [offer("one"), type("o"), show("ne"), take("ne")],
      { shown: 1, takenWhole: 1, charactersSaved: 1 },
    ],
    ["typed in part, then grown", [offer("on"), type("o"), show("n"), show("ne")], { shown: 1 }],
    ["something else typed", [offer("one"), type("x"), show(""), offer("two")], { shown: 2 }],
    ["something else typed, and the same word suggested again", [offer("one"), type("x"), offer("one")], { shown: 2 }],
    ["a deletion or replacement, which inserts nothing", [offer("one"), type(""), offer("one")], { shown: 2 }],
    [
      "three, one after the other",
      [offer("a"), take("a"), offer("b"), take("b"), offer("c")],
      { shown: 3, takenWhole: 2 },
    ],
    ["written without a suggestion", [type("one"), take("two")], {}],
    ["an emoji saves one character", [offer("😀😀"), take("😀😀")], { shown: 1, takenWhole: 1, charactersSaved: 1 }],
  ];
  for (const [what, events, expected] of table) {
    test(what, () => {
      for (const event of events) event();
      const waitsMs = Array.from({ length: expected.shown ?? 0 }, () => 0);
      assert.deepEqual(figures.counts(), { ...NOTHING, waitsMs, ...expected });
    });
  }
});

describe("the wait from pause to suggestion", () => {
  test("is the time from the request to the first letter, counted once", () => {
    figures.asked();
    nowMs += 80;
    figures.showed("one");
    nowMs += 500;
    figures.showed("one two");
    figures.showed("three"); // the next alternative took no wait
    assert.deepEqual(figures.counts().waitsMs, [80]);
  });

  test("does not count for a request without a suggestion", () => {
    figures.asked();
    nowMs += 5000;
    figures.asked();
    nowMs += 20;
    figures.showed("one");
    assert.deepEqual(figures.counts().waitsMs, [20]);
  });

  test("does not include the time until the writer looks at the next alternative", () => {
    offer("one")();
    ask();
    nowMs += 20_000;
    figures.showed("two");
    assert.deepEqual(figures.counts().waitsMs, [0]);
  });

  test("is kept for the last 200 suggestions", () => {
    for (let i = 0; i < 250; i++) {
      figures.showed("");
      figures.asked();
      nowMs += i;
      figures.showed(`${i}`);
    }
    const { waitsMs } = figures.counts();
    assert.deepEqual([waitsMs.length, waitsMs[0], waitsMs.at(-1)], [200, 50, 249]);
  });
});

describe("the summary", () => {
  for (const [waitsMs, p50Ms, p90Ms] of /** @type {[number[], number | null, number | null][]} */ ([
    [[], null, null],
    [[7], 7, 7],
    [[30, 10, 20], 20, 30],
    [Array.from({ length: 10 }, (_, i) => 10 - i), 5, 9],
  ])) {
    test(`has the percentiles of ${waitsMs.length} waits`, () => {
      const { p50Ms: p50, p90Ms: p90 } = summary({ ...NOTHING, waitsMs });
      assert.deepEqual([p50, p90], [p50Ms, p90Ms]);
    });
  }

  test("adds up the work of different requests", () => {
    figures.worked({ n_prompt_tokens: 100, n_reused_tokens: 0, n_tokens: 20, ms: 400 });
    figures.worked({ n_prompt_tokens: 100, n_reused_tokens: 90, n_tokens: 10, ms: 100 });
    figures.worked({ n_prompt_tokens: 0, n_reused_tokens: 0, n_tokens: 0, ms: 0 });
    const { tokensPerSecond, reusedShare } = summary(figures.counts());
    assert.deepEqual([tokensPerSecond, reusedShare], [60, 0.45]);
  });

  test("is null without data", () => {
    assert.deepEqual(summary(NOTHING), { p50Ms: null, p90Ms: null, tokensPerSecond: null, reusedShare: null });
  });
});

describe("stored figures", () => {
  test("continue on the next visit", () => {
    figures.asked();
    figures.showed("one");
    figures.save();
    figures.save();
    figures = new Figures({ store, now: () => nowMs });
    figures.asked();
    figures.showed("two");
    assert.equal(figures.counts().shown, 2);
  });

  test("are shared by two tabs", () => {
    const other = new Figures({ store, now: () => nowMs });
    figures.asked();
    figures.showed("one");
    other.asked();
    other.showed("two");
    figures.save();
    other.save();
    assert.equal(figures.counts().shown, 2);
  });

  test("last for the visit where the browser stores nothing", () => {
    store.isFull = true;
    figures.asked();
    figures.showed("one");
    figures.save();
    assert.equal(figures.counts().shown, 1);
  });

  test("can be reset", () => {
    figures.asked();
    figures.showed("one");
    figures.save();
    figures.asked();
    figures.showed("two");
    figures.reset();
    assert.deepEqual(figures.counts(), NOTHING);
  });

  for (const json of [
    null,
    "",
    "{",
    "null",
    "[]",
    "3",
    '{"shown": "many"}',
    '{"shown": -1}',
    '{"waitsMs": 3}',
    '{"waitsMs": [null]}',
  ]) {
    test(`are replaced by zeros if damaged: ${json}`, () => assert.deepEqual(read(json), NOTHING));
  }

  test("start at zero for what an older version did not count, and drop what only a newer one counts", () => {
    assert.deepEqual(read('{"shown": 3, "pages": 7}'), sum(NOTHING, { shown: 3 }));
  });
});
