// The page's side of the engine: requests as promises, and a worker that is replaced when it dies.

import { EngineError } from "./errors.js";
import { assertSendable } from "./generation-config.js";

/**
 * @import { Dtype, GenerateRequest, GenerationConfig, LoadRequest, Model, ModelInfo, Notice, Request, Response, Sequence } from "./protocol.js"
 * @import { DoneMessage, ErrorData, ErrorMessage, HelloMessage, Score, ScoreRequest, SuggestRequest, Suggestion, Work } from "./protocol.js"
 */

/** @typedef {Exclude<Response, HelloMessage | DoneMessage | ErrorMessage>} News sent before a request ends */
/** @typedef {Omit<LoadRequest, "id"> | Omit<GenerateRequest, "id"> | Omit<SuggestRequest, "id"> | Omit<ScoreRequest, "id">} Question */

/**
 * `restarting`: the worker died and the model is being loaded again. `failed`: no model is loaded; the next `load` starts afresh.
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

/** @typedef {{worker: Worker, queue: Request[] | null}} Engine `queue`: requests before the worker's hello; null from then on */

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
   * @param {(work: Work) => void} [world.onWork] called for every request for text, even a cancelled one
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
   * Loads a model in place of the current one; a newer `load` aborts an older one.
   * An abort that comes too late changes nothing: the model is loaded and the promise resolves.
   * @param {Model} model
   * @param {object} [options]
   * @param {Dtype} [options.dtype]
   * @param {number} [options.threads] an upper limit; by default as many as suit the device
   * @param {AbortSignal} [options.signal]
   * @param {OnProgress} [options.onProgress] also called while the model is loaded again after the worker died
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
        // Only a newer load, itself cancelled since, can have aborted the reload.
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
   * Suggests texts for the place between two others; a newer `suggest` or `generate` aborts an older one.
   * @param {{before: string, after: string}} place `after`: the rest of the paragraph, or its beginning
   * @param {GenerationConfig} generation_config
   * @param {object} [options]
   * @param {number | null} [options.gate] the least probability of a suggestion's first word; null for any
   * @param {AbortSignal} [options.signal]
   * @param {(suggestions: Suggestion[]) => void} [options.onSuggestions] called on every change; best first
   * @returns {Promise<Suggestion[]>} empty where there is nothing to continue or nothing worth showing
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
   * Scores `text` after `before`, token by token; a newer `score` aborts an older one, and writing goes first.
   * The engine caches the text for the next call, until `endScoring`.
   * @param {{before: string, text: string}} what
   * @param {object} options
   * @param {AbortSignal} [options.signal]
   * @param {(scores: Score[]) => void} options.onScores called with the next ones; all their texts joined are `text`
   * @returns {Promise<null>}
   * @throws {EngineError} aborted, worker_died, no_model, and what the WebAssembly module throws
   */
  async score({ before, text }, { signal, onScores }) {
    this.#assertStarted();
    return this.#request({ type: "score", before, text }, signal, (message) => {
      if (message.type === "scores") onScores(message.scores);
    });
  }

  /** Frees the memory of scoring. */
  endScoring() {
    this.#post({ type: "end_scoring" });
  }

  /** Ends the worker; pending requests are rejected as aborted. */
  terminate() {
    this.#loaded = null;
    this.#isRestarting = false;
    this.#end(new EngineError("aborted", { reason: "terminated" }));
  }

  #assertStarted() {
    if (this.#engine === null) throw new EngineError("no_model");
  }

  /** @returns {Engine} */
  #start() {
    const name = `engine-${crypto.getRandomValues(new Uint32Array(2)).join("-")}`;
    /** @type {Engine} */
    const engine = { worker: this.#createWorker(name), queue: [] };
    engine.worker.addEventListener("message", ({ data }) => this.#receive(engine, name, data));
    engine.worker.addEventListener("error", ({ message }) =>
      this.#die(
        engine,
        message ? { code: "internal", message: message.replace(/^Uncaught /, "") } : { code: "files_not_loaded" },
      ),
    );
    engine.worker.addEventListener("messageerror", () => this.#die(engine, { code: "message_unreadable" }));
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
      // The worker holds this lock as long as it lives: whatever kills it, the lock comes free.
      this.#locks
        ?.request(name, () => this.#die(engine, { code: "silent" }))
        .catch(() => {
          // The page itself is going away.
        });
      return;
    }
    if (message.type === "error" && message.fatal) {
      this.#die(engine, message.error);
      return;
    }
    if (message.type === "work") {
      this.#onWork(message.work);
      return;
    }
    const pending = this.#pending.get(message.id);
    if (message.type === "done") pending?.resolve(message.result);
    else if (message.type === "error") pending?.reject(toEngineError(message.error));
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
      if (signal?.aborted) return reject(new EngineError("aborted", { reason: "cancelled" }));
      const onAbort = () => {
        this.#post({ type: "cancel", id });
        // Only the worker knows whether a load can still be stopped.
        if (request.type !== "load") pending.reject(new EngineError("aborted", { reason: "cancelled" }));
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
      const sentence = `The request could not be sent to the engine: ${message.replace(/\.$/, "")}. Pass plain data only.`;
      if ("id" in request) this.#pending.get(request.id)?.reject(new EngineError("not_sent", {}, sentence));
    }
  }

  /**
   * @param {Engine} engine
   * @param {Notice} cause
   */
  #die(engine, cause) {
    if (engine !== this.#engine) return;
    const wayOut = this.#wayOut(engine);
    this.#isRestarting = wayOut === null;
    const error = new EngineError("worker_died", wayOut === null ? { cause } : { cause, next: wayOut });
    this.#end(error);
    if (wayOut !== null) return this.#fail(error);
    const next = { code: "restarting" };
    this.#onStateChange({ name: "restarting", error: new EngineError("worker_died", { cause, next }) });
    this.#reload();
  }

  /**
   * @param {Engine} engine that died
   * @returns {Notice | null} the reader's next step; null where the engine restarts by itself
   */
  #wayOut({ queue }) {
    // A worker that dies while starting, or again with the same model, would die for ever.
    if (queue !== null || this.#isRestarting || this.#loaded === null) return { code: "reload_or_choose" };
    const { model, kept } = this.#loaded;
    return kept ? null : { code: "download_again", values: { title: model.title } };
  }

  /** Loads the last model again; the state says how that ends. */
  #reload() {
    if (this.#loaded !== null) this.load(this.#loaded.model, this.#loaded).catch(() => {});
  }

  /** @param {EngineError} error */
  #fail(error) {
    this.#isRestarting = false;
    this.#onStateChange({ name: "failed", error });
  }

  /** @param {EngineError} error for all pending requests */
  #end(error) {
    this.#engine?.worker.terminate();
    this.#engine = null;
    for (const pending of [...this.#pending.values()]) pending.reject(error);
  }
}

/** @param {ErrorData} data */
const toEngineError = ({ code, values, message }) => new EngineError(code, values, message);

/** @param {string} name */
function createEngineWorker(name) {
  return new Worker(new URL("./worker/worker.js", import.meta.url), { type: "module", name });
}
