// The suggester against a client and a clock in the test's hand.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Suggester } from "../../www/editor/suggester.js";
import { EngineError } from "../../www/engine/errors.js";

/** @import { FinishReason, GenerationConfig, Sequence } from "../../www/engine/protocol.js" */

/**
 * A question the suggester asked; the test answers it.
 * @typedef {object} Question
 * @property {string} prompt
 * @property {GenerationConfig} generation_config
 * @property {AbortSignal} signal
 * @property {(text: string) => void} token
 * @property {(finish_reason: FinishReason) => Promise<void>} done
 * @property {(error: Error) => Promise<void>} fail
 */

class Harness {
  /** @type {Question[]} */
  questions = [];
  /** @type {Map<number, {callback: () => void, ms: number}>} */
  timers = new Map();
  shown = "";
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
      generate: (prompt, generation_config, { signal, onToken } = {}) =>
        /** @type {Promise<Sequence[]>} */ (
          new Promise((resolve, reject) => {
            assert.ok(signal && onToken);
            signal.addEventListener("abort", () => reject(new EngineError("aborted", "Cancelled.")));
            this.questions.push({
              prompt,
              generation_config,
              signal,
              token: (text) => onToken({ sequence: 0, text, log_probability: -1 }),
              done: async (finish_reason) => {
                resolve([{ sequence: 0, generated_text: "", n_tokens: 1, log_probability: -1, finish_reason }]);
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
    onSuggestion: (text) => (this.shown = text),
    onSettled: (text) => this.settled.push(text),
    onThinking: (isThinking) => this.thinking.push(isThinking),
    onError: (error) => this.errors.push(error),
  });

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

  get last() {
    const question = this.questions.at(-1);
    assert.ok(question, "a question was asked");
    return question;
  }
}

/** Lets the promises that are settled be handled. */
const settle = () => new Promise((resolve) => setImmediate(resolve));

test("asks once when the typing pauses, with the text before the caret", () => {
  const harness = new Harness();
  for (const text of ["T", "Th", "The"]) harness.type(text);
  assert.equal(harness.timers.size, 1);
  assert.deepEqual([...harness.timers.values()].map(({ ms }) => ms), [50]);
  assert.equal(harness.questions.length, 0);
  harness.pause();
  assert.deepEqual(harness.questions.map(({ prompt }) => prompt), ["The"]);
  assert.deepEqual(harness.last.generation_config, {
    max_new_tokens: 24,
    do_sample: true,
    temperature: 0.7,
    top_k: 50,
    top_p: 0.9,
    repetition_penalty: 1.1,
    return_full_text: false,
    token_healing: true,
    seed: 1,
  });
});

test("does not ask in an empty text, inside a word or for a selection", () => {
  const harness = new Harness();
  harness.type("");
  harness.type("The ra", "in");
  harness.suggester.edited({ before: "The", after: "", hasSelection: true });
  assert.equal(harness.timers.size, 0);
  assert.equal(harness.suggester.ask({ before: "", after: "", hasSelection: false }), false);
  assert.equal(harness.questions.length, 0);
});

test("shows words as they come, and tells once when the suggestion has settled", async () => {
  const harness = new Harness();
  const question = harness.ask("We saw");
  question.token(" the");
  assert.equal(harness.shown, "");
  question.token(" old");
  assert.equal(harness.shown, " the");
  question.token(" sea");
  assert.equal(harness.shown, " the old");
  assert.deepEqual(harness.settled, []);
  await question.done("eos");
  assert.equal(harness.shown, " the old sea");
  assert.deepEqual(harness.settled, [" the old sea"]);
  assert.deepEqual(harness.thinking, [true, false]);
});

test("the end of the sentence ends the request", async () => {
  const harness = new Harness();
  const question = harness.ask("We saw");
  question.token(" the sea.");
  question.token(" Then");
  assert.equal(question.signal.aborted, true);
  question.token(" more");
  await settle();
  assert.equal(harness.shown, " the sea.");
  assert.deepEqual(harness.settled, [" the sea."]);
  assert.deepEqual(harness.errors, []);
});

test("typing what is suggested shrinks it without asking again", async () => {
  const harness = new Harness();
  const question = harness.ask("We saw");
  question.token(" the old sea and");
  harness.type("We saw the");
  assert.equal(harness.shown, " old sea");
  question.token(" the moon");
  assert.equal(harness.shown, " old sea and the");
  await question.done("length");
  harness.type("We saw the o");
  assert.equal(harness.shown, "ld sea and the");
  harness.type("We saw the");
  assert.equal(harness.shown, " old sea and the");
  assert.equal(harness.questions.length, 1);
  assert.equal(harness.timers.size, 0);
});

test("typing ahead of what is shown, but as the model goes on, keeps the request", () => {
  const harness = new Harness();
  const question = harness.ask("We saw");
  question.token(" the");
  harness.type("We saw t");
  assert.equal(question.signal.aborted, false);
  question.token(" sea");
  assert.equal(harness.shown, "he");
});

test("typing something else drops it and asks anew; what still comes of the old request is not shown", async () => {
  const harness = new Harness();
  const old = harness.ask("We saw");
  old.token(" the sea and");
  harness.type("We saw m");
  assert.equal(harness.shown, "");
  assert.equal(old.signal.aborted, true);
  old.token(" more");
  await old.done("eos");
  assert.equal(harness.shown, "");
  harness.pause();
  assert.deepEqual(harness.questions.map(({ prompt }) => prompt), ["We saw", "We saw m"]);
  assert.deepEqual(harness.settled, []);
  assert.notEqual(harness.last.generation_config.seed, old.generation_config.seed);
});

test("a suggestion that is used up is followed by the next at once", async () => {
  const harness = new Harness();
  const question = harness.ask("We saw");
  question.token(" the sea");
  await question.done("eos");
  harness.type("We saw the sea");
  assert.deepEqual(harness.questions.map(({ prompt }) => prompt), ["We saw", "We saw the sea"]);
  assert.equal(harness.timers.size, 0);
  harness.last.token(" and");
  await harness.last.done("eos");
  assert.equal(harness.shown, " and");
});

test("typed through while the model still writes, it asks for more when that request ends", async () => {
  const harness = new Harness();
  const question = harness.ask("We saw");
  question.token(" the sea");
  harness.type("We saw the");
  assert.equal(harness.shown, "");
  await question.done("length");
  assert.deepEqual(harness.questions.map(({ prompt }) => prompt), ["We saw", "We saw the"]);
});

test("an answer cut back behind what is already typed is asked again after the pause", async () => {
  const harness = new Harness();
  const question = harness.ask("We saw");
  question.token(" the sea");
  harness.type("We saw the se");
  await question.done("length");
  assert.equal(harness.shown, "");
  harness.pause();
  assert.deepEqual(harness.questions.map(({ prompt }) => prompt), ["We saw", "We saw the se"]);
});

test("an empty answer is not asked again, and told to a writer who asked by key", async () => {
  const harness = new Harness();
  await harness.ask("We saw").done("eos");
  assert.deepEqual(harness.settled, []);
  assert.equal(harness.questions.length, 1);
  assert.equal(harness.timers.size, 0);
  harness.suggester.ask({ before: "We saw", after: "", hasSelection: false });
  await harness.last.done("eos");
  assert.deepEqual(harness.settled, [""]);
});

test("what is told is what stands at the caret, not what is typed already", async () => {
  const harness = new Harness();
  const question = harness.ask("We saw");
  question.token(" the old sea and");
  harness.type("We saw the o");
  await question.done("eos");
  assert.deepEqual(harness.settled, ["ld sea and"]);
});

test("a suggestion that is typed to its end before it settles is not told", async () => {
  for (const isAutomatic of [true, false]) {
    const harness = new Harness();
    harness.suggester.setAutomatic(isAutomatic);
    harness.suggester.ask({ before: "We saw", after: "", hasSelection: false });
    const question = harness.last;
    question.token(" the");
    harness.type("We saw the");
    await question.done("eos");
    assert.deepEqual(harness.settled, [], `${isAutomatic}`);
  }
});

test("dismissing ends request, suggestion and the pause", () => {
  const harness = new Harness();
  harness.ask("We saw").token(" the sea");
  harness.suggester.dismiss();
  assert.equal(harness.shown, "");
  assert.equal(harness.last.signal.aborted, true);
  harness.type("We saw it");
  harness.suggester.dismiss();
  assert.equal(harness.timers.size, 0);
  harness.suggester.renew();
  assert.equal(harness.timers.size, 0);
});

test("asking by key needs no pause", () => {
  const harness = new Harness();
  assert.equal(harness.suggester.ask({ before: "We saw", after: "", hasSelection: false }), true);
  assert.equal(harness.last.prompt, "We saw");
});

test("switched off, it suggests only when asked", async () => {
  const harness = new Harness();
  harness.ask("We saw").token(" the sea");
  harness.suggester.setAutomatic(false);
  assert.equal(harness.shown, "");
  assert.equal(harness.last.signal.aborted, true);
  harness.type("We saw m");
  assert.equal(harness.timers.size, 0);

  harness.suggester.ask({ before: "We saw m", after: "", hasSelection: false });
  harness.last.token("en");
  await harness.last.done("eos");
  assert.equal(harness.shown, "en");
  harness.type("We saw men");
  assert.equal(harness.shown, "");
  assert.equal(harness.questions.length, 2);

  harness.suggester.setAutomatic(true);
  harness.pause();
  assert.equal(harness.last.prompt, "We saw men");
});

test("a dead worker is not its news; when a model is ready again it asks again", async () => {
  const harness = new Harness();
  const question = harness.ask("We saw");
  question.token(" the sea");
  await question.fail(new EngineError("worker_died", "The engine stopped."));
  assert.equal(harness.shown, "");
  assert.deepEqual(harness.thinking, [true, false]);
  assert.deepEqual(harness.errors, []);
  harness.suggester.renew();
  harness.pause();
  assert.deepEqual(harness.questions.map(({ prompt }) => prompt), ["We saw", "We saw"]);
});

test("any other error is told and leaves nothing behind", async () => {
  const harness = new Harness();
  const question = harness.ask("We saw");
  question.token(" the sea");
  const error = new EngineError("invalid_parameter", "top_k must be a whole number, got 0.5");
  await question.fail(error);
  assert.deepEqual(harness.errors, [error]);
  assert.equal(harness.shown, "");
  assert.deepEqual(harness.thinking, [true, false]);
});
