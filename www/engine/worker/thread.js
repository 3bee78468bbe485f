// A thread of the engine: a worker that computes in the memory of the worker that started it.

import { fail, initSync, work } from "../../pkg/threads/engine.js";

addEventListener("message", ({ data: { module, memory } }) => {
  initSync({ module, memory });
  postMessage("started");
  try {
    work(); // never returns
  } catch (error) {
    // The engine's worker may be blocked waiting for this thread, so no event reaches it.
    fail();
    throw error;
  }
});
