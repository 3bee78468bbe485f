// The speed at which WebAssembly reads memory in this browser: a sum over more bytes than any cache holds.

const SIZE_BYTES = 324 * 2 ** 20;
const PASSES = 8;

/**
 * @param {{threads: number}} options
 * @param {number} nSamples
 * @returns {Promise<{readGbPerS: number[]}>}
 */
export async function measure({ threads }, nSamples) {
  const module = await WebAssembly.compile(sumModule());
  const sizeBytes = Math.floor(SIZE_BYTES / threads / BLOCK_BYTES) * BLOCK_BYTES;
  const url = new URL("read-worker.js", import.meta.url);
  const workers = Array.from({ length: threads }, () => new Worker(url, { type: "module" }));
  const pass = () => Promise.all(workers.map((worker) => ask(worker, { module, sizeBytes, passes: PASSES })));
  const readGbPerS = [];
  for (let i = -2; i < nSamples; i++) {
    await /** @type {any} */ (window).quiet();
    const start = performance.now();
    await pass();
    if (i >= 0) readGbPerS.push((threads * sizeBytes * PASSES) / (performance.now() - start) / 1e6);
  }
  for (const worker of workers) worker.terminate();
  return { readGbPerS };
}

/**
 * @param {Worker} worker
 * @param {object} message
 */
const ask = (worker, message) =>
  new Promise((resolve, reject) => {
    worker.onmessage = resolve;
    worker.onerror = ({ message }) => reject(new Error(message));
    worker.postMessage(message);
  });

const N_SUMS = 8; // independent of each other, so that no addition waits for the one before
const BLOCK_BYTES = 16 * N_SUMS;

/**
 * A module with `sum(begin, end)` over its memory, assembled by hand in the specification's binary format.
 * @returns {Uint8Array<ArrayBuffer>}
 */
function sumModule() {
  const [begin, end] = [0, 1];
  const sum = (/** @type {number} */ i) => 2 + i;
  const sums = Array.from({ length: N_SUMS }, (_, i) => i);
  const [I32, V128] = [0x7f, 0x7b];
  const get = (/** @type {number} */ local) => [0x20, local];
  const set = (/** @type {number} */ local) => [0x21, local];
  const load = (/** @type {number} */ offset) => [0xfd, 0x00, 4, offset]; // v128.load, aligned to 2^4
  const add = [0xfd, 0xae, 0x01]; // i32x4.add
  const body = [
    ...[1, N_SUMS, V128], // locals
    ...[0x03, 0x40], // loop
    ...sums.flatMap((i) => [...get(sum(i)), ...get(begin), ...load(16 * i), ...add, ...set(sum(i))]),
    ...[...get(begin), 0x41, 0x80, 0x01, 0x6a, 0x22, begin], // begin += BLOCK_BYTES
    ...[...get(end), 0x49, 0x0d, 0, 0x0b], // if (begin < end) continue
    ...sums.slice(1).flatMap((i) => [...get(sum(0)), ...get(sum(i)), ...add, ...set(sum(0))]),
    ...[...get(sum(0)), 0xfd, 0x1b, 0, 0x0b], // i32x4.extract_lane 0
  ];
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, [1, 0x60, 2, I32, I32, 1, I32]), // types
    ...section(3, [1, 0]), // functions
    ...section(5, [1, 0, 1]), // memories: one page, to be grown
    ...section(7, [2, ...name("memory"), 2, 0, ...name("sum"), 0, 0]), // exports
    ...section(10, [1, ...leb128(body.length), ...body]), // code
  ]);
}

/**
 * @param {number} id
 * @param {number[]} bytes
 */
const section = (id, bytes) => [id, ...leb128(bytes.length), ...bytes];

/** @param {string} text */
const name = (text) => [text.length, ...new TextEncoder().encode(text)];

/**
 * @param {number} n
 * @returns {number[]}
 */
const leb128 = (n) => (n < 128 ? [n] : [(n & 127) | 128, ...leb128(n >> 7)]);
