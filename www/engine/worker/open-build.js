// Opens one build of the engine in this worker, with threads that share its memory, and describes the machine.

import { Hasher } from "./hasher.js";
import { started } from "./started.js";

/** @import { Choice, Machine } from "./builds.js" */
/** @import { Wasm } from "../loading/loader.js" */

/** @returns {Machine} */
export const thisMachine = () => ({
  cores: navigator.hardwareConcurrency,
  sharesMemory: crossOriginIsolated,
});

/**
 * @param {Choice} choice
 * @returns {Promise<Wasm>}
 */
export async function openBuild({ build, threads }) {
  const engine = await import(`../../pkg/${build}/engine.js`);
  const { memory } = await engine.default();
  const module = engine.module();
  if (threads > 1) await startThreads(threads - 1, { module, memory });
  const { ModelBuilder, PackedModel, PackedWriter, Sha256 } = engine;
  const shared = { build, module, memory: build === "threads" ? memory : undefined };
  // Where no worker can start another, this one hashes, which takes longer.
  const startHash = () => Hasher.start(shared).catch(() => new Sha256());
  return { ModelBuilder, PackedModel, PackedWriter, Sha256, startHash, build, threads };
}

/**
 * Starts workers of this worker: they end with it, and an uncaught error in one of them becomes an error of this one.
 * @param {number} count
 * @param {{module: WebAssembly.Module, memory: WebAssembly.Memory}} shared
 */
async function startThreads(count, shared) {
  /** @type {Worker[]} */
  const threads = [];
  try {
    for (let i = 0; i < count; i++) {
      threads.push(
        new Worker(new URL("./thread.js", import.meta.url), { type: "module", name: `engine-thread-${i + 1}` }),
      );
    }
    await Promise.all(threads.map((thread) => started(thread, shared)));
  } catch (error) {
    for (const thread of threads) thread.terminate();
    throw error;
  }
}
