// Takes the questions of the state to the model. The only place among the suggestions with a timer, a request and a seed.

import { ViewPlugin } from "../vendor/codemirror.js";
import { answer, begin, commit, dismiss, fail, suggestions } from "./state.js";

/**
 * @import { Extension } from "@codemirror/state"
 * @import { EditorView, PluginValue, ViewUpdate } from "@codemirror/view"
 * @import { EngineClient } from "../engine/client.js"
 * @import { EngineError } from "../engine/errors.js"
 * @import { GenerationConfig, Suggestion } from "../engine/protocol.js"
 * @import { Settings } from "../settings/settings.js"
 * @import { Question } from "./question.js"
 */

/** @typedef {{setTimeout(callback: () => void, ms: number): any, clearTimeout(timer: any): void}} Clock */

/**
 * @typedef {object} RequestWorld
 * @property {Pick<EngineClient, "suggest">} client
 * @property {Clock} clock
 * @property {() => number} nextSeed
 * @property {(error: Error) => void} onError
 */

// The editor reads what an input method has committed up to 50 ms after its end; a transaction before then would undo it.
const COMMIT_MS = 100;

// Errors that the status line shows in any case.
export const TOLD_ELSEWHERE = new Set(["aborted", "no_model", "worker_died"]);

/**
 * @param {RequestWorld} world
 * @returns {Extension}
 */
export const requests = (world) =>
  ViewPlugin.define((view) => new Requests(view, world), {
    eventObservers: {
      compositionstart() {
        this.compositionStarted();
      },
      compositionend() {
        this.compositionEnded();
      },
    },
  });

/** @implements {PluginValue} */
export class Requests {
  #view;
  #world;
  /** @type {Question | null} the one that timer or request belong to */
  #question = null;
  /** @type {any} */
  #pauseTimer;
  /** @type {any} */
  #commitTimer;
  /** @type {AbortController | null} */
  #request = null;

  /**
   * @param {Pick<EditorView, "state" | "dispatch" | "coordsAtPos" | "compositionStarted">} view
   * @param {RequestWorld} world
   */
  constructor(view, world) {
    this.#view = view;
    this.#world = world;
  }

  /** @param {Pick<ViewUpdate, "state">} update */
  update({ state }) {
    const { question, settings } = state.field(suggestions);
    const { id, phase } = question ?? {};
    const isSame = id === this.#question?.id;
    if (isSame && phase === this.#question?.phase) return;
    if (!isSame) this.#cancel();
    this.#question = question;
    if (question?.phase === "due") this.#wait(question, settings);
    if (question?.phase === "asked") this.#ask(question, settings);
  }

  /** Takes the suggestion away, as the input method shows its own text there. */
  compositionStarted() {
    this.#world.clock.clearTimeout(this.#commitTimer);
    if (this.#question !== null) this.#view.dispatch({ effects: dismiss.of({ tabLeaves: false }) });
  }

  /** If the committed text changes the document, that asks the model; if it stands there already, this does. */
  compositionEnded() {
    const onCommit = () => this.#view.dispatch({ effects: commit.of(null) });
    this.#world.clock.clearTimeout(this.#commitTimer);
    this.#commitTimer = this.#world.clock.setTimeout(onCommit, COMMIT_MS);
  }

  destroy() {
    this.#world.clock.clearTimeout(this.#commitTimer);
    this.#cancel();
  }

  #cancel() {
    this.#world.clock.clearTimeout(this.#pauseTimer);
    this.#request?.abort();
    this.#request = null;
  }

  /**
   * @param {Question} question
   * @param {Settings} settings
   */
  #wait({ id }, { delay_ms }) {
    // On Android a Backspace amid a composition is an edit like any other; the end of the composition asks.
    if (this.#view.compositionStarted) return;
    this.#world.clock.clearTimeout(this.#commitTimer);
    const onPause = () => this.#view.dispatch({ effects: begin.of({ id }) });
    this.#pauseTimer = this.#world.clock.setTimeout(onPause, delay_ms);
  }

  /**
   * @param {Question} question
   * @param {Settings} settings
   */
  async #ask({ id, before, after, isByKey, round }, settings) {
    const { client, nextSeed, onError } = this.#world;
    const generation_config = generationConfig(settings, settings.seed === null ? nextSeed() : settings.seed + round);
    const gate = isByKey ? null : settings.gate;
    const request = new AbortController();
    this.#request = request;
    const bring = (/** @type {Suggestion[]} */ suggestions, /** @type {boolean} */ isDone) => {
      if (request !== this.#request) return;
      const origin = { before, after, generation_config, gate };
      const alternatives = suggestions.map((suggestion, index) => ({ ...suggestion, origin: { ...origin, index } }));
      // The page grows or shrinks with the ghost text.
      const scrollIntoView = isCaretInView(this.#view);
      this.#view.dispatch({ effects: answer.of({ id, alternatives, isDone }), scrollIntoView });
    };
    try {
      const onSuggestions = (/** @type {Suggestion[]} */ suggestions) => bring(suggestions, false);
      const { signal } = request;
      bring(await client.suggest({ before, after }, generation_config, { gate, signal, onSuggestions }), true);
      // Only now: an error in showing the answer ends the question too.
      if (request === this.#request) this.#request = null;
    } catch (error) {
      if (request !== this.#request) return;
      this.#request = null;
      this.#view.dispatch({ effects: fail.of({ id }) });
      if (!TOLD_ELSEWHERE.has(/** @type {EngineError} */ (error).code)) onError(/** @type {Error} */ (error));
    }
  }
}

/**
 * The parameters of a question.
 * @param {Settings} settings
 * @param {number} [seed] left out: the engine draws one
 * @returns {GenerationConfig}
 */
export function generationConfig(settings, seed = settings.seed ?? undefined) {
  const { max_new_tokens, max_time, temperature, top_k, top_p, repetition_penalty, n_alternatives } = settings;
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
 * False where the writer has scrolled elsewhere: an answer must not scroll back.
 * @param {Pick<EditorView, "state" | "coordsAtPos">} view
 */
function isCaretInView(view) {
  const caret = view.coordsAtPos(view.state.selection.main.head, -1);
  return caret !== null && caret.bottom > 0 && caret.top < window.innerHeight;
}
