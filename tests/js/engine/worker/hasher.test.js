// SHA-256 in a worker, which gets the same few blocks again and again.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { beforeEach, test } from "node:test";
import { Hasher } from "../../../../www/engine/worker/hasher.js";
import { noise, sha256, turn } from "../../fakes.js";

const BYTES = noise(10_000_000);
const CHUNK_BYTES = 300_000;

/** Plays hash-worker.js, step by step. */
class FakeHashWorker {
  /** @type {((event: any) => void) | null} */
  onmessage = null;
  /** @type {((event: any) => void) | null} */
  onerror = null;
  /** @type {{block: Uint8Array<ArrayBuffer>, sizeBytes: number, isLast: boolean}[]} */
  waiting = [];
  isEnded = false;
  #hash = createHash("sha256");

  /** @param {any} message @param {ArrayBuffer[]} transfer */
  postMessage(message, transfer) {
    assert.equal(this.isEnded, false);
    this.isEnded = message.isLast;
    this.waiting.push(structuredClone(message, { transfer }));
  }

  /** Hashes one block. */
  work() {
    const message = this.waiting.shift();
    if (message === undefined) return;
    this.#hash.update(message.block.subarray(0, message.sizeBytes));
    this.onmessage?.({ data: message.isLast ? this.#hash.digest("hex") : message.block });
  }
}

/** @type {FakeHashWorker} */
let worker;
/** @type {Hasher} */
let hasher;
beforeEach(() => {
  worker = new FakeHashWorker();
  hasher = new Hasher(/** @type {any} */ (worker));
});

/** @returns {Promise<string>} */
async function hashAll() {
  for (let at = 0; at < BYTES.length; at += CHUNK_BYTES) await hasher.update(BYTES.subarray(at, at + CHUNK_BYTES));
  return hasher.hex();
}

test("the digest is that of all bytes, however slow the worker is", async () => {
  const hex = hashAll();
  let mostWaiting = 0;
  while (!worker.isEnded || worker.waiting.length > 0) {
    mostWaiting = Math.max(mostWaiting, worker.waiting.length);
    worker.work();
    await turn();
  }
  assert.equal(await hex, sha256(BYTES));
  assert.equal(mostWaiting, 8, "then it was waited for");
});

test("empty files and files of exactly one block have digests too", async () => {
  for (const bytes of [new Uint8Array(), BYTES.subarray(0, 1 << 20)]) {
    worker = new FakeHashWorker();
    hasher = new Hasher(/** @type {any} */ (worker));
    await hasher.update(bytes);
    const hex = hasher.hex();
    while (worker.waiting.length > 0) worker.work();
    assert.equal(await hex, sha256(bytes));
  }
});

test("a dead worker fails pending and later calls", async () => {
  const hex = hashAll();
  await turn();
  worker.onerror?.({ message: "out of memory", preventDefault() {} });
  await assert.rejects(hex, { message: "out of memory" });
  await assert.rejects(hasher.hex(), { message: "out of memory" });
  assert.ok(worker.isEnded, "it is let go");
});

test("the worker ends once, with or without a digest", async () => {
  const hex = hasher.hex();
  hasher.end();
  worker.work();
  await hex;
  hasher.end();
  assert.equal(worker.waiting.length, 0);
});
