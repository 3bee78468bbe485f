// The rows of the benchmark: one per engine and number of threads, and one per measurement of the page itself.

import { inNewBrowser, peakRendererMb } from "./browser.js";
import { firstSuggestion, typing } from "./real-page.js";

/**
 * @import { Page } from "playwright-core"
 * @import { Site } from "./site.js"
 * @import { Others } from "./quiet.js"
 */

/** @typedef {Record<string, number[]>} Samples by metric, its unit in its name */

/**
 * @typedef {object} Row
 * @property {string} id
 * @property {string} name without the number of threads
 * @property {number} nThreads
 * @property {(round: number, others: Others) => Promise<Samples>} measure
 */

export const OURS = "ours q8";
export const OURS_F32 = "ours f32";
export const REFERENCE = "wllama 2 Q8_0";
export const READ = "wasm read";
export const FIRST_SUGGESTION = "page, first suggestion";
export const TYPING = "page, typing";

/** @typedef {{name: string, adapter: string, options: object}} Peer */

/** @type {Peer[]} */
const PEERS = [
  { name: "onnxruntime-web fp32", adapter: "onnxruntime-web", options: { file: "model.onnx" } },
  { name: "onnxruntime-web q8", adapter: "onnxruntime-web", options: { file: "model_quantized.onnx" } },
  { name: "transformers.js q8", adapter: "transformers", options: { dtype: "q8" } },
  { name: REFERENCE, adapter: "wllama2", options: {} },
  { name: "wllama 3 Q8_0", adapter: "wllama3", options: {} },
];

/** @type {Peer[]} candle has one thread in the browser */
const CANDLE = [
  { name: "candle f32", adapter: "candle", options: { dtype: "f32" } },
  { name: "candle Q8_0", adapter: "candle", options: { dtype: "q8_0" } },
];

const N_SAMPLES = 2; // of a visit; the medians are over all rounds
const MEASURE = "/tools/bench/page/measure.js";
const READ_BANDWIDTH = "/tools/bench/page/read-bandwidth.js";

/**
 * @param {Site} site
 * @returns {Promise<Row[]>}
 */
export async function allRows(site) {
  const remote = await modelFiles(site, "other");
  const local = await modelFiles(site, "same");
  const ours = { name: OURS, adapter: "ours", options: { files: remote, dtype: "q8" } };
  const oursInFloat32 = { name: OURS_F32, adapter: "ours", options: { files: remote, dtype: "f32" } };
  /** @type {Row[]} */
  const rows = [];
  for (const nThreads of [1, 2]) {
    const row = (/** @type {string} */ name, /** @type {Row["measure"]} */ measure) =>
      rows.push({ id: `${name} ${nThreads}t`, name, nThreads, measure });
    row(READ, (_, others) => readBandwidth(site, nThreads, others));
    for (const peer of nThreads === 1 ? [...PEERS, ...CANDLE, oursInFloat32] : PEERS)
      row(peer.name, (round, others) => engine(site, peer, nThreads, round, others));
    row(OURS, (round, others) => engine(site, ours, nThreads, round, others));
    row(TYPING, (_, others) => visit(others, (page) => typing(page, `${site.url}www/`, local, nThreads)));
  }
  rows.push({
    id: FIRST_SUGGESTION,
    name: FIRST_SUGGESTION,
    nThreads: 2,
    measure: (_, others) => visit(others, (page) => firstSuggestion(page, `${site.url}www/`)),
  });
  return rows;
}

/**
 * Reads processor times before the browser exits, since they vanish with its processes.
 * @param {Others} others
 * @param {(page: Page) => Promise<Samples>} run
 */
const visit = (others, run) =>
  inNewBrowser(async (page) => ({ ...(await run(page)), othersCores: [(await others.taken()).othersCores] }));

/** @param {Site} site @param {"same" | "other"} origin */
const modelFiles = async (site, origin) => ({
  config: await site.modelFile("models/random/config.json", origin),
  weights: await site.modelFile("models/random/model.safetensors", origin),
});

/**
 * @param {Site} site
 * @param {Peer} row
 * @param {number} nThreads
 * @param {number} round
 * @param {Others} others
 */
const engine = (site, { name, adapter, options }, nThreads, round, others) =>
  visit(others, async (page) => {
    const isOurs = name === OURS;
    const row = { adapter, options: { ...options, threads: nThreads }, withDocuments: isOurs };
    await open(page, site, nThreads, others);
    site.forget();
    const samples = await page.evaluate(
      async ({ MEASURE, row, nSamples, seed }) => (await import(MEASURE)).measure(row, nSamples, seed),
      { MEASURE, row, nSamples: N_SAMPLES, seed: round },
    );
    samples.runtimeKb = [await site.runtimeKb()];
    samples.peakMb = [await peakRendererMb(page)];
    if (isOurs) {
      await page.reload();
      const { loadMs } = await page.evaluate(
        async ({ MEASURE, row }) => {
          const { loadMs } = await (await import(MEASURE)).load(row.adapter, row.options);
          return { loadMs };
        },
        { MEASURE, row },
      );
      samples.secondLoadMs = [loadMs];
    }
    return samples;
  });

/** @param {Site} site @param {number} nThreads @param {Others} others */
const readBandwidth = (site, nThreads, others) =>
  visit(others, async (page) => {
    await open(page, site, nThreads, others);
    return page.evaluate(
      async ({ READ_BANDWIDTH, options, nSamples }) => (await import(READ_BANDWIDTH)).measure(options, nSamples),
      { READ_BANDWIDTH, options: { threads: nThreads }, nSamples: N_SAMPLES },
    );
  });

/** @param {Page} page @param {Site} site @param {number} nThreads @param {Others} others */
async function open(page, site, nThreads, others) {
  await page.exposeFunction("quiet", () => others.wait(nThreads));
  await page.goto(site.url);
}
