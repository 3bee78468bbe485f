// wllama 3: llama.cpp's server core in 64-bit wasm, through its completion API.

import { ALTERNATIVES } from "./measure.js";

/** @import { Engine } from "./measure.js" */

const PACKAGE = "/tools/bench/node_modules/@wllama/wllama/esm/";
const THE = 262; // " the"
const FORCED = 100; // a bias larger than any logit

/**
 * @param {{threads: number}} options
 * @returns {Promise<Engine>}
 */
export async function load({ threads }) {
  const { LoggerWithoutDebug, Wllama } = await import(`${PACKAGE}index.min.js`);
  const paths = { default: `${location.origin}${PACKAGE}wasm/wllama.wasm` };
  const llama = new Wllama(paths, { suppressNativeLog: true, logger: { ...LoggerWithoutDebug, warn() {} } });
  const file = await (await fetch("/models/q8_0.gguf")).blob();
  const size = { n_ctx: 1024, n_batch: 512, n_ubatch: 512, n_parallel: 3, kv_unified: true };
  await llama.loadModel([file], { ...size, n_threads: threads, n_gpu_layers: 0 });
  return {
    async generate({ text }, max_tokens, onToken) {
      // Random weights write broken UTF-8, which the server holds back, so only whole words can be timed one by one.
      const logit_bias = { [THE]: FORCED };
      /** @param {any} chunk */
      const onData = ({ choices }) => {
        if (choices?.[0]?.finish_reason === null) onToken();
      };
      const options = { max_tokens, temperature: 0, ignore_eos: true, logit_bias };
      await llama.createCompletion({ prompt: text, ...options, stream: true, onData });
    },
    // The server ignores `n`; the second and third alternative find the prompt in the cache.
    async alternatives({ text, ids }, seed) {
      const { num_return_sequences, max_new_tokens: max_tokens, temperature, top_k } = ALTERNATIVES;
      // Broken UTF-8 makes the call fail with a RangeError.
      const logit_bias = Object.fromEntries(ids.slice(0, 64).map((id) => [id, FORCED]));
      const options = { max_tokens, temperature, top_k, ignore_eos: true, logit_bias };
      let nTokens = 0;
      for (let i = 0; i < num_return_sequences; i++) {
        const own = { seed: num_return_sequences * seed + i + 1 };
        const { usage } = await llama.createCompletion({ prompt: text, ...options, ...own });
        nTokens += usage.completion_tokens;
      }
      return nTokens / max_tokens;
    },
    async next({ text }) {
      const { choices } = await llama.createCompletion({ prompt: text, max_tokens: 1, temperature: 0 });
      return choices[0].text;
    },
  };
}
