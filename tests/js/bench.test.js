// The report of the benchmark, and its prompts.

import assert from "node:assert/strict";
import { test } from "node:test";
import { drawer, promptOf } from "../../tools/bench/page/prompts.js";
import { report } from "../../tools/bench/report.js";
import { allRows } from "../../tools/bench/rows.js";
import { quantile, spread } from "../../tools/bench/statistics.js";

/** @import { Word } from "../../tools/bench/page/prompts.js" */

/**
 * @param {string} name
 * @param {number} nThreads
 * @param {Record<string, number[]>} samples
 * @param {string[]} [errors]
 */
const row = (name, nThreads, samples, errors = []) => ({
  id: `${name} ${nThreads}t`,
  name,
  nThreads,
  samples,
  errors,
});

test("ours is held against the best other with as many threads", () => {
  const text = report([
    row("onnxruntime-web fp32", 1, { token32Ms: [20, 10, 90] }),
    row("onnxruntime-web q8", 1, { token32Ms: [30] }),
    row("onnxruntime-web q8", 2, { token32Ms: [8] }),
    row("ours q8", 1, { token32Ms: [6] }),
    row("ours q8", 2, { token32Ms: [4] }),
  ]);
  assert.match(
    text,
    /\| ms per token after 32 tokens \| ≤ 0\.33 \| 20\.0 onnxruntime-web fp32 \| 6\.00 \| 0\.30 met \| 8\.00 onnxruntime-web q8 \| 4\.00 \| 0\.50 \*\*missed\*\* \|/,
  );
});

test("candle is measured on one thread, in float32 and in int8, and so is ours", async () => {
  const site = /** @type {any} */ ({ modelFile: async () => ({ url: "", bytes: 0, sha256: "" }) });
  const ids = (await allRows(site)).map(({ id }) => id);
  for (const name of ["candle f32", "candle Q8_0", "ours f32"]) {
    assert.ok(ids.includes(`${name} 1t`), name);
    assert.ok(!ids.includes(`${name} 2t`), name);
  }
  assert.ok(ids.includes("ours q8 1t") && ids.includes("ours q8 2t"));
  assert.equal(new Set(ids).size, ids.length);
});

test("candle is one of the others, ours in float32 is not", () => {
  const text = report([
    row("candle f32", 1, { token32Ms: [40] }),
    row("candle Q8_0", 1, { token32Ms: [25] }),
    row("ours f32", 1, { token32Ms: [20] }),
    row("ours q8", 1, { token32Ms: [5] }),
  ]);
  assert.match(text, /\| ms per token after 32 tokens \| ≤ 0\.33 \| 25\.0 candle Q8_0 \| 5\.00 \| 0\.20 met \|/);
  assert.match(text, /\| ours f32 1t \|.* 20\.0 \(20\.0–20\.0\) \|/);
});

test("a second visit is held against the first of the reference, which keeps nothing", () => {
  const text = report([
    row("onnxruntime-web q8", 1, { loadMs: [100] }),
    row("wllama 2 Q8_0", 1, { loadMs: [800] }),
    row("ours q8", 1, { loadMs: [1600], secondLoadMs: [400] }),
  ]);
  assert.match(
    text,
    /\| first visit, load from localhost, ms \| ≤ 1\.5 \| 800 wllama 2 Q8_0 \| 1600 \| 2\.00 \*\*missed\*\* \|/,
  );
  assert.match(text, /\| second visit, load, ms \| ≤ 0\.5 \| 800 wllama 2 Q8_0 \| 400 \| 0\.50 met \|/);
});

test("a token is held against reading 81 MB of weights", () => {
  const text = report([row("wasm read", 1, { readGbPerS: [27.8] }), row("ours q8", 1, { token32Ms: [5.83] })]);
  assert.match(text, /reading the weights once \| ≤ 1\.7 \| 2\.92 at 27\.8 GB\/s \| 5\.83 \| 2\.00 \*\*missed\*\* \|/);
});

test("an engine that failed says why, and the others are compared", () => {
  const text = report([
    row("wllama 3 Q8_0", 1, {}, ["the page crashed"]),
    row("onnxruntime-web q8", 1, { keystrokeMs: [100] }),
    row("ours q8", 1, { keystrokeMs: [25] }),
  ]);
  assert.match(text, /\| wllama 3 Q8_0 1t \| failed: the page crashed \|/);
  assert.match(text, /\| 100 onnxruntime-web q8 \| 25\.0 \| 0\.25 met \|/);
});

test("medians and spread of one, two and three", () => {
  assert.equal(spread(undefined), "–");
  assert.equal(spread([7]), "7.00 (7.00–7.00)");
  assert.equal(spread([30, 10]), "20.0 (10.0–30.0)");
  assert.equal(quantile([5, 1, 3], 0.5), 3);
  assert.equal(quantile([5, 1, 3], 1), 5);
});

test("prompts have the length that is asked for, and hardly two begin alike", () => {
  /** @type {Word[]} */
  const words = Array.from({ length: 5000 }, (_, id) => [id, ` w${id}`]);
  const draw = drawer(words, 0);
  const prompts = Array.from({ length: 100 }, () => promptOf(draw(3)));
  assert.deepEqual(prompts[0].ids.map((id) => ` w${id}`).join(""), prompts[0].text);
  assert.deepEqual(new Set(prompts.map(({ ids }) => ids.length)), new Set([3]));
  assert.ok(new Set(prompts.map(({ ids }) => ids[0])).size > 95);
  assert.notDeepEqual(drawer(words, 1)(3), drawer(words, 0)(3));
});
