// The counts of a writer's use of the page, as one plain record: add, read, summarise.

/**
 * `waitsMs`: from pause to suggestion, the newest last. `charactersSaved`: characters accepted, less one for each key.
 * @typedef {object} Counts
 * @property {number} shown
 * @property {number} takenWhole
 * @property {number} takenByWord
 * @property {number} typedThrough
 * @property {number} charactersSaved
 * @property {number[]} waitsMs
 * @property {number} promptTokens
 * @property {number} reusedTokens of the prompt tokens
 * @property {number} tokens
 * @property {number} tokensMs time for these tokens
 */

/** @typedef {{p50Ms: number | null, p90Ms: number | null, tokensPerSecond: number | null, reusedShare: number | null}} Summary */

const MOST_WAITS = 200;

/** @type {Readonly<Counts>} */
export const NOTHING = {
  shown: 0,
  takenWhole: 0,
  takenByWord: 0,
  typedThrough: 0,
  charactersSaved: 0,
  waitsMs: [],
  promptTokens: 0,
  reusedTokens: 0,
  tokens: 0,
  tokensMs: 0,
};

/** @typedef {Exclude<keyof Counts, "waitsMs">} NumberKey */
const NUMBER_KEYS = /** @type {NumberKey[]} */ (Object.keys(NOTHING).filter((key) => key !== "waitsMs"));

/**
 * @param {Counts} counts
 * @param {Partial<Counts>} more
 * @returns {Counts}
 */
export function sum(counts, more) {
  const numbers = NUMBER_KEYS.map((key) => [key, counts[key] + (more[key] ?? 0)]);
  return { ...Object.fromEntries(numbers), waitsMs: [...counts.waitsMs, ...(more.waitsMs ?? [])].slice(-MOST_WAITS) };
}

/**
 * @param {string | null} json
 * @returns {Counts} zeros if there are none or they are damaged
 */
export function read(json) {
  try {
    const counts = { ...NOTHING, ...JSON.parse(json ?? "{}") };
    const isCount = (/** @type {unknown} */ value) => Number.isFinite(value) && Number(value) >= 0;
    const isWhole =
      Array.isArray(counts.waitsMs) && [...counts.waitsMs, ...NUMBER_KEYS.map((key) => counts[key])].every(isCount);
    return isWhole ? sum(NOTHING, counts) : NOTHING;
  } catch {
    return NOTHING;
  }
}

/**
 * @param {Counts} counts
 * @returns {Summary} null where there is no data
 */
export function summary({ waitsMs, promptTokens, reusedTokens, tokens, tokensMs }) {
  return {
    p50Ms: percentile(waitsMs, 0.5),
    p90Ms: percentile(waitsMs, 0.9),
    tokensPerSecond: tokensMs > 0 ? (1000 * tokens) / tokensMs : null,
    reusedShare: promptTokens > 0 ? reusedTokens / promptTokens : null,
  };
}

/**
 * @param {number[]} values
 * @param {number} share of the values that the result must reach or exceed
 */
function percentile(values, share) {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.ceil(share * sorted.length) - 1] ?? null;
}
