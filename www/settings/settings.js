// What a writer can set: one row for each, with its unit, range and default. The engine's names are Hugging Face's.

/** @import { StringKey } from "../strings/strings.js" */

/**
 * @typedef {object} Settings
 * @property {boolean} is_automatic suggests while the writer types, not only when asked
 * @property {number} delay_ms from the last key to the question
 * @property {number} max_new_tokens
 * @property {number} temperature
 * @property {number} top_p
 * @property {number} top_k
 * @property {number} repetition_penalty
 * @property {number} max_time seconds
 * @property {number | null} seed null draws one for every question
 * @property {number} gate the least probability of the first word of a suggestion that is shown unasked
 * @property {number} n_alternatives
 */

/** @typedef {Exclude<keyof Settings, "is_automatic">} NumberName */

/**
 * @typedef {object} NumberRow
 * @property {number | null} default null: may be left empty
 * @property {number} min
 * @property {number} max
 * @property {boolean} isInteger
 * @property {StringKey | null} unit
 */

const KEY = "settings";

/** @type {Record<NumberName, NumberRow>} */
export const NUMBERS = {
  delay_ms: { default: 50, min: 0, max: 1000, isInteger: true, unit: "unit_ms" },
  max_new_tokens: { default: 24, min: 1, max: 100, isInteger: true, unit: "unit_tokens" },
  temperature: { default: 0.7, min: 0.1, max: 2, isInteger: false, unit: null },
  top_p: { default: 0.9, min: 0.05, max: 1, isInteger: false, unit: null },
  top_k: { default: 50, min: 0, max: 1000, isInteger: true, unit: "unit_tokens" },
  repetition_penalty: { default: 1.1, min: 1, max: 2, isInteger: false, unit: null },
  max_time: { default: 5, min: 0.1, max: 60, isInteger: false, unit: "unit_s" },
  seed: { default: null, min: 0, max: 2 ** 32 - 1, isInteger: true, unit: null },
  gate: { default: 0.003, min: 0, max: 1, isInteger: false, unit: null },
  n_alternatives: { default: 3, min: 1, max: 5, isInteger: true, unit: null },
};

export const NUMBER_NAMES = /** @type {NumberName[]} */ (Object.keys(NUMBERS));

/** @returns {Settings} */
export function defaultSettings() {
  return withNumbers(true, (name) => NUMBERS[name].default);
}

/**
 * @param {NumberName} name
 * @param {string} text as the writer typed it
 * @returns {number | null | undefined} null for a row left empty, undefined for what is no value of this row
 */
export function parseNumber(name, text) {
  const row = NUMBERS[name];
  const trimmed = text.trim();
  if (trimmed === "") return row.default === null ? null : undefined;
  const value = Number(trimmed);
  return value >= row.min && value <= row.max && (!row.isInteger || Number.isInteger(value)) ? value : undefined;
}

/**
 * @param {Pick<Storage, "getItem">} storage
 * @returns {Settings} as they were kept; the default of each that was not, or that no longer has this value
 */
export function readSettings(storage) {
  /** @type {Record<string, unknown>} */
  let kept = {};
  try {
    kept = { ...JSON.parse(storage.getItem(KEY) ?? "{}") };
  } catch {
    // Another program's, or damaged: as if nothing had been kept.
  }
  return withNumbers(
    kept.is_automatic !== false,
    (name) => parseNumber(name, `${kept[name]}`) ?? NUMBERS[name].default,
  );
}

/**
 * Keeps what differs from the defaults, so that those of a later version reach who has not chosen otherwise.
 * @param {Pick<Storage, "setItem">} storage
 * @param {Settings} settings
 * @returns {boolean} false where the browser keeps nothing
 */
export function keepSettings(storage, settings) {
  const defaults = new Map(Object.entries(defaultSettings()));
  const chosen = Object.entries(settings).filter(([name, value]) => value !== defaults.get(name));
  try {
    storage.setItem(KEY, JSON.stringify(Object.fromEntries(chosen)));
    return true;
  } catch {
    return false;
  }
}

/**
 * @param {boolean} is_automatic
 * @param {(name: NumberName) => number | null} numberFor
 * @returns {Settings}
 */
function withNumbers(is_automatic, numberFor) {
  return {
    is_automatic,
    .../** @type {any} */ (Object.fromEntries(NUMBER_NAMES.map((name) => [name, numberFor(name)]))),
  };
}
