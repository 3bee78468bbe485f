// The messages between page and worker: types only, nothing runs here.
// The client numbers its requests; every request ends in exactly one `done` or `error` with its id.

/**
 * One file of a model. `sha256` is null where no hash was published: then X-Linked-ETag counts, where the server lets the
 * page read it. The hub itself sends it with a redirect, and of redirects a page sees nothing.
 * @typedef {{url: string, bytes: number | null, sha256: string | null}} ModelFile
 */

/**
 * A row of the table in models.js.
 * @typedef {object} Model
 * @property {string} id what `pipeline` and the hub call it: "distilbert/distilgpt2"
 * @property {string} title what the page calls it
 * @property {string} licence SPDX
 * @property {Dtype} dtype how the weights are held when nothing else is asked for
 * @property {{config: ModelFile, tokenizer: ModelFile, weights: ModelFile}} files
 * @property {string | null} golden URL of known logits to check the loaded model against, or null
 */

/** @typedef {"f32" | "q8"} Dtype */

/**
 * The engine is compiled twice: for every browser with SIMD, and for those that also let workers share memory.
 * @typedef {"plain" | "threads"} BuildName
 */

/**
 * Hugging Face's names and meaning; what is absent takes Hugging Face's default.
 * @typedef {object} GenerationConfig
 * @property {number} [max_new_tokens]
 * @property {number} [max_time] seconds
 * @property {boolean} [do_sample]
 * @property {number} [temperature]
 * @property {number} [top_k]
 * @property {number} [top_p]
 * @property {number} [repetition_penalty]
 * @property {number} [no_repeat_ngram_size]
 * @property {number} [num_return_sequences]
 * @property {number} [seed] an integer from 0 to 2^53 - 1
 * @property {boolean} [return_full_text]
 * @property {string | string[]} [stop_strings]
 * @property {number | number[]} [eos_token_id]
 * @property {boolean} [token_healing] the text may end inside a word: the last tokens are taken back and spelt again
 */

/** @typedef {"length" | "eos" | "stop_string" | "max_time"} FinishReason */

/**
 * One finished continuation. `log_probability` sums over its tokens, under the model before temperature.
 * @typedef {{sequence: number, generated_text: string, n_tokens: number, log_probability: number, finish_reason: FinishReason}} Sequence
 */

/**
 * What a loaded model is. `verified`: its logits equal the published ones; null: there are none to compare.
 * `kept`: what does not come with the page itself is stored on this device, so the next visit needs no other site.
 * @typedef {object} ModelInfo
 * @property {string} id
 * @property {Dtype} dtype
 * @property {number} n_positions
 * @property {number} n_parameters
 * @property {number} sizeBytes held in memory
 * @property {boolean | null} verified
 * @property {boolean} kept
 * @property {BuildName} build of the engine that it runs on
 * @property {number} threads that compute, the worker included
 * @property {string | null} notice a sentence for the reader where something is less than it could be
 */

/** @typedef {{name: string, code: string, message: string}} ErrorData */

/**
 * `threads`: at most so many compute, the worker included; null leaves the number to the device.
 * @typedef {{type: "load", id: number, model: Model, dtype: Dtype, threads: number | null}} LoadRequest
 */
/** @typedef {{type: "generate", id: number, prompt: string, generation_config: GenerationConfig}} GenerateRequest */
/** @typedef {{type: "cancel", id: number}} CancelRequest */
/** @typedef {LoadRequest | GenerateRequest | CancelRequest} Request */

/**
 * `fromNetwork` is false while bytes come from this device.
 * @typedef {{type: "progress", id: number, receivedBytes: number, totalBytes: number | null, fromNetwork: boolean}} ProgressMessage
 */
/**
 * `text` holds whole characters only and may be empty.
 * @typedef {{type: "token", id: number, sequence: number, text: string, log_probability: number}} TokenMessage
 */
/** @typedef {{type: "done", id: number, result: ModelInfo | Sequence[]}} DoneMessage */
/**
 * `fatal`: the wasm instance panicked, or none could be started; the worker is of no more use.
 * @typedef {{type: "error", id: number, error: ErrorData, fatal: boolean}} ErrorMessage
 */
/** @typedef {{type: "hello"}} HelloMessage sent once, when the worker holds the lock that bears its name */
/** @typedef {ProgressMessage | TokenMessage | DoneMessage | ErrorMessage | HelloMessage} Response */

export {};
