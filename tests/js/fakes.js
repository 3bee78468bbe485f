// Stand-ins for what the engine needs of a browser: file system, locks, worker, WebAssembly module, waiting.

import { createHash } from "node:crypto";
import { FileStorage } from "../../www/engine/storage.js";

/** @param {number} length @returns {Uint8Array<ArrayBuffer>} the same noise every time */
export function noise(length) {
  let state = 1;
  return Uint8Array.from({ length }, () => (state = (state * 48271) % 2147483647) & 255);
}

/** @param {Uint8Array} bytes */
export const sha256 = (bytes) => createHash("sha256").update(bytes).digest("hex");

/** A turn of the event loop: what was ready to happen has happened. */
export const turn = () => new Promise((resolve) => setImmediate(resolve));

/** An origin private file system of one folder. */
export class FakeDirectory {
  /** @type {Map<string, Uint8Array<ArrayBuffer>>} */
  files = new Map();
  /** @type {Set<string>} files with a SyncAccessHandle */
  open = new Set();
  quotaBytes = Infinity;
  /** @type {Error | null} what reading fails with */
  readError = null;

  get storage() {
    return new FileStorage(/** @type {any} */ (this));
  }

  /** @param {string} name @param {{create?: boolean}} [options] */
  async getFileHandle(name, { create = false } = {}) {
    if (!this.files.has(name)) {
      if (!create) throw new DOMException("no such file", "NotFoundError");
      this.files.set(name, new Uint8Array());
    }
    return {
      getFile: async () => (this.readError === null ? new Blob([this.#bytes(name)]) : brokenFile(this.readError)),
      createSyncAccessHandle: async () => this.#access(name),
    };
  }

  /** @param {string} name */
  async removeEntry(name) {
    if (this.open.has(name)) throw new DOMException("in use", "NoModificationAllowedError");
    this.files.delete(name);
  }

  /** @param {string} name */
  #access(name) {
    if (this.open.has(name)) throw new DOMException("in use", "NoModificationAllowedError");
    this.open.add(name);
    return {
      getSize: () => this.#bytes(name).length,
      truncate: (/** @type {number} */ size) => this.files.set(name, this.#bytes(name).slice(0, size)),
      flush: () => {},
      close: () => this.open.delete(name),
      write: (/** @type {Uint8Array} */ bytes, { at = 0 }) => {
        if (at + bytes.length > this.quotaBytes) throw new DOMException("full", "QuotaExceededError");
        const old = this.#bytes(name);
        const whole = new Uint8Array(Math.max(old.length, at + bytes.length));
        whole.set(old);
        whole.set(bytes, at);
        this.files.set(name, whole);
        return bytes.length;
      },
    };
  }

  /** @param {string} name */
  #bytes(name) {
    const bytes = this.files.get(name);
    if (bytes === undefined) throw new DOMException("no such file", "NotFoundError");
    return bytes;
  }
}

/** @param {Error} error */
const brokenFile = (error) => ({ stream: () => new ReadableStream({ start: (controller) => controller.error(error) }) });

/** Waits that take no time, and the watch for stalls, which ends only by `stall()`. */
export class FakeSleep {
  /** @type {number[]} */
  waitsMs = [];
  /** @type {Set<() => void>} */
  #watches = new Set();

  /** @type {(ms: number, signal: AbortSignal) => Promise<void>} */
  sleep = async (ms, signal) => {
    signal.throwIfAborted();
    if (ms < 30_000) {
      this.waitsMs.push(ms);
      return;
    }
    await new Promise((resolve, reject) => {
      const watch = () => resolve(undefined);
      this.#watches.add(watch);
      signal.addEventListener("abort", () => {
        this.#watches.delete(watch);
        reject(signal.reason);
      });
    });
  };

  stall() {
    for (const watch of this.#watches) watch();
  }
}

/** The WebAssembly module: a session's steps are those of `script`, and thrown if they are errors. */
export class FakeWasm {
  /** @type {unknown[]} */
  script = [];
  /** @type {Uint8Array[]} */
  pushed = [];
  /** @type {Error | null} */
  pushError = null;
  isGolden = true;
  /** @type {{config_json: string, dtype: string, freed: boolean}[]} */
  builders = [];
  /** @type {FakeSession[]} */
  sessions = [];

  Sha256 = class {
    #hash = createHash("sha256");
    /** @param {Uint8Array} bytes */
    update(bytes) {
      this.#hash.update(bytes);
    }
    hex() {
      return this.#hash.digest("hex");
    }
  };

  ModelBuilder = /** @type {new (config_json: string, dtype: string) => import("../../www/engine/loader.js").ModelBuilder} */ (
    /** @type {unknown} */ (this.#builderClass())
  );

  #builderClass() {
    const wasm = this;
    return class {
      #record;
      /** @param {string} config_json @param {string} dtype */
      constructor(config_json, dtype) {
        this.#record = { config_json, dtype, freed: false };
        wasm.builders.push(this.#record);
      }
      /** @param {Uint8Array} bytes */
      push(bytes) {
        if (wasm.pushError !== null) throw wasm.pushError;
        wasm.pushed.push(bytes.slice());
      }
      /** @param {Uint8Array} tokenizer_json */
      finish(tokenizer_json) {
        const session = new FakeSession(wasm, this.#record.dtype, tokenizer_json);
        wasm.sessions.push(session);
        return session;
      }
      free() {
        this.#record.freed = true;
      }
    };
  }
}

export class FakeSession {
  n_positions = 256;
  n_parameters = 17;
  size_bytes = 34;
  freed = false;
  /** @type {unknown[]} */
  begun = [];
  #steps = /** @type {unknown[]} */ ([]);
  #wasm;

  /** @param {FakeWasm} wasm @param {string} dtype @param {Uint8Array} tokenizer_json */
  constructor(wasm, dtype, tokenizer_json) {
    this.#wasm = wasm;
    this.dtype = dtype;
    this.tokenizer_json = tokenizer_json;
  }

  /** @param {string} prompt @param {string} generation_config_json @param {number} now_ms */
  begin(prompt, generation_config_json, now_ms) {
    if (this.freed) throw new Error("begin on a session that was freed");
    this.begun.push({ prompt, generation_config: JSON.parse(generation_config_json), now_ms });
    this.#steps = [...this.#wasm.script];
  }

  step() {
    if (this.freed) throw new Error("step on a session that was freed");
    const event = this.#steps.shift();
    if (event instanceof Error) throw event;
    return event;
  }

  /** @param {string} _golden_json */
  check(_golden_json) {
    return this.#wasm.isGolden;
  }

  free() {
    this.freed = true;
  }
}

/** A LockManager of exclusive locks. */
export class FakeLocks {
  /** @type {Map<string, {run: () => void}[]>} the first of a name holds it */
  #queues = new Map();

  /** @type {any} */
  request = (/** @type {string} */ name, /** @type {() => unknown} */ callback) =>
    new Promise((resolve, reject) => {
      const queue = this.#queues.get(name) ?? [];
      this.#queues.set(name, queue);
      queue.push({
        run: () =>
          Promise.resolve(callback())
            .finally(() => this.release(name))
            .then(resolve, reject),
      });
      if (queue.length === 1) queue[0].run();
    });

  /** Whoever holds the lock has died. @param {string} name */
  release(name) {
    const queue = this.#queues.get(name) ?? [];
    queue.shift();
    queue[0]?.run();
  }
}

/** A worker whose part the test plays. */
export class FakeWorker extends EventTarget {
  /** @type {any[]} what the page posted */
  received = [];
  terminated = false;

  /** @param {string} name */
  constructor(name) {
    super();
    this.name = name;
  }

  /** @param {unknown} message */
  postMessage(message) {
    this.received.push(structuredClone(message));
  }

  terminate() {
    this.terminated = true;
  }

  /** The worker posts a message. @param {import("../../www/engine/protocol.js").Response} data */
  say(data) {
    this.dispatchEvent(new MessageEvent("message", { data: structuredClone(data) }));
  }

  /** An exception that nobody caught. @param {string} message */
  crash(message) {
    this.dispatchEvent(Object.assign(new Event("error"), { message }));
  }

  /** @param {string} type @returns {any} the last request of this type */
  last(type) {
    return this.received.findLast((message) => message.type === type);
  }
}
