// What is suggested where: pure functions of strings, without clock, model or DOM.

/**
 * The text around the caret, behind it no more than the paragraph, and `hasSelection` where there is a range instead of a caret.
 * @typedef {{before: string, after: string, hasSelection: boolean}} Context
 */

// More characters than 1,024 tokens, the longest context among the models, can be expected to spell.
const PROMPT_STEP = 8192;

const words = new Intl.Segmenter("en", { granularity: "word" });

const LOW_SURROGATE = /^[\uDC00-\uDFFF]/;
// As the engine has it in is_inside_word: "don't" and "3.14" are words, and Han and Hiragana have none.
const WORD_CHARACTER = /^[\p{L}\p{N}\p{M}_\u200C\u200D]/u;
const WORD_END = /(?![\p{sc=Han}\p{sc=Hira}])[\p{L}\p{N}][\p{M}\u200C\u200D]*$/u;
const JOINED_WORD = /^['’.,](?![\p{sc=Han}\p{sc=Hira}])[\p{L}\p{N}]/u;
const CLOSING = /^[\p{Pe}\p{Pf}\p{Po}]+/u;

/**
 * Where the prompt for a caret begins. It moves in large steps, so that one keystroke more leaves the beginning as it was and
 * the engine can go on from what it has computed.
 * @param {number} caretUtf16
 */
export function promptStart(caretUtf16) {
  return Math.max(0, Math.floor(caretUtf16 / PROMPT_STEP) - 1) * PROMPT_STEP;
}

/**
 * Whether there is something to continue here.
 * @param {Context} context
 */
export function isAskable({ before, after, hasSelection }) {
  return !hasSelection && /\S/.test(before) && !isInsideWord(before, after);
}

/**
 * @param {string} before
 * @param {string} after
 */
function isInsideWord(before, after) {
  return WORD_CHARACTER.test(after) || (JOINED_WORD.test(after) && WORD_END.test(before));
}

/**
 * @param {string} continuation
 * @param {string} typed in its place so far
 * @returns {string | null} the part not yet typed; null if the writer went another way
 */
export function remainder(continuation, typed) {
  if (!continuation.startsWith(typed)) return null;
  const rest = continuation.slice(typed.length);
  // Some input methods type the two halves of an emoji one after the other.
  return LOW_SURROGATE.test(rest) ? "" : rest;
}

/**
 * How a suggestion begins, by its first three words: two that begin alike are one, to the engine as well.
 * @param {string} suggestion
 */
export function beginning(suggestion) {
  const spoken = [...words.segment(suggestion)].filter(({ isWordLike }) => isWordLike);
  return spoken
    .slice(0, 3)
    .map(({ segment }) => segment.toLowerCase())
    .join(" ");
}

/**
 * The next word of a suggestion, with the space before it and the punctuation after it.
 * @param {string} suggestion
 */
export function firstWord(suggestion) {
  const textStart = suggestion.length - suggestion.trimStart().length;
  let end = textStart;
  for (const { segment, index, isWordLike } of words.segment(suggestion.slice(textStart))) {
    if (!segment.trim()) break;
    end = textStart + index + segment.length;
    if (isWordLike) break;
  }
  return suggestion.slice(0, end) + (CLOSING.exec(suggestion.slice(end))?.[0] ?? "");
}
