// Scoring in the worker: after any writing, aborted by a newer request, its memory freed at the end.

import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { scoreOf } from "../../fake-model.js";
import { HostHarness, token } from "./host-harness.js";

/** @type {HostHarness} */
let h;
beforeEach(() => {
  h = new HostHarness();
});

/** @param {number} id @returns {string} */
const scored = (id) =>
  h.posted
    .flatMap((message) => (message.type === "scores" && message.id === id ? message.scores : []))
    .map(({ text }) => text)
    .join("");

test("scores are posted as they are computed, except by steps without any", async () => {
  await h.load(1);
  h.wasm.scoreScript = [[], [scoreOf("upon"), scoreOf(" a")], [], [scoreOf(" time")]];
  await h.score(2);
  assert.deepEqual(h.wasm.scorers[0].begun, [{ before: "Once ", text: "upon a time" }]);
  assert.deepEqual(
    h.posted.filter(({ type }) => type === "scores").map(({ scores }) => scores),
    [[scoreOf("upon"), scoreOf(" a")], [scoreOf(" time")]],
  );
  assert.equal(h.ending(2).result, null);
});

test("the next text reuses the scorer of the last", async () => {
  await h.load(1);
  await h.score(2);
  await h.score(3);
  assert.equal(h.wasm.scorers.length, 1);
  assert.equal(h.wasm.scorers[0].begun.length, 2);
});

test("waits while the engine writes", async () => {
  await h.load(1);
  h.wasm.scoreScript = [[scoreOf("a")], [scoreOf("b")], [scoreOf("c")]];
  h.wasm.script = [token("x"), token("x"), token("x")];
  /** @type {Promise<void> | undefined} */
  let generating;
  h.onNextTask = () => {
    if (scored(2) === "a") generating ??= h.generate(3);
  };
  await h.score(2);
  await generating;
  const order = h.posted.filter(({ type }) => ["scores", "token"].includes(type)).map(({ id }) => id);
  assert.deepEqual(order, [2, 3, 3, 3, 2, 2]);
  assert.equal(scored(2), "abc");
});

test("a newer one aborts an older one", async () => {
  await h.load(1);
  h.wasm.scoreScript = [[scoreOf("a")], [scoreOf("b")]];
  const first = h.score(2);
  await h.score(3);
  await first;
  assert.equal(h.ending(2).error.code, "aborted");
  assert.equal(scored(3), "ab");
});

test("is cancelled within one step, even while waiting", async () => {
  await h.load(1);
  h.wasm.scoreScript = [[scoreOf("a")], [scoreOf("b")]];
  h.wasm.script = Array.from({ length: 1000 }, () => token("x"));
  const generating = h.generate(3);
  const scoring = h.score(2);
  h.onNextTask = () => h.cancel(2);
  await scoring;
  assert.equal(h.ending(2).error.code, "aborted");
  assert.equal(scored(2), "");
  h.cancel(3);
  await generating;
});

test("its end frees the memory and aborts the current request", async () => {
  await h.load(1);
  h.wasm.scoreScript = [[scoreOf("a")], [scoreOf("b")]];
  const scoring = h.score(2);
  h.host.handle({ type: "end_scoring" });
  await scoring;
  assert.equal(h.ending(2).error.code, "aborted");
  assert.equal(h.wasm.scorers[0].freed, true);
  await h.score(3);
  assert.equal(scored(3), "ab", "by a new scorer");
  assert.equal(h.wasm.scorers.length, 2);
  h.host.handle({ type: "end_scoring" });
  h.host.handle({ type: "end_scoring" });
});

test("another model ends it, as a scorer belongs to its session", async () => {
  await h.load(1);
  h.wasm.scoreScript = Array.from({ length: 1000 }, () => [scoreOf("a")]);
  const scoring = h.score(2);
  await h.load(3);
  await scoring;
  assert.equal(h.ending(2).error.code, "aborted");
  assert.equal(h.wasm.scorers[0].freed, true);
});

test("without a model it is an error with a way out", async () => {
  await h.score(1);
  assert.equal(h.ending(1).error.code, "no_model");
});

test("a panic is fatal, an error is not", async () => {
  await h.load(1);
  h.wasm.scoreScript = [Object.assign(new Error("damaged"), { name: "EngineError", code: "no_token" })];
  await h.score(2);
  assert.deepEqual([h.ending(2).error.code, h.ending(2).fatal], ["no_token", false]);
  h.wasm.scoreScript = [new WebAssembly.RuntimeError("unreachable")];
  h.host.handle({ type: "end_scoring" });
  await h.score(3);
  assert.equal(h.ending(3).fatal, true);
});

test("the cost of a request for text is posted before its end, cancelled or not", async () => {
  await h.load(1);
  h.wasm.script = [token("x"), token("x")];
  await h.generate(2);
  h.onNextTask = () => h.cancel(3);
  await h.generate(3);
  for (const [id, end] of [
    [2, "done"],
    [3, "error"],
  ]) {
    const posted = h.posted.filter((message) => message.id === id).slice(-2);
    assert.deepEqual(posted[0], { type: "work", id, work: h.wasm.work });
    assert.equal(posted[1].type, end);
  }
});
