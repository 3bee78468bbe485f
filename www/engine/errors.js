// Errors of the engine: a stable code for programs, a sentence for people.

/** @import { ErrorData } from "./protocol.js" */

export class EngineError extends Error {
  /**
   * @param {string} code
   * @param {string} message
   */
  constructor(code, message) {
    super(message);
    // Callers know an abort by the name that fetch and every other web API give it.
    this.name = code === "aborted" ? "AbortError" : "EngineError";
    this.code = code;
  }
}

/**
 * @param {unknown} error
 * @returns {ErrorData} what can be cloned into a message; a code is always there
 */
export function toErrorData(error) {
  const { name, message, code } = /** @type {{name?: unknown, message?: unknown, code?: unknown}} */ (Object(error));
  return {
    name: String(name ?? "Error"),
    // DOMException has numbers for codes.
    code: typeof code === "string" ? code : "internal",
    message: String(message ?? error),
  };
}
