// Prompts of exact length: random words of one token each.

/** @typedef {[id: number, text: string]} Word one token, with the space before it */
/** @typedef {{words: Word[], ids: number[], text: string}} Prompt the same tokens in every form */

/**
 * @param {Word[]} words
 * @returns {Prompt}
 */
export const promptOf = (words) => ({
  words,
  ids: words.map(([id]) => id),
  text: words.map(([, text]) => text).join(""),
});

/**
 * Draws words at random, so that prompts rarely share a beginning, which an engine would find in its cache.
 * @param {Word[]} words
 * @param {number} seed
 * @returns {(nWords: number) => Word[]}
 */
export function drawer(words, seed) {
  let state = seed + 1;
  const draw = () => {
    // Numerical Recipes' generator; its lower bits are poor.
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return words[(state >>> 8) % words.length];
  };
  return (nWords) => Array.from({ length: nWords }, draw);
}
