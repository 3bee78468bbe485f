// The suggestion's state in the editor, and how each transaction changes it. Nothing here reaches outside: request.js asks the
// model; ghost-text.js, list.js, the bar and the hint show the state.

import { StateEffect, StateField } from "../vendor/codemirror.js";
import { canAsk, contextAt, textSince } from "./place.js";
import { chooseIn, isFinal, isFollowed, isUsedUp, offerOf, receive, restsOf, shownRest, typeInto } from "./question.js";

/**
 * @import { StateEffectType, Transaction } from "@codemirror/state"
 * @import { Settings } from "../settings/settings.js"
 * @import { StringKey } from "../strings/strings.js"
 * @import { Alternative, Offer, Origin, Question } from "./question.js"
 * @import { Place } from "./place.js"
 */

/**
 * The open list. `moreAt`: the number of its last row, which asks for more, while that is highlighted. The first new alternative
 * gets that number, and the highlight.
 * @typedef {{moreAt: number | null}} List
 */

/**
 * @typedef {object} SuggestionState
 * @property {Settings} settings
 * @property {number} nextId of a question
 * @property {Question | null} question
 * @property {boolean} isAttending the writer last typed or asked here, so that another model may suggest here too
 * @property {boolean} tabLeaves Tab moves to the next control, as elsewhere on a page
 * @property {StringKey | null} refusal why the writer cannot ask here
 * @property {List | null} list null while it is closed
 * @property {{pauses: number, withSuggestion: number}} tally of the pauses that led to a question at the present gate, and to
 *   a suggestion
 */

/** @typedef {{id: number, alternatives: Alternative[], isDone: boolean}} Answer */

/**
 * @template Value
 * @callback Transition
 * @param {SuggestionState} state
 * @param {Value} value of the effect
 * @param {Place} place after the transaction
 * @returns {SuggestionState}
 */

/** @type {Offer} */
const NOTHING = { alternatives: [], index: 0 };

const NO_TALLY = { pauses: 0, withSuggestion: 0 };

/**
 * @param {Settings} settings
 * @returns {SuggestionState} of a document that nothing is suggested in yet
 */
export const suggestionsWith = (settings) => ({
  settings,
  nextId: 0,
  question: null,
  isAttending: false,
  tabLeaves: false,
  refusal: null,
  list: null,
  tally: NO_TALLY,
});

/**
 * @param {SuggestionState} state of the document before
 * @returns {SuggestionState} of the next document
 */
export const suggestionsAfter = ({ settings, nextId, tally }) => ({ ...suggestionsWith(settings), nextId, tally });

/** @type {{type: StateEffectType<any>, apply: Transition<any>}[]} */
const transitions = [];

/**
 * @template Value
 * @param {Transition<Value>} apply
 * @returns {StateEffectType<Value>} an effect that changes the state so
 */
function transition(apply) {
  /** @type {StateEffectType<Value>} */
  const type = StateEffect.define();
  transitions.push({ type, apply });
  return type;
}

/** @type {StateField<SuggestionState>} */
export const suggestions = StateField.define({
  /** @returns {SuggestionState} */
  create() {
    throw new Error("invariant: an editor's state is made with suggestions.init");
  },
  update(state, transaction) {
    const place = { doc: transaction.newDoc, selection: transaction.newSelection };
    let next = transaction.docChanged || transaction.selection ? moved(state, transaction, place) : state;
    for (const effect of transaction.effects) {
      for (const { type, apply } of transitions) {
        if (effect.is(type)) next = apply(next, effect.value, place);
      }
    }
    return next;
  },
});

// ---- Effects of the writer ----

/** Opens the list of what stands at the caret; where nothing does, or it is open already, asks. @type {StateEffectType<null>} */
export const open = transition((before, _, place) => {
  const state = { ...before, tabLeaves: false };
  const list = { moreAt: null };
  if (state.list === null && offerIn(state).alternatives.length > 0) return { ...state, list };
  if (canAsk(place)) return { ...asking(state, place, { isByKey: true }), list };
  const refusal = place.doc.length === 0 ? "nothing_written" : "nothing_to_continue";
  return { ...state, question: null, isAttending: true, refusal };
});

/** Asks for more alternatives; those that are there stay. @type {StateEffectType<null>} */
export const askMore = transition((state, _, place) => {
  const { question } = state;
  if (question === null) return state;
  const kept = restsOf(question).map(({ i, text }) => ({ ...question.alternatives[i], text }));
  return asking(state, place, {
    isByKey: true,
    round: question.round + 1,
    kept,
    alternatives: kept,
    chosen: offerOf(question).index,
    isSettled: kept.length > 0,
  });
});

/** Highlights a row: its alternative takes the caret, whether the list is open or not. @type {StateEffectType<number>} */
export const highlight = transition(highlighted);

/** Closes the list; what stands at the caret stays. @type {StateEffectType<null>} */
export const close = transition((state) => ({ ...state, list: null }));

/** Takes the suggestion away. @type {StateEffectType<{tabLeaves: boolean}>} */
export const dismiss = transition((state, { tabLeaves }) => ({ ...dismissed(state), tabLeaves }));

/** The focus leaves the text. @type {StateEffectType<null>} */
export const leave = transition((state) => ({ ...state, list: null, tabLeaves: false }));

/** An input method has committed its text. What the model has been asked meanwhile stands. @type {StateEffectType<null>} */
export const commit = transition((state, _, place) =>
  state.question === null || state.question.phase === "due" ? askingAfterPause(state, place) : state,
);

/** The writer has changed the settings. @type {StateEffectType<Settings>} */
export const configure = transition((state, settings, place) => {
  const tally = settings.gate === state.settings.gate ? state.tally : NO_TALLY;
  return renewed({ ...state, settings, tally }, place);
});

// ---- Effects of the model ----

/** The pause is over: the question goes to the model. @type {StateEffectType<{id: number}>} */
export const begin = transition((state, { id }) => {
  if (state.question?.id !== id) return state;
  return { ...state, question: { ...state.question, phase: "asked" } };
});

/** The answer so far, best first. @type {StateEffectType<Answer>} */
export const answer = transition((state, { id, alternatives, isDone }, place) => {
  if (state.question?.id !== id) return state;
  const question = receive(state.question, alternatives, isDone);
  // The writer may have typed something else meanwhile.
  const next = followed(counted({ ...state, question }, alternatives.length > 0, isDone), place);
  if (next.question?.id !== id) return next;
  const moreAt = next.list?.moreAt ?? Number.POSITIVE_INFINITY;
  const shown = moreAt < offerIn(next).alternatives.length ? highlighted(next, moreAt) : next;
  return shown.question !== null && isFinal(shown.question)
    ? { ...shown, question: { ...shown.question, isSettled: true } }
    : shown;
});

/** The model has failed to answer. @type {StateEffectType<{id: number}>} */
export const fail = transition((state, { id }) => (state.question?.id === id ? dropped(state) : state));

/** Another model is ready, and answers in place of the one before. @type {StateEffectType<null>} */
export const renew = transition((state, _, place) => renewed(state, place));

// ---- Queries ----

/**
 * @param {SuggestionState} state
 * @returns {Offer}
 */
export const offerIn = ({ question }) => (question === null ? NOTHING : offerOf(question));

/**
 * @param {SuggestionState} state
 * @returns {string} what stands at the caret, "" for nothing
 */
export function shownIn(state) {
  const { alternatives, index } = offerIn(state);
  return alternatives[index] ?? "";
}

/**
 * @param {SuggestionState} state
 * @returns {number} the highlighted row of the list; the one that asks for more comes after those of the alternatives
 */
export function activeRow(state) {
  const { alternatives, index } = offerIn(state);
  return state.list?.moreAt == null && alternatives.length > 0 ? index : alternatives.length;
}

/**
 * @param {SuggestionState} state
 * @returns {Origin | null} of what stands at the caret
 */
export function originIn({ question }) {
  const rest = question && shownRest(question);
  return question && rest ? question.alternatives[rest.i].origin : null;
}

/** @param {SuggestionState} state */
export const isThinking = ({ question }) => question?.phase === "asked";

/**
 * @param {SuggestionState} before
 * @param {SuggestionState} after
 * @returns {boolean} whether the model has been asked in between
 */
export const hasAsked = (before, after) =>
  isThinking(after) && !(isThinking(before) && before.question?.id === after.question?.id);

/**
 * @param {SuggestionState} before
 * @param {SuggestionState} after
 * @returns {boolean} whether what stands at the caret became final in between, if only that nothing does
 */
export const hasSettled = (before, after) =>
  after.question !== null &&
  after.question.id === before.question?.id &&
  after.question.isSettled &&
  !before.question.isSettled;

// ---- Parts of the transitions ----

/**
 * The text or the caret has changed.
 * @param {SuggestionState} state
 * @param {Transaction} transaction
 * @param {Place} place
 * @returns {SuggestionState}
 */
function moved(state, transaction, place) {
  const before = { ...state, tabLeaves: false, refusal: null };
  // Nothing may disturb an input method at work.
  const isPassedOver = ["undo", "redo", "input.type.compose"].some((event) => transaction.isUserEvent(event));
  if (isPassedOver || !transaction.docChanged) return dismissed(before);
  const question =
    state.question && typeInto(state.question, transaction.changes, textSince(state.question.from, place));
  const next = followed({ ...before, question }, place);
  const { length } = offerIn(next).alternatives;
  if (length === 0) return { ...next, list: null };
  return next.list?.moreAt == null ? next : { ...next, list: { moreAt: length } };
}

/**
 * Keeps the question while the text follows it; asks another where it does not, and where it has used it up. What waits for a
 * pause waits for another, as the text behind the caret may be what has changed.
 * @param {SuggestionState} state
 * @param {Place} place
 * @returns {SuggestionState}
 */
function followed(state, place) {
  const { question, settings } = state;
  const isKept = question !== null && question.phase !== "due" && isFollowed(question) && canAsk(place);
  if (!isKept) return askingAfterPause(state, place);
  return isUsedUp(question) && settings.is_automatic ? asking(state, place, {}) : state;
}

/**
 * @param {SuggestionState} state
 * @param {Place} place
 * @returns {SuggestionState}
 */
function askingAfterPause(state, place) {
  const isDue = state.settings.is_automatic && canAsk(place);
  return isDue ? asking(state, place, { phase: "due" }) : { ...state, question: null, isAttending: true };
}

/**
 * @param {SuggestionState} state
 * @param {Place} place
 * @param {Partial<Question>} how the properties in which it differs from a question asked at once, without a key
 * @returns {SuggestionState}
 */
function asking(state, place, how) {
  const { before, after } = contextAt(place);
  /** @type {Question} */
  const question = {
    id: state.nextId,
    before,
    after,
    isByKey: false,
    round: 0,
    phase: "asked",
    from: place.selection.main.head,
    typed: "",
    kept: [],
    alternatives: [],
    chosen: 0,
    isSettled: false,
    isCounted: false,
    ...how,
  };
  return { ...state, nextId: state.nextId + 1, question, isAttending: true, refusal: null };
}

/**
 * @param {SuggestionState} state
 * @param {Place} place
 * @returns {SuggestionState} whose question is asked anew, if the writer still waits for an answer
 */
const renewed = (state, place) => (state.isAttending ? askingAfterPause(dropped(state), place) : dropped(state));

/** @param {SuggestionState} state @returns {SuggestionState} whose list stays open, with nothing in it */
const dropped = (state) => ({ ...state, question: null, list: state.list && { moreAt: null } });

/** @param {SuggestionState} state @returns {SuggestionState} */
const dismissed = (state) => ({ ...state, question: null, isAttending: false, list: null });

/**
 * Counts a question that no key asked once: when it brings a suggestion, or ends without.
 * @param {SuggestionState} state
 * @param {boolean} isShown
 * @param {boolean} isDone
 * @returns {SuggestionState}
 */
function counted(state, isShown, isDone) {
  const { question, tally } = state;
  if (question === null || question.isByKey || question.isCounted || !(isShown || isDone)) return state;
  return {
    ...state,
    question: { ...question, isCounted: true },
    tally: { pauses: tally.pauses + 1, withSuggestion: tally.withSuggestion + (isShown ? 1 : 0) },
  };
}

/**
 * @param {SuggestionState} state
 * @param {number} row
 * @returns {SuggestionState}
 */
function highlighted(state, row) {
  const { length } = offerIn(state).alternatives;
  const question = state.question && row < length ? chooseIn(state.question, row) : state.question;
  return { ...state, question, list: state.list && { moreAt: row < length ? null : length } };
}
