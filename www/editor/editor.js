// The writing surface: CodeMirror set up for prose.

import { EditorView, history, historyKeymap, keymap, placeholder, standardKeymap } from "../vendor/codemirror.js";

/** @import { Extension } from "@codemirror/state" */

// On Android CodeMirror would take its text from an EditContext, and composition events would pass the page by.
Object.assign(EditorView, { EDIT_CONTEXT: false });

/**
 * @param {Element} parent
 * @param {string} text
 * @param {object} options
 * @param {Extension} options.extensions
 * @param {(getText: () => string) => void} options.onEdit
 * @param {() => number} options.coveredPx how much of the window's bottom other things cover
 */
export function createEditor(parent, text, { extensions, onEdit, coveredPx }) {
  return new EditorView({
    parent,
    doc: text,
    selection: { anchor: text.length },
    extensions: [
      extensions,
      history(),
      keymap.of([...standardKeymap, ...historyKeymap]),
      EditorView.lineWrapping,
      // The caret stays clear of them, with room for a suggestion that takes three lines.
      EditorView.scrollMargins.of((view) => ({ bottom: coveredPx() + 2 * view.defaultLineHeight })),
      EditorView.updateListener.of(({ docChanged, state }) => {
        if (docChanged) onEdit(() => state.doc.toString());
      }),
      placeholder("Begin to write, and the model goes on …"),
      EditorView.contentAttributes.of({
        "aria-label": "Your text",
        "aria-describedby": "hint",
        autocapitalize: "sentences",
        autocorrect: "on",
        spellcheck: "true",
        // The browser's own predictions would compete with ours.
        writingsuggestions: "false",
      }),
    ],
  });
}
