// SHA-256 of one file, in a worker of its own: half of a first visit's computing, which nothing waits for until the end.

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
    // The worker ends itself: terminated from outside, it might hold the allocator's lock in the shared memory.
    __wbindgen_thread_destroy?.();
    close();
  });
  postMessage("started");
}
