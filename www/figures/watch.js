// Tells the figures what is written in the editor.

import { EditorView } from "../vendor/codemirror.js";

/**
 * @import { Extension, Transaction } from "@codemirror/state"
 * @import { Figures } from "./figures.js"
 */

/**
 * @param {Figures} figures
 * @returns {Extension} to stand before the suggestions, which answer to the same edits
 */
export const watchEdits = (figures) =>
  EditorView.updateListener.of(({ transactions }) => {
    for (const transaction of transactions) {
      if (transaction.docChanged) figures.edited(insertedBy(transaction), transaction.isUserEvent("input.complete"));
    }
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
