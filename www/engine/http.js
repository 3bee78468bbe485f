// One HTTP answer of a download: asked for from an offset on, judged by its status, read with a limit on silence.

import { EngineError } from "./errors.js";

const STALL_MS = 30_000;
const BUFFER_BYTES = 1 << 20;
const LONGEST_WAIT_MS = 60_000;

/** What may pass if asked again. */
export class Interruption extends EngineError {
  /**
   * @param {string} code
   * @param {string} message
   * @param {number} [waitMs] as the server asks, 0 if it does not
   */
  constructor(code, message, waitMs = 0) {
    super(code, message);
    this.waitMs = waitMs;
  }
}

/**
 * @typedef {object} Source
 * @property {string} url
 * @property {string} title what the reader calls the file
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
    throw new Interruption(
      "connection_lost",
      `Nothing of ${title} came for ${STALL_MS / 1000} seconds. Check the network, then load again to go on from there.`,
    );
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
  return new Interruption(
    "connection_lost",
    `The connection broke while ${title} was arriving. Check the network, then load again to go on from there.`,
  );
}

/** @param {Source} source */
function unreachable({ title }) {
  return new EngineError(
    "unreachable",
    `Could not get ${title}: the network is down, or the site does not let this page read the file (CORS). ` +
      "Check the network, then load again.",
  );
}

/**
 * @param {Source} source
 * @param {Response} response
 * @param {number} offset
 */
function refusal({ title }, response, offset) {
  const { status } = response;
  if (status === 404) {
    return new EngineError("not_found", `There is no ${title} (HTTP 404). Choose another model.`);
  }
  if (status === 401 || status === 403) {
    return new EngineError("forbidden", `Access to ${title} is refused (HTTP ${status}). Choose another model.`);
  }
  if (status === 416) {
    const found = `it ends after at most ${offset} bytes on the server`;
    return new EngineError("wrong_size", `${title} has the wrong size: ${found}. Nothing of it was kept; load it again.`);
  }
  if (status === 429 || status >= 500) {
    const seconds = response.headers.get("Retry-After");
    // The header's other form, a date, is left to the usual waits: the clocks may differ.
    const waitMs = seconds !== null && /^\d+$/.test(seconds) ? Number(seconds) * 1000 : 0;
    const when = waitMs === 0 ? "later" : `in ${seconds} seconds`;
    const message = `The server is too busy to send ${title} (HTTP ${status}). Load again ${when}.`;
    return waitMs > LONGEST_WAIT_MS
      ? new EngineError("busy", message)
      : new Interruption("busy", message, waitMs);
  }
  return new EngineError("http_error", `The server did not send ${title} (HTTP ${status}). Load again later.`);
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
    throw new EngineError("wrong_part", `The server sent another part of ${title} than asked for. Load it again.`);
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
    linkedSha256: linkedSha256 && linkedSha256[1],
    etag: headers.get("ETag"),
  };
}
