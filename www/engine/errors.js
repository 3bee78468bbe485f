// Errors of the engine: a stable code with values, for which the page has words, and English for developers.

/** @import { ErrorData, Notice, Values } from "./protocol.js" */

export class EngineError extends Error {
  /**
   * @param {string} code
   * @param {Values} [values]
   * @param {string} [message] where code and values would not tell a developer what to do
   */
  constructor(code, values = {}, message = describe({ code, values })) {
    super(message);
    // fetch and every other web API give an abort this name.
    this.name = code === "aborted" ? "AbortError" : "EngineError";
    this.code = code;
    this.values = values;
  }
}

/**
 * @param {Notice} notice
 * @returns {string} such as "busy (file: config.json, status: 503)"
 */
function describe({ code, values = {}, message }) {
  const list = Object.entries(values).map(
    ([name, value]) => `${name}: ${typeof value === "object" ? describe(value) : value}`,
  );
  return message ?? (list.length === 0 ? code : `${code} (${list.join(", ")})`);
}

/**
 * @param {unknown} error
 * @returns {ErrorData} a structured-cloneable copy; an error without a code, such as a panic, gets "internal"
 */
export function toErrorData(error) {
  const { name, message, code, values } =
    /** @type {{name?: unknown, message?: unknown, code?: unknown, values?: Values}} */ (Object(error));
  return {
    name: String(name ?? "Error"),
    // A DOMException has a number for a code.
    code: typeof code === "string" ? code : "internal",
    values: values ?? {},
    message: String(message ?? error),
  };
}
