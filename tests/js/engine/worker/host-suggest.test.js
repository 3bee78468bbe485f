// Suggesting in the worker: every change of the suggestions, and one request for text at a time.

import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { HostHarness, prefill, token } from "./host-harness.js";

/** @type {HostHarness} */
let h;
beforeEach(() => {
  h = new HostHarness();
});

const list = (/** @type {string[]} */ ...texts) =>
  texts.map((text) => ({ text, isComplete: false, mean_log_probability: -1 }));
const changed = (/** @type {string[]} */ ...texts) => ({ type: "suggestions", suggestions: list(...texts) });
const unchanged = { type: "unchanged" };

test("without a model is an error with a way out", async () => {
  await h.suggest(1);
  assert.equal(h.ending(1).error.code, "no_model");
});

for (const gate of [null, 0.3]) {
  test(`posts every change, and ends with the last (gate ${gate})`, async () => {
    await h.load(1);
    h.wasm.script = [prefill, unchanged, changed(" upon"), unchanged, changed(" upon a", " there"), unchanged];
    h.nowMs = 42;
    await h.suggest(2, "Once", gate);
    assert.deepEqual(h.wasm.sessions[0].begun, [
      { prompt: "Once", generation_config: { seed: 7 }, now_ms: 42 },
      { after: " there", gate: gate ?? undefined },
    ]);
    assert.deepEqual(
      h.posted.filter((message) => message.type === "suggestions"),
      [
        { type: "suggestions", id: 2, suggestions: list(" upon") },
        { type: "suggestions", id: 2, suggestions: list(" upon a", " there") },
      ],
    );
    assert.deepEqual(h.ending(2).result, list(" upon a", " there"));
  });
}

test("ends without suggestions where there is nothing to continue, and leaves the session alone", async () => {
  await h.load(1);
  h.wasm.script = [changed(" upon")];
  await h.suggest(2, "");
  assert.deepEqual(h.ending(2).result, []);
  assert.deepEqual(h.wasm.sessions[0].begun, []);
});

test("is cancelled within one step", async () => {
  await h.load(1);
  h.wasm.script = [changed(" a"), changed(" a b"), changed(" a b c")];
  h.onNextTask = () => h.cancel(2);
  await h.suggest(2);
  assert.equal(h.posted.filter((message) => message.type === "suggestions").length, 1);
  assert.equal(h.ending(2).error.code, "aborted");
});

for (const newer of /** @type {const} */ (["suggest", "generate"])) {
  test(`is aborted by a newer ${newer}, which it does not disturb`, async () => {
    await h.load(1);
    h.wasm.script = [changed(" a"), unchanged];
    /** @type {Promise<void> | undefined} */
    let other;
    h.onNextTask = () => {
      h.onNextTask = () => {};
      other = h[newer](3, "Twice");
    };
    await h.suggest(2);
    await other;
    assert.equal(h.ending(2).error.code, "aborted");
    assert.equal(h.ending(3).type, "done");
  });
}

test("aborts an older generate", async () => {
  await h.load(1);
  h.wasm.script = [token("a"), token("b")];
  /** @type {Promise<void> | undefined} */
  let newer;
  h.onNextTask = () => {
    h.onNextTask = () => {};
    newer = h.suggest(3);
  };
  await h.generate(2);
  await newer;
  assert.equal(h.ending(2).error.code, "aborted");
  assert.equal(h.ending(3).type, "done");
});
