// The lens's view of tokens: pure functions of strings and numbers.

/** The lowest probability of each level but the last, the likeliest level first. */
export const LEAST_PROBABILITIES = [0.5, 0.2, 0.05, 0.01, 0.001];

// More characters than fit into the longest context of the models, 1,024 tokens, for ordinary text.
const HISTORY_STEP = 4096;

/**
 * @param {number} log_probability
 * @returns {number} 0 for the likeliest tokens
 */
export function levelOf(log_probability) {
  const level = LEAST_PROBABILITIES.findIndex((least) => Math.exp(log_probability) >= least);
  return level < 0 ? LEAST_PROBABILITIES.length : level;
}

/**
 * @param {number} probability
 * @returns {string} with two significant digits, down to 0.1 %
 */
export function percent(probability) {
  const hundredth = 100 * probability;
  if (hundredth < 0.1) return "< 0.1 %";
  return `${hundredth < 9.95 ? Math.round(10 * hundredth) / 10 : Math.round(hundredth)} %`;
}

/**
 * A token with its whitespace made visible, as most begin with a space.
 * @param {string} text
 */
export const visible = (text) => text.replaceAll(" ", "␣").replaceAll("\n", "↵").replaceAll("\t", "⇥");

/**
 * The length of the text before an edit that keeps its tokens, whatever the edit: no token reaches from one word into the
 * next, but a space belongs to the word after it.
 * @param {string} before
 * @returns {number} UTF-16 units
 */
export const untouchedLength = (before) => before.search(/\s*\S*$/);

/**
 * The start of the text that the model reads before `position`. It moves in large steps, so that the engine can reuse
 * what it has read.
 * @param {number} position
 */
export const historyStart = (position) => Math.max(0, Math.floor(position / HISTORY_STEP) - 1) * HISTORY_STEP;
