// The worker's host: answers each of the page's requests from one session, with exactly one `done` or `error`.

import { EngineError, toErrorData } from "../errors.js";
import { loadModel } from "../loading/loader.js";

/**
 * @import { GenerateRequest, LoadRequest, ModelInfo, Request, Response, ScoreRequest, Sequence, SuggestRequest, Suggestion } from "../protocol.js"
 * @import { Scorer, Session } from "../../pkg/plain/engine.js"
 * @import { LoaderWorld, Wasm } from "../loading/loader.js"
 */

const PROGRESS_EVERY_MS = 50;

/**
 * @typedef {object} HostWorld
 * @property {(threads: number | null) => Promise<Wasm>} openWasm
 * @property {(message: Response) => void} post
 * @property {() => number} now milliseconds, never going back
 */

/** @typedef {"loading" | "writing" | "scoring"} Kind */

export class EngineHost {
  #world;
  /** @type {Session | null} */
  #session = null;
  /** @type {Scorer | null} of this session, while the page shows scores */
  #scorer = null;
  /** @type {Map<Kind, {id: number, controller: AbortController}>} at most one of each kind */
  #running = new Map();

  /** @param {HostWorld & Omit<LoaderWorld, "wasm">} world */
  constructor(world) {
    this.#world = world;
  }

  /** @param {Request} request */
  handle(request) {
    switch (request.type) {
      case "load":
        return this.#answer(request.id, "loading", (signal) => this.#load(request, signal));
      case "generate":
        return this.#answer(request.id, "writing", (signal) => this.#generate(request, signal));
      case "suggest":
        return this.#answer(request.id, "writing", (signal) => this.#suggest(request, signal));
      case "score":
        return this.#answer(request.id, "scoring", (signal) => this.#score(request, signal));
      case "end_scoring":
        this.#endScoring("scoring ended");
        break;
      case "cancel":
        for (const { id, controller } of this.#running.values()) {
          if (id === request.id) controller.abort(new EngineError("aborted", { reason: "cancelled" }));
        }
    }
  }

  /**
   * @param {number} id
   * @param {Kind} kind
   * @param {(signal: AbortSignal) => Promise<ModelInfo | Sequence[] | Suggestion[] | null>} work
   */
  async #answer(id, kind, work) {
    const { post } = this.#world;
    this.#abort(kind, "a newer request");
    const running = { id, controller: new AbortController() };
    this.#running.set(kind, running);
    try {
      post({ type: "done", id, result: await work(running.controller.signal) });
    } catch (error) {
      const isPanic = error instanceof WebAssembly.RuntimeError;
      const data = toErrorData(isPanic && kind === "loading" ? outOfMemory(error) : error);
      post({ type: "error", id, error: data, fatal: isPanic || data.code === "not_started" });
    } finally {
      if (this.#running.get(kind) === running) this.#running.delete(kind);
    }
  }

  /**
   * @param {Kind} kind
   * @param {string} reason
   */
  #abort(kind, reason) {
    this.#running.get(kind)?.controller.abort(new EngineError("aborted", { reason }));
  }

  /**
   * The old session answers until the new one is ready.
   * @param {LoadRequest} request
   * @param {AbortSignal} signal
   */
  async #load({ id, model, dtype, threads }, signal) {
    const { openWasm, post, sleep, nextTask } = this.#world;
    /** @type {{receivedBytes: number, totalBytes: number | null, fromNetwork: boolean} | null} */
    let unreported = null;
    let isPaused = false;
    // At once, then once per interval, and always the last state: a stalled download must not show less than it has.
    const report = () => {
      if (isPaused || unreported === null) return;
      post({ type: "progress", id, ...unreported });
      unreported = null;
      isPaused = true;
      sleep(PROGRESS_EVERY_MS, signal).then(
        () => {
          isPaused = false;
          report();
        },
        () => {}, // Cancelled: nobody listens.
      );
    };
    const wasm = await openWasm(threads);
    const { session, info } = await loadModel(
      model,
      dtype,
      { ...this.#world, wasm },
      {
        signal,
        onProgress: (receivedBytes, totalBytes, fromNetwork) => {
          unreported = { receivedBytes, totalBytes, fromNetwork };
          report();
        },
      },
    );
    // During the last, long steps no message is handled: a cancel may be waiting.
    await nextTask();
    if (signal.aborted) {
      session.free();
      throw signal.reason;
    }
    this.#abort("writing", "another model");
    this.#endScoring("another model");
    this.#session?.free();
    this.#session = session;
    return info;
  }

  /**
   * @param {GenerateRequest} request
   * @param {AbortSignal} signal
   */
  async #generate({ id, prompt, generation_config }, signal) {
    const { post, now } = this.#world;
    const session = this.#loaded();
    /** @type {Sequence[]} */
    const sequences = [];
    session.begin(prompt, JSON.stringify(generation_config), now());
    for await (const step of this.#steps(id, session, signal)) {
      if (step.type === "token") post({ id, ...step });
      if (step.type !== "sequence") continue;
      const { type: _, ...sequence } = step;
      sequences.push(sequence);
    }
    return sequences;
  }

  /**
   * @param {SuggestRequest} request
   * @param {AbortSignal} signal
   */
  async #suggest({ id, before, after, generation_config, gate }, signal) {
    const { post, now } = this.#world;
    const session = this.#loaded();
    /** @type {Suggestion[]} */
    let suggestions = [];
    if (!session.suggest(before, after, JSON.stringify(generation_config), gate ?? undefined, now()))
      return suggestions;
    for await (const step of this.#steps(id, session, signal)) {
      if (step.type !== "suggestions") continue;
      suggestions = step.suggestions;
      post({ type: "suggestions", id, suggestions });
    }
    return suggestions;
  }

  /**
   * @param {ScoreRequest} request
   * @param {AbortSignal} signal
   */
  async #score({ id, before, text }, signal) {
    const { post, nextTask } = this.#world;
    const session = this.#loaded();
    this.#scorer ??= session.scorer();
    const scorer = this.#scorer;
    scorer.begin(session, before, text);
    for (;;) {
      // Writing goes first, because the writer waits for it.
      do {
        await nextTask();
        signal.throwIfAborted();
      } while (this.#running.has("writing"));
      const scores = scorer.step(session);
      if (scores === undefined) return null;
      if (scores.length > 0) post({ type: "scores", id, scores });
    }
  }

  /** @param {string} reason */
  #endScoring(reason) {
    this.#abort("scoring", reason);
    this.#scorer?.free();
    this.#scorer = null;
  }

  /** @returns {Session} */
  #loaded() {
    if (this.#session === null) throw new EngineError("no_model");
    return this.#session;
  }

  /**
   * The steps of the request that a session has begun. Between two of them the worker handles the page's messages.
   * @param {number} id
   * @param {Session} session
   * @param {AbortSignal} signal
   */
  async *#steps(id, session, signal) {
    const { post, now, nextTask } = this.#world;
    let work = session.work();
    try {
      for (;;) {
        const step = session.step(now());
        // Read now: the session is gone after a panic or once another model is loaded.
        work = session.work();
        if (step === undefined) return;
        yield step;
        await nextTask();
        signal.throwIfAborted();
      }
    } finally {
      post({ type: "work", id, work });
    }
  }
}

/**
 * A trap says either that memory ran out or that the engine has a defect; while weights load, it is nearly always memory.
 * @param {WebAssembly.RuntimeError} error
 */
function outOfMemory({ message }) {
  return new EngineError("out_of_memory", { cause: message });
}
