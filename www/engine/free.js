// Gives back what an object of the engine holds, unless the engine is past giving anything.

/**
 * @param {{free(): void}} object
 * @param {unknown} error why it is of no use
 */
export function free(object, error) {
  // After a panic every further call panics, and would hide the first.
  if (!(error instanceof WebAssembly.RuntimeError)) object.free();
}
