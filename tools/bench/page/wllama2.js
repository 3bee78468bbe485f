// wllama 2: llama.cpp in 32-bit wasm, with a separate build for one thread, driven token by token.

import { ALTERNATIVES } from "./measure.js";

/** @import { Engine } from "./measure.js" */

const PACKAGE = "/tools/bench/node_modules/wllama2/esm/";
const GREEDY = { temp: 0 };

/**
 * @param {{threads: number}} options
 * @returns {Promise<Engine>}
 */
export async function load({ threads }) {
  const { LoggerWithoutDebug, Wllama } = await import(`${PACKAGE}index.min.js`);
  const build = (/** @type {string} */ name) => [
    `${name}/wllama.wasm`,
    `${location.origin}${PACKAGE}${name}/wllama.wasm`,
  ];
  const paths = Object.fromEntries(["single-thread", "multi-thread"].map(build));
  const llama = new Wllama(paths, { suppressNativeLog: true, logger: { ...LoggerWithoutDebug, warn() {} } });
  const file = await (await fetch("/models/q8_0.gguf")).blob();
  await llama.loadModel([file], { n_ctx: 1024, n_batch: 512, n_threads: threads });
  await llama.samplingInit(GREEDY);

  /** @type {number[]} ids in the cache */
  let cached = [];
  /** @param {number} nTokens */
  const cut = async (nTokens) => {
    if (nTokens === 0)
      await llama.kvClear(); // kvRemove refuses to remove everything.
    else if (cached.length > nTokens) await llama.kvRemove(nTokens, -1);
    cached = cached.slice(0, nTokens);
  };
  /** @param {number[]} ids */
  const read = async (ids) => {
    await llama.decode(ids, {});
    cached = [...cached, ...ids];
  };
  const pick = async () => /** @type {number} */ ((await llama.samplingSample()).token);
  /** @param {number[]} ids */
  const readPrompt = async (ids) => {
    const firstOther = ids.findIndex((id, i) => id !== cached[i]);
    // The last token is always read again, to get its logits.
    await cut(Math.min(firstOther < 0 ? ids.length : firstOther, ids.length - 1));
    await read(ids.slice(cached.length));
  };

  return {
    async generate({ ids }, nTokens, onToken) {
      await readPrompt(ids);
      for (let i = 1; i < nTokens; i++) {
        const token = await pick();
        onToken();
        await read([token]);
      }
      await pick();
      onToken();
    },
    // wllama 2 has only one sequence, so the cache is cut back to the prompt after each alternative.
    async alternatives({ ids }, seed) {
      const { num_return_sequences, max_new_tokens, temperature, top_k } = ALTERNATIVES;
      await llama.samplingInit({ temp: temperature, top_k, seed: seed + 1 });
      await readPrompt(ids);
      const firsts = [];
      for (let i = 0; i < num_return_sequences; i++) firsts.push(await pick());
      for (const first of firsts) {
        await cut(ids.length);
        let token = first;
        for (let i = 1; i < max_new_tokens; i++) {
          await read([token]);
          token = await pick();
        }
      }
      await llama.samplingInit(GREEDY);
      return firsts.length;
    },
    async next({ ids }) {
      await readPrompt(ids);
      return pick();
    },
  };
}
