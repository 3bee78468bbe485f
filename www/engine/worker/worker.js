// The worker: gives EngineHost the browser's APIs, and holds a lock by which the page notices its death.

import { FileStorage } from "../loading/storage.js";
import { Builds } from "./builds.js";
import { EngineHost } from "./host.js";
import { openBuild, thisMachine } from "./open-build.js";

async function start() {
  const builds = new Builds(openBuild, thisMachine());
  const host = new EngineHost({
    openWasm: (threads) => builds.open(threads),
    fetch: (...request) => fetch(...request),
    storage: await FileStorage.open(navigator.storage),
    origin: location.origin,
    post: (message) => postMessage(message),
    now: () => performance.now(),
    sleep,
    nextTask,
  });
  addEventListener("message", ({ data }) => host.handle(data));
  await holdLock(self.name);
  postMessage({ type: "hello" });
}

/**
 * Resolves when the lock is held; only the end of this worker releases it.
 * @param {string} name
 * @returns {Promise<void>}
 */
const holdLock = (name) =>
  new Promise((resolve, reject) => {
    // Insecure contexts have no locks; there only error events tell of a death.
    if (!navigator.locks) return resolve();
    const forever = () => new Promise(() => resolve());
    navigator.locks.request(name, forever).catch(reject);
  });

/**
 * @param {number} ms
 * @param {AbortSignal} signal
 * @returns {Promise<void>}
 */
const sleep = (ms, signal) =>
  new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const stop = () => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener("abort", stop);
      resolve();
    }, ms);
    signal.addEventListener("abort", stop, { once: true });
  });

// A message to oneself queues behind the page's; a timer would be clamped to 4 ms, and a promise would not let them in.
const { port1, port2 } = new MessageChannel();
/** @type {(() => void)[]} */
const waiting = [];
port1.onmessage = () => waiting.shift()?.();
/** @returns {Promise<void>} */
const nextTask = () =>
  new Promise((resolve) => {
    waiting.push(resolve);
    port2.postMessage(null);
  });

// The page sees an error event; a rejected promise would stay inside the worker.
start().catch(reportError);
