// This project's engine, through the client that the page uses.

import { ALTERNATIVES } from "./measure.js";

/**
 * @import { GenerationConfig, Model, ModelFile } from "../../../www/engine/protocol.js"
 * @import { Engine } from "./measure.js"
 */

/** @type {GenerationConfig} Prompts keep their tokens, and random weights must not end a text early. */
const AS_IT_IS = { eos_token_id: [], token_healing: false, return_full_text: false };

/**
 * @param {{threads: number, files: {config: ModelFile, weights: ModelFile}, dtype: "q8" | "f32"}} options
 * @returns {Promise<Engine>}
 */
export async function load({ threads, files, dtype }) {
  const { EngineClient } = await import("../../../www/engine/client.js");
  const { modelById } = await import("../../../www/models/table.js");
  const distilgpt2 = modelById("distilbert/distilgpt2");
  /** @type {Model} Random weights have no published logits. */
  const model = { ...distilgpt2, files: { ...distilgpt2.files, ...files }, golden: null };
  const client = new EngineClient();
  await client.load(model, { dtype, threads });
  return {
    async generate({ text }, max_new_tokens, onToken) {
      await client.generate(text, { ...AS_IT_IS, max_new_tokens }, { onToken });
    },
    async alternatives({ text }, seed) {
      return (await client.generate(text, { ...AS_IT_IS, ...ALTERNATIVES, do_sample: true, seed })).length;
    },
    async next({ text }) {
      const [{ generated_text }] = await client.generate(text, { ...AS_IT_IS, max_new_tokens: 1 });
      return generated_text;
    },
  };
}
