// Measures one engine in this page, in the same way for every adapter.

import { drawer, promptOf } from "./prompts.js";

/** @import { Prompt, Word } from "./prompts.js" */

/**
 * An engine with its model loaded.
 * @typedef {object} Engine
 * @property {(prompt: Prompt, nTokens: number, onToken: () => void) => Promise<void>} generate
 *   greedy, calling `onToken` for each token; if a prompt extends the last one, the engine may reuse its cache
 * @property {(prompt: Prompt, seed: number) => Promise<number>} alternatives
 *   writes ALTERNATIVES and resolves to their number
 * @property {(prompt: Prompt) => Promise<number | string>} next id or text of the likeliest next token
 */

/** @typedef {Record<string, number[]>} Samples by metric, its unit in its name */

/** Alternatives as a page might offer them. */
export const ALTERNATIVES = { num_return_sequences: 3, max_new_tokens: 10, temperature: 0.8, top_k: 50 };

const PROMPT_LENS = [32, 128, 512];
const N_STEPS = 16;
const N_CACHED = 128;
const N_AFTER_KEYSTROKE = 5;
const DOCUMENT_WORDS = [100, 1000, 10_000];
const N_KEYSTROKES = 8;

/**
 * @param {object} row
 * @param {string} row.adapter
 * @param {object} row.options for the adapter
 * @param {boolean} row.withDocuments
 * @param {number} nSamples
 * @param {number} seed
 * @returns {Promise<Samples>}
 */
export async function measure({ adapter, options, withDocuments }, nSamples, seed) {
  const { words } = await prompts();
  const draw = drawer(words, seed);
  /** @type {Samples} */
  const samples = {};
  const record = (/** @type {string} */ metric, /** @type {number} */ value) => {
    samples[metric] ??= [];
    samples[metric].push(value);
  };

  const { engine, loadMs } = await load(adapter, options);
  record("loadMs", loadMs);
  // Warm-up: the browser recompiles code that has run for a while.
  for (let i = 0; i < 3; i++) await generate(engine, promptOf(draw(32)), 9);

  for (const nTokens of PROMPT_LENS) {
    await generate(engine, promptOf(draw(nTokens)), 2);
    for (let i = 0; i < nSamples; i++) {
      await quiet();
      const { firstMs, stepMs } = await generate(engine, promptOf(draw(nTokens)), 1 + N_STEPS);
      record(`prompt${nTokens}Ms`, firstMs);
      record(`token${nTokens}Ms`, stepMs);
    }
  }
  for (let i = -1; i < nSamples; i++) {
    const prompt = promptOf(draw(N_CACHED));
    await quiet();
    const start = performance.now();
    const n = await engine.alternatives(prompt, seed + i + 1);
    if (n !== ALTERNATIVES.num_return_sequences) throw new Error(`${n} alternatives instead of 3`);
    if (i >= 0) record("alternativesMs", performance.now() - start);
  }
  for (let i = -1; i < nSamples; i++) {
    const text = draw(N_CACHED);
    await generate(engine, promptOf(text), 1);
    await quiet();
    const { totalMs } = await generate(engine, promptOf([...text, ...draw(1)]), N_AFTER_KEYSTROKE);
    if (i >= 0) record("keystrokeMs", totalMs);
  }
  if (withDocuments) {
    for (const nWords of DOCUMENT_WORDS) {
      const text = draw(nWords);
      await generate(engine, promptOf(text), 1);
      await quiet();
      for (let i = 0; i < N_KEYSTROKES; i++) {
        text.push(...draw(1));
        record(`document${nWords}Ms`, (await generate(engine, promptOf(text), N_AFTER_KEYSTROKE)).totalMs);
      }
    }
  }
  return samples;
}

/**
 * Loads an engine, timed from the first byte of its code until it is ready, and checks its next token.
 * @param {string} adapter
 * @param {object} options
 * @returns {Promise<{engine: Engine, loadMs: number}>}
 */
export async function load(adapter, options) {
  const { check } = await prompts();
  await quiet();
  const start = performance.now();
  const module = await import(`./${adapter}.js`);
  /** @type {Engine} */
  const engine = await module.load(options);
  const loadMs = performance.now() - start;
  const found = await engine.next(promptOf(check.prompt));
  if (!check.token.includes(found))
    throw new Error(`The engine is wrong: its next token is ${found}, not ${check.token}`);
  return { engine, loadMs };
}

/** @returns {Promise<{words: Word[], check: {prompt: Word[], token: Word}}>} */
const prompts = async () => (await fetch("/models/prompts.json")).json();

/** Resolves when other programs leave the machine idle; the browser's driver provides it. @returns {Promise<void>} */
const quiet = () => /** @type {any} */ (window).quiet();

/**
 * @param {Engine} engine
 * @param {Prompt} prompt
 * @param {number} nTokens
 */
async function generate(engine, prompt, nTokens) {
  /** @type {number[]} */
  const times = [];
  const start = performance.now();
  await engine.generate(prompt, nTokens, () => times.push(performance.now()));
  if (times.length !== nTokens) throw new Error(`${times.length} tokens instead of ${nTokens}`);
  const last = times[nTokens - 1];
  return { firstMs: times[0] - start, stepMs: (last - times[0]) / (nTokens - 1), totalMs: last - start };
}
