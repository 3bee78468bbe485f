// onnxruntime-web's wasm provider, driven directly and as efficiently as it allows: the cache stays between steps, only
// the last position gets logits, and alternatives run as one batch after a shared prompt.

import { ALTERNATIVES } from "./measure.js";

/** @import { Engine } from "./measure.js" */

const N_LAYER = 6;
const N_HEAD = 12;
const D_HEAD = 64;
const VOCAB_SIZE = 50257;
const DIST = "/tools/bench/node_modules/onnxruntime-web/dist/";

/**
 * Keys and values of `ids.length` tokens, and the logits after the last.
 * @typedef {{cache: any[], ids: number[], logits: Float32Array[]}} State one `logits` for each sequence of the batch
 */

/**
 * @param {{threads: number, file: string}} options
 * @returns {Promise<Engine>}
 */
export async function load({ threads, file }) {
  const ort = await import(`${DIST}ort.wasm.bundle.min.mjs`);
  ort.env.wasm.numThreads = threads;
  ort.env.wasm.wasmPaths = DIST;
  const bytes = await (await fetch(`/models/hub/distilgpt2-random/onnx/${file}`)).arrayBuffer();
  const session = await ort.InferenceSession.create(new Uint8Array(bytes), { executionProviders: ["wasm"] });

  const names = Array.from({ length: N_LAYER }, (_, layer) => [`${layer}.key`, `${layer}.value`]).flat();
  const empty = () => new ort.Tensor("float32", new Float32Array(), [1, N_HEAD, 0, D_HEAD]);
  /** @type {State} */
  const nothing = { cache: names.map(empty), ids: [], logits: [] };
  const int64 = (/** @type {number[]} */ values, /** @type {number[]} */ shape) =>
    new ort.Tensor("int64", BigInt64Array.from(values, BigInt), shape);

  /**
   * @param {State} state
   * @param {number[][]} batch the new tokens of each sequence
   * @returns {Promise<State>}
   */
  async function forward({ cache, ids }, batch) {
    const [b, t, total] = [batch.length, batch[0].length, ids.length + batch[0].length];
    const position_ids = batch.flatMap((tokens) => tokens.map((_, i) => ids.length + i));
    const outputs = await session.run({
      input_ids: int64(batch.flat(), [b, t]),
      attention_mask: int64(Array(b * total).fill(1), [b, total]),
      position_ids: int64(position_ids, [b, t]),
      num_logits_to_keep: int64([1], []),
      ...Object.fromEntries(names.map((name, i) => [`past_key_values.${name}`, cache[i]])),
    });
    const logits = batch.map((_, i) => outputs.logits.data.subarray(i * VOCAB_SIZE, (i + 1) * VOCAB_SIZE));
    return { cache: names.map((name) => outputs[`present.${name}`]), ids: [...ids, ...batch[0]], logits };
  }

  /**
   * @param {State} state
   * @param {number} n
   * @returns {State}
   */
  const copies = ({ cache, ids }, n) => ({
    cache: cache.map(({ data, dims }) => {
      const repeated = new Float32Array(n * data.length);
      for (let i = 0; i < n; i++) repeated.set(data, i * data.length);
      return new ort.Tensor("float32", repeated, [n, ...dims.slice(1)]);
    }),
    ids,
    logits: [],
  });

  let state = nothing;
  return {
    async generate({ ids }, nTokens, onToken) {
      const isLonger = ids.length > state.ids.length && state.ids.every((id, i) => id === ids[i]);
      if (!isLonger) state = nothing;
      state = await forward(state, [ids.slice(state.ids.length)]);
      const prompt = state;
      onToken();
      for (let i = 1; i < nTokens; i++) {
        state = await forward(state, [[argmax(state.logits[0])]]);
        onToken();
      }
      state = prompt; // Each step has a cache of its own, so going back costs nothing.
    },
    async alternatives({ ids }, seed) {
      const { num_return_sequences: n, max_new_tokens } = ALTERNATIVES;
      const coin = coins(seed);
      const prompt = await forward(nothing, [ids]);
      let batch = Array.from({ length: n }, () => [sample(prompt.logits[0], coin())]);
      let after = copies(prompt, n);
      for (let i = 1; i < max_new_tokens; i++) {
        after = await forward(after, batch);
        batch = after.logits.map((logits) => [sample(logits, coin())]);
      }
      return batch.length;
    },
    async next({ ids }) {
      return argmax((await forward(nothing, [ids])).logits[0]);
    },
  };
}

/** @param {Float32Array} logits */
function argmax(logits) {
  let best = 0;
  for (let i = 1; i < logits.length; i++) if (logits[i] > logits[best]) best = i;
  return best;
}

/**
 * @param {Float32Array} logits
 * @param {number} coin in [0, 1)
 */
function sample(logits, coin) {
  const { top_k, temperature } = ALTERNATIVES;
  // The best so far, with the worst of them last, so that one comparison rejects most logits.
  const ids = new Int32Array(top_k);
  const best = new Float32Array(top_k).fill(-Infinity);
  for (let id = 0; id < logits.length; id++) {
    if (logits[id] <= best[top_k - 1]) continue;
    let i = top_k - 1;
    for (; i > 0 && best[i - 1] < logits[id]; i--) {
      best[i] = best[i - 1];
      ids[i] = ids[i - 1];
    }
    best[i] = logits[id];
    ids[i] = id;
  }
  const weights = Array.from(best, (logit) => Math.exp((logit - best[0]) / temperature));
  let rest = coin * weights.reduce((sum, weight) => sum + weight, 0);
  const drawn = weights.findIndex((weight) => {
    rest -= weight;
    return rest < 0;
  });
  return ids[Math.max(0, drawn)];
}

/** Xorshift (Marsaglia 2003). @param {number} seed */
function coins(seed) {
  let state = seed + 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}
