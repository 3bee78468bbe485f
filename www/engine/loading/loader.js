// Makes a session from a model's files, which stream into WebAssembly as they arrive.

import { download } from "./download.js";
import { free, PackedModelFile } from "./packed-model.js";

/** @import { Session } from "../../pkg/plain/engine.js" */
/** @import { BuildName, Dtype, Model, ModelFile, ModelInfo, Notice } from "../protocol.js" */
/** @import { DownloadWorld, Hash } from "./download.js" */

/**
 * A build of the engine, as the worker uses it.
 * @typedef {Pick<typeof import("../../pkg/plain/engine.js"), "ModelBuilder" | "PackedModel" | "PackedWriter" | "Sha256">} Engine
 * @typedef {Engine & {startHash: () => Promise<Hash>, build: BuildName, threads: number}} Wasm `startHash`: SHA-256 beside
 *   this worker
 */

/**
 * @typedef {object} LoaderWorld
 * @property {Wasm} wasm
 * @property {typeof globalThis.fetch} fetch
 * @property {import("./storage.js").FileStorage | null} storage
 * @property {DownloadWorld["sleep"]} sleep
 * @property {() => Promise<void>} nextTask resolves after the messages that are waiting have been handled
 * @property {string} origin of the page; what comes from there is as near as the page itself and is not kept
 */

/** @typedef {(receivedBytes: number, totalBytes: number | null, fromNetwork: boolean) => void} OnProgress */

/**
 * @param {Model} model
 * @param {Dtype} dtype
 * @param {LoaderWorld} world
 * @param {{onProgress: OnProgress, signal: AbortSignal}} options
 * @returns {Promise<{session: Session, info: ModelInfo}>}
 */
export async function loadModel(model, dtype, world, { onProgress, signal }) {
  const { wasm } = world;
  const { config, tokenizer, weights } = model.files;
  const progress = new Progress([config, tokenizer, weights], onProgress);
  /** @type {Set<Notice | null>} */
  const notices = new Set();
  let kept = true;
  const isRemote = (/** @type {ModelFile} */ file) => new URL(file.url).origin !== world.origin;

  /**
   * @param {ModelFile} file
   * @param {(bytes: Uint8Array<ArrayBuffer>) => void} sink
   * @param {DownloadWorld["startHash"]} startHash
   */
  const get = async (file, sink, startHash) => {
    const result = await download(
      file,
      {
        fetch: world.fetch,
        sleep: world.sleep,
        storage: isRemote(file) ? world.storage : null,
        startHash,
      },
      { sink, signal, onProgress: (...state) => progress.update(file, ...state) },
    );
    progress.end(file);
    if (isRemote(file)) notices.add(result.unverified);
    return result;
  };
  /**
   * @param {ModelFile} file
   * @param {{kept: boolean, notKept: Notice | null}} result
   */
  const noteKeeping = (file, result) => {
    if (!isRemote(file)) return;
    kept &&= result.kept;
    notices.add(world.storage === null ? NO_STORAGE : result.notKept);
  };
  /** @param {ModelFile} file */
  const getWhole = async (file) => {
    /** @type {Uint8Array<ArrayBuffer>[]} */
    const parts = [];
    noteKeeping(
      file,
      await get(
        file,
        (bytes) => parts.push(bytes.slice()),
        () => new wasm.Sha256(),
      ),
    );
    return new Blob(parts);
  };

  /** @param {string} configJson @param {Uint8Array} tokenizerJson */
  const build = async (configJson, tokenizerJson) => {
    const builder = new wasm.ModelBuilder(configJson, dtype);
    let result;
    try {
      result = await get(weights, (bytes) => builder.push(bytes), wasm.startHash);
      signal.throwIfAborted();
    } catch (error) {
      free(builder, error);
      throw error;
    }
    return { session: builder.finish(tokenizerJson), result };
  };

  // The small files first: a fault in them shows before the large one is downloaded.
  const golden = model.golden && (await (await getWhole({ url: model.golden, bytes: null, sha256: null })).text());
  const configJson = await (await getWhole(config)).text();
  const tokenizerJson = new Uint8Array(await (await getWhole(tokenizer)).arrayBuffer());

  const packed = dtype === "q8" && isRemote(weights) ? PackedModelFile.of(weights, configJson, world) : null;
  const unpacked = await packed?.load(tokenizerJson, {
    signal,
    onProgress: (...state) => progress.update(weights, ...state, false),
  });
  const { session, result } = unpacked ? { session: unpacked, result: null } : await build(configJson, tokenizerJson);
  let verified = null;
  try {
    if (golden !== null) verified = session.check(golden);
    if (verified === false) {
      notices.add({ code: "other_numbers", values: { title: model.title } });
      if (result === null) await packed?.discard();
    }
    if (result !== null) {
      const isPacked = verified !== false && (await packed?.save(session, signal)) === true;
      if (!isPacked) noteKeeping(weights, result);
    }
  } catch (error) {
    free(session, error);
    throw error;
  }
  return {
    session,
    info: {
      id: model.id,
      dtype: session.dtype,
      n_positions: session.n_positions,
      n_parameters: session.n_parameters,
      sizeBytes: session.size_bytes,
      verified,
      kept,
      build: wasm.build,
      threads: wasm.threads,
      notices: [...notices].filter((notice) => notice !== null),
    },
  };
}

const NO_STORAGE = { code: "no_storage" };

/** The progress of several files as one; other files are ignored. */
class Progress {
  #onProgress;
  #received;
  #totals;

  /**
   * @param {ModelFile[]} files
   * @param {OnProgress} onProgress
   */
  constructor(files, onProgress) {
    this.#onProgress = onProgress;
    this.#received = new Map(files.map((file) => [file, 0]));
    this.#totals = new Map(files.map((file) => [file, file.bytes]));
  }

  /**
   * @param {ModelFile} file
   * @param {Parameters<OnProgress>} state
   */
  update(file, ...[receivedBytes, totalBytes, fromNetwork]) {
    if (!this.#received.has(file)) return;
    this.#received.set(file, receivedBytes);
    this.#totals.set(file, totalBytes);
    const totals = [...this.#totals.values()];
    this.#onProgress(add([...this.#received.values()]), totals.includes(null) ? null : add(totals), fromNetwork);
  }

  /** @param {ModelFile} file that is complete, so that its size is known */
  end(file) {
    const receivedBytes = this.#received.get(file);
    if (receivedBytes !== undefined) this.#totals.set(file, receivedBytes);
  }
}

/** @param {(number | null)[]} numbers */
const add = (numbers) => numbers.reduce((/** @type {number} */ total, number) => total + Number(number), 0);
