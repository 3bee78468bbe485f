// The messages between page and worker: types only, no code.
// The client numbers its requests; every request ends in exactly one `done` or `error` with its id.

/** @import * as Engine from "../pkg/plain/engine.js" */

/** @typedef {Engine.Dtype} Dtype */
/** @typedef {Engine.Sequence} Sequence */
/** @typedef {Engine.Suggestion} Suggestion */
/** @typedef {Engine.Score} Score */
/** @typedef {Engine.Candidate} Candidate */
/** @typedef {Engine.Work} Work */

/**
 * One file of a model. Where no hash is published, `sha256` is null and X-Linked-ETag stands in, if the server lets the page
 * read it: the hub sends it with a redirect, whose headers a page never sees.
 * @typedef {{url: string, bytes: number | null, sha256: string | null}} ModelFile
 */

/**
 * @typedef {object} Model
 * @property {string} id its name for `pipeline` and on the hub: "distilbert/distilgpt2"
 * @property {string} title its name for the reader
 * @property {Dtype} dtype of the weights in memory, unless a request asks for another
 * @property {{config: ModelFile, tokenizer: ModelFile, weights: ModelFile}} files
 * @property {string | null} golden URL of known logits to check the loaded model against
 */

/**
 * The engine is compiled twice: for any browser with SIMD, and for those where workers can also share memory.
 * @typedef {"plain" | "threads"} BuildName
 */

/**
 * Hugging Face's names, meaning and defaults.
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
 * @property {boolean} [token_healing] the text may end inside a word, whose tokens are chosen again together with its end
 */

/** @typedef {Record<string, string | number | Notice>} Values */
/**
 * Something to tell the reader. The page has words for the code, with places for the values; a code without words, such as
 * one from Rust or the browser, has a `message` in English.
 * @typedef {{code: string, values?: Values, message?: string}} Notice
 */
/** @typedef {Required<Notice> & {name: string}} ErrorData */

/**
 * A loaded model. `verified`: its logits equal the published ones; null: none are published.
 * `kept`: every file from another site is stored on this device, so the next visit needs no network.
 * @typedef {object} ModelInfo
 * @property {string} id
 * @property {Dtype} dtype
 * @property {number} n_positions
 * @property {number} n_parameters
 * @property {number} sizeBytes held in memory
 * @property {boolean | null} verified
 * @property {boolean} kept
 * @property {BuildName} build of the engine
 * @property {number} threads that compute, the worker included
 * @property {Notice[]} notices of everything that works less well than it could
 */

/**
 * `threads`: an upper limit, the worker included; null for as many as suit the device.
 * @typedef {{type: "load", id: number, model: Model, dtype: Dtype, threads: number | null}} LoadRequest
 */
/** @typedef {{type: "generate", id: number, prompt: string, generation_config: GenerationConfig}} GenerateRequest */
/**
 * Asks for texts between `before` and `after`, the rest of the paragraph. `gate`: the least probability of the first word; null for any.
 * @typedef {{type: "suggest", id: number, before: string, after: string, generation_config: GenerationConfig, gate: number | null}} SuggestRequest
 */
/**
 * Asks how likely `text` is after `before`, token by token. Waits while the engine writes.
 * @typedef {{type: "score", id: number, before: string, text: string}} ScoreRequest
 */
/** @typedef {{type: "cancel", id: number}} CancelRequest */
/** @typedef {{type: "end_scoring"}} EndScoringRequest frees the memory of scoring; has no answer */
/** @typedef {LoadRequest | GenerateRequest | SuggestRequest | ScoreRequest | CancelRequest | EndScoringRequest} Request */

/**
 * `fromNetwork`: false while the bytes come from this device.
 * @typedef {{type: "progress", id: number, receivedBytes: number, totalBytes: number | null, fromNetwork: boolean}} ProgressMessage
 */
/** @typedef {{type: "token", id: number} & Engine.Token} TokenMessage */
/** @typedef {{type: "suggestions", id: number, suggestions: Suggestion[]}} SuggestionsMessage the current ones, best first */
/** @typedef {{type: "scores", id: number, scores: Score[]}} ScoresMessage all their texts joined are the request's */
/** @typedef {{type: "work", id: number, work: Work}} WorkMessage sent before the end of each request for text */
/** @typedef {{type: "done", id: number, result: ModelInfo | Sequence[] | Suggestion[] | null}} DoneMessage */
/**
 * `fatal`: the wasm instance panicked, or none could be started; the worker cannot go on.
 * @typedef {{type: "error", id: number, error: ErrorData, fatal: boolean}} ErrorMessage
 */
/** @typedef {{type: "hello"}} HelloMessage sent once, when the worker holds the lock of its name */
/** @typedef {ProgressMessage | TokenMessage | SuggestionsMessage | ScoresMessage | WorkMessage | DoneMessage | ErrorMessage | HelloMessage} Response */

export {};
