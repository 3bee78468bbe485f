// Errors of the engine: a stable code for programs, a sentence for people, which the page says in its reader's language.

import { inWords } from "../strings/strings.js";

/**
 * @import { Words } from "../strings/strings.js"
 * @import { ErrorData } from "./protocol.js"
 */

export class EngineError extends Error {
  /**
   * @param {string} code
   * @param {Words} words
   */
  constructor(code, words) {
    super(inWords(words));
    // Callers know an abort by the name that fetch and every other web API give it.
    this.name = code === "aborted" ? "AbortError" : "EngineError";
    this.code = code;
    this.words = words;
  }
}

/**
 * @param {unknown} error
 * @returns {ErrorData} what can be cloned into a message; a code is always there
 */
export function toErrorData(error) {
  const { name, message, code, words } =
    /** @type {{name?: unknown, message?: unknown, code?: unknown, words?: Words}} */ (Object(error));
  return {
    name: String(name ?? "Error"),
    // DOMException has numbers for codes.
    code: typeof code === "string" ? code : "internal",
    // What comes from Rust or the browser has its English only.
    words: words ?? String(message ?? error),
  };
}
