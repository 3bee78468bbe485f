// Scoring, in the worker and from the page: behind whoever writes, aborted by the newer, its memory given back.

import assert from "node:assert/strict";
import { beforeEach, describe, test } from "node:test";
import { EngineHost } from "../../../www/engine/worker/host.js";
import { FakeWasm, fakeModel } from "../fake-model.js";
import { FakeSleep, turn } from "../fakes.js";
import { ClientHarness } from "./client-harness.js";

/** @import { Response, Score } from "../../../www/engine/protocol.js" */

/** @param {string} text @returns {Score} */
const scoreOf = (text) => ({ text, log_probability: -1, top: [{ text: "a", log_probability: -0.5 }] });
const token = { type: "token", sequence: 0, text: "x", log_probability: -1 };

describe("in the worker", () => {
  /** @type {FakeWasm} */
  let wasm;
  /** @type {any[]} */
  let posted;
  /** @type {EngineHost} */
  let host;
  /** What runs while the worker lets the page's messages in. */
  let onNextTask = () => {};
  const { model, fetch } = fakeModel();

  beforeEach(() => {
    wasm = new FakeWasm();
    posted = [];
    onNextTask = () => {};
    host = new EngineHost({
      openWasm: async () => wasm,
      fetch,
      storage: null,
      sleep: new FakeSleep().sleep,
      origin: "https://page.test",
      post: (message) => posted.push(structuredClone(message)),
      now: () => 0,
      nextTask: async () => {
        await turn();
        onNextTask();
      },
    });
  });

  const load = (id = 1) => host.handle({ type: "load", id, model, dtype: "q8", threads: null });
  /** @param {number} id @param {string} [text] */
  const score = (id, text = "upon a time") => host.handle({ type: "score", id, before: "Once ", text });
  /** @param {number} id */
  const generate = (id) => host.handle({ type: "generate", id, prompt: "Once", generation_config: {} });
  /** @param {number} id @returns {any} how the request ended, which it must have done once */
  const ending = (id) => {
    const endings = posted.filter((message) => message.id === id && /done|error/.test(message.type));
    assert.equal(endings.length, 1, JSON.stringify(endings));
    return endings[0];
  };
  /** @param {number} id @returns {string} */
  const scored = (id) =>
    posted
      .flatMap((message) => (message.type === "scores" && message.id === id ? message.scores : []))
      .map(({ text }) => text)
      .join("");

  test("scores come as they are computed, and a step that gives none is not told", async () => {
    await load();
    wasm.scoreScript = [[], [scoreOf("upon"), scoreOf(" a")], [], [scoreOf(" time")]];
    await score(2);
    assert.deepEqual(wasm.scorers[0].begun, [{ before: "Once ", text: "upon a time" }]);
    assert.deepEqual(
      posted.filter(({ type }) => type === "scores").map(({ scores }) => scores),
      [[scoreOf("upon"), scoreOf(" a")], [scoreOf(" time")]],
    );
    assert.equal(ending(2).result, null);
  });

  test("the next text goes on with what was read of the last", async () => {
    await load();
    await score(2);
    await score(3);
    assert.equal(wasm.scorers.length, 1);
    assert.equal(wasm.scorers[0].begun.length, 2);
  });

  test("while something is generated it waits", async () => {
    await load();
    wasm.scoreScript = [[scoreOf("a")], [scoreOf("b")], [scoreOf("c")]];
    wasm.script = [token, token, token];
    /** @type {Promise<void> | undefined} */
    let generating;
    onNextTask = () => {
      if (scored(2) === "a") generating ??= generate(3);
    };
    await score(2);
    await generating;
    const order = posted.filter(({ type }) => ["scores", "token"].includes(type)).map(({ id }) => id);
    assert.deepEqual(order, [2, 3, 3, 3, 2, 2]);
    assert.equal(scored(2), "abc");
  });

  test("a newer one aborts an older one", async () => {
    await load();
    wasm.scoreScript = [[scoreOf("a")], [scoreOf("b")]];
    const first = score(2);
    await score(3);
    await first;
    assert.equal(ending(2).error.code, "aborted");
    assert.equal(scored(3), "ab");
  });

  test("is cancelled within one step, even while it waits", async () => {
    await load();
    wasm.scoreScript = [[scoreOf("a")], [scoreOf("b")]];
    wasm.script = Array.from({ length: 1000 }, () => token);
    const generating = generate(3);
    const scoring = score(2);
    onNextTask = () => host.handle({ type: "cancel", id: 2 });
    await scoring;
    assert.equal(ending(2).error.code, "aborted");
    assert.equal(scored(2), "");
    host.handle({ type: "cancel", id: 3 });
    await generating;
  });

  test("its end gives the memory back and aborts what is under way", async () => {
    await load();
    wasm.scoreScript = [[scoreOf("a")], [scoreOf("b")]];
    const scoring = score(2);
    host.handle({ type: "end_scoring" });
    await scoring;
    assert.equal(ending(2).error.code, "aborted");
    assert.equal(wasm.scorers[0].freed, true);
    await score(3);
    assert.equal(scored(3), "ab", "by a new scorer");
    assert.equal(wasm.scorers.length, 2);
    host.handle({ type: "end_scoring" });
    host.handle({ type: "end_scoring" });
  });

  test("another model ends it: a scorer belongs to its session", async () => {
    await load();
    wasm.scoreScript = Array.from({ length: 1000 }, () => [scoreOf("a")]);
    const scoring = score(2);
    await load(3);
    await scoring;
    assert.equal(ending(2).error.code, "aborted");
    assert.equal(wasm.scorers[0].freed, true);
  });

  test("without a model it is an error with a way out", async () => {
    await score(1);
    assert.equal(ending(1).error.code, "no_model");
  });

  test("a panic is fatal, an error is not", async () => {
    await load();
    wasm.scoreScript = [Object.assign(new Error("damaged"), { name: "EngineError", code: "no_token" })];
    await score(2);
    assert.deepEqual([ending(2).error.code, ending(2).fatal], ["no_token", false]);
    wasm.scoreScript = [new WebAssembly.RuntimeError("unreachable")];
    host.handle({ type: "end_scoring" });
    await score(3);
    assert.equal(ending(3).fatal, true);
  });

  test("what a request for text took is told before its end, whether it is cancelled or not", async () => {
    await load();
    wasm.script = [token, token];
    await generate(2);
    onNextTask = () => host.handle({ type: "cancel", id: 3 });
    await generate(3);
    for (const [id, end] of [
      [2, "done"],
      [3, "error"],
    ]) {
      const told = posted.filter((message) => message.id === id).slice(-2);
      assert.deepEqual(told[0], { type: "work", id, work: wasm.work });
      assert.equal(told[1].type, end);
    }
  });
});

describe("from the page", () => {
  /** @type {ClientHarness} */
  let harness;
  beforeEach(() => {
    harness = new ClientHarness();
  });
  const what = { before: "Once", text: " upon" };

  test("scores come in order, and then the end", async () => {
    await harness.load();
    /** @type {string[]} */
    const texts = [];
    const scoring = harness.client.score(what, { onScores: (scores) => texts.push(...scores.map(({ text }) => text)) });
    const { id, ...rest } = harness.worker.last("score");
    assert.deepEqual(rest, { type: "score", ...what });
    harness.worker.say({ type: "scores", id, scores: [scoreOf(" up"), scoreOf("on")] });
    harness.worker.say({ type: "done", id, result: null });
    assert.equal(await scoring, null);
    assert.deepEqual(texts, [" up", "on"]);
  });

  test("an abort settles at once and is told to the worker", async () => {
    await harness.load();
    const controller = new AbortController();
    const scoring = harness.client.score(what, {
      signal: controller.signal,
      onScores: () => assert.fail("told after the abort"),
    });
    controller.abort();
    await assert.rejects(scoring, { code: "aborted" });
    const id = harness.lastId("score");
    assert.equal(harness.lastId("cancel"), id);
    harness.worker.say({ type: "scores", id, scores: [scoreOf("late")] });
  });

  test("a dead worker and an error settle it too", async () => {
    await harness.load();
    const refused = harness.client.score(what, { onScores: () => {} });
    const error = { name: "EngineError", code: "no_token", values: {}, message: "damaged" };
    harness.worker.say({ type: "error", id: harness.lastId("score"), error, fatal: false });
    await assert.rejects(refused, { code: "no_token" });
    const lost = assert.rejects(harness.client.score(what, { onScores: () => {} }), { code: "worker_died" });
    await harness.die();
    await lost;
  });

  test("before anything was loaded there is no model, and nothing to end", async () => {
    await assert.rejects(harness.client.score(what, { onScores: () => {} }), { code: "no_model" });
    harness.client.endScoring();
    assert.equal(harness.workers.length, 0);
  });

  test("the end of scoring is posted, and has no answer", async () => {
    await harness.load();
    harness.client.endScoring();
    assert.deepEqual(harness.worker.received.at(-1), { type: "end_scoring" });
  });
});
