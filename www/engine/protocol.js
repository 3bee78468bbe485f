// The messages between page and worker: types only, nothing runs here.
// The client numbers its requests; every request ends in exactly one `done` or `error` with its id.

/** @import { StringKey, Words } from "../strings/strings.js" */

/**
 * One file of a model. `sha256` is null where no hash was published: then X-Linked-ETag counts, where the server lets the
 * page read it. The hub itself sends it with a redirect, and of redirects a page sees nothing.
 * @typedef {{url: string, bytes: number | null, sha256: string | null}} ModelFile
 */

/**
 * A row of the table in models/table.js.
 * @typedef {object} Model
 * @property {string} id what `pipeline` and the hub call it: "distilbert/distilgpt2"
 * @property {string} title what the page calls it
 * @property {string} licence SPDX
 * @property {StringKey} quality what to expect of it, in a line
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
 * What may be inserted at the caret. `isComplete`: no further token changes it. `mean_log_probability`: natural logarithm, per
 * character of `text`, under the model before temperature.
 * @typedef {{text: string, isComplete: boolean, mean_log_probability: number}} Suggestion
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
 * @property {Words[]} notices sentences for the reader where something is less than it could be
 */

/** @typedef {{name: string, code: string, words: Words}} ErrorData */

/**
 * `threads`: at most so many compute, the worker included; null leaves the number to the device.
 * @typedef {{type: "load", id: number, model: Model, dtype: Dtype, threads: number | null}} LoadRequest
 */
/** @typedef {{type: "generate", id: number, prompt: string, generation_config: GenerationConfig}} GenerateRequest */
/**
 * What can stand between `before` and `after`, the rest of the paragraph. `gate`: the least probability of the first word, null for any.
 * @typedef {{type: "suggest", id: number, before: string, after: string, generation_config: GenerationConfig, gate: number | null}} SuggestRequest
 */
/**
 * How likely is `text` behind `before`, token by token? Waits while something is written.
 * @typedef {{type: "score", id: number, before: string, text: string}} ScoreRequest
 */
/** @typedef {{type: "cancel", id: number}} CancelRequest */
/** @typedef {{type: "end_scoring"}} EndScoringRequest gives back the memory that scoring takes; has no answer */
/** @typedef {LoadRequest | GenerateRequest | SuggestRequest | ScoreRequest | CancelRequest | EndScoringRequest} Request */

/**
 * `fromNetwork` is false while bytes come from this device.
 * @typedef {{type: "progress", id: number, receivedBytes: number, totalBytes: number | null, fromNetwork: boolean}} ProgressMessage
 */
/**
 * `text` holds whole characters only and may be empty.
 * @typedef {{type: "token", id: number, sequence: number, text: string, log_probability: number}} TokenMessage
 */
/** @typedef {{type: "suggestions", id: number, suggestions: Suggestion[]}} SuggestionsMessage those of now, best first */
/** @typedef {{text: string, log_probability: number}} Candidate */
/**
 * A token of the text that was asked about, or the several that make up one character; `top`: what could stand there, best first.
 * @typedef {{text: string, log_probability: number, top: Candidate[]}} Score
 */
/** @typedef {{type: "scores", id: number, scores: Score[]}} ScoresMessage put together, all their texts are the request's */
/**
 * What a request for text came to, whether it was cancelled or not; sent before its end. `n_tokens` took `ms`; the first of
 * each sequence comes with the prompt, and does not count.
 * @typedef {{n_prompt_tokens: number, n_reused_tokens: number, n_tokens: number, ms: number}} Work
 */
/** @typedef {{type: "work", id: number, work: Work}} WorkMessage */
/** @typedef {{type: "done", id: number, result: ModelInfo | Sequence[] | Suggestion[] | null}} DoneMessage */
/**
 * `fatal`: the wasm instance panicked, or none could be started; the worker is of no more use.
 * @typedef {{type: "error", id: number, error: ErrorData, fatal: boolean}} ErrorMessage
 */
/** @typedef {{type: "hello"}} HelloMessage sent once, when the worker holds the lock that bears its name */
/** @typedef {ProgressMessage | TokenMessage | SuggestionsMessage | ScoresMessage | WorkMessage | DoneMessage | ErrorMessage | HelloMessage} Response */

export {};
