// A suggester whose client and clock the test plays.

import assert from "node:assert/strict";
import { EngineError } from "../../../www/engine/errors.js";
import { defaultSettings } from "../../../www/settings/settings.js";
import { Suggester } from "../../../www/suggestion/suggester.js";

/** @import { Offer } from "../../../www/suggestion/suggester.js" */
/** @import { GenerationConfig, Suggestion } from "../../../www/engine/protocol.js" */

/**
 * A question the suggester asked; the test answers it. What it `says` may still grow, what is `done` does not.
 * @typedef {object} Question
 * @property {string} before
 * @property {string} after
 * @property {GenerationConfig} generation_config
 * @property {number | null | undefined} gate
 * @property {AbortSignal} signal
 * @property {(...texts: string[]) => void} says
 * @property {(suggestions: Suggestion[]) => void} tells
 * @property {(...texts: string[]) => Promise<void>} done
 * @property {(error: Error) => Promise<void>} fail
 */

/** @param {string} text @returns {Suggestion} */
export const suggestion = (text, isComplete = false) => ({ text, isComplete, mean_log_probability: -1 });

export class SuggesterHarness {
  /** @type {Question[]} */
  questions = [];
  /** @type {Map<number, {callback: () => void, ms: number}>} */
  timers = new Map();
  /** @type {Offer} */
  offer = { alternatives: [], index: 0 };
  /** @type {string[]} */
  settled = [];
  /** @type {boolean[]} */
  thinking = [];
  /** @type {Error[]} */
  errors = [];
  #seed = 0;
  #timer = 0;

  suggester = new Suggester({
    client: {
      suggest: (place, generation_config, { gate, signal, onSuggestions } = {}) =>
        /** @type {Promise<Suggestion[]>} */ (
          new Promise((resolve, reject) => {
            assert.ok(signal && onSuggestions);
            signal.addEventListener("abort", () => reject(new EngineError("aborted", "Cancelled.")));
            this.questions.push({
              ...place,
              generation_config,
              gate,
              signal,
              says: (...texts) => onSuggestions(texts.map((text) => suggestion(text))),
              tells: onSuggestions,
              done: async (...texts) => {
                resolve(texts.map((text) => suggestion(text, true)));
                await settle();
              },
              fail: async (error) => {
                reject(error);
                await settle();
              },
            });
          })
        ),
    },
    clock: {
      setTimeout: (callback, ms) => {
        this.timers.set(++this.#timer, { callback, ms });
        return this.#timer;
      },
      clearTimeout: (timer) => this.timers.delete(timer),
    },
    nextSeed: () => ++this.#seed,
    onSuggestions: (offer) => (this.offer = offer),
    onSettled: (text) => this.settled.push(text),
    onThinking: (isThinking) => this.thinking.push(isThinking),
    onError: (error) => this.errors.push(error),
  });

  /** What stands at the caret. */
  get shown() {
    return this.offer.alternatives[this.offer.index] ?? "";
  }

  /** @param {string} before */
  type(before, after = "") {
    this.suggester.edited({ before, after, hasSelection: false });
  }

  /** Lets the debounce run out. */
  pause() {
    const timers = [...this.timers.values()];
    this.timers.clear();
    for (const { callback } of timers) callback();
  }

  /** @param {string} before what is typed before the pause */
  ask(before) {
    this.type(before);
    this.pause();
    return this.last;
  }

  /** @param {string} before */
  askByKey(before) {
    assert.equal(this.suggester.ask({ before, after: "", hasSelection: false }), true);
    return this.last;
  }

  /** @param {boolean} is_automatic */
  setAutomatic(is_automatic) {
    this.suggester.configure({ ...defaultSettings(), is_automatic });
  }

  get last() {
    const question = this.questions.at(-1);
    assert.ok(question, "a question was asked");
    return question;
  }

  get asked() {
    return this.questions.map(({ before }) => before);
  }
}

/** Lets the promises that are settled be handled. */
const settle = () => new Promise((resolve) => setImmediate(resolve));
