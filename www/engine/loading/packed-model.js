// A model packed on this device: the engine writes it from its memory and reads it straight back into place.

import { Keeper } from "./keeper.js";

/** @import { ModelFile } from "../protocol.js" */
/** @import { Session } from "../../pkg/plain/engine.js" */
/** @import { LoaderWorld } from "./loader.js" */
/** @import { FileStorage, SyncAccessHandle } from "./storage.js" */

const TRIES = 40;
const WAIT_MS = 50;

export class PackedModelFile {
  #world;
  #storage;
  #configJson;
  #weights;
  #name;
  #keeper;

  /**
   * @param {Pick<LoaderWorld, "wasm" | "sleep" | "nextTask">} world
   * @param {FileStorage} storage
   * @param {string} configJson
   * @param {string} weights SHA-256 of the downloaded weights, which is also their name in the storage
   */
  constructor(world, storage, configJson, weights) {
    this.#world = world;
    this.#storage = storage;
    this.#configJson = configJson;
    this.#weights = weights;
    this.#name = `${weights}.q8`;
    this.#keeper = new Keeper(storage, this.#name, { code: "packed_model" });
  }

  /**
   * @param {ModelFile} weights
   * @param {string} configJson
   * @param {LoaderWorld} world
   * @returns {PackedModelFile | null} null without a storage, or without a hash to know the weights by
   */
  static of({ sha256 }, configJson, world) {
    if (world.storage === null || sha256 === null) return null;
    return new PackedModelFile(world, world.storage, configJson, sha256);
  }

  /**
   * Deletes a file that is damaged, or was made by another version of the engine or from other weights.
   * @param {Uint8Array<ArrayBuffer>} tokenizerJson
   * @param {{signal: AbortSignal, onProgress: (readBytes: number, totalBytes: number) => void}} options
   * @returns {Promise<Session | null>} null if there is no usable file
   */
  async load(tokenizerJson, { signal, onProgress }) {
    const file = await this.#open(signal);
    if (file === null) return null;
    const session = this.#read(file, tokenizerJson, onProgress);
    // A tab that died after writing the packed model left the downloaded weights too.
    if (session === null) await this.discard();
    else await this.#deleteSource();
    return session;
  }

  /**
   * @param {SyncAccessHandle} file closed on return
   * @param {Uint8Array<ArrayBuffer>} tokenizerJson
   * @param {(readBytes: number, totalBytes: number) => void} onProgress
   */
  #read(file, tokenizerJson, onProgress) {
    const { PackedModel } = this.#world.wasm;
    let packed = null;
    try {
      packed = new PackedModel(file, this.#configJson, this.#weights);
      const totalBytes = file.getSize();
      for (;;) {
        const readBytes = packed.read_next(file);
        if (readBytes === undefined) break;
        onProgress(readBytes, totalBytes);
      }
    } catch (error) {
      if (packed !== null) free(packed, error);
      return nullIfRefused(error);
    } finally {
      file.close();
    }
    try {
      return packed.finish(tokenizerJson);
    } catch (error) {
      return nullIfRefused(error);
    }
  }

  /**
   * Keeps the model for the next visit, in place of the downloaded weights.
   * @param {Session} session of int8 weights
   * @param {AbortSignal} signal
   * @returns {Promise<boolean>} whether it is kept now
   */
  async save(session, signal) {
    await this.#keeper.open(0);
    if (!this.#keeper.isOpen) return false;
    let writer = null;
    try {
      writer = new this.#world.wasm.PackedWriter(session, this.#configJson, this.#weights);
      const writeNext = writer.write_next.bind(writer, session);
      while (await this.#keeper.writeBy(writeNext)) {
        // A large model takes seconds, in which a cancel may come.
        await this.#world.nextTask();
        signal.throwIfAborted();
      }
    } catch (error) {
      if (writer !== null) free(writer, error);
      await this.discard();
      throw error;
    }
    writer.free();
    await this.#keeper.commit();
    if (this.#keeper.kept) await this.#deleteSource();
    return this.#keeper.kept;
  }

  async discard() {
    await this.#keeper.discard();
  }

  /** Deletes the downloaded weights. A tab that still needs them, to finish reading or for float32, downloads them. */
  async #deleteSource() {
    await this.#storage.delete(this.#weights).catch(() => {});
  }

  /** @param {AbortSignal} signal */
  async #open(signal) {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#storage.open(this.#name);
      } catch (error) {
        // Another tab has it open, for less than a second.
        const isBusy = /** @type {Error} */ (error).name === "NoModificationAllowedError";
        if (!isBusy || attempt === TRIES) return null;
      }
      await this.#world.sleep(WAIT_MS, signal);
    }
  }
}

/** @param {unknown} error */
function nullIfRefused(error) {
  const { code } = /** @type {{code?: unknown}} */ (error);
  if (code === "packed" || error instanceof DOMException) return null;
  throw error;
}

/**
 * Frees an engine object after an error.
 * @param {{free(): void}} object
 * @param {unknown} error
 */
export function free(object, error) {
  // After a panic every further call panics too, and would hide the first.
  if (!(error instanceof WebAssembly.RuntimeError)) object.free();
}
