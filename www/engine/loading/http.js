// One HTTP answer of a download: asked for from an offset on, judged by its status, read with a limit on silence.

import { EngineError } from "../errors.js";

const STALL_MS = 30_000;
const BUFFER_BYTES = 1 << 20;
const LONGEST_WAIT_MS = 60_000;

/** @import { Words } from "../../strings/strings.js" */

/** What may pass if asked again. */
export class Interruption extends EngineError {
  /**
   * @param {string} code
   * @param {Words} words
   * @param {number} [waitMs] as the server asks, 0 if it does not
   */
  constructor(code, words, waitMs = 0) {
    super(code, words);
    this.waitMs = waitMs;
  }
}

/**
 * @typedef {object} Source
 * @property {string} url
 * @property {Words} title what the reader calls the file
 * @property {typeof globalThis.fetch} fetch
 * @property {(ms: number, signal: AbortSignal) => Promise<void>} sleep
 * @property {AbortSignal} signal
 * @property {RequestCache} cache
 * @property {boolean} isKnown the server has answered before, so silence now is an interruption
 */

/**
 * Other sites' headers are read only as far as their CORS headers allow; null where they don't.
 * @typedef {object} Answer
 * @property {number} offset where in the file `body` begins: as asked, or 0 from a server that knows no ranges
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
 * Every chunk may lie where the one before lay.
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
 * Reads into one buffer again and again where the browser can: a file's worth of chunks would wait to be collected.
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
async function soon(promise, { title, sleep, signal }, onFailure) {
  const watch = new AbortController();
  const stall = sleep(STALL_MS, watch.signal).then(() => {
    throw new Interruption("connection_lost", { key: "download_stalled", values: { title, seconds: STALL_MS / 1000 } });
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
function lost({ title }) {
  return new Interruption("connection_lost", { key: "connection_lost", values: { title } });
}

/** @param {Source} source */
function unreachable({ title }) {
  return new EngineError("unreachable", { key: "unreachable", values: { title } });
}

/**
 * @param {Source} source
 * @param {Response} response
 * @param {number} offset
 */
function refusal({ title }, response, offset) {
  const { status } = response;
  const values = { title, status };
  if (status === 404) return new EngineError("not_found", { key: "not_found", values });
  if (status === 401 || status === 403) return new EngineError("forbidden", { key: "forbidden", values });
  if (status === 416) return new EngineError("wrong_size", { key: "file_ends", values: { title, bytes: offset } });
  if (status === 429 || status >= 500) {
    const seconds = response.headers.get("Retry-After");
    // The header's other form, a date, is left to the usual waits: the clocks may differ.
    const waitMs = seconds !== null && /^\d+$/.test(seconds) ? Number(seconds) * 1000 : 0;
    /** @type {Words} */
    const words =
      waitMs === 0 ? { key: "busy", values } : { key: "busy_for", values: { ...values, seconds: waitMs / 1000 } };
    return waitMs > LONGEST_WAIT_MS ? new EngineError("busy", words) : new Interruption("busy", words, waitMs);
  }
  return new EngineError("http_error", { key: "http_error", values });
}

/**
 * @param {Source} source
 * @param {Response} response
 * @param {number} asked the offset asked for
 * @returns {Answer}
 */
function understand({ title }, { status, headers, body }, asked) {
  const range = /^bytes (\d+)-\d+\/(\d+)$/.exec(headers.get("Content-Range") ?? "");
  if (range !== null && Number(range[1]) !== asked) {
    throw new EngineError("wrong_part", { key: "wrong_part", values: { title } });
  }
  const offset = status === 206 ? asked : 0;
  // Content-Length counts compressed bytes where there is compression.
  const length = headers.has("Content-Encoding") ? null : headers.get("Content-Length");
  const linkedBytes = headers.get("X-Linked-Size");
  // Seen only from a server that answers without a redirect and exposes it. Quoted; a git hash for files outside large-file storage.
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
