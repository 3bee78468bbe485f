// A fake hub with one file, and a download of it that records everything.

import assert from "node:assert/strict";
import { download } from "../../../../www/engine/loading/download.js";
import { startHub } from "../../../hub/server.js";
import { browserFetch } from "../../browser-fetch.js";
import { FakeWasm } from "../../fake-model.js";
import { FakeDirectory, FakeSleep, noise, sha256 } from "../../fakes.js";

/** @import { EngineError } from "../../../../www/engine/errors.js" */
/** @import { Hub } from "../../../hub/server.js" */
/** @import { ModelFile } from "../../../../www/engine/protocol.js" */

export const PATH = "/owner/name/resolve/abc/model.safetensors";
export const BYTES = noise(300_000);
export const CUT = 90_000; // where the hub's failing connections end: 30 %

/** @type {typeof fetch} for when nothing may be fetched */
export const noNetwork = () => Promise.reject(new Error("the network was used"));

/** @typedef {Parameters<typeof download>[1] & Parameters<typeof download>[2] & {file: ModelFile}} Options */

export class DownloadHarness {
  directory = new FakeDirectory();
  clock = new FakeSleep();

  /** @param {Hub} hub */
  constructor(hub) {
    this.hub = hub;
    /** @type {ModelFile} */
    this.file = { url: hub.addFile(PATH, BYTES), bytes: BYTES.length, sha256: sha256(BYTES) };
    this.unpinned = { ...this.file, bytes: null, sha256: null };
  }

  static async start() {
    return new DownloadHarness(await startHub());
  }

  /** As new, but for the hub's port. */
  reset() {
    this.directory = new FakeDirectory();
    this.clock = new FakeSleep();
    this.hub.addFile(PATH, BYTES);
    this.hub.mend(PATH);
    this.hub.requests = [];
  }

  /**
   * @param {Partial<Options>} [options] in place of the file, the world and the receiver that are usual here
   */
  async get(options = {}) {
    /** @type {Uint8Array<ArrayBuffer>[]} */
    const parts = [];
    /** @type {{received: number, total: number | null, fromNetwork: boolean}[]} */
    const progress = [];
    /** @type {EngineError | null} */
    let error = null;
    const world = {
      fetch: options.fetch ?? browserFetch,
      storage: options.storage === undefined ? this.directory.storage : options.storage,
      sleep: options.sleep ?? this.clock.sleep,
      startHash: () => new new FakeWasm().Sha256(),
    };
    const result = await download(options.file ?? this.file, world, {
      sink: (bytes) => {
        options.sink?.(bytes);
        parts.push(bytes.slice());
      },
      onProgress: (received, total, fromNetwork) => {
        progress.push({ received, total, fromNetwork });
        options.onProgress?.(received, total, fromNetwork);
      },
      signal: options.signal ?? new AbortController().signal,
    }).catch((reason) => {
      error = reason;
      return { kept: false, notKept: null, unverified: null };
    });
    const bytes = new Uint8Array(await new Blob(parts).arrayBuffer());
    return { ...result, error: /** @type {EngineError | null} */ (error), bytes, progress };
  }

  /** The ranges requested from the storage, behind the hub's redirect. */
  get ranges() {
    return this.hub.requests.filter(({ server }) => server === "storage").map(({ range }) => range);
  }

  /** The part of the file that is kept. */
  get stored() {
    return this.directory.files.get(sha256(BYTES));
  }

  get isComplete() {
    return this.directory.files.has(`${sha256(BYTES)}.complete`);
  }
}

/** @param {{error: EngineError | null, bytes: Uint8Array}} outcome */
export function assertWhole({ error, bytes }) {
  assert.equal(error, null);
  assert.ok(Buffer.from(bytes).equals(BYTES), "the bytes are the file's, once each and in order");
}
