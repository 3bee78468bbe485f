// The reader's words for an error or a notice of the engine, by its code.

import { ENGINE } from "./engine.js";
import { inWords } from "./strings.js";

/**
 * @import { Notice, Values } from "../engine/protocol.js"
 * @import { Words } from "./strings.js"
 */

/** @typedef {keyof typeof ENGINE} Key */

/** The codes with more than one sentence: which of them depends on the values. @type {Record<string, (values: Values) => Key>} */
const SENTENCES = {
  busy: ({ seconds }) => (seconds === undefined ? "busy" : "busy_for"),
  connection_lost: ({ seconds }) => (seconds === undefined ? "connection_lost" : "download_stalled"),
  wrong_size: ({ bytes, expected }) => {
    if (expected === undefined) return "file_ends";
    return bytes < expected ? "file_too_short" : "file_too_long";
  },
};

/**
 * An error of Rust or the browser has no code in the table; its own English message stands in.
 * @param {unknown} error an Error, or a Notice
 * @returns {Words}
 */
export function wordsOf(error) {
  const { code, values = {}, message } = /** @type {Partial<Notice>} */ (Object(error));
  const key = keyOf(String(code), values);
  if (key === null) return String(message ?? error);
  const { next, ...others } = values;
  const words = {
    key,
    values: Object.fromEntries(Object.entries(others).map(([name, value]) => [name, inside(value)])),
  };
  return next === undefined ? words : [words, wordsOf(next)];
}

/**
 * @param {unknown} error an Error, or a Notice
 * @returns {string} in the page's language
 */
export const sayError = (error) => inWords(wordsOf(error));

/**
 * @param {string} code
 * @param {Values} values
 * @returns {Key | null}
 */
function keyOf(code, values) {
  if (Object.hasOwn(SENTENCES, code)) return SENTENCES[code](values);
  return Object.hasOwn(ENGINE, code) ? /** @type {Key} */ (code) : null;
}

/**
 * @param {Values[string]} value
 * @returns {Words} without the full stop of a message, for use inside a sentence
 */
function inside(value) {
  const words = typeof value === "object" ? wordsOf(value) : value;
  return typeof words === "string" ? words.replace(/\.$/, "") : words;
}
