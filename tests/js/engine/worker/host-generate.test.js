// Continuing a prompt in the worker: tokens as they come, cancelled within one step, and a panic reported as fatal.

import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { sayError } from "../../../../www/strings/errors.js";
import { HostHarness, prefill, sequence, token } from "./host-harness.js";

/** @type {HostHarness} */
let h;
beforeEach(() => {
  h = new HostHarness();
});

test("without a model is an error with a way out", async () => {
  await h.generate(1);
  assert.equal(h.ending(1).error.code, "no_model");
  assert.match(sayError(h.ending(1).error), /Load one/);
});

for (const count of [0, 1, 3]) {
  test(`gives ${count} sequences with their tokens`, async () => {
    await h.load(1);
    const each = (/** @type {number} */ i) => [token("up", i), token("on", i), sequence("upon", i)];
    h.wasm.script = [prefill, ...Array.from({ length: count }, (_, i) => each(i)).flat()];
    h.nowMs = 42;
    await h.generate(2);
    assert.deepEqual(h.wasm.sessions[0].begun, [
      { prompt: "Once", generation_config: { max_new_tokens: 2, seed: 7 }, now_ms: 42 },
    ]);
    assert.equal(h.texts(2).join(""), "upon".repeat(count));
    const { type: _, ...result } = sequence("upon");
    assert.deepEqual(
      h.ending(2).result,
      Array.from({ length: count }, (_, i) => ({ ...result, sequence: i })),
    );
  });
}

test("is cancelled within one token", async () => {
  await h.load(1);
  h.wasm.script = [token("a"), token("b"), token("c"), sequence("abc")];
  h.onNextTask = () => {
    if (h.texts(2).length === 2) h.cancel(2);
  };
  await h.generate(2);
  assert.deepEqual(h.texts(2), ["a", "b"]);
  assert.equal(h.ending(2).error.code, "aborted");
  assert.equal(h.ending(2).error.name, "AbortError");
});

test("a newer one aborts an older one and goes on undisturbed", async () => {
  await h.load(1);
  h.wasm.script = [token("a"), token("b"), sequence("ab")];
  /** @type {Promise<void> | undefined} */
  let newer;
  h.onNextTask = () => {
    h.onNextTask = () => {};
    newer = h.generate(3, "Twice");
  };
  await h.generate(2);
  await newer;
  assert.deepEqual(h.texts(2), ["a"]);
  assert.equal(h.ending(2).error.code, "aborted");
  assert.deepEqual(h.texts(3), ["a", "b"]);
  assert.equal(h.ending(3).type, "done");
});

test("an error of the engine keeps its name, code and message, and the next request works", async () => {
  await h.load(1);
  h.wasm.script = [
    Object.assign(new Error("temperature must be > 0, got 0"), { name: "EngineError", code: "invalid_parameter" }),
  ];
  await h.generate(2);
  assert.deepEqual(h.ending(2), {
    type: "error",
    id: 2,
    error: { name: "EngineError", code: "invalid_parameter", values: {}, message: "temperature must be > 0, got 0" },
    fatal: false,
  });
  h.wasm.script = [sequence("upon")];
  await h.generate(3);
  assert.equal(h.ending(3).type, "done");
});

test("a panic is fatal", async () => {
  await h.load(1);
  h.wasm.script = [new WebAssembly.RuntimeError("unreachable")];
  await h.generate(2);
  assert.equal(h.ending(2).fatal, true);
  assert.equal(h.ending(2).error.code, "internal");
  assert.equal(sayError(h.ending(2).error), "unreachable");
});

test("cancelling a request that is not running does nothing", () => {
  h.cancel(99);
  assert.deepEqual(h.posted, []);
});
