// Has the visible text scored whenever the writer pauses.

import { TOLD_ELSEWHERE } from "../suggestion/request.js";
import { addScores, forgetScores, scored } from "./scored.js";
import { historyStart } from "./tokens.js";

/**
 * @import { EditorView, ViewUpdate } from "@codemirror/view"
 * @import { Clock } from "../suggestion/request.js"
 * @import { EngineClient } from "../engine/client.js"
 * @import { EngineError } from "../engine/errors.js"
 */

const PAUSE_MS = 300;

/**
 * @typedef {object} ReaderWorld
 * @property {Pick<EngineClient, "score" | "endScoring">} client
 * @property {Clock} clock
 * @property {(error: Error) => void} onError
 */

/** A plugin of the editor. */
export class Reader {
  #view;
  #world;
  /** @type {any} */
  #timer;
  /** The current request. @type {AbortController | null} */
  #request = null;

  /**
   * @param {EditorView} view
   * @param {ReaderWorld} world
   */
  constructor(view, world) {
    this.#view = view;
    this.#world = world;
    this.#askAfter(0);
  }

  /** @param {ViewUpdate} update */
  update({ docChanged, viewportChanged, transactions }) {
    const isForgotten = transactions.some(({ effects }) => effects.some((effect) => effect.is(forgetScores)));
    // When the running request ends, the next one scores the text that is visible then.
    if (docChanged || isForgotten || (viewportChanged && this.#request === null)) this.#askAfter(PAUSE_MS);
  }

  destroy() {
    this.#drop();
    this.#world.client.endScoring();
  }

  #drop() {
    this.#world.clock.clearTimeout(this.#timer);
    this.#request?.abort();
    this.#request = null;
  }

  /** @param {number} ms */
  #askAfter(ms) {
    this.#drop();
    this.#timer = this.#world.clock.setTimeout(() => this.#ask(), ms);
  }

  async #ask() {
    const { client, onError } = this.#world;
    // New marks would disturb an input method's composition.
    if (this.#view.composing) return this.#askAfter(PAUSE_MS);
    let { start, end } = missingIn(this.#view);
    if (start >= end) return;
    const request = new AbortController();
    this.#request = request;
    const { doc } = this.#view.state;
    const before = doc.sliceString(historyStart(start), start);
    const text = doc.sliceString(start, end);
    try {
      await client.score(
        { before, text },
        {
          signal: request.signal,
          onScores: (scores) => {
            if (request !== this.#request) return;
            this.#view.dispatch({ effects: addScores.of({ start, scores }) });
            for (const score of scores) start += score.text.length;
          },
        },
      );
      if (request === this.#request) this.#askAfter(0);
    } catch (error) {
      if (request !== this.#request) return;
      this.#request = null;
      if (!TOLD_ELSEWHERE.has(/** @type {EngineError} */ (error).code)) onError(/** @type {Error} */ (error));
    }
  }
}

/**
 * The visible text without scores: the part after the scored tokens, or all of it if those are elsewhere.
 * @param {EditorView} view
 * @returns {{start: number, end: number}} with `end <= start` if nothing is missing
 */
function missingIn({ state, viewport }) {
  const { from, to } = state.field(scored);
  const isInside = from <= viewport.from && viewport.from <= to;
  return { start: isInside ? to : viewport.from, end: state.doc.lineAt(viewport.to).to };
}
