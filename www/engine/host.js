// What the worker does: answers the page's requests with one session, and exactly one `done` or `error` for each.

import { EngineError, toErrorData } from "./errors.js";
import { loadModel } from "./loader.js";

/** @import { GenerateRequest, LoadRequest, ModelInfo, Request, Response, Sequence } from "./protocol.js" */
/** @import { LoaderWorld, Session, Wasm } from "./loader.js" */

const PROGRESS_EVERY_MS = 50;

/**
 * @typedef {object} HostWorld
 * @property {(threads: number | null) => Promise<Wasm>} openWasm
 * @property {(message: Response) => void} post
 * @property {() => number} now milliseconds, never going back
 */

export class EngineHost {
  #world;
  /** @type {Session | null} */
  #session = null;
  /** @type {Map<"load" | "generate", {id: number, controller: AbortController}>} at most one of each kind */
  #running = new Map();

  /** @param {HostWorld & Omit<LoaderWorld, "wasm">} world */
  constructor(world) {
    this.#world = world;
  }

  /** @param {Request} request */
  handle(request) {
    switch (request.type) {
      case "load":
        return this.#answer(request, (signal) => this.#load(request, signal));
      case "generate":
        return this.#answer(request, (signal) => this.#generate(request, signal));
      case "cancel":
        for (const { id, controller } of this.#running.values()) {
          if (id === request.id) controller.abort(new EngineError("aborted", "Cancelled."));
        }
    }
  }

  /**
   * @param {LoadRequest | GenerateRequest} request
   * @param {(signal: AbortSignal) => Promise<ModelInfo | Sequence[]>} work
   */
  async #answer({ type, id }, work) {
    const { post } = this.#world;
    this.#abort(type, "A newer request took the place of this one.");
    const running = { id, controller: new AbortController() };
    this.#running.set(type, running);
    try {
      post({ type: "done", id, result: await work(running.controller.signal) });
    } catch (error) {
      const isPanic = error instanceof WebAssembly.RuntimeError;
      const told = toErrorData(isPanic && type === "load" ? outOfMemory(error) : error);
      post({ type: "error", id, error: told, fatal: isPanic || told.code === "not_started" });
    } finally {
      if (this.#running.get(type) === running) this.#running.delete(type);
    }
  }

  /**
   * @param {"load" | "generate"} type
   * @param {string} reason
   */
  #abort(type, reason) {
    this.#running.get(type)?.controller.abort(new EngineError("aborted", reason));
  }

  /**
   * The old session goes on answering until the new one is ready.
   * @param {LoadRequest} request
   * @param {AbortSignal} signal
   */
  async #load({ id, model, dtype, threads }, signal) {
    const { openWasm, post, sleep, nextTask } = this.#world;
    /** @type {{receivedBytes: number, totalBytes: number | null, fromNetwork: boolean} | null} */
    let unreported = null;
    let isPaused = false;
    // At once, and then at most once in a while, but always the last: a download that stalls must not look shorter than it is.
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
        () => {}, // Cancelled: nobody listens any more.
      );
    };
    const wasm = await openWasm(threads);
    const { session, info } = await loadModel(model, dtype, { ...this.#world, wasm }, {
      signal,
      onProgress: (receivedBytes, totalBytes, fromNetwork) => {
        unreported = { receivedBytes, totalBytes, fromNetwork };
        report();
      },
    });
    // The last steps took long and let no message in: a cancel may be waiting.
    await nextTask();
    if (signal.aborted) {
      session.free();
      throw signal.reason;
    }
    this.#abort("generate", "Another model took the place of the one that was writing.");
    this.#session?.free();
    this.#session = session;
    return info;
  }

  /**
   * @param {GenerateRequest} request
   * @param {AbortSignal} signal
   */
  async #generate({ id, prompt, generation_config }, signal) {
    const { post, now, nextTask } = this.#world;
    const session = this.#session;
    if (session === null) throw new EngineError("no_model", "No model is loaded. Load one, then ask again.");
    /** @type {Sequence[]} */
    const sequences = [];
    session.begin(prompt, JSON.stringify(generation_config), now());
    for (;;) {
      const event = session.step(now());
      if (event === undefined) return sequences;
      const { type, ...rest } = event;
      if (type === "token") post({ type, id, ...rest });
      if (type === "sequence") sequences.push(rest);
      await nextTask();
      signal.throwIfAborted();
    }
  }
}

/**
 * WebAssembly traps alike for want of memory and for a defect, but where weights are taken in it is hardly ever a defect.
 * @param {WebAssembly.RuntimeError} error
 */
function outOfMemory({ message }) {
  return new EngineError(
    "out_of_memory",
    `most likely there was not enough memory (${message}); close other tabs, or choose a smaller model`,
  );
}
