// Decides when to ask the model, and how much of its answer still holds: one text, one request, one suggestion.

import { isAskable, presentable, remainder } from "./state.js";

/**
 * @import { EngineClient } from "../engine/client.js"
 * @import { EngineError } from "../engine/errors.js"
 * @import { FinishReason, GenerationConfig } from "../engine/protocol.js"
 * @import { Context } from "./state.js"
 */

const DEBOUNCE_MS = 50;

/** @type {GenerationConfig} */
const GENERATION_CONFIG = {
  max_new_tokens: 24,
  do_sample: true,
  temperature: 0.7,
  top_k: 50,
  top_p: 0.9,
  repetition_penalty: 1.1,
  return_full_text: false,
  token_healing: true,
};

// These are told by the engine's state, and the suggester is asked to renew its question when a model is ready again.
const TOLD_ELSEWHERE = new Set(["aborted", "no_model", "worker_died"]);

/** @type {Context} */
const NOWHERE = { before: "", after: "", hasSelection: false };

/** @typedef {{setTimeout(callback: () => void, ms: number): any, clearTimeout(timer: any): void}} Clock */

/**
 * What the model has `written` after `prompt`, and the part of it to show.
 * @typedef {{prompt: string, written: string, shown: string, isComplete: boolean}} Continuation
 */

/**
 * @typedef {object} SuggesterWorld
 * @property {Pick<EngineClient, "generate">} client
 * @property {Clock} clock
 * @property {() => number} nextSeed
 * @property {(text: string) => void} onSuggestion what to show at the caret from now on, "" for nothing
 * @property {(text: string) => void} onSettled what stands at the caret will not grow any more; "" if nothing came of a question by key
 * @property {(isThinking: boolean) => void} onThinking
 * @property {(error: Error) => void} onError
 */

export class Suggester {
  #world;
  #isAutomatic = true;
  #context = NOWHERE;
  /** @type {any} */
  #timer;
  /** @type {AbortController | null} the request whose tokens still count: the text's revision */
  #request = null;
  /** @type {Continuation | null} */
  #continuation = null;

  /** @param {SuggesterWorld} world */
  constructor(world) {
    this.#world = world;
  }

  /**
   * The writer has changed the text, perhaps by typing or accepting what was suggested.
   * @param {Context} context
   */
  edited(context) {
    this.#context = context;
    if (this.#continuation !== null && isAskable(context) && this.#follow(this.#continuation)) return;
    this.#drop();
    if (this.#isAutomatic && isAskable(context)) {
      this.#timer = this.#world.clock.setTimeout(() => this.#ask({ byKey: false }), DEBOUNCE_MS);
    }
  }

  /**
   * The writer asks for a suggestion now.
   * @param {Context} context
   * @returns {boolean} whether there is something to continue
   */
  ask(context) {
    this.#context = context;
    this.#drop();
    if (!isAskable(context)) return false;
    this.#ask({ byKey: true });
    return true;
  }

  /** The writer is elsewhere, or wants none. */
  dismiss() {
    this.#context = NOWHERE;
    this.#drop();
  }

  /** Another model is ready: what was to be continued is asked again. */
  renew() {
    this.#drop();
    this.edited(this.#context);
  }

  /** @param {boolean} isAutomatic false: suggests only when asked */
  setAutomatic(isAutomatic) {
    this.#isAutomatic = isAutomatic;
    this.renew();
  }

  #drop() {
    this.#world.clock.clearTimeout(this.#timer);
    this.#continuation = null;
    this.#endRequest();
    this.#world.onSuggestion("");
  }

  #endRequest() {
    if (this.#request === null) return;
    this.#request.abort();
    this.#request = null;
    this.#world.onThinking(false);
  }

  /** @param {{byKey: boolean}} how the writer wants an answer, even that there is none */
  async #ask({ byKey }) {
    this.#drop();
    const { client, nextSeed, onSettled, onThinking, onError } = this.#world;
    const request = new AbortController();
    const continuation = { prompt: this.#context.before, written: "", shown: "", isComplete: false };
    this.#request = request;
    this.#continuation = continuation;
    onThinking(true);

    /** @param {FinishReason | null} finish */
    const present = (finish) => {
      const { text, isComplete } = presentable(continuation.written, finish);
      continuation.shown = text;
      if (isComplete) {
        continuation.written = text;
        continuation.isComplete = true;
        this.#endRequest();
      }
      this.edited(this.#context);
      if (!isComplete || continuation !== this.#continuation) return;
      const rest = remainder(continuation.prompt, text, this.#context.before);
      if (rest || (byKey && text === "")) onSettled(rest ?? "");
    };

    try {
      const [sequence] = await client.generate(
        continuation.prompt,
        { ...GENERATION_CONFIG, seed: nextSeed() },
        {
          signal: request.signal,
          onToken: ({ text }) => {
            if (request !== this.#request) return;
            continuation.written += text;
            present(null);
          },
        },
      );
      if (request === this.#request) present(sequence.finish_reason);
    } catch (error) {
      if (request !== this.#request) return;
      this.#drop();
      if (!TOLD_ELSEWHERE.has(/** @type {EngineError} */ (error).code)) onError(/** @type {Error} */ (error));
    }
  }

  /**
   * Shows what the writer has not yet typed of a continuation, and asks for more when that is used up.
   * @param {Continuation} continuation
   * @returns {boolean} whether the text still goes the way the model went
   */
  #follow(continuation) {
    const { before } = this.#context;
    const { prompt, written, shown, isComplete } = continuation;
    if (remainder(prompt, written, before) === null) return false;
    const isUsedUp = isComplete && before === prompt + shown && shown !== "";
    if (isUsedUp && this.#isAutomatic) this.#ask({ byKey: false });
    else this.#world.onSuggestion(remainder(prompt, shown, before) ?? "");
    return true;
  }
}
