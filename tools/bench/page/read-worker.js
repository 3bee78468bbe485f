// One thread of read-bandwidth.js, with its own memory.

const PAGE_BYTES = 65536;

/** @type {Promise<{memory: WebAssembly.Memory, sum(begin: number, end: number): number}> | null} */
let ready = null;

addEventListener("message", async ({ data: { module, sizeBytes, passes } }) => {
  ready ??= prepare(module, sizeBytes);
  const { sum } = await ready;
  for (let i = 0; i < passes; i++) sum(0, sizeBytes);
  postMessage(null);
});

/**
 * @param {WebAssembly.Module} module
 * @param {number} sizeBytes
 */
async function prepare(module, sizeBytes) {
  const { exports } = await WebAssembly.instantiate(module);
  const { memory, sum } = /** @type {any} */ (exports);
  memory.grow(Math.ceil(sizeBytes / PAGE_BYTES) - 1);
  // Unwritten pages all map to a single page of zeros.
  new Uint8Array(memory.buffer).fill(1);
  return { memory, sum };
}
