// An editor's state with suggestions, without an editor: the test types, and plays the model and the clock.

import "../style-sheet.js";
import assert from "node:assert/strict";
import { EngineError } from "../../../www/engine/errors.js";
import { defaultSettings } from "../../../www/settings/settings.js";
import { Requests } from "../../../www/suggestion/request.js";
import * as field from "../../../www/suggestion/state.js";
import { EditorState, history, historyKeymap } from "../../../www/vendor/codemirror.js";

/**
 * @import { Transaction, TransactionSpec } from "@codemirror/state"
 * @import { GenerationConfig, Suggestion } from "../../../www/engine/protocol.js"
 * @import { Settings } from "../../../www/settings/settings.js"
 */

/**
 * A question that was asked; the test answers it. What it `says` may still grow, what is `done` does not.
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

export class Harness {
  /** @type {Question[]} */
  questions = [];
  /** @type {Map<number, {callback: () => void, ms: number}>} */
  timers = new Map();
  /** @type {string[]} */
  settled = [];
  /** @type {boolean[]} */
  thinking = [];
  /** @type {Error[]} */
  errors = [];
  #seed = 0;
  #timer = 0;
  state = EditorState.create({
    extensions: [field.suggestions.init(() => field.suggestionsWith(defaultSettings())), history()],
  });

  requests = new Requests(/** @type {any} */ (this), {
    client: {
      suggest: (place, generation_config, { gate, signal, onSuggestions } = {}) =>
        /** @type {Promise<Suggestion[]>} */ (
          new Promise((resolve, reject) => {
            assert.ok(signal && onSuggestions);
            signal.addEventListener("abort", () => reject(new EngineError("aborted")));
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
    onError: (error) => this.errors.push(error),
  });

  /** As an editor does. @param {TransactionSpec | Transaction} change */
  dispatch(change) {
    const before = this.value;
    this.state = "state" in change ? change.state : this.state.update(change).state;
    if (field.hasSettled(before, this.value)) this.settled.push(this.shown);
    if (field.hasAsked(before, this.value)) this.thinking.push(true);
    else if (field.isThinking(before) && !field.isThinking(this.value)) this.thinking.push(false);
    this.requests.update(this);
  }

  /** An input method is at work. */
  compositionStarted = false;

  /** The caret is out of view: nothing scrolls. */
  coordsAtPos = () => null;

  get value() {
    return this.state.field(field.suggestions);
  }

  get offer() {
    return field.offerIn(this.value);
  }

  /** The ghost text. */
  get shown() {
    return field.shownIn(this.value);
  }

  /**
   * Makes this the text, by a change of what is different before the caret, and behind it.
   * @param {string} before
   * @param {string} after
   */
  type(before, after = "") {
    const { main } = this.state.selection;
    const old = this.state.sliceDoc(0, main.head);
    let from = 0;
    while (from < before.length && before[from] === old[from]) from++;
    const changes = [{ from, to: main.head, insert: before.slice(from) }];
    const rest = this.state.sliceDoc(main.head);
    if (rest !== after) changes.push({ from: main.head, to: this.state.doc.length, insert: after });
    this.dispatch({ changes, selection: { anchor: before.length }, userEvent: "input.type" });
  }

  undo() {
    this.#press("Mod-z");
  }

  redo() {
    this.#press("Mod-y");
  }

  /** @param {string} key of the editor's history */
  #press(key) {
    const editor = { state: this.state, dispatch: (/** @type {Transaction} */ change) => this.dispatch(change) };
    historyKeymap.find((binding) => binding.key === key)?.run?.(/** @type {any} */ (editor));
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
    if (this.state.doc.toString() !== before) this.type(before);
    this.dispatch({ effects: field.dismiss.of({ tabLeaves: false }) });
    this.dispatch({ effects: field.open.of(null) });
    assert.equal(this.value.refusal, null);
    return this.last;
  }

  more() {
    this.dispatch({ effects: field.askMore.of(null) });
  }

  /** @param {number} row */
  highlight(row) {
    this.dispatch({ effects: field.highlight.of(row) });
  }

  next() {
    this.#turn(1);
  }

  previous() {
    this.#turn(-1);
  }

  /** @param {number} step */
  #turn(step) {
    const { alternatives, index } = this.offer;
    if (alternatives.length > 0) this.highlight((index + step + alternatives.length) % alternatives.length);
  }

  dismiss() {
    this.dispatch({ effects: field.dismiss.of({ tabLeaves: false }) });
  }

  renew() {
    this.dispatch({ effects: field.renew.of(null) });
  }

  /** @param {Partial<Settings>} settings */
  configure(settings) {
    this.dispatch({ effects: field.configure.of({ ...defaultSettings(), ...settings }) });
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
