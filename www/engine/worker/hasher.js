// The engine's side of hash-worker.js. The same few blocks go back and forth, which leaves no garbage.

import { started } from "./started.js";

const BLOCK_BYTES = 1 << 20;
const MAX_BLOCKS = 8;

export class Hasher {
  #worker;
  #block = new Uint8Array(BLOCK_BYTES);
  #filledBytes = 0;
  #blocks = 1;
  /** @type {Uint8Array<ArrayBuffer>[]} */
  #free = [];
  /** @type {((block: Uint8Array<ArrayBuffer>) => void) | null} */
  #onFree = null;
  #hasEnded = false;
  /** @type {Promise<string>} */
  #hex;

  /** @param {Worker} worker that has started */
  constructor(worker) {
    this.#worker = worker;
    this.#hex = new Promise((resolve, reject) => {
      worker.onmessage = ({ data }) => (typeof data === "string" ? resolve(data) : this.#takeBack(data));
      worker.onerror = (event) => {
        event.preventDefault();
        reject(new Error(event.message));
      };
    });
    this.#hex.catch(() => {}); // Handled where it is awaited.
  }

  /**
   * @param {{build: string, module: WebAssembly.Module, memory: WebAssembly.Memory | undefined}} engine
   * @returns {Promise<Hasher>}
   */
  static async start(engine) {
    const worker = new Worker(new URL("./hash-worker.js", import.meta.url), { type: "module", name: "engine-hash" });
    await started(worker, engine);
    return new Hasher(worker);
  }

  /** @param {Uint8Array} bytes copied when this resolves */
  async update(bytes) {
    while (bytes.length > 0) {
      const part = bytes.subarray(0, BLOCK_BYTES - this.#filledBytes);
      this.#block.set(part, this.#filledBytes);
      this.#filledBytes += part.length;
      bytes = bytes.subarray(part.length);
      if (this.#filledBytes === BLOCK_BYTES) {
        this.#post(false);
        this.#block = await this.#nextBlock();
        this.#filledBytes = 0;
      }
    }
  }

  /** @returns {Promise<string>} the digest in lower-case hexadecimal */
  hex() {
    this.end();
    return this.#hex;
  }

  /** Lets the worker end once it has hashed every block. */
  end() {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    // After a failure the block may be with the worker.
    if (this.#block.length === 0) {
      this.#block = new Uint8Array();
      this.#filledBytes = 0;
    }
    this.#post(true);
  }

  /** @param {boolean} isLast */
  #post(isLast) {
    const block = this.#block;
    this.#worker.postMessage({ block, sizeBytes: this.#filledBytes, isLast }, [block.buffer]);
  }

  /** @returns {Promise<Uint8Array<ArrayBuffer>>} */
  async #nextBlock() {
    const block = this.#free.pop();
    if (block !== undefined) return block;
    if (this.#blocks < MAX_BLOCKS) {
      this.#blocks++;
      return new Uint8Array(BLOCK_BYTES);
    }
    /** @type {Promise<Uint8Array<ArrayBuffer>>} */
    const next = new Promise((resolve) => {
      this.#onFree = resolve;
    });
    // `#hex` rejects with the worker's error.
    return /** @type {Promise<any>} */ (Promise.race([next, this.#hex]));
  }

  /** @param {Uint8Array<ArrayBuffer>} block */
  #takeBack(block) {
    if (this.#onFree === null) return void this.#free.push(block);
    this.#onFree(block);
    this.#onFree = null;
  }
}
