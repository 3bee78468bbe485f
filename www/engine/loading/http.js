// One HTTP request of a download: from an offset on, judged by the status of its response, with a limit on stalls.

import { EngineError } from "../errors.js";

const STALL_MS = 30_000;
const BUFFER_BYTES = 1 << 20;
const LONGEST_WAIT_MS = 60_000;

/** @import { Notice, Values } from "../protocol.js" */

/** A failure that may pass if the request is repeated. */
export class Interruption extends EngineError {
  /**
   * @param {string} code
   * @param {Values} values
   * @param {number} [waitMs] the server's Retry-After, 0 without one
   */
  constructor(code, values, waitMs = 0) {
    super(code, values);
    this.waitMs = waitMs;
  }
}

/**
 * @typedef {object} Source
 * @property {string} url
 * @property {Notice} file its name for the reader
 * @property {typeof globalThis.fetch} fetch
 * @property {(ms: number, signal: AbortSignal) => Promise<void>} sleep
 * @property {AbortSignal} signal
 * @property {RequestCache} cache
 * @property {boolean} isKnown the server has answered before, so a failed request is an interruption
 */

/**
 * A response. Headers of other sites are null unless their CORS headers expose them.
 * @typedef {object} Answer
 * @property {number} offset of `body` in the file: the requested one, or 0 from a server without ranges
 * @property {ReadableStream<Uint8Array<ArrayBuffer>> | null} body
 * @property {number | null} totalBytes
 * @property {number | null} linkedBytes
 * @property {string | null} linkedSha256
 * @property {string | null} etag
 */

/**
 * @param {Source} source
 * @param {number} offset
 * @returns {Promise<Answer>}
 */
export async function open(source, offset) {
  const attempt = new AbortController();
  // No If-Range: unlike a plain Range it needs a CORS preflight, which the hub's storage may refuse.
  const headers = offset > 0 ? { Range: `bytes=${offset}-` } : undefined;
  const signal = AbortSignal.any([source.signal, attempt.signal]);
  try {
    const response = await soon(source.fetch(source.url, { headers, signal, cache: source.cache }), source, () =>
      source.isKnown ? lost(source) : unreachable(source),
    );
    if (!response.ok) throw refusal(source, response, offset);
    return understand(source, response, offset);
  } catch (error) {
    attempt.abort();
    throw error;
  }
}

/**
 * A chunk is valid until the next one is asked for, which may take its memory.
 * @param {Source} source
 * @param {Answer["body"]} body
 */
export async function* chunks(source, body) {
  const { reader, read } = readerOf(body);
  try {
    for (;;) {
      const part = await soon(read(), source, () => lost(source));
      if (part.done || part.value === undefined) return;
      yield part.value;
    }
  } finally {
    // Not awaited: a connection that broke never confirms.
    reader?.cancel().catch(() => {});
  }
}

/**
 * Reads into one buffer again and again where the browser can; else a file's worth of chunks becomes garbage.
 * @param {Answer["body"]} body
 * @returns {{reader: ReadableStreamBYOBReader | ReadableStreamDefaultReader | null, read: () => Promise<{done: boolean, value?: Uint8Array<ArrayBuffer>}>}}
 */
function readerOf(body) {
  if (body === null) return { reader: null, read: async () => ({ done: true }) };
  let reader;
  try {
    reader = body.getReader({ mode: "byob" });
  } catch {
    const plain = body.getReader();
    return { reader: plain, read: () => plain.read() };
  }
  const byob = reader;
  let buffer = new ArrayBuffer(BUFFER_BYTES);
  const read = async () => {
    const part = await byob.read(new Uint8Array(buffer));
    if (part.value !== undefined) buffer = /** @type {ArrayBuffer} */ (part.value.buffer);
    return part;
  };
  return { reader: byob, read };
}

/**
 * @template T
 * @param {T | Promise<T>} promise
 * @param {Source} source
 * @param {() => EngineError} onFailure
 */
async function soon(promise, { file, sleep, signal }, onFailure) {
  const watch = new AbortController();
  const stall = sleep(STALL_MS, watch.signal).then(() => {
    throw new Interruption("connection_lost", { file, seconds: STALL_MS / 1000 });
  });
  try {
    return await Promise.race([promise, stall]);
  } catch (error) {
    signal.throwIfAborted();
    throw error instanceof Interruption ? error : onFailure();
  } finally {
    watch.abort();
  }
}

/** @param {Source} source */
function lost({ file }) {
  return new Interruption("connection_lost", { file });
}

/** @param {Source} source */
function unreachable({ file }) {
  return new EngineError("unreachable", { file });
}

/**
 * @param {Source} source
 * @param {Response} response
 * @param {number} offset
 */
function refusal({ file }, response, offset) {
  const { status } = response;
  const values = { file, status };
  if (status === 404) return new EngineError("not_found", values);
  if (status === 401 || status === 403) return new EngineError("forbidden", values);
  if (status === 416) return new EngineError("wrong_size", { file, bytes: offset });
  if (status === 429 || status >= 500) {
    const seconds = response.headers.get("Retry-After");
    // The header's other form, a date, gets the usual waits: the clocks may differ.
    const waitMs = seconds !== null && /^\d+$/.test(seconds) ? Number(seconds) * 1000 : 0;
    const busy = waitMs === 0 ? values : { ...values, seconds: waitMs / 1000 };
    return waitMs > LONGEST_WAIT_MS ? new EngineError("busy", busy) : new Interruption("busy", busy, waitMs);
  }
  return new EngineError("http_error", values);
}

/**
 * @param {Source} source
 * @param {Response} response
 * @param {number} asked the requested offset
 * @returns {Answer}
 */
function understand({ file }, { status, headers, body }, asked) {
  const range = /^bytes (\d+)-\d+\/(\d+)$/.exec(headers.get("Content-Range") ?? "");
  if (range !== null && Number(range[1]) !== asked) {
    throw new EngineError("wrong_part", { file });
  }
  const offset = status === 206 ? asked : 0;
  // Content-Length counts compressed bytes where there is compression.
  const length = headers.has("Content-Encoding") ? null : headers.get("Content-Length");
  const linkedBytes = headers.get("X-Linked-Size");
  // Visible only if the server answers without a redirect and exposes it. Quoted; a git hash for files outside large-file storage.
  const linkedSha256 = /^(?:W\/)?"?([0-9a-f]{64})"?$/.exec(headers.get("X-Linked-ETag") ?? "");
  return {
    offset,
    body,
    totalBytes: length === null ? null : offset + Number(length),
    linkedBytes: linkedBytes === null ? null : Number(linkedBytes),
    linkedSha256: linkedSha256?.[1] ?? null,
    etag: headers.get("ETag"),
  };
}
