// The processor time of other programs during a measurement, from Linux's /proc.

import { readdir, readFile } from "node:fs/promises";
import { availableParallelism } from "node:os";

const TICKS_PER_S = 100;
const NOISE_CORES = 0.15;
const WINDOW_MS = 400;

const sleep = (/** @type {number} */ ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Measures other programs' processor time since its creation, and waits for them to be idle. */
export class Others {
  #patienceMs;
  #start = now();

  /** @param {number} patienceMs for all waits together */
  constructor(patienceMs) {
    this.#patienceMs = patienceMs;
  }

  /**
   * Resolves when they leave `nThreads` processors idle, or when patience runs out.
   * @param {number} nThreads
   */
  async wait(nThreads) {
    const allowed = NOISE_CORES + Math.max(0, availableParallelism() - nThreads);
    while (this.#patienceMs > 0) {
      const before = await now();
      await sleep(WINDOW_MS);
      if (othersCores(before, await now()) < allowed) return;
      this.#patienceMs -= WINDOW_MS;
    }
  }

  /** @returns {Promise<{othersCores: number, ownCores: number}>} averages since the start */
  async taken() {
    const [start, end] = [await this.#start, await now()];
    const seconds = (end.ms - start.ms) / 1000;
    return { othersCores: othersCores(start, end), ownCores: (end.ownS - start.ownS) / seconds };
  }
}

/** @typedef {{ms: number, busyS: number, ownS: number}} Moment */

/**
 * @param {Moment} start
 * @param {Moment} end
 */
const othersCores = (start, end) =>
  Math.max(0, (1000 * (end.busyS - start.busyS - (end.ownS - start.ownS))) / (end.ms - start.ms));

/** @returns {Promise<Moment>} */
async function now() {
  return { ms: performance.now(), busyS: await busySeconds(), ownS: await ownSeconds() };
}

/** Busy seconds of all processors. Stolen time counts too, since it was not available here. */
async function busySeconds() {
  const [, user, nice, system, , , interrupts, softInterrupts, stolen] = numbers(await readFile("/proc/stat", "utf8"));
  return (user + nice + system + interrupts + softInterrupts + stolen) / TICKS_PER_S;
}

/** @param {string} text */
const numbers = (text) => text.split(/\s+/).map(Number);

/** Busy seconds of this process and its descendants. */
async function ownSeconds() {
  /** @type {Map<number, {parent: number, ticks: number}>} */
  const processes = new Map();
  for (const name of await readdir("/proc")) {
    // A process may end before its file is read.
    const stat = /^\d+$/.test(name) && (await readFile(`/proc/${name}/stat`, "latin1").catch(() => null));
    if (!stat) continue;
    // After the name, which may contain anything: state, parent, …, user and system time, and both of ended children.
    const fields = numbers(stat.slice(stat.lastIndexOf(")") + 2));
    processes.set(Number(name), { parent: fields[1], ticks: fields[11] + fields[12] + fields[13] + fields[14] });
  }
  const isOwn = (/** @type {number | undefined} */ pid) => {
    while (pid !== undefined && pid !== process.pid) pid = processes.get(pid)?.parent;
    return pid !== undefined;
  };
  let ticks = 0;
  for (const [pid, process] of processes) if (isOwn(pid)) ticks += process.ticks;
  return ticks / TICKS_PER_S;
}
