// The figures: what is counted, out of tables of what happens in the editor.

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
    ["another of those that came, back and forth", [offer("one"), show("two"), show("one"), show("two")], { shown: 1 }],
    ["more of them", [offer("one"), ask, show("one"), show("two")], { shown: 1 }],
    ["another, asked for", [offer("one"), show(""), offer("two")], { shown: 2 }],
    [
      "another of those that came, taken",
      [offer("one"), show("two"), take("two")],
      { shown: 1, takenWhole: 1, charactersSaved: 2 },
    ],
    ["gone, and the same again", [offer("one"), show(""), offer("one")], { shown: 2 }],
    ["taken whole", [offer("one two"), take("one two")], { shown: 1, takenWhole: 1, charactersSaved: 6 }],
    [
      "taken by word",
      [offer("one two"), take("one"), show(" two"), take(" two")],
      { shown: 1, takenByWord: 2, charactersSaved: 5 },
    ],
    ["a suggestion of one word", [offer("one"), take("one")], { shown: 1, takenWhole: 1, charactersSaved: 2 }],
    [
      "a word, and then the whole rest",
      [offer("one two three"), take("one"), show(" two three"), take(" two three")],
      { shown: 1, takenByWord: 2, charactersSaved: 11 },
    ],
    ["typed through", [offer("on"), type("o"), show("n"), type("n")], { shown: 1, typedThrough: 1 }],
    [
      "typed in part, then taken",
      [offer("one"), type("o"), show("ne"), take("ne")],
      { shown: 1, takenWhole: 1, charactersSaved: 1 },
    ],
    ["typed in part, then grown", [offer("on"), type("o"), show("n"), show("ne")], { shown: 1 }],
    ["typed otherwise", [offer("one"), type("x"), show(""), offer("two")], { shown: 2 }],
    ["typed otherwise, and the same word suggested again", [offer("one"), type("x"), offer("one")], { shown: 2 }],
    ["deleted or replaced, which is no insertion", [offer("one"), type(""), offer("one")], { shown: 2 }],
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

describe("from the pause to the suggestion", () => {
  test("the time from the question to the first letter counts, once", () => {
    figures.asked();
    nowMs += 80;
    figures.showed("one");
    nowMs += 500;
    figures.showed("one two");
    figures.showed("three"); // the next alternative was not waited for
    assert.deepEqual(figures.counts().waitsMs, [80]);
  });

  test("a question that nothing came of does not count", () => {
    figures.asked();
    nowMs += 5000;
    figures.asked();
    nowMs += 20;
    figures.showed("one");
    assert.deepEqual(figures.counts().waitsMs, [20]);
  });

  test("nor does the time until the writer looks at the next", () => {
    offer("one")();
    ask();
    nowMs += 20_000;
    figures.showed("two");
    assert.deepEqual(figures.counts().waitsMs, [0]);
  });

  test("the last 200 are kept", () => {
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

describe("summed up", () => {
  for (const [waitsMs, p50Ms, p90Ms] of /** @type {[number[], number | null, number | null][]} */ ([
    [[], null, null],
    [[7], 7, 7],
    [[30, 10, 20], 20, 30],
    [Array.from({ length: 10 }, (_, i) => 10 - i), 5, 9],
  ])) {
    test(`of ${waitsMs.length}`, () => {
      const { p50Ms: p50, p90Ms: p90 } = summary({ ...NOTHING, waitsMs });
      assert.deepEqual([p50, p90], [p50Ms, p90Ms]);
    });
  }

  test("work adds up, over requests that differ", () => {
    figures.worked({ n_prompt_tokens: 100, n_reused_tokens: 0, n_tokens: 20, ms: 400 });
    figures.worked({ n_prompt_tokens: 100, n_reused_tokens: 90, n_tokens: 10, ms: 100 });
    figures.worked({ n_prompt_tokens: 0, n_reused_tokens: 0, n_tokens: 0, ms: 0 });
    const { tokensPerSecond, reusedShare } = summary(figures.counts());
    assert.deepEqual([tokensPerSecond, reusedShare], [60, 0.45]);
  });

  test("of nothing there is nothing to say", () => {
    assert.deepEqual(summary(NOTHING), { p50Ms: null, p90Ms: null, tokensPerSecond: null, reusedShare: null });
  });
});

describe("kept", () => {
  test("on the next visit they go on", () => {
    figures.asked();
    figures.showed("one");
    figures.save();
    figures.save();
    figures = new Figures({ store, now: () => nowMs });
    figures.asked();
    figures.showed("two");
    assert.equal(figures.counts().shown, 2);
  });

  test("two tabs add to the same", () => {
    const other = new Figures({ store, now: () => nowMs });
    figures.asked();
    figures.showed("one");
    other.asked();
    other.showed("two");
    figures.save();
    other.save();
    assert.equal(figures.counts().shown, 2);
  });

  test("where nothing can be kept they count for the visit", () => {
    store.isFull = true;
    figures.asked();
    figures.showed("one");
    figures.save();
    assert.equal(figures.counts().shown, 1);
  });

  test("begun anew", () => {
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
    test(`damaged, they begin anew: ${json}`, () => assert.deepEqual(read(json), NOTHING));
  }

  test("what an older version did not count begins at nothing, what a newer one counts is left out", () => {
    assert.deepEqual(read('{"shown": 3, "pages": 7}'), sum(NOTHING, { shown: 3 }));
  });
});
