// A model as it was packed on this device: read straight into WebAssembly's memory, and written straight out of it.

import { Keeper } from "./keeper.js";

/** @import { ModelFile } from "../protocol.js" */
/** @import { LoaderWorld, Session } from "./loader.js" */
/** @import { FileStorage, StoredParts } from "./storage.js" */

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
   * @param {string} weights SHA-256 of the file that the model is made from, which is also what the storage calls that file
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
   * @returns {PackedModelFile | null} null without storage, or a hash that says what the model was made from
   */
  static of({ sha256 }, configJson, world) {
    if (world.storage === null || sha256 === null) return null;
    return new PackedModelFile(world, world.storage, configJson, sha256);
  }

  /**
   * A file that is damaged, or was made by another version of the engine or from other files, is deleted.
   * @param {Uint8Array<ArrayBuffer>} tokenizerJson
   * @param {{signal: AbortSignal, onProgress: (readBytes: number, totalBytes: number) => void}} options
   * @returns {Promise<Session | null>} null if there is nothing of use
   */
  async load(tokenizerJson, { signal, onProgress }) {
    const file = await this.#open(signal);
    if (file === null) return null;
    const session = this.#read(file, tokenizerJson, onProgress);
    // A tab that died between keeping the one and deleting the other has left both.
    if (session === null) await this.discard();
    else await this.#deleteSource();
    return session;
  }

  /**
   * @param {StoredParts} file is closed
   * @param {Uint8Array<ArrayBuffer>} tokenizerJson
   * @param {(readBytes: number, totalBytes: number) => void} onProgress
   */
  #read(file, tokenizerJson, onProgress) {
    const { PackedModel } = this.#world.wasm;
    let packed = null;
    try {
      const header = new Uint8Array(PackedModel.header_len());
      packed = new PackedModel(header.subarray(0, file.read(header)), file.sizeBytes, this.#configJson, this.#weights);
      for (let i = 0; ; i++) {
        const part = packed.part(i);
        if (part === undefined) break;
        file.read(part);
        onProgress(file.readBytes, file.sizeBytes);
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
   * Keeps the model for the next visit, in place of the file that it is made from.
   * @param {Session} session of int8 weights
   * @param {AbortSignal} signal
   * @returns {Promise<boolean>} whether it is kept now
   */
  async save(session, signal) {
    await this.#keeper.open(0);
    if (!this.#keeper.isOpen) return false;
    await this.#keeper.write(session.packed_header(this.#configJson, this.#weights));
    for (let i = 0; ; i++) {
      const part = session.packed_part(i);
      if (part === undefined) break;
      await this.#keeper.write(part);
      // A large model takes seconds, in which a cancel may come.
      await this.#world.nextTask();
      if (signal.aborted) {
        await this.discard();
        throw signal.reason;
      }
    }
    await this.#keeper.commit();
    if (this.#keeper.kept) await this.#deleteSource();
    return this.#keeper.kept;
  }

  async discard() {
    await this.#keeper.discard();
  }

  /** Another tab that is reading it downloads the rest, as will one that wants it in float32. */
  async #deleteSource() {
    await this.#storage.delete(this.#weights).catch(() => {});
  }

  /** @param {AbortSignal} signal */
  async #open(signal) {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#storage.open(this.#name);
      } catch (error) {
        // Another tab reads or writes it, which takes less than a second.
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
 * Gives back an engine object's memory, unless the engine has panicked.
 *
 * @param {{free(): void}} object
 * @param {unknown} error why the object is no longer needed
 */
export function free(object, error) {
  // After a panic every further call panics too, and would hide the first error.
  if (!(error instanceof WebAssembly.RuntimeError)) object.free();
}
