// The page's side of the engine: requests as promises, and a worker that is replaced when it dies.

import { EngineError } from "./errors.js";
import { assertSendable } from "./generation-config.js";

/**
 * @import { Words } from "../strings/strings.js"
 * @import { Dtype, GenerateRequest, GenerationConfig, LoadRequest, Model, ModelInfo, Request, Response, Sequence } from "./protocol.js"
 * @import { DoneMessage, ErrorMessage, HelloMessage, Score, ScoreRequest, SuggestRequest, Suggestion, Work } from "./protocol.js"
 */

/** @typedef {Exclude<Response, HelloMessage | DoneMessage | ErrorMessage>} News what is told before a request ends */
/** @typedef {Omit<LoadRequest, "id"> | Omit<GenerateRequest, "id"> | Omit<SuggestRequest, "id"> | Omit<ScoreRequest, "id">} Question */

/**
 * `restarting`: the worker died and the model is being loaded again. `failed`: nothing is loaded; the next `load` tries anew.
 * @typedef {{name: "ready", info: ModelInfo} | {name: "restarting" | "failed", error: EngineError}} EngineState
 */

/** @typedef {(progress: {receivedBytes: number, totalBytes: number | null, fromNetwork: boolean}) => void} OnProgress */

/**
 * @typedef {object} Pending
 * @property {Request["type"]} type
 * @property {(message: News) => void} onMessage
 * @property {(result: any) => void} resolve
 * @property {(error: EngineError) => void} reject
 */

/** @typedef {{worker: Worker, queue: Request[] | null}} Engine `queue` is null once the worker has said hello */

export class EngineClient {
  #createWorker;
  #locks;
  #onStateChange;
  #onWork;
  /** @type {Engine | null} */
  #engine = null;
  /** @type {Map<number, Pending>} */
  #pending = new Map();
  #nextId = 1;
  /** @type {{model: Model, dtype: Dtype, threads: number | undefined, onProgress: OnProgress | undefined, kept: boolean} | null} */
  #loaded = null;
  #isRestarting = false;

  /**
   * @param {object} [world]
   * @param {(name: string) => Worker} [world.createWorker]
   * @param {LockManager | undefined} [world.locks] absent outside secure contexts
   * @param {(state: EngineState) => void} [world.onStateChange]
   * @param {(work: Work) => void} [world.onWork] told of every request for text, also of one that was cancelled
   */
  constructor({
    createWorker = createEngineWorker,
    locks = navigator.locks,
    onStateChange = () => {},
    onWork = () => {},
  } = {}) {
    this.#createWorker = createWorker;
    this.#locks = locks;
    this.#onStateChange = onStateChange;
    this.#onWork = onWork;
  }

  /**
   * Loads a model, which then takes the place of the one before; a newer `load` aborts an older one.
   * An abort that comes too late to stop it changes nothing: the model is loaded, and the promise says so.
   * @param {Model} model
   * @param {object} [options]
   * @param {Dtype} [options.dtype]
   * @param {number} [options.threads] at most this many; if not given, as many as suit the device
   * @param {AbortSignal} [options.signal]
   * @param {OnProgress} [options.onProgress] also told when the model is loaded again after the worker died
   * @returns {Promise<ModelInfo>}
   * @throws {EngineError} aborted, worker_died, not_sent, threads, and what download.js and the WebAssembly module throw
   */
  async load(model, { dtype = model.dtype, threads, signal, onProgress } = {}) {
    try {
      this.#engine ??= this.#start();
      const info = await this.#request({ type: "load", model, dtype, threads: threads ?? null }, signal, (message) => {
        if (message.type === "progress" && !signal?.aborted) onProgress?.(message);
      });
      this.#loaded = { model, dtype, threads, onProgress, kept: info.kept };
      this.#isRestarting = false;
      this.#onStateChange({ name: "ready", info });
      return info;
    } catch (error) {
      const isLast = [...this.#pending.values()].every((pending) => pending.type !== "load");
      if (this.#isRestarting && isLast) {
        // Nobody but a newer load, cancelled in its turn, can have aborted the reload.
        if (/** @type {EngineError} */ (error).code === "aborted") this.#reload();
        else this.#fail(/** @type {EngineError} */ (error));
      }
      throw error;
    }
  }

  /**
   * Continues a prompt; a newer `generate` or `suggest` aborts an older one.
   * @param {string} prompt
   * @param {GenerationConfig} generation_config
   * @param {object} [options]
   * @param {AbortSignal} [options.signal]
   * @param {(token: {sequence: number, text: string, log_probability: number}) => void} [options.onToken]
   * @returns {Promise<Sequence[]>}
   * @throws {EngineError} aborted, worker_died, no_model, generation_config, not_sent, and what the WebAssembly module throws
   */
  async generate(prompt, generation_config, { signal, onToken } = {}) {
    this.#assertStarted();
    assertSendable(generation_config);
    return this.#request({ type: "generate", prompt, generation_config }, signal, (message) => {
      if (message.type === "token") onToken?.(message);
    });
  }

  /**
   * Suggests what can stand between two texts; a newer `suggest` or `generate` aborts an older one.
   * @param {{before: string, after: string}} place `after`: the rest of the paragraph, or the beginning of it
   * @param {GenerationConfig} generation_config
   * @param {object} [options]
   * @param {number | null} [options.gate] the least probability of the first word of what is worth showing; null for any
   * @param {AbortSignal} [options.signal]
   * @param {(suggestions: Suggestion[]) => void} [options.onSuggestions] told whenever they have changed; best first
   * @returns {Promise<Suggestion[]>} none if there is nothing to continue, or nothing worth showing
   * @throws {EngineError} as `generate`
   */
  async suggest({ before, after }, generation_config, { gate = null, signal, onSuggestions } = {}) {
    this.#assertStarted();
    assertSendable({ ...generation_config, gate });
    return this.#request({ type: "suggest", before, after, generation_config, gate }, signal, (message) => {
      if (message.type === "suggestions") onSuggestions?.(message.suggestions);
    });
  }

  /**
   * How likely the model finds `text` behind `before`; a newer `score` aborts an older one, and whoever writes goes first.
   * The engine keeps what it has read of the text for the next question, until `endScoring`.
   * @param {{before: string, text: string}} what
   * @param {object} options
   * @param {AbortSignal} [options.signal]
   * @param {(scores: Score[]) => void} options.onScores the next ones; put together, all their texts are `text`
   * @returns {Promise<null>}
   * @throws {EngineError} aborted, worker_died, no_model, and what the WebAssembly module throws
   */
  async score({ before, text }, { signal, onScores }) {
    this.#assertStarted();
    return this.#request({ type: "score", before, text }, signal, (message) => {
      if (message.type === "scores") onScores(message.scores);
    });
  }

  /** Nobody looks at scores any more: their memory is given back. */
  endScoring() {
    this.#post({ type: "end_scoring" });
  }

  /** Ends the worker; what is pending is rejected as aborted. */
  terminate() {
    this.#loaded = null;
    this.#isRestarting = false;
    this.#end(new EngineError("aborted", "The engine was stopped."));
  }

  #assertStarted() {
    if (this.#engine === null) throw new EngineError("no_model", "No model is loaded. Load one, then ask again.");
  }

  /** @returns {Engine} */
  #start() {
    const name = `engine-${crypto.getRandomValues(new Uint32Array(2)).join("-")}`;
    /** @type {Engine} */
    const engine = { worker: this.#createWorker(name), queue: [] };
    engine.worker.addEventListener("message", ({ data }) => this.#receive(engine, name, data));
    engine.worker.addEventListener("error", ({ message }) =>
      this.#die(engine, message?.replace(/^Uncaught /, "") || { key: "cause_files" }),
    );
    engine.worker.addEventListener("messageerror", () => this.#die(engine, { key: "cause_message" }));
    return engine;
  }

  /**
   * @param {Engine} engine
   * @param {string} name
   * @param {Response} message
   */
  #receive(engine, name, message) {
    if (engine !== this.#engine) return;
    if (message.type === "hello") {
      const queue = engine.queue ?? [];
      engine.queue = null;
      for (const request of queue) this.#post(request);
      // The worker holds this lock as long as it lives, so that getting it is the one sign of every kind of death.
      this.#locks
        ?.request(name, () => this.#die(engine, { key: "cause_silent" }))
        .catch(() => {
          // The page itself is going away.
        });
      return;
    }
    if (message.type === "error" && message.fatal) {
      this.#die(engine, message.error.words);
      return;
    }
    if (message.type === "work") {
      this.#onWork(message.work);
      return;
    }
    const pending = this.#pending.get(message.id);
    if (message.type === "done") pending?.resolve(message.result);
    else if (message.type === "error") pending?.reject(new EngineError(message.error.code, message.error.words));
    else pending?.onMessage(message);
  }

  /**
   * @template Result
   * @param {Question} request
   * @param {AbortSignal | undefined} signal
   * @param {Pending["onMessage"]} onMessage
   * @returns {Promise<Result>}
   */
  #request(request, signal, onMessage) {
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(new EngineError("aborted", "Cancelled."));
      const onAbort = () => {
        this.#post({ type: "cancel", id });
        // Whether a load can still be stopped, only the worker knows.
        if (request.type !== "load") pending.reject(new EngineError("aborted", "Cancelled."));
      };
      const settle = () => {
        this.#pending.delete(id);
        signal?.removeEventListener("abort", onAbort);
      };
      const pending = {
        type: request.type,
        onMessage,
        resolve: (/** @type {Result} */ result) => {
          settle();
          resolve(result);
        },
        reject: (/** @type {EngineError} */ error) => {
          settle();
          reject(error);
        },
      };
      this.#pending.set(id, pending);
      signal?.addEventListener("abort", onAbort);
      this.#post({ ...request, id });
    });
  }

  /** @param {Request} request */
  #post(request) {
    if (this.#engine?.queue) {
      this.#engine.queue.push(request);
      return;
    }
    try {
      this.#engine?.worker.postMessage(request);
    } catch (error) {
      const { message } = /** @type {DOMException} */ (error);
      const sentence = `The engine could not be asked: ${message.replace(/\.$/, "")}. Pass plain data only.`;
      if ("id" in request) this.#pending.get(request.id)?.reject(new EngineError("not_sent", sentence));
    }
  }

  /**
   * @param {Engine} engine
   * @param {Words} cause
   */
  #die(engine, cause) {
    if (engine !== this.#engine) return;
    const wayOut = this.#wayOut(engine);
    const values = { cause: typeof cause === "string" ? cause.replace(/\.$/, "") : cause };
    /** @type {Words} */
    const stopped = { key: "engine_stopped", values };
    const error = new EngineError("worker_died", wayOut === null ? stopped : [stopped, wayOut]);
    this.#isRestarting = wayOut === null;
    this.#end(error);
    if (wayOut !== null) return this.#fail(error);
    const news = new EngineError("worker_died", [stopped, { key: "engine_restarts" }]);
    this.#onStateChange({ name: "restarting", error: news });
    this.#reload();
  }

  /**
   * @param {Engine} engine that died
   * @returns {Words | null} what the reader can do; null if it is to be started again
   */
  #wayOut({ queue }) {
    // A worker that dies while starting, or again with the same model, would die for ever.
    if (queue !== null || this.#isRestarting || this.#loaded === null) return { key: "engine_way_out" };
    const { model, kept } = this.#loaded;
    if (kept) return null;
    return { key: "engine_not_kept", values: { title: model.title } };
  }

  /** Only what was loaded is loaded again. How that ends is told by the state. */
  #reload() {
    if (this.#loaded !== null) this.load(this.#loaded.model, this.#loaded).catch(() => {});
  }

  /** @param {EngineError} error */
  #fail(error) {
    this.#isRestarting = false;
    this.#onStateChange({ name: "failed", error });
  }

  /** @param {EngineError} error what everything pending is rejected with */
  #end(error) {
    this.#engine?.worker.terminate();
    this.#engine = null;
    for (const pending of [...this.#pending.values()]) pending.reject(error);
  }
}

/** @param {string} name */
function createEngineWorker(name) {
  return new Worker(new URL("./worker/worker.js", import.meta.url), { type: "module", name });
}
