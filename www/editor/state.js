// What is suggested where: pure functions of strings, without clock, model or DOM.

/** @import { FinishReason } from "../engine/protocol.js" */

/**
 * The text around the caret, and `hasSelection` where there is a range instead of a caret.
 * @typedef {{before: string, after: string, hasSelection: boolean}} Context
 */

// More characters than 1,024 tokens, the longest context among the models, can be expected to spell.
const PROMPT_STEP = 8192;

const words = new Intl.Segmenter("en", { granularity: "word" });

const LOW_SURROGATE = /^[\uDC00-\uDFFF]/;
const WORD_CHARACTER = /^[\p{L}\p{N}\p{M}_]/u;

// A western full stop ends a sentence if what follows the space does not go on in lower case; a Chinese one always does.
// Both wait for one character more, because a closing quotation mark still belongs to the sentence.
const SENTENCE_END = /[.!?…]+["'”’)\]»]*(?=\s+[^\s\p{Ll}])|[。！？]+["'”’）」』》]*(?=[^"'”’）」』》。！？])/gu;
const ABBREVIATION = /(?:^|[\s("“‘])(?:\p{Lu}|Mr|Mrs|Ms|Dr|St|Prof|Jr|Sr|vs|e\.g|i\.e)\.$/u;

// What must not stand at the end of a suggestion: an opening quotation mark, a dash or joiner that waits for its other half.
const DANGLING = /(?:(?<=^|\s)["'\p{Ps}\p{Pi}]+|[\p{Ps}\p{Pi}\p{Pd}\p{Pc}\u200D]+)$/u;
// "can'" may become "can't", "3." become "3.14", and an emoji be joined with the next.
const UNDECIDED = /[^\s\p{L}\p{N}\p{M}]+$/u;
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
  return !hasSelection && /\S/.test(before) && !WORD_CHARACTER.test(after);
}

/**
 * What is left of a continuation of `prompt` when the text before the caret is now `before`.
 * @param {string} prompt
 * @param {string} continuation
 * @param {string} before
 * @returns {string | null} null if the writer went another way
 */
export function remainder(prompt, continuation, before) {
  if (!before.startsWith(prompt)) return null;
  const typed = before.slice(prompt.length);
  if (!continuation.startsWith(typed)) return null;
  const rest = continuation.slice(typed.length);
  // Some input methods type the two halves of an emoji one after the other.
  return LOW_SURROGATE.test(rest) ? "" : rest;
}

/**
 * The part of a model's continuation that is worth showing: at most to the end of the sentence or paragraph, and never a
 * piece of a word whose rest may still come or was cut off with the budget.
 * @param {string} continuation
 * @param {FinishReason | null} finish why the model stopped, null while it goes on
 * @returns {{text: string, isComplete: boolean}} complete: no further token changes it
 */
export function presentable(continuation, finish) {
  const [paragraph, ...others] = continuation.split(/\r?\n/);
  const sentenceEnd = endOfSentence(paragraph);
  if (sentenceEnd !== null) return { text: paragraph.slice(0, sentenceEnd), isComplete: true };
  const isWhole = others.length > 0 || finish === "eos" || finish === "stop_string";
  if (isWhole) return { text: paragraph.trimEnd(), isComplete: true };
  if (finish === null) return { text: wholeWords(paragraph.replace(UNDECIDED, "")), isComplete: false };
  return { text: wholeWords(paragraph), isComplete: true };
}

/**
 * @param {string} text
 * @returns {number | null}
 */
function endOfSentence(text) {
  for (const match of text.matchAll(SENTENCE_END)) {
    const end = match.index + match[0].length;
    if (!ABBREVIATION.test(text.slice(0, end))) return end;
  }
  return null;
}

/** @param {string} text */
function wholeWords(text) {
  const last = words.segment(text).containing(text.length - 1);
  const whole = last?.isWordLike ? text.slice(0, last.index) : text;
  return whole.trimEnd().replace(DANGLING, "").trimEnd();
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
