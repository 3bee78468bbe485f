// What the lens makes of tokens: pure functions of strings and numbers.

/** The least probability of each level but the last, the likeliest first. */
export const LEAST_PROBABILITIES = [0.5, 0.2, 0.05, 0.01, 0.001];

// More characters than the longest context among the models, 1,024 tokens, can be expected to spell.
const HISTORY_STEP = 4096;

/**
 * @param {number} log_probability
 * @returns {number} 0 for what is likeliest
 */
export function levelOf(log_probability) {
  const level = LEAST_PROBABILITIES.findIndex((least) => Math.exp(log_probability) >= least);
  return level < 0 ? LEAST_PROBABILITIES.length : level;
}

/**
 * @param {number} probability
 * @returns {string} with two digits that tell something, as far as there are any
 */
export function percent(probability) {
  const hundredth = 100 * probability;
  if (hundredth < 0.1) return "< 0.1 %";
  return `${hundredth < 9.95 ? Math.round(10 * hundredth) / 10 : Math.round(hundredth)} %`;
}

/**
 * A token as it can be seen: most begin with their space.
 * @param {string} text
 */
export const visible = (text) => text.replaceAll(" ", "␣").replaceAll("\n", "↵").replaceAll("\t", "⇥");

/**
 * How much of the text before an edit has the same tokens after it, whatever the edit: no token reaches from one word into
 * the next, but a space belongs to the word behind it.
 * @param {string} before
 * @returns {number} UTF-16 units
 */
export const untouchedLength = (before) => before.search(/\s*\S*$/);

/**
 * Where the text begins that the model is given to read before `position`. It moves in large steps, so that the engine can go
 * on from what it has read.
 * @param {number} position
 */
export const historyStart = (position) => Math.max(0, Math.floor(position / HISTORY_STEP) - 1) * HISTORY_STEP;
