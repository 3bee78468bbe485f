// A local server that answers like the Hugging Face hub, including its redirects, headers and failures.
//
// Large files redirect to a second server, as the hub redirects to its storage, so that the same CORS rules apply.

import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import http from "node:http";
import https from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

const HUB_HOST = "huggingface.co";
const STORAGE_HOST = "cdn-lfs.hf.co";

/**
 * A way for a download to fail or to deviate.
 * - `status`: this HTTP status instead of the file, with `Retry-After: retryAfter` if given
 * - `wrong_length`: the last tenth is missing, and the headers agree
 * - `flipped_byte`: one bit in the middle is wrong
 * - `cut`: the connection breaks after 30 %
 * - `stall`: the data stops after 30 %, and the connection stays open
 * - `no_cors`: no CORS headers
 * - `ignore_range`: a range request gets the whole file
 * - `gzip`: the body is compressed, and Content-Length counts compressed bytes
 * @typedef {"status" | "wrong_length" | "flipped_byte" | "cut" | "stall" | "no_cors" | "ignore_range" | "gzip"} Failure
 */

/** @typedef {{status?: number, retryAfter?: string, times?: number}} FailureOptions `times`: number of answers that fail, all by default */

/** @typedef {{server: "hub" | "storage", path: string, range: string | undefined, method: string}} LoggedRequest */

export class Hub {
  /** @type {Map<string, Buffer>} by path */
  #files = new Map();
  /** @type {Map<string, {failure: Failure, options: FailureOptions, left: number}[]>} by path */
  #failures = new Map();
  #hub;
  #storage;
  /** Every request, in order. @type {LoggedRequest[]} */
  requests = [];
  /** The origins of the hub and its storage. */
  origin = "";
  storageOrigin = "";
  /** With --ignore-certificate-errors, makes Chromium take this server for the real hub (https only). */
  hostResolverRules = "";

  /** @param {(listener: http.RequestListener) => http.Server | https.Server} createServer */
  constructor(createServer) {
    this.#hub = createServer((request, response) => this.#answerAsHub(request, response));
    this.#storage = createServer((request, response) => this.#answerAsStorage(request, response));
  }

  /**
   * @param {boolean} isHttps
   * @returns {Promise<this>}
   */
  async listen(isHttps) {
    const [hubPort, storagePort] = await Promise.all(
      [this.#hub, this.#storage].map(async (server) => {
        await once(server.listen(0, "127.0.0.1"), "listening");
        return /** @type {import("node:net").AddressInfo} */ (server.address()).port;
      }),
    );
    this.origin = isHttps ? `https://${HUB_HOST}` : `http://127.0.0.1:${hubPort}`;
    this.storageOrigin = isHttps ? `https://${STORAGE_HOST}` : `http://127.0.0.1:${storagePort}`;
    this.hostResolverRules = `MAP ${HUB_HOST} 127.0.0.1:${hubPort}, MAP ${STORAGE_HOST} 127.0.0.1:${storagePort}`;
    return this;
  }

  async close() {
    for (const server of [this.#hub, this.#storage]) {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    }
  }

  /**
   * @param {string} path as on the hub: "/distilbert/distilgpt2/resolve/REVISION/config.json"
   * @param {Uint8Array} bytes
   * @returns {string} the file's URL
   */
  addFile(path, bytes) {
    this.#files.set(path, Buffer.from(bytes));
    return this.origin + path;
  }

  /**
   * Makes downloads of a file fail. Several failures add up, until `mend`.
   * @param {string} path
   * @param {Failure} failure
   * @param {FailureOptions} [options]
   */
  fail(path, failure, options = {}) {
    const list = this.#failures.get(path) ?? [];
    list.push({ failure, options, left: options.times ?? Infinity });
    this.#failures.set(path, list);
  }

  /** @param {string} path */
  mend(path) {
    this.#failures.delete(path);
  }

  /**
   * @param {string} path
   * @returns {Map<Failure, FailureOptions>} the failures of the current answer
   */
  #takeFailures(path) {
    const due = (this.#failures.get(path) ?? []).filter((entry) => entry.left-- > 0);
    return new Map(due.map(({ failure, options }) => [failure, options]));
  }

  /**
   * @param {http.IncomingMessage} request
   * @param {http.ServerResponse} response
   */
  #answerAsHub(request, response) {
    const path = this.#log("hub", request);
    const bytes = this.#files.get(path);
    // Preflights get no answer, so the page must use only requests that CORS allows without one.
    if (request.method === "OPTIONS") return void response.writeHead(405).end();
    if (bytes === undefined) return void response.writeHead(404, cors()).end("Entry not found");
    if (path.endsWith(".safetensors")) {
      // The storage fails, not the hub, except for CORS: a browser stops at the first answer without its headers.
      const hasCors = !(this.#failures.get(path) ?? []).some(({ failure, left }) => failure === "no_cors" && left > 0);
      response.writeHead(302, {
        ...(hasCors ? cors() : {}),
        Location: this.storageOrigin + path,
        "X-Linked-ETag": `"${sha256(bytes)}"`,
        "X-Linked-Size": bytes.length,
        "X-Repo-Commit": path.split("/")[4],
      });
      response.end();
    } else {
      // Small files come straight from the repository, with a git hash as their tag.
      sendFile(request, response, bytes, this.#takeFailures(path), createHash("sha1").update(bytes).digest("hex"));
    }
  }

  /**
   * @param {http.IncomingMessage} request
   * @param {http.ServerResponse} response
   */
  #answerAsStorage(request, response) {
    const path = this.#log("storage", request);
    const bytes = this.#files.get(path);
    if (request.method === "OPTIONS") return void response.writeHead(405).end();
    if (bytes === undefined) return void response.writeHead(404, cors()).end();
    sendFile(request, response, bytes, this.#takeFailures(path), sha256(bytes));
  }

  /**
   * @param {"hub" | "storage"} server
   * @param {http.IncomingMessage} request
   */
  #log(server, request) {
    const path = request.url ?? "/";
    this.requests.push({ server, path, range: request.headers.range, method: request.method ?? "GET" });
    return path;
  }
}

/**
 * @param {http.IncomingMessage} request
 * @param {http.ServerResponse} response
 * @param {Buffer} file
 * @param {Map<Failure, FailureOptions>} failures
 * @param {string} etag
 */
function sendFile(request, response, file, failures, etag) {
  /** @type {http.OutgoingHttpHeaders} */
  const headers = { "Accept-Ranges": "bytes", ETag: `"${etag}"`, ...(failures.has("no_cors") ? {} : cors()) };

  const refusal = failures.get("status");
  if (refusal !== undefined) {
    if (refusal.retryAfter !== undefined) headers["Retry-After"] = refusal.retryAfter;
    return void response.writeHead(refusal.status ?? 500, headers).end("refused");
  }

  let bytes = failures.has("wrong_length") ? file.subarray(0, Math.floor(file.length * 0.9)) : file;
  if (failures.has("flipped_byte")) {
    bytes = Buffer.from(bytes);
    bytes[bytes.length >> 1] ^= 1;
  }
  let status = 200;
  const range = /^bytes=(\d+)-$/.exec(request.headers.range ?? "");
  if (range !== null && !failures.has("ignore_range")) {
    const from = Number(range[1]);
    if (from >= bytes.length) {
      return void response.writeHead(416, { ...headers, "Content-Range": `bytes */${bytes.length}` }).end();
    }
    headers["Content-Range"] = `bytes ${from}-${bytes.length - 1}/${bytes.length}`;
    bytes = bytes.subarray(from);
    status = 206;
  }
  if (failures.has("gzip") && status === 200) {
    bytes = gzipSync(bytes);
    headers["Content-Encoding"] = "gzip";
  }
  response.writeHead(status, { ...headers, "Content-Length": bytes.length });
  const part = bytes.subarray(0, Math.ceil(bytes.length * 0.3));
  if (failures.has("cut")) response.write(part, () => response.destroy());
  else if (failures.has("stall")) response.write(part);
  else response.end(bytes);
}

const cors = () => ({
  "Access-Control-Allow-Origin": "*",
  "Access-Control-Expose-Headers":
    "X-Repo-Commit,X-Linked-Size,X-Linked-ETag,ETag,Link,Accept-Ranges,Content-Range,Retry-After",
});

/** @param {Buffer} bytes */
const sha256 = (bytes) => createHash("sha256").update(bytes).digest("hex");

/**
 * @param {{isHttps?: boolean}} [options] https uses a temporary certificate
 * @returns {Promise<Hub>}
 */
export function startHub({ isHttps = false } = {}) {
  if (!isHttps) return new Hub((listener) => http.createServer(listener)).listen(false);
  const credentials = makeCertificate();
  return new Hub((listener) => https.createServer(credentials, listener)).listen(true);
}

function makeCertificate() {
  const folder = mkdtempSync(join(tmpdir(), "hub-"));
  try {
    const [key, cert] = [join(folder, "key.pem"), join(folder, "cert.pem")];
    const names = `subjectAltName=DNS:${HUB_HOST},DNS:${STORAGE_HOST}`;
    execFileSync(
      "openssl",
      `req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=${HUB_HOST} -addext ${names} -keyout ${key} -out ${cert}`.split(
        " ",
      ),
      { stdio: "pipe" },
    );
    return { key: readFileSync(key), cert: readFileSync(cert) };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
