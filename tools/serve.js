// Serves a folder cross-origin isolated and under the page's Content-Security-Policy: node tools/serve.js www 8080

import { createReadStream } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { fileURLToPath } from "node:url";

/** @type {Record<string, string>} */
const MIME_TYPES = {
  ".css": "text/css; charset=utf-8",
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".json": "application/json",
  ".md": "text/markdown; charset=utf-8",
  ".mjs": "text/javascript; charset=utf-8",
  ".png": "image/png",
  ".safetensors": "application/octet-stream",
  ".svg": "image/svg+xml",
  ".wasm": "application/wasm",
  ".webmanifest": "application/manifest+json",
};

/**
 * @param {string} root the folder to serve, with an index.html
 * @param {number} port 0 takes any free one
 * @param {Map<string, () => Promise<string>>} [overlay] what to answer in place of a file, by its path
 * @returns {Promise<import("node:http").Server>} once it listens, on this machine only
 */
export async function serve(root, port, overlay = new Map()) {
  const headers = {
    "Content-Security-Policy": `${await policyOf(join(root, "index.html"))}; frame-ancestors 'none'`,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
  };
  const server = createServer((request, response) => {
    answer(root, overlay, headers, request, response).catch((error) => {
      // A reader that goes away halfway is nobody's fault.
      if (error.code !== "ERR_STREAM_PREMATURE_CLOSE")
        console.error(`${request.method} ${request.url}: ${error.message}`);
      response.destroy();
    });
  });
  await new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", () => resolve(undefined));
  });
  return server;
}

/** Reads the policy from the page, which has it for hosts that cannot send headers. @param {string} index */
async function policyOf(index) {
  const match = /<meta\s+http-equiv="Content-Security-Policy"\s+content="([^"]*)"/.exec(await readFile(index, "utf8"));
  if (match === null) throw new Error(`${index} has no <meta http-equiv="Content-Security-Policy" content="…">`);
  return match[1];
}

/**
 * @param {string} root
 * @param {Map<string, () => Promise<string>>} overlay
 * @param {Record<string, string>} headers
 * @param {import("node:http").IncomingMessage} request
 * @param {import("node:http").ServerResponse} response
 */
async function answer(root, overlay, headers, request, response) {
  if (request.method !== "GET" && request.method !== "HEAD")
    return refuse(response, headers, 405, "Only GET and HEAD are supported.");
  // URL resolves every ".."; encoded characters ("%2f") stay encoded and match no file.
  const { pathname } = new URL(`http://localhost${request.url}`);
  const name = pathname.endsWith("/") ? `${pathname}index.html` : pathname;
  const type = MIME_TYPES[extname(name)] ?? "application/octet-stream";
  const made = await overlay.get(name)?.();
  if (made !== undefined) {
    response.writeHead(200, { ...headers, "Content-Type": type });
    response.end(made);
    return;
  }
  const path = join(root, name);
  const file = await stat(path).catch(() => null);
  if (!file?.isFile()) return refuse(response, headers, 404, `${pathname} not found.`);
  response.writeHead(200, {
    ...headers,
    "Content-Type": type,
    "Content-Length": file.size,
  });
  if (request.method === "HEAD") response.end();
  else await pipeline(createReadStream(path), response);
}

/**
 * @param {import("node:http").ServerResponse} response
 * @param {Record<string, string>} headers
 * @param {number} status
 * @param {string} message
 */
function refuse(response, headers, status, message) {
  response.writeHead(status, { ...headers, "Content-Type": "text/plain; charset=utf-8" });
  response.end(`${message}\n`);
}

/**
 * @param {string[]} argv
 * @returns {Promise<void>}
 */
async function main([root, portText, ...rest]) {
  const port = Number(portText);
  if (root === undefined || rest.length > 0 || !Number.isInteger(port) || port < 0 || port > 65535) {
    throw new Error("usage: node tools/serve.js FOLDER PORT, as in: node tools/serve.js www 8080");
  }
  await serve(root, port).catch((error) => {
    if (error.code !== "EADDRINUSE") throw error;
    throw new Error(`Port ${port} is taken by another program; try: node tools/serve.js ${root} ${port + 1}`);
  });
  console.log(`Serving ${root} on http://localhost:${port}/; press Ctrl+C to stop.`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  main(process.argv.slice(2)).catch((error) => {
    console.error(error.message);
    process.exitCode = 1;
  });
}
