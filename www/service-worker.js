// Keeps the page on this device, one version at a time, and adds the headers that threads need.
//
// files.js, written by the build, lists every file of the page with its hash. A version takes over once all of its files
// are here and the previous version has no tab left, or its only tab asks for the new one.

import { FILES } from "./files.js";

/**
 * Types that TypeScript declares only for service workers.
 * @typedef {Event & {waitUntil(promise: Promise<unknown>): void}} LifeEvent
 * @typedef {Event & {request: Request, respondWith(response: Promise<Response>): void}} FetchEvent
 * @typedef {{url: string}} Tab
 */
/**
 * @typedef {object} Scope
 * @property {ServiceWorkerRegistration} registration
 * @property {{matchAll(options: {type: "window", includeUncontrolled: true}): Promise<Tab[]>}} clients
 * @property {() => Promise<void>} skipWaiting
 * @property {typeof globalThis.addEventListener} addEventListener
 */

const worker = /** @type {Scope} */ (/** @type {unknown} */ (self));
const root = worker.registration.scope;

// Other pages of this origin have caches too. Keys contain the hash, so that no version finds another's file.
const files = caches.open(root);
const keyOf = (/** @type {string} */ path) => `${root}${path}?${encodeURIComponent(FILES[path])}`;

worker.addEventListener("install", (event) => {
  const install = Promise.all(Object.keys(FILES).map(fileAt));
  /** @type {LifeEvent} */ (event).waitUntil(install);
});

worker.addEventListener("activate", (event) => {
  /** @type {LifeEvent} */ (event).waitUntil(forgetOlderVersions());
});

worker.addEventListener("fetch", (event) => {
  const asked = /** @type {FetchEvent} */ (event);
  const path = pathOf(asked.request);
  if (Object.hasOwn(FILES, path)) asked.respondWith(fileAt(path));
});

worker.addEventListener("message", (event) => {
  const asked = /** @type {MessageEvent & LifeEvent} */ (event);
  asked.waitUntil(takeOver(asked.ports[0]));
});

/**
 * @param {Request} request
 * @returns {string} its path in files.js, "" for other requests
 */
function pathOf({ method, url }) {
  const { origin, pathname } = new URL(url);
  const place = origin + pathname;
  if (method !== "GET" || !place.startsWith(root)) return "";
  return place.slice(root.length) || "index.html";
}

/**
 * The file of this version, fetched from the network only once.
 * @param {string} path
 * @returns {Promise<Response>}
 * @throws {TypeError} if the network is down or the server has another version
 */
async function fileAt(path) {
  const cache = await files;
  const kept = await cache.match(keyOf(path));
  if (kept !== undefined) return kept;
  const response = await fetch(root + path, { integrity: FILES[path], cache: "no-cache" });
  if (!response.ok) throw new TypeError(`${path}: HTTP ${response.status}`);
  await cache.put(keyOf(path), isolated(response));
  return fileAt(path);
}

/**
 * Threads need shared memory, which only cross-origin isolated pages have; many hosts cannot send the headers for that.
 * @param {Response} response
 */
function isolated({ body, headers }) {
  const all = new Headers(headers);
  all.set("Cross-Origin-Opener-Policy", "same-origin");
  all.set("Cross-Origin-Embedder-Policy", "require-corp");
  return new Response(body, { headers: all });
}

async function forgetOlderVersions() {
  // A newer version that is being installed has files here too.
  if (worker.registration.installing !== null) return;
  const cache = await files;
  const present = new Set(Object.keys(FILES).map(keyOf));
  const requests = await cache.keys();
  await Promise.all(requests.filter(({ url }) => !present.has(url)).map((request) => cache.delete(request)));
}

/** @param {MessagePort} port answered only if other tabs still need the previous version */
async function takeOver(port) {
  const windows = await worker.clients.matchAll({ type: "window", includeUncontrolled: true });
  const tabs = windows.filter(({ url }) => url.startsWith(root));
  if (tabs.length > 1) port.postMessage("in use");
  else await worker.skipWaiting();
}
