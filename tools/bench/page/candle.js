// candle on the same weights: the reference model of the tests, compiled to WebAssembly. It has one thread.

import { ALTERNATIVES } from "./measure.js";

/** @import { Engine } from "./measure.js" */

const BUILD = "/candle/candle.js"; // made by build.sh

/**
 * @param {{dtype: "f32" | "q8_0"}} options
 * @returns {Promise<Engine>}
 */
export async function load({ dtype }) {
  const { Candle, default: init } = await import(BUILD);
  const folder = "/models/random";
  const [config, weights] = await Promise.all([
    fetch(`${folder}/config.json`).then((response) => response.text()),
    fetch(`${folder}/model.safetensors`).then((response) => response.arrayBuffer()),
    init(),
  ]);
  const candle = new Candle(config, new Uint8Array(weights), dtype);
  return {
    async generate({ ids }, nTokens, onToken) {
      let id = candle.prefill(Uint32Array.from(ids));
      onToken();
      for (let i = 1; i < nTokens; i++) {
        id = candle.decode(id);
        onToken();
      }
    },
    async alternatives({ ids }, seed) {
      const { num_return_sequences: n, max_new_tokens, temperature, top_k } = ALTERNATIVES;
      const prompt = Uint32Array.from(ids);
      return candle.alternatives(prompt, n, max_new_tokens, temperature, top_k, BigInt(seed)) / max_new_tokens;
    },
    async next({ ids }) {
      return candle.prefill(Uint32Array.from(ids));
    },
  };
}
