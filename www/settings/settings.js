// Everything a writer can set. settings.json holds the ranges and defaults, which `./build.sh eval` reads too.

import table from "./settings.json" with { type: "json" };

/**
 * @typedef {object} Settings
 * @property {boolean} is_automatic whether suggestions come while the writer types, not only on request
 * @property {number} delay_ms from the last key to the request
 * @property {number} max_new_tokens
 * @property {number} temperature
 * @property {number} top_p
 * @property {number} top_k
 * @property {number} repetition_penalty
 * @property {number} max_time seconds
 * @property {number | null} seed null for a new one with every request
 * @property {number} gate the minimum probability of the first word of a suggestion nobody asked for
 * @property {number} n_alternatives
 */

/** @typedef {Exclude<keyof Settings, "is_automatic">} NumberName */

/**
 * @typedef {object} NumberRow
 * @property {number | null} default null if the row may be left empty
 * @property {number} min
 * @property {number} max
 * @property {boolean} isInteger
 * @property {"ms" | "s" | "tokens" | null} unit
 */

const KEY = "settings";

const { is_automatic, ...numbers } = table;

export const NUMBERS = /** @type {Record<NumberName, NumberRow>} */ (numbers);

export const NUMBER_NAMES = /** @type {NumberName[]} */ (Object.keys(NUMBERS));

/** @returns {Settings} */
export function defaultSettings() {
  return withNumbers(is_automatic.default, (name) => NUMBERS[name].default);
}

/**
 * @param {NumberName} name
 * @param {string} text as the writer typed it
 * @returns {number | null | undefined} null for an empty row, undefined for an invalid value
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
 * @returns {Settings} those kept; defaults for the missing and for values that are out of range
 */
export function readSettings(storage) {
  /** @type {Record<string, unknown>} */
  let kept = {};
  try {
    kept = { ...JSON.parse(storage.getItem(KEY) ?? "{}") };
  } catch {
    // Damaged, or another program's: treated as absent.
  }
  const defaults = defaultSettings();
  return withNumbers(
    typeof kept.is_automatic === "boolean" ? kept.is_automatic : defaults.is_automatic,
    (name) => parseNumber(name, `${kept[name]}`) ?? defaults[name],
  );
}

/**
 * Keeps only what differs from the defaults, so that a later version's defaults reach writers who never changed them.
 * @param {Pick<Storage, "setItem">} storage
 * @param {Settings} settings
 * @returns {boolean} false if the browser keeps nothing
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
