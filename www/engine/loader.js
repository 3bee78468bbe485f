// Makes a session out of a model's files, each handed to WebAssembly as it arrives.

import { download } from "./download.js";

/** @import { Dtype, Model, ModelFile, ModelInfo } from "./protocol.js" */
/** @import { DownloadWorld, Hash } from "./download.js" */

/**
 * The part of pkg/engine.js that the worker uses.
 * @typedef {object} Wasm
 * @property {new (config_json: string, dtype: string) => ModelBuilder} ModelBuilder
 * @property {new () => Hash} Sha256
 */
/** @typedef {{push(bytes: Uint8Array): void, finish(tokenizer_json: Uint8Array): Session, free(): void}} ModelBuilder */
/**
 * @typedef {object} Session
 * @property {(prompt: string, generation_config_json: string, now_ms: number) => void} begin
 * @property {(now_ms: number) => any} step an event of the request, or undefined when the request is complete
 * @property {(golden_json: string) => boolean} check
 * @property {number} n_positions
 * @property {number} n_parameters
 * @property {number} size_bytes
 * @property {string} dtype
 * @property {() => void} free
 */

/**
 * @typedef {object} LoaderWorld
 * @property {Wasm} wasm
 * @property {typeof globalThis.fetch} fetch
 * @property {import("./storage.js").FileStorage | null} storage
 * @property {DownloadWorld["sleep"]} sleep
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
  const notices = new Set();
  let kept = true;

  /**
   * @param {ModelFile} file
   * @param {(bytes: Uint8Array<ArrayBuffer>) => void} sink
   */
  const get = async (file, sink) => {
    const isRemote = new URL(file.url).origin !== world.origin;
    const result = await download(
      file,
      {
        fetch: world.fetch,
        sleep: world.sleep,
        storage: isRemote ? world.storage : null,
        createSha256: () => new wasm.Sha256(),
      },
      { sink, signal, onProgress: (...state) => progress.update(file, ...state) },
    );
    progress.end(file);
    if (isRemote) {
      kept &&= result.kept;
      notices.add(world.storage === null ? NO_STORAGE : null).add(result.notice);
    }
  };
  /** @param {ModelFile} file */
  const getWhole = async (file) => {
    /** @type {Uint8Array<ArrayBuffer>[]} */
    const parts = [];
    await get(file, (bytes) => parts.push(bytes));
    return new Blob(parts);
  };

  // The small files first: what is wrong with them shows before the large one is paid for.
  const golden = model.golden && (await (await getWhole({ url: model.golden, bytes: null, sha256: null })).text());
  const configJson = await (await getWhole(config)).text();
  const tokenizerJson = new Uint8Array(await (await getWhole(tokenizer)).arrayBuffer());

  const builder = new wasm.ModelBuilder(configJson, dtype);
  try {
    await get(weights, (bytes) => builder.push(bytes));
    signal.throwIfAborted();
  } catch (error) {
    free(builder, error);
    throw error;
  }
  const session = builder.finish(tokenizerJson);
  let verified = null;
  try {
    if (golden !== null) verified = session.check(golden);
  } catch (error) {
    free(session, error);
    throw error;
  }
  if (verified === false) {
    notices.add(`${model.title} computes other numbers here than published; its text may be worse. Load it again.`);
  }
  return {
    session,
    info: {
      id: model.id,
      dtype: /** @type {Dtype} */ (session.dtype),
      n_positions: session.n_positions,
      n_parameters: session.n_parameters,
      sizeBytes: session.size_bytes,
      verified,
      kept,
      notice: [...notices].filter(Boolean).join(" ") || null,
    },
  };
}

/**
 * @param {{free(): void}} object
 * @param {unknown} error why it is of no use
 */
function free(object, error) {
  // After a panic every further call panics, and would hide the first.
  if (!(error instanceof WebAssembly.RuntimeError)) object.free();
}

const NO_STORAGE =
  "This browser gives the page no storage, as some do in private windows: the model works now, but the next visit downloads it again.";

/** The progress of several files as one; of other files it takes no notice. */
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

  /** @param {ModelFile} file that is whole, so that its size is known at last */
  end(file) {
    const receivedBytes = this.#received.get(file);
    if (receivedBytes !== undefined) this.#totals.set(file, receivedBytes);
  }
}

/** @param {(number | null)[]} numbers */
const add = (numbers) => numbers.reduce((/** @type {number} */ total, number) => total + Number(number), 0);
