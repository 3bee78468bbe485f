// Chooses the fastest build of the engine that starts: with threads, or plain.

import { EngineError } from "../errors.js";

/** @import { BuildName } from "../protocol.js" */
/** @import { Wasm } from "../loading/loader.js" */

/** @typedef {{build: BuildName, threads: number}} Choice */
/** @typedef {{cores: number, sharesMemory: boolean}} Machine */

/**
 * A token takes as long as reading all weights, and a few cores saturate the memory. Beyond four, devices have slow cores
 * and hyperthreads. The page itself needs little beside a forward pass, and the system schedules it in between.
 */
const MAX_THREADS = 4;

/**
 * @param {Machine} machine
 * @param {number | null} threads an upper limit, the engine's worker included; null for as many as suit the machine
 * @returns {Choice[]} the builds to try, fastest first
 */
export function choices({ cores, sharesMemory }, threads) {
  if (threads !== null && !(Number.isInteger(threads) && threads >= 1)) {
    const rule = `threads must be a whole number from 1 on, got ${threads}`;
    throw new EngineError("threads", {}, `${rule}; leave it out for as many as suit the device.`);
  }
  /** @type {Choice[]} */
  const found = [];
  const most = sharesMemory ? Math.min(threads ?? MAX_THREADS, MAX_THREADS, cores) : 1;
  if (most > 1) found.push({ build: "threads", threads: most });
  found.push({ build: "plain", threads: 1 });
  return found;
}

export class Builds {
  #open;
  #machine;
  /** @type {Map<BuildName, {threads: number, wasm: Promise<Wasm>}>} every build tried, with or without success */
  #tried = new Map();

  /**
   * @param {(choice: Choice) => Promise<Wasm>} open
   * @param {Machine} machine
   */
  constructor(open, machine) {
    this.#open = open;
    this.#machine = machine;
  }

  /**
   * A build that does not start, for lack of memory or because a policy forbids its threads, gives way to the next one.
   * The number of threads is fixed once they are started; a later model that may use fewer gets the plain build.
   * @param {number | null} threads see `choices`
   * @returns {Promise<Wasm>}
   * @throws {EngineError} threads; not_started, after which every call would fail
   */
  async open(threads) {
    let cause = "";
    for (const choice of choices(this.#machine, threads)) {
      const tried = this.#tried.get(choice.build) ?? { threads: choice.threads, wasm: this.#open(choice) };
      this.#tried.set(choice.build, tried);
      if (tried.threads > choice.threads) continue;
      try {
        return await tried.wasm;
      } catch (error) {
        cause = /** @type {Error} */ (error).message;
      }
    }
    throw new EngineError("not_started", { cause });
  }
}
