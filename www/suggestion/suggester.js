// Decides when to ask the model, and how much of its answer still holds: one text, one question, the alternatives it brought.

import { defaultSettings } from "../settings/settings.js";
import { beginning, isAskable, remainder } from "./words.js";

/**
 * @import { EngineClient } from "../engine/client.js"
 * @import { EngineError } from "../engine/errors.js"
 * @import { GenerationConfig, Suggestion } from "../engine/protocol.js"
 * @import { Settings } from "../settings/settings.js"
 * @import { Context } from "./words.js"
 */

// These are told by the engine's state, and the suggester is asked to renew its question when a model is ready again.
export const TOLD_ELSEWHERE = new Set(["aborted", "no_model", "worker_died"]);

/** @type {Context} */
const NOWHERE = { before: "", after: "", hasSelection: false };

/** @typedef {{setTimeout(callback: () => void, ms: number): any, clearTimeout(timer: any): void}} Clock */

/**
 * What may stand at the caret: of each alternative what is not yet typed, and which of them does. None: nothing does.
 * @typedef {{alternatives: string[], index: number}} Offer
 */

/**
 * What a model was asked, and the number of the answer: asked again, the same model gives the same one.
 * @typedef {{before: string, after: string, generation_config: GenerationConfig, gate: number | null, index: number}} Origin
 */

/** @typedef {Suggestion & {origin: Origin}} Alternative */

/**
 * A question to the model and what has come of it.
 * @typedef {object} Question
 * @property {string} before the text that the alternatives go on with
 * @property {number} seed
 * @property {boolean} isByKey the writer wants an answer, even that there is none
 * @property {Omit<Origin, "index">} asked
 * @property {Alternative[]} kept alternatives that were there before the question
 * @property {Alternative[]} alternatives these and the model's, best first
 * @property {number} chosen which of them stands at the caret, as long as the text goes its way; else the first that it goes
 * @property {boolean} isSettled that the one at the caret will not grow any more is told
 * @property {boolean} isCounted
 */

/**
 * What is not yet typed of the alternative numbered `i`.
 * @typedef {{i: number, text: string, isComplete: boolean}} Left
 */

/**
 * @typedef {object} SuggesterWorld
 * @property {Pick<EngineClient, "suggest">} client
 * @property {Clock} clock
 * @property {() => number} nextSeed
 * @property {(offer: Offer) => void} onSuggestions
 * @property {(text: string) => void} onSettled what stands at the caret will not grow any more; "" if nothing came of a question by key
 * @property {(isThinking: boolean) => void} onThinking
 * @property {(error: Error) => void} onError
 */

export class Suggester {
  #world;
  #settings = defaultSettings();
  #context = NOWHERE;
  /** @type {any} */
  #timer;
  /** @type {AbortController | null} the request whose answers still count: the text's revision */
  #request = null;
  /** @type {Question | null} */
  #question = null;
  #shown = { pauses: 0, withSuggestion: 0 };

  /** @param {SuggesterWorld} world */
  constructor(world) {
    this.#world = world;
  }

  /** How many questions that no key asked were answered at this gate, and how many of them with something to show. */
  get shown() {
    return { ...this.#shown };
  }

  /** What brought the suggestion at the caret; null if there is none. */
  get origin() {
    if (this.#question === null) return null;
    const left = this.#left(this.#question);
    const shown = left[indexOf(left, this.#question)];
    return shown === undefined ? null : this.#question.alternatives[shown.i].origin;
  }

  /** The parameters of the next question; without a seed if every question has its own. */
  get generation_config() {
    return this.#generationConfig(this.#settings.seed ?? undefined);
  }

  /** @param {Settings} settings */
  configure(settings) {
    if (settings.gate !== this.#settings.gate) this.#shown = { pauses: 0, withSuggestion: 0 };
    this.#settings = settings;
    this.renew();
  }

  /**
   * The writer has changed the text, perhaps by typing or accepting what was suggested.
   * @param {Context} context
   */
  edited(context) {
    this.#context = context;
    if (this.#question !== null && isAskable(context) && this.#follow(this.#question)) return;
    this.#drop();
    const { is_automatic, delay_ms } = this.#settings;
    if (is_automatic && isAskable(context)) {
      this.#timer = this.#world.clock.setTimeout(() => this.#ask({ isByKey: false }), delay_ms);
    }
  }

  /**
   * The writer asks for suggestions now.
   * @param {Context} context
   * @returns {boolean} whether there is something to continue
   */
  ask(context) {
    this.#context = context;
    this.#drop();
    if (!isAskable(context)) return false;
    this.#ask({ isByKey: true });
    return true;
  }

  /** Asks for alternatives to those that are there, which stay. */
  more() {
    const question = this.#question;
    if (question === null) return;
    const left = this.#left(question);
    this.#ask({
      isByKey: true,
      seed: this.#settings.seed === null ? this.#world.nextSeed() : question.seed + 1,
      kept: left.map(({ text, i }) => ({ ...question.alternatives[i], text })),
      chosen: indexOf(left, question),
    });
  }

  /** The next alternative takes the caret. */
  next() {
    this.#turn(1);
  }

  previous() {
    this.#turn(-1);
  }

  /** @param {number} index of the alternative that takes the caret */
  choose(index) {
    if (this.#question === null) return;
    this.#question.chosen = this.#left(this.#question)[index]?.i ?? 0;
    this.#show(this.#question);
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

  #drop() {
    this.#stop();
    this.#question = null;
    this.#world.onSuggestions({ alternatives: [], index: 0 });
  }

  #stop() {
    this.#world.clock.clearTimeout(this.#timer);
    this.#request?.abort();
    this.#endRequest();
  }

  #endRequest() {
    if (this.#request === null) return;
    this.#request = null;
    this.#world.onThinking(false);
  }

  /** @param {{isByKey: boolean, seed?: number, kept?: Alternative[], chosen?: number}} question */
  async #ask({ isByKey, seed = this.#settings.seed ?? this.#world.nextSeed(), kept = [], chosen = 0 }) {
    this.#stop();
    const { client, onSettled, onThinking, onError } = this.#world;
    const { before, after } = this.#context;
    const isSettled = kept.length > 0;
    const asked = {
      before,
      after,
      generation_config: this.#generationConfig(seed),
      gate: isByKey ? null : this.#settings.gate,
    };
    /** @type {Question} */
    const question = { before, seed, asked, isByKey, kept, alternatives: kept, chosen, isSettled, isCounted: isByKey };
    const request = new AbortController();
    this.#question = question;
    this.#request = request;
    this.#show(question);
    onThinking(true);
    try {
      const suggestions = await client.suggest({ before, after }, asked.generation_config, {
        gate: asked.gate,
        signal: request.signal,
        onSuggestions: (suggestions) => {
          if (request === this.#request) this.#receive(question, suggestions);
        },
      });
      if (request !== this.#request) return;
      this.#endRequest();
      this.#receive(question, suggestions);
      this.#count(question);
      if (isByKey && question.alternatives.length === 0) onSettled("");
    } catch (error) {
      if (request !== this.#request) return;
      this.#drop();
      if (!TOLD_ELSEWHERE.has(/** @type {EngineError} */ (error).code)) onError(/** @type {Error} */ (error));
    }
  }

  /**
   * @param {number} [seed]
   * @returns {GenerationConfig}
   */
  #generationConfig(seed) {
    const { max_new_tokens, max_time, temperature, top_k, top_p, repetition_penalty, n_alternatives } = this.#settings;
    return {
      max_new_tokens,
      max_time,
      do_sample: true,
      temperature,
      top_k,
      top_p,
      repetition_penalty,
      num_return_sequences: n_alternatives,
      return_full_text: false,
      token_healing: true,
      seed,
    };
  }

  /**
   * @param {Question} question
   * @param {Suggestion[]} suggestions best first
   */
  #receive(question, suggestions) {
    if (suggestions.length > 0) this.#count(question, { isShown: true });
    const begins = new Set(question.kept.map(({ text }) => beginning(text)));
    const answers = suggestions.map((suggestion, index) => ({ ...suggestion, origin: { ...question.asked, index } }));
    const fresh = answers.filter(({ text }) => !begins.has(beginning(text)));
    const chosen = question.alternatives[question.chosen]?.text;
    question.alternatives = [...question.kept, ...fresh];
    // The one that the writer is looking at may have grown, or another place now.
    question.chosen = question.alternatives.findIndex(({ text }) => chosen !== undefined && text.startsWith(chosen));
    this.edited(this.#context);
    if (question !== this.#question || question.isSettled) return;
    const left = this.#left(question);
    const read = left[indexOf(left, question)];
    if (!read?.isComplete) return;
    question.isSettled = true;
    this.#world.onSettled(read.text);
  }

  /**
   * Counts each question that no key asked once: when something of it is shown, or when nothing came of it.
   * @param {Question} question
   */
  #count(question, { isShown = false } = {}) {
    if (question.isCounted) return;
    question.isCounted = true;
    this.#shown.pauses++;
    if (isShown) this.#shown.withSuggestion++;
  }

  /**
   * Shows what the writer has not yet typed of the alternatives, and asks for more when they are used up.
   * @param {Question} question
   * @returns {boolean} whether the text still goes the way of one of them
   */
  #follow(question) {
    const { before } = this.#context;
    const { alternatives } = question;
    const isFollowed = alternatives.some(({ text }) => remainder(question.before, text, before) !== null);
    if (before !== question.before && !isFollowed) return false;
    const isTyped = alternatives.some(({ text, isComplete }) => isComplete && before === question.before + text);
    const isUsedUp = isTyped && this.#left(question).length === 0;
    if (isUsedUp && this.#settings.is_automatic) this.#ask({ isByKey: false });
    else this.#show(question);
    return true;
  }

  /** @param {1 | -1} step */
  #turn(step) {
    const question = this.#question;
    if (question === null) return;
    const left = this.#left(question);
    this.choose((indexOf(left, question) + step + left.length) % left.length);
  }

  /** @param {Question} question */
  #show(question) {
    const left = this.#left(question);
    const alternatives = left.map(({ text }) => text);
    this.#world.onSuggestions({ alternatives, index: indexOf(left, question) });
  }

  /**
   * @param {Question} question
   * @returns {Left[]} the alternatives that the text goes the way of
   */
  #left({ before, alternatives }) {
    const left = alternatives.map(({ text, isComplete }, i) => ({
      i,
      text: remainder(before, text, this.#context.before) ?? "",
      isComplete,
    }));
    return left.filter(({ text }) => text !== "");
  }
}

/**
 * Which of what is left stands at the caret.
 * @param {Left[]} left
 * @param {Question} question
 */
function indexOf(left, { chosen }) {
  return Math.max(
    0,
    left.findIndex(({ i }) => i === chosen),
  );
}
