// A question to the model with its alternatives: an immutable value, and how typing and answers change it.

import { beginning, remainder } from "./words.js";

/**
 * @import { ChangeSet } from "@codemirror/state"
 * @import { GenerationConfig, Suggestion } from "../engine/protocol.js"
 */

/**
 * The question that brought an alternative, and the alternative's number in the answer. The same model answers the same again.
 * @typedef {{before: string, after: string, generation_config: GenerationConfig, gate: number | null, index: number}} Origin
 */

/** @typedef {Suggestion & {origin: Origin}} Alternative */

/**
 * `due`: waits for a pause in the typing. `asked`: the model is at work. `answered`: it is done.
 * @typedef {"due" | "asked" | "answered"} Phase
 */

/**
 * @typedef {object} Question
 * @property {number} id
 * @property {string} before the text that the alternatives continue
 * @property {string} after
 * @property {boolean} isByKey the writer asked: no alternative is too unlikely, and an empty answer is announced
 * @property {number} round how often more alternatives were asked for at the same place
 * @property {Phase} phase
 * @property {number} from where the alternatives begin in the document
 * @property {string} typed the text from there to the caret
 * @property {readonly Alternative[]} kept alternatives of earlier rounds
 * @property {readonly Alternative[]} alternatives these, then the model's, best first
 * @property {number} chosen the alternative at the caret; while the text does not follow it, the first that it follows is
 * @property {boolean} isSettled the one at the caret grows no more, so it has been announced
 * @property {boolean} isCounted among the pauses
 */

/**
 * The rest of each alternative, still untyped, and the index of the one at the caret. Empty if there is none.
 * @typedef {{alternatives: string[], index: number}} Offer
 */

/**
 * The untyped rest of alternative `i`.
 * @typedef {{i: number, text: string, isComplete: boolean}} Rest
 */

/**
 * @param {Question} question
 * @returns {Rest[]} of the alternatives that the text follows and that have something left
 */
export function restsOf({ alternatives, typed }) {
  const rests = alternatives.map(({ text, isComplete }, i) => ({ i, text: remainder(text, typed) ?? "", isComplete }));
  return rests.filter(({ text }) => text !== "");
}

/**
 * @param {readonly Rest[]} rests
 * @param {Question} question
 * @returns {number} which of the rests stands at the caret
 */
const indexOf = (rests, { chosen }) =>
  Math.max(
    0,
    rests.findIndex(({ i }) => i === chosen),
  );

/**
 * @param {Question} question
 * @returns {Offer}
 */
export function offerOf(question) {
  const rests = restsOf(question);
  return { alternatives: rests.map(({ text }) => text), index: indexOf(rests, question) };
}

/**
 * @param {Question} question
 * @returns {Rest | undefined} of the alternative at the caret
 */
export function shownRest(question) {
  const rests = restsOf(question);
  return rests[indexOf(rests, question)];
}

/**
 * @param {Question} question
 * @param {number} index of the alternative, among those with something left, that takes the caret
 * @returns {Question}
 */
export const chooseIn = (question, index) => ({ ...question, chosen: restsOf(question)[index]?.i ?? 0 });

/**
 * The question after a change of the text; null where the change touches the text that it continues.
 * @param {Question} question
 * @param {ChangeSet} changes
 * @param {string | null} typed from the question's place to the caret, null where the caret is before it
 * @returns {Question | null}
 */
export function typeInto(question, changes, typed) {
  if (typed === null || changes.touchesRange(0, question.from - 1) !== false) return null;
  return { ...question, typed };
}

/**
 * @param {Question} question
 * @returns {boolean} whether the text is still where the question was asked, or follows one of its alternatives
 */
export const isFollowed = ({ alternatives, typed }) =>
  typed === "" || alternatives.some(({ text }) => remainder(text, typed) !== null);

/**
 * @param {Question} question
 * @returns {boolean} whether a complete alternative is typed to its end, and no other goes on from there
 */
export const isUsedUp = (question) =>
  question.alternatives.some(({ text, isComplete }) => isComplete && text === question.typed) &&
  restsOf(question).length === 0;

/**
 * @param {Question} question
 * @param {readonly Alternative[]} answer so far, best first
 * @param {boolean} isDone
 * @returns {Question}
 */
export function receive(question, answer, isDone) {
  const begins = new Set(question.kept.map(({ text }) => beginning(text)));
  const alternatives = [...question.kept, ...answer.filter(({ text }) => !begins.has(beginning(text)))];
  // The one that the writer is looking at may have grown, or changed its place.
  const shown = question.alternatives[question.chosen]?.text;
  const isShown = (/** @type {Alternative | undefined} */ other) =>
    shown !== undefined && other?.text.startsWith(shown) === true;
  const chosen = isShown(alternatives[question.chosen]) ? question.chosen : alternatives.findIndex(isShown);
  return { ...question, phase: isDone ? "answered" : "asked", alternatives, chosen };
}

/**
 * @param {Question} question
 * @returns {boolean} whether the one at the caret is as it will stay, or an answer that the writer asked for is empty
 */
export function isFinal(question) {
  const isEmpty = question.phase === "answered" && question.isByKey && question.alternatives.length === 0;
  return isEmpty || shownRest(question)?.isComplete === true;
}
