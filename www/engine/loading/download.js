// Downloads one file: streamed, resumed where it broke off, checked by size and SHA-256, and kept where there is storage.

import { EngineError } from "../errors.js";
import { chunks, Interruption, open } from "./http.js";
import { Keeper } from "./keeper.js";

/** @import { Answer } from "./http.js" */
/** @import { ModelFile, Notice, Values } from "../protocol.js" */
/** @import { FileStorage } from "./storage.js" */

const RETRIES = 4; // in a row without one new byte
const FIRST_WAIT_MS = 500;

// After these errors the bytes so far are still good; after all others, even the parser's behind `sink`, they may not be.
const INNOCENT = new Set(["unreachable", "connection_lost", "busy", "not_found", "forbidden", "http_error"]);

/**
 * `end` is called however the download ends.
 * @typedef {{update(bytes: Uint8Array): void | Promise<void>, hex(): string | Promise<string>, end?: () => void}} Hash
 */

/**
 * @typedef {object} DownloadWorld
 * @property {typeof globalThis.fetch} fetch
 * @property {FileStorage | null} storage null: the file is not to be kept
 * @property {(ms: number, signal: AbortSignal) => Promise<void>} sleep rejects with the signal's reason
 * @property {() => Hash | Promise<Hash>} startHash SHA-256
 */

/**
 * @typedef {object} Receiver
 * @property {(bytes: Uint8Array<ArrayBuffer>) => void} sink gets each byte of the file once, in order, and copies it at once
 * @property {(receivedBytes: number, totalBytes: number | null, fromNetwork: boolean) => void} onProgress
 * @property {AbortSignal} signal
 */

/**
 * The bytes in `sink` are good only once this resolves: the file is verified at its end.
 * @param {ModelFile} file
 * @param {DownloadWorld} world
 * @param {Receiver} receiver
 * @returns {Promise<{kept: boolean, notKept: Notice | null, unverified: Notice | null}>}
 * @throws {EngineError} unreachable, not_found, forbidden, busy, http_error, connection_lost, wrong_part, wrong_size,
 *   wrong_hash, changed; also the signal's reason and any error of `sink`
 */
export async function download(file, world, receiver) {
  const { host, pathname } = new URL(file.url);
  const label = { code: "file_from", values: { name: pathname.split("/").at(-1) ?? "", host } };
  const keeper = new Keeper(world.storage, file.sha256 ?? encodeURIComponent(file.url), label);
  // Starts while the first request is on its way.
  /** @type {Promise<Hash>} */
  const hash = new Promise((resolve) => resolve(world.startHash()));
  hash.catch(() => {}); // Handled where it is awaited.
  const transfer = new Transfer(file, label, keeper, hash, world, receiver);
  try {
    if (!(await transfer.takeStored())) await transfer.takeFromNetwork();
    const unverified = await transfer.verify();
    await keeper.commit();
    return { kept: keeper.kept, notKept: keeper.notice, unverified };
  } catch (error) {
    const { code } = /** @type {{code?: unknown}} */ (error);
    // A panic, as for lack of memory, has no code.
    const isInnocent = receiver.signal.aborted || typeof code !== "string" || INNOCENT.has(code);
    // Without a published hash, two halves of different files would go unnoticed.
    if (isInnocent && (keeper.kept || file.sha256 !== null)) keeper.close();
    else await keeper.discard();
    throw error;
  } finally {
    hash.then(
      (hash) => hash.end?.(),
      () => {},
    );
  }
}

/** The bytes of one file on their way to the sink, the hash and the storage. */
class Transfer {
  #file;
  #label;
  #keeper;
  #world;
  #receiver;
  #hash;
  #takenBytes = 0;
  /** @type {number | null} the size the file must have */
  #expectedBytes;
  /** @type {number | null} its size as announced, for progress only */
  #announcedBytes;
  /** @type {string | null} */
  #expectedSha256;
  /** @type {string | null} */
  #etag = null;
  #isKnown = false;

  /**
   * @param {ModelFile} file
   * @param {Notice} label the file's name for the reader
   * @param {Keeper} keeper
   * @param {Promise<Hash>} hash
   * @param {DownloadWorld} world
   * @param {Receiver} receiver
   */
  constructor(file, label, keeper, hash, world, receiver) {
    this.#file = file;
    this.#label = label;
    this.#keeper = keeper;
    this.#world = world;
    this.#receiver = receiver;
    this.#hash = hash;
    this.#expectedBytes = this.#announcedBytes = file.bytes;
    this.#expectedSha256 = file.sha256;
  }

  /** @returns {Promise<boolean>} whether the whole file was stored */
  async takeStored() {
    const stored = await this.#keeper.stored();
    if (stored === null || (!stored.complete && this.#file.sha256 === null)) return false;
    const reader = stored.stream.getReader();
    try {
      for (;;) {
        const part = await reader.read().catch(() => null);
        this.#receiver.signal.throwIfAborted();
        if (part === null) {
          await this.#keeper.discard();
          return false;
        }
        if (part.done) return stored.complete;
        await this.#take(/** @type {Uint8Array<ArrayBuffer>} */ (part.value), false);
      }
    } finally {
      // Not awaited: a failed stream rejects this too.
      reader.cancel().catch(() => {});
    }
  }

  async takeFromNetwork() {
    await this.#keeper.open(this.#takenBytes);
    let failures = 0;
    while (this.#expectedBytes === null || this.#takenBytes < this.#expectedBytes) {
      const before = this.#takenBytes;
      try {
        await this.#takeOneAnswer();
        return;
      } catch (error) {
        if (!(error instanceof Interruption)) throw error;
        failures = this.#takenBytes > before ? 1 : failures + 1;
        if (failures > RETRIES) throw error;
        await this.#world.sleep(Math.max(error.waitMs, FIRST_WAIT_MS * 2 ** (failures - 1)), this.#receiver.signal);
      }
    }
  }

  async #takeOneAnswer() {
    const source = {
      url: this.#file.url,
      file: this.#label,
      fetch: this.#world.fetch,
      sleep: this.#world.sleep,
      signal: this.#receiver.signal,
      // The browser's cache would hold a second copy.
      cache: /** @type {RequestCache} */ (this.#world.storage === null ? "default" : "no-store"),
      isKnown: this.#isKnown,
    };
    const answer = await open(source, this.#takenBytes);
    this.#isKnown = true;
    this.#learn(answer);
    let skipBytes = this.#takenBytes - answer.offset;
    for await (const bytes of chunks(source, answer.body)) {
      if (bytes.length > skipBytes) await this.#take(bytes.subarray(skipBytes), true);
      skipBytes = Math.max(0, skipBytes - bytes.length);
    }
    if (this.#takenBytes < (this.#expectedBytes ?? this.#announcedBytes ?? 0)) throw this.#wrongSize(Interruption);
  }

  /** @param {Answer} answer */
  #learn(answer) {
    this.#expectedBytes ??= answer.linkedBytes;
    this.#expectedSha256 ??= answer.linkedSha256;
    this.#announcedBytes = this.#expectedBytes ?? answer.totalBytes;
    const isSameFile = answer.etag !== null && answer.etag === this.#etag;
    // A published hash reveals a splice of two files at the end; without one, nothing would.
    if (this.#takenBytes > 0 && this.#expectedSha256 === null && !isSameFile) {
      throw new EngineError("changed", { file: this.#label });
    }
    this.#etag = answer.etag;
  }

  /**
   * @param {Uint8Array<ArrayBuffer>} bytes
   * @param {boolean} fromNetwork
   */
  async #take(bytes, fromNetwork) {
    this.#takenBytes += bytes.length;
    if (this.#expectedBytes !== null && this.#takenBytes > this.#expectedBytes) throw this.#wrongSize(EngineError);
    this.#receiver.sink(bytes);
    await this.#keeper.write(bytes);
    await (await this.#hash).update(bytes);
    // A Content-Length that counts compressed bytes is no total.
    if (this.#announcedBytes !== null && this.#takenBytes > this.#announcedBytes) this.#announcedBytes = null;
    this.#receiver.onProgress(this.#takenBytes, this.#announcedBytes, fromNetwork);
  }

  /** @returns {Promise<Notice | null>} a notice if there is no hash to verify the file with */
  async verify() {
    if (this.#expectedBytes !== null && this.#takenBytes !== this.#expectedBytes) throw this.#wrongSize(EngineError);
    const sha256 = await (await this.#hash).hex();
    const [file, expected] = [this.#label, this.#expectedSha256];
    if (expected === null) return { code: "not_verified", values: { file } };
    if (sha256 === expected) return null;
    throw new EngineError("wrong_hash", { file, sha256, expected });
  }

  /** @param {new (code: string, values: Values) => EngineError} Kind Interruption if another request may help */
  #wrongSize(Kind) {
    const expected = Number(this.#expectedBytes ?? this.#announcedBytes);
    return new Kind("wrong_size", { file: this.#label, bytes: this.#takenBytes, expected });
  }
}
