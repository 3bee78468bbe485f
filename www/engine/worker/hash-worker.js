// SHA-256 of one file, in a worker beside the engine's: half of what a first visit computes, and it can wait.

addEventListener("message", ({ data }) => begin(data).catch(reportError), { once: true });

/** @param {{build: string, module: WebAssembly.Module, memory: WebAssembly.Memory | undefined}} engine */
async function begin({ build, module, memory }) {
  const { Sha256, initSync } = await import(`../../pkg/${build}/engine.js`);
  const { __wbindgen_thread_destroy } = initSync({ module, memory });
  const hash = new Sha256();
  addEventListener("message", ({ data: { block, sizeBytes, isLast } }) => {
    hash.update(block.subarray(0, sizeBytes));
    if (!isLast) return postMessage(block, { transfer: [block.buffer] });
    postMessage(hash.hex());
    // It ends by itself: stopped from outside it might hold the lock of the memory that it shares.
    __wbindgen_thread_destroy?.();
    close();
  });
  postMessage("started");
}
