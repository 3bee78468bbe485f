// pipeline("text-generation", id) for other pages, after transformers.js.

import { EngineClient } from "./engine/client.js";
import { EngineError } from "./engine/errors.js";
import { modelById } from "./models/table.js";

/** @import { Dtype, GenerationConfig } from "./engine/protocol.js" */

/**
 * @typedef {object} PipelineOptions
 * @property {Dtype} [dtype]
 * @property {(progress: {status: "progress", name: string, loaded: number, total: number | null, progress: number | null}) => void} [progress_callback]
 *   `progress` in percent, null while the size is unknown
 * @property {AbortSignal} [signal] cancels the loading
 */

/**
 * @typedef {object} CallOptions
 * @property {AbortSignal} [signal]
 * @property {(token: {sequence: number, text: string, log_probability: number}) => void} [on_token]
 */

/**
 * @callback Generate
 * @param {string} text
 * @param {GenerationConfig & CallOptions} [options]
 * @returns {Promise<{generated_text: string}[]>}
 */

/** @typedef {Generate & {dispose(): void}} TextGenerationPipeline `dispose` frees the model and its worker */

/**
 * @param {() => Pick<EngineClient, "load" | "generate" | "terminate">} createClient
 */
export const pipelineWith =
  (createClient) =>
  /**
   * @param {"text-generation"} task
   * @param {string} id one of models/table.js
   * @param {PipelineOptions} [options]
   * @returns {Promise<TextGenerationPipeline>}
   * @throws {EngineError} unknown_task; also what `EngineClient.load` throws
   */
  async (task, id, { dtype, progress_callback, signal } = {}) => {
    if (task !== "text-generation") {
      throw new EngineError("unknown_task", {}, `task must be "text-generation", got ${JSON.stringify(task)}`);
    }
    const model = modelById(id);
    const client = createClient();
    try {
      await client.load(model, {
        dtype,
        signal,
        onProgress: ({ receivedBytes: loaded, totalBytes: total }) => {
          const progress = total === null ? null : (100 * loaded) / total;
          progress_callback?.({ status: "progress", name: id, loaded, total, progress });
        },
      });
      // The cancel came too late to stop the loading, but nobody waits for the pipeline.
      if (signal?.aborted) throw new EngineError("aborted", { reason: "cancelled" });
    } catch (error) {
      client.terminate();
      throw error;
    }
    /** @type {Generate} */
    const generate = async (text, { signal, on_token, ...generation_config } = {}) => {
      if (typeof text !== "string") throw new TypeError(`text must be a string, got ${typeof text}`);
      const sequences = await client.generate(text, generation_config, { signal, onToken: on_token });
      return sequences.map(({ generated_text }) => ({ generated_text }));
    };
    return Object.assign(generate, { dispose: () => client.terminate() });
  };

export const pipeline = pipelineWith(() => new EngineClient());
