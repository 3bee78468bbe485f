// Rules for words and for places to suggest at: pure functions of strings.

/**
 * The text around the caret, up to the end of its paragraph; `hasSelection` if a range is selected instead.
 * @typedef {{before: string, after: string, hasSelection: boolean}} Context
 */

// More characters than usually fit into 1,024 tokens, the longest context of any model.
const PROMPT_STEP = 8192;

const segmenter = new Intl.Segmenter("en", { granularity: "word" });

const LOW_SURROGATE = /^[\uDC00-\uDFFF]/;
const NOT_SPACE = /\P{White_Space}/u;
const ALPHANUMERIC = /[\p{Alphabetic}\p{N}]/u;
// Closing brackets and quotes, and every other mark that neither opens nor joins.
const CLOSING = /^[\p{Pe}\p{Pf}\p{Po}]+/u;

// The engine's words, as in src/suggestion/words.rs: for comparing, and for telling whether the caret is inside one.
// "don't" and "3.14" are one word each; every character of Han or Hiragana is a word.
const IDEOGRAPH = String.raw`(?=[\p{Alphabetic}\p{N}])[\p{sc=Han}\p{sc=Hira}]`;
const LETTER = String.raw`(?![\p{sc=Han}\p{sc=Hira}])[\p{Alphabetic}\p{N}]`;
const MARK = String.raw`[\p{M}\p{Grapheme_Extend}\p{Emoji_Modifier}\u200D]`;
const JOINER = "['’.,]";
const WORD = new RegExp(`${IDEOGRAPH}|${LETTER}(?:${LETTER}|${MARK}|${JOINER}(?=${LETTER}))*`, "gu");
const WORD_START = new RegExp(String.raw`^(?:[\p{Alphabetic}\p{N}_]|${MARK})`, "u");
const WORD_END = new RegExp(`${LETTER}${MARK}*$`, "u");
const JOINED_WORD = new RegExp(`^${JOINER}${LETTER}`, "u");

/**
 * The beginning of the prompt for a caret. It moves in large steps: from one keystroke to the next the prompts share their
 * beginning, and the engine reuses what it has computed.
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
  return !hasSelection && NOT_SPACE.test(before) && !isInsideWord(before, after);
}

/**
 * @param {string} before
 * @param {string} after
 */
function isInsideWord(before, after) {
  return WORD_START.test(after) || (JOINED_WORD.test(after) && WORD_END.test(before));
}

/**
 * @param {string} continuation
 * @param {string} typed so far in its place
 * @returns {string | null} the untyped rest; null if something else was typed
 */
export function remainder(continuation, typed) {
  if (!continuation.startsWith(typed)) return null;
  const rest = continuation.slice(typed.length);
  // Some input methods type the two halves of an emoji one after the other.
  return LOW_SURROGATE.test(rest) ? "" : rest;
}

/**
 * A suggestion's first three words, for comparison: two suggestions that begin alike count as one, to the engine as well.
 * @param {string} suggestion
 */
export function beginning(suggestion) {
  return [...suggestion.matchAll(WORD)]
    .slice(0, 3)
    .map(([word]) => word.replace(/[^\p{Alphabetic}\p{N}]/gu, "").toLowerCase())
    .join(" ");
}

/**
 * The next word of a suggestion, with the space before it and the punctuation after it.
 * @param {string} suggestion
 */
export function firstWord(suggestion) {
  const start = suggestion.search(NOT_SPACE);
  if (start < 0) return suggestion;
  let end = start;
  for (const { segment } of segmenter.segment(suggestion.slice(start))) {
    if (!NOT_SPACE.test(segment)) break;
    end += segment.length;
    if (ALPHANUMERIC.test(segment)) break;
  }
  return suggestion.slice(0, end) + (CLOSING.exec(suggestion.slice(end))?.[0] ?? "");
}
