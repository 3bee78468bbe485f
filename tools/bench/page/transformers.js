// transformers.js: its text-generation pipeline, and its model directly where the pipeline would read a prompt again.

import { ALTERNATIVES } from "./measure.js";
import { promptOf } from "./prompts.js";

/**
 * @import { Engine } from "./measure.js"
 * @import { Prompt } from "./prompts.js"
 */

const PACKAGE = "/tools/bench/node_modules/@huggingface/transformers/";

/**
 * @param {{threads: number, dtype: string}} options
 * @returns {Promise<Engine>}
 */
export async function load({ threads, dtype }) {
  const { BaseStreamer, DynamicCache, env, pipeline } = await import(`${PACKAGE}dist/transformers.min.js`);
  env.allowRemoteModels = false;
  env.allowLocalModels = true;
  env.localModelPath = "/models/hub/";
  env.useBrowserCache = false;
  env.useWasmCache = false;
  const runtime = `${location.origin}${PACKAGE}node_modules/onnxruntime-web/dist/ort-wasm-simd-threaded.asyncify`;
  env.backends.onnx.wasm.wasmPaths = { mjs: `${runtime}.mjs`, wasm: `${runtime}.wasm` };
  env.backends.onnx.wasm.numThreads = threads;
  const generator = await pipeline("text-generation", "distilgpt2-random", { dtype, device: "wasm" });
  const { model, tokenizer } = generator;

  /** Receives the prompt first, then each token. */
  class OnToken extends BaseStreamer {
    isPrompt = true;
    /** @param {() => void} onToken */
    constructor(onToken) {
      super();
      this.onToken = onToken;
    }
    put() {
      if (!this.isPrompt) this.onToken();
      this.isPrompt = false;
    }
    end() {}
  }

  /** @type {{prompt: Prompt, past_key_values: any} | null} */
  let cached = null;
  /** @param {Prompt} prompt */
  const read = async (prompt) => {
    const options = { max_new_tokens: 1, do_sample: false, return_dict_in_generate: true };
    return (await model.generate({ ...tokenizer(prompt.text), ...options })).past_key_values;
  };

  return {
    async generate(prompt, max_new_tokens, onToken) {
      const streamer = new OnToken(onToken);
      if (cached !== null && prompt.text.startsWith(cached.prompt.text)) {
        const { past_key_values } = cached;
        cached = null; // generate() modifies the cache it gets.
        await model.generate({
          ...tokenizer(prompt.text),
          past_key_values,
          max_new_tokens,
          do_sample: false,
          streamer,
        });
      } else if (max_new_tokens === 1) {
        cached = { prompt, past_key_values: await read(prompt) };
        onToken();
      } else {
        await generator(prompt.text, { max_new_tokens, do_sample: false, return_full_text: false, streamer });
      }
    },
    // The pipeline has no num_return_sequences for sampling.
    async alternatives(prompt) {
      const { num_return_sequences, ...options } = ALTERNATIVES;
      const past_key_values = await read(promptOf(prompt.words.slice(0, -1)));
      const texts = [];
      for (let i = 0; i < num_return_sequences; i++) {
        // The alternatives share the tensors, but not the object that holds them.
        const copy = new DynamicCache({ ...past_key_values });
        const inputs = { ...tokenizer(prompt.text), past_key_values: copy };
        const output = await model.generate({ ...inputs, ...options, do_sample: true });
        texts.push(...tokenizer.batch_decode(output.slice(null, [prompt.ids.length, null])));
      }
      return texts.length;
    },
    async next({ text }) {
      const [{ generated_text }] = await generator(text, {
        max_new_tokens: 1,
        do_sample: false,
        return_full_text: false,
      });
      return generated_text;
    },
  };
}
