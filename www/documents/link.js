// A text as a link: #text=1.…, where 1 is the version and the rest is JSON, compressed with zlib, in base64url.
// Unlike raw deflate, zlib's format ends in a checksum, which reveals a damaged link.

import { NUMBERS } from "../settings/settings.js";
import { say } from "../strings/strings.js";

/** @import { GenerationConfig } from "../engine/protocol.js" */

/**
 * The content of a link. `suggestion`: the caret, the gate and the index of the alternative, from which `model` reproduces
 * the suggestion with these parameters and this seed; null for a link to the text alone.
 * @typedef {object} Shared
 * @property {string} text
 * @property {string} model
 * @property {GenerationConfig} generation_config
 * @property {{caretUtf16: number, gate: number | null, index: number} | null} suggestion
 */

const PREFIX = "text=";
const VERSION = 1;
/** Some programs truncate longer addresses. */
const MAX_FRAGMENT_LENGTH = 32 * 1024;
/** Prose that fits a link decompresses to a third of this; a link made to exhaust memory, to a hundred times as much. */
const MAX_JSON_BYTES = 256 * 1024;

/** The parameters that a link may set, with their ranges or "boolean". */
const PARAMETERS = {
  max_new_tokens: NUMBERS.max_new_tokens,
  temperature: NUMBERS.temperature,
  top_p: NUMBERS.top_p,
  top_k: NUMBERS.top_k,
  repetition_penalty: NUMBERS.repetition_penalty,
  max_time: NUMBERS.max_time,
  seed: { min: 0, max: Number.MAX_SAFE_INTEGER, isInteger: true }, // the engine's range, as the page may count on from the writer's seed
  num_return_sequences: NUMBERS.n_alternatives,
  do_sample: "boolean",
  return_full_text: "boolean",
  token_healing: "boolean",
};

/**
 * @param {Shared} shared
 * @returns {Promise<string>} the fragment of the page's address, without its #
 * @throws {RangeError} a sentence for the writer, if the text is too long for a link
 */
export async function fragmentOf(shared) {
  const json = new TextEncoder().encode(JSON.stringify(shared));
  const bytes = await through(new CompressionStream("deflate"), json, Infinity);
  assertFits("link_too_long", json.length, MAX_JSON_BYTES);
  assertFits(
    "link_too_long",
    PREFIX.length + `${VERSION}.`.length + Math.ceil((4 * bytes.length) / 3),
    MAX_FRAGMENT_LENGTH,
  );
  return `${PREFIX}${VERSION}.${toBase64Url(bytes)}`;
}

/** @param {string} fragment with or without its # */
export const isLink = (fragment) => fragment.replace(/^#/, "").startsWith(PREFIX);

/**
 * @param {string} fragment with or without its #
 * @returns {Promise<Shared>}
 * @throws {Error} a sentence for the reader, if the link is damaged, too long or of a later version of this page
 */
export async function readFragment(fragment) {
  const [, version, data] = /^#?text=(\d+)\.(.*)$/s.exec(fragment) ?? [];
  if (Number(version) > VERSION) throw new Error(say("link_newer", { version }));
  assertFits("link_oversized", fragment.length, MAX_FRAGMENT_LENGTH + 1); // with its #
  try {
    const bytes = await through(new DecompressionStream("deflate"), fromBase64Url(data), MAX_JSON_BYTES);
    const shared = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
    if (isShared(shared)) return shared;
  } catch {
    // Whatever is wrong, the reader can only ask for the link again.
  }
  throw new Error(say("link_damaged"));
}

/**
 * @param {"link_too_long" | "link_oversized"} sentence
 * @param {number} length
 * @param {number} limit
 */
function assertFits(sentence, length, limit) {
  if (length > limit)
    throw new RangeError(say(sentence, { size: Math.ceil(length / 1024), limit: Math.floor(limit / 1024) }));
}

/**
 * @param {GenericTransformStream} transform
 * @param {Uint8Array<ArrayBuffer>} bytes
 * @param {number} limitBytes
 * @returns {Promise<Uint8Array<ArrayBuffer>>}
 */
async function through(transform, bytes, limitBytes) {
  const reader = new Blob([bytes]).stream().pipeThrough(transform).getReader();
  /** @type {Uint8Array<ArrayBuffer>[]} */
  const chunks = [];
  let length = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return new Uint8Array(await new Blob(chunks).arrayBuffer());
    length += value.length;
    if (length > limitBytes) {
      await reader.cancel();
      throw new RangeError(`more than ${limitBytes} bytes`);
    }
    chunks.push(value);
  }
}

/** @param {Uint8Array} bytes few enough to be arguments of one call */
const toBase64Url = (bytes) =>
  btoa(String.fromCharCode(...bytes)).replace(/[+/=]/g, (sign) => ({ "+": "-", "/": "_" })[sign] ?? "");

/** @param {string} text */
const fromBase64Url = (text) =>
  Uint8Array.from(atob(text.replace(/[-_]/g, (sign) => (sign === "-" ? "+" : "/"))), (char) => char.charCodeAt(0));

/**
 * @param {any} value
 * @returns {value is Shared}
 */
function isShared(value) {
  const { text, model, generation_config, suggestion, ...others } = value;
  return (
    typeof text === "string" &&
    !text.includes("\r") && // The editor would turn \r\n into \n and so move the caret.
    typeof model === "string" &&
    Object.entries(generation_config).every(([name, setting]) => isParameter(name, setting)) &&
    (suggestion === null || isSuggestion(suggestion, text.length)) &&
    Object.keys(others).length === 0
  );
}

/**
 * @param {any} suggestion
 * @param {number} length of the text
 */
function isSuggestion({ caretUtf16, gate, index, ...others }, length) {
  return (
    isWithin({ min: 0, max: length, isInteger: true }, caretUtf16) &&
    (gate === null || isWithin(NUMBERS.gate, gate)) &&
    isWithin({ min: 0, max: NUMBERS.n_alternatives.max - 1, isInteger: true }, index) &&
    Object.keys(others).length === 0
  );
}

/**
 * @param {string} name
 * @param {unknown} setting
 */
function isParameter(name, setting) {
  if (!Object.hasOwn(PARAMETERS, name)) return false;
  const row = PARAMETERS[/** @type {keyof typeof PARAMETERS} */ (name)];
  return typeof row === "string" ? typeof setting === row : isWithin(row, setting);
}

/**
 * @param {{min: number, max: number, isInteger: boolean}} row
 * @param {unknown} value
 */
function isWithin({ min, max, isInteger }, value) {
  return typeof value === "number" && value >= min && value <= max && (!isInteger || Number.isInteger(value));
}
