// A place in the document: the text around the caret, and whether there is something to continue.

import { isAskable, promptStart } from "./words.js";

/**
 * @import { EditorSelection, Text } from "@codemirror/state"
 * @import { Context } from "./words.js"
 */

/** @typedef {{doc: Text, selection: EditorSelection}} Place as it is in an editor's state */

// Enough of the text behind the caret to tell whether a suggestion repeats it.
const AFTER_LENGTH = 200;

// More than any suggestion has: what is typed behind the place of a question is compared with its alternatives.
const TYPED_LENGTH = 4096;

/**
 * @param {Place} place
 * @returns {Context}
 */
export function contextAt({ doc, selection: { main } }) {
  const paragraphEnd = doc.lineAt(main.head).to;
  return {
    before: doc.sliceString(promptStart(main.head), main.head),
    after: doc.sliceString(main.head, Math.min(paragraphEnd, main.head + AFTER_LENGTH)),
    hasSelection: !main.empty,
  };
}

/** @param {Place} place @returns {boolean} whether there is something to continue */
export const canAsk = (place) => isAskable(contextAt(place));

/**
 * @param {number} from
 * @param {Place} place
 * @returns {string | null} the text from there to the caret; null for a selection, or a caret before or far behind it
 */
export function textSince(from, { doc, selection: { main } }) {
  const length = main.head - from;
  return main.empty && length >= 0 && length <= TYPED_LENGTH ? doc.sliceString(from, main.head) : null;
}
