// Stand-ins for a browser's APIs: file system, locks, workers, timers.

import { createHash } from "node:crypto";
import { FileStorage } from "../../www/engine/loading/storage.js";

/** @param {number} length @returns {Uint8Array<ArrayBuffer>} the same noise every time */
export function noise(length) {
  let state = 1;
  return Uint8Array.from({ length }, () => {
    state = (state * 48271) % 2147483647;
    return state & 255;
  });
}

/** @param {Uint8Array} bytes */
export const sha256 = (bytes) => createHash("sha256").update(bytes).digest("hex");

/** One turn of the event loop, after which all that was pending has happened. */
export const turn = () => new Promise((resolve) => setImmediate(resolve));

/** An origin private file system of one folder. */
export class FakeDirectory {
  /** @type {Map<string, Uint8Array<ArrayBuffer>>} */
  files = new Map();
  /** @type {Set<string>} files with a SyncAccessHandle */
  open = new Set();
  quotaBytes = Infinity;
  /** Files that nothing more can be written to. @type {Set<string>} */
  fullNames = new Set();
  /** Writing stops halfway without an error, as the specification allows. */
  shortWrites = false;
  /** @type {Error | null} thrown by reading beyond `readableBytes` */
  readError = null;
  readableBytes = 0;

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
      getFile: async () =>
        this.readError === null ? new Blob([this.#bytes(name)]) : this.#brokenFile(name, this.readError),
      createSyncAccessHandle: async ({ mode = "" } = {}) => this.#access(name, mode === "read-only"),
    };
  }

  /** @param {string} name */
  async removeEntry(name) {
    if (this.open.has(name)) throw new DOMException("in use", "NoModificationAllowedError");
    this.files.delete(name);
  }

  /** @param {string} name @param {boolean} isReadOnly without a lock here, as nothing waits between opening and closing */
  #access(name, isReadOnly) {
    if (this.open.has(name)) throw new DOMException("in use", "NoModificationAllowedError");
    if (!isReadOnly) this.open.add(name);
    return {
      getSize: () => this.#bytes(name).length,
      truncate: (/** @type {number} */ size) => this.files.set(name, this.#bytes(name).slice(0, size)),
      flush: () => {},
      close: () => this.open.delete(name),
      read: (/** @type {Uint8Array} */ into, { at = 0 }) => {
        if (this.readError !== null && at >= this.readableBytes) throw this.readError;
        const bytes = this.#bytes(name).subarray(at, at + into.length);
        into.set(bytes);
        return bytes.length;
      },
      write: (/** @type {Uint8Array} */ bytes, { at = 0 }) => {
        if (at + bytes.length > this.quotaBytes || this.fullNames.has(name))
          throw new DOMException("full", "QuotaExceededError");
        if (this.shortWrites) bytes = bytes.subarray(0, bytes.length >> 1);
        const old = this.#bytes(name);
        const whole = new Uint8Array(Math.max(old.length, at + bytes.length));
        whole.set(old);
        whole.set(bytes, at);
        this.files.set(name, whole);
        return bytes.length;
      },
    };
  }

  /** @param {string} name @param {Error} error */
  #brokenFile(name, error) {
    const parts = this.readableBytes === 0 ? [] : [this.#bytes(name).slice(0, this.readableBytes)];
    return {
      stream: () =>
        new ReadableStream({
          pull: (controller) => {
            const part = parts.shift();
            if (part === undefined) controller.error(error);
            else controller.enqueue(part);
          },
        }),
    };
  }

  /** @param {string} name */
  #bytes(name) {
    const bytes = this.files.get(name);
    if (bytes === undefined) throw new DOMException("no such file", "NotFoundError");
    return bytes;
  }
}

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

  /** No watch is left. */
  get isIdle() {
    return this.#watches.size === 0;
  }

  stall() {
    for (const watch of this.#watches) watch();
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

  /** The lock's holder has died. @param {string} name */
  release(name) {
    const queue = this.#queues.get(name) ?? [];
    queue.shift();
    queue[0]?.run();
  }
}

/** A worker that the test plays. */
export class FakeWorker extends EventTarget {
  /** @type {any[]} the page's messages */
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

  /** An uncaught exception. @param {string} message */
  crash(message) {
    this.dispatchEvent(Object.assign(new Event("error"), { message }));
  }

  /** @param {string} type @returns {any} the last request of this type */
  last(type) {
    return this.received.findLast((message) => message.type === type);
  }
}
