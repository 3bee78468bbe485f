// Reports to the figures when suggestions appear in the editor and how the text changes.

import { hasAsked, shownIn, suggestions } from "../suggestion/state.js";
import { EditorView } from "../vendor/codemirror.js";

/**
 * @import { Extension, Transaction } from "@codemirror/state"
 * @import { Figures } from "./figures.js"
 */

/**
 * @param {Figures} figures
 * @returns {Extension}
 */
export const watchSuggestions = (figures) =>
  EditorView.updateListener.of(({ transactions, startState, state }) => {
    for (const transaction of transactions) {
      if (transaction.docChanged) figures.edited(insertedBy(transaction), transaction.isUserEvent("input.complete"));
    }
    const now = state.field(suggestions);
    figures.showed(shownIn(now));
    if (hasAsked(startState.field(suggestions), now)) figures.asked();
  });

/**
 * @param {Transaction} transaction
 * @returns {string} "" if it is more than an insertion
 */
function insertedBy({ changes }) {
  /** @type {string[]} */
  const inserted = [];
  changes.iterChanges((fromOld, toOld, _fromNew, _toNew, text) =>
    inserted.push(fromOld === toOld ? text.toString() : ""),
  );
  return inserted.length === 1 ? inserted[0] : "";
}
