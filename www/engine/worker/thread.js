// A thread of the engine: a worker that computes on the memory of the worker that started it, and does nothing else.

import { fail, initSync, work } from "../../pkg/threads/engine.js";

addEventListener("message", ({ data: { module, memory } }) => {
  initSync({ module, memory });
  postMessage("started");
  try {
    work(); // never returns
  } catch (error) {
    // The engine's worker may be waiting for this thread, where no event reaches it.
    fail();
    throw error;
  }
});
