// Scoring from the page: scores in order, and every request settled.

import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { scoreOf } from "../fake-model.js";
import { ClientHarness } from "./client-harness.js";

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

test("an abort settles at once and reaches the worker", async () => {
  await harness.load();
  const controller = new AbortController();
  const scoring = harness.client.score(what, {
    signal: controller.signal,
    onScores: () => assert.fail("called after the abort"),
  });
  controller.abort();
  await assert.rejects(scoring, { code: "aborted" });
  const id = harness.lastId("score");
  assert.equal(harness.lastId("cancel"), id);
  harness.worker.say({ type: "scores", id, scores: [scoreOf("late")] });
});

test("a dead worker or an error settles it too", async () => {
  await harness.load();
  const refused = harness.client.score(what, { onScores: () => {} });
  const error = { name: "EngineError", code: "no_token", values: {}, message: "damaged" };
  harness.worker.say({ type: "error", id: harness.lastId("score"), error, fatal: false });
  await assert.rejects(refused, { code: "no_token" });
  const lost = assert.rejects(harness.client.score(what, { onScores: () => {} }), { code: "worker_died" });
  await harness.die();
  await lost;
});

test("before the first load there is no model, and no scoring to end", async () => {
  await assert.rejects(harness.client.score(what, { onScores: () => {} }), { code: "no_model" });
  harness.client.endScoring();
  assert.equal(harness.workers.length, 0);
});

test("the end of scoring is posted, without an answer", async () => {
  await harness.load();
  harness.client.endScoring();
  assert.deepEqual(harness.worker.received.at(-1), { type: "end_scoring" });
});
