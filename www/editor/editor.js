// The editor: CodeMirror set up for prose.

import { POPUP_MARGIN_PX } from "../page/window.js";
import { say } from "../strings/strings.js";
import {
  Decoration,
  EditorState,
  EditorView,
  history,
  historyKeymap,
  keymap,
  placeholder,
  standardKeymap,
  tooltips,
} from "../vendor/codemirror.js";
import { authorship, marksOf } from "./authorship.js";

/**
 * @import { Extension } from "@codemirror/state"
 * @import { Content } from "../documents/document.js"
 */

// On Android CodeMirror would use an EditContext, which bypasses the composition events that the page needs.
Object.assign(EditorView, { EDIT_CONTEXT: false });

// Each line has its own direction, as a text may quote Hebrew in English or English in Hebrew.
const autoDirection = Decoration.line({ attributes: { dir: "auto" } });
const directionOfLines = [
  EditorView.perLineTextDirection.of(true),
  EditorView.decorations.of(({ state, viewport }) => {
    const lines = [];
    for (let at = viewport.from; at <= viewport.to; ) {
      const line = state.doc.lineAt(at);
      lines.push(autoDirection.range(line.from));
      at = line.to + 1;
    }
    return Decoration.set(lines);
  }),
];

// CodeMirror announces this itself.
const phrases = EditorState.phrases.of({
  get "Selection deleted"() {
    return say("selection_deleted");
  },
});

/**
 * The editor's state for a document, with an undo history of its own.
 * @param {Content} content
 * @param {object} options
 * @param {Extension} options.extensions
 * @param {(state: EditorState) => void} options.onEdit
 * @param {() => number} options.freeBottomPx bottom of the part of the window that nothing covers
 * @param {() => number} options.coveredPx height of the bars that cover the bottom of the window
 * @param {() => boolean} options.isAuthorShown whether the model's words look different from the writer's
 * @returns {EditorState} whose strings follow the page's language from the next transaction on
 */
export function editorState({ text, marks }, { extensions, onEdit, coveredPx, freeBottomPx, isAuthorShown }) {
  return EditorState.create({
    doc: text,
    selection: { anchor: text.length },
    extensions: [
      extensions,
      authorship(marks, isAuthorShown),
      history(),
      keymap.of([...standardKeymap, ...historyKeymap]),
      EditorView.lineWrapping,
      directionOfLines,
      phrases,
      // Keeps the caret clear of the bars, with room for a suggestion of three lines.
      EditorView.scrollMargins.of((view) => ({ bottom: coveredPx() + 2 * view.defaultLineHeight })),
      tooltips({
        tooltipSpace: () => ({
          top: POPUP_MARGIN_PX,
          left: POPUP_MARGIN_PX,
          right: document.documentElement.clientWidth - POPUP_MARGIN_PX,
          bottom: freeBottomPx() - POPUP_MARGIN_PX,
        }),
      }),
      EditorView.updateListener.of(({ docChanged, state }) => {
        if (docChanged) onEdit(state);
      }),
      placeholder(placeholderText),
      EditorView.contentAttributes.of(() => ({
        "aria-label": say("editor_label"),
        "aria-placeholder": say("placeholder"),
        "aria-describedby": "hint",
        // The text's language is unknown, whatever the page's is.
        lang: "",
        autocapitalize: "sentences",
        autocorrect: "on",
        spellcheck: "true",
        // The browser's own predictions would compete with ours.
        writingsuggestions: "false",
      })),
    ],
  });
}

/**
 * @param {EditorState} state
 * @returns {Content}
 */
export const contentOf = (state) => ({ text: state.doc.toString(), marks: marksOf(state) });

function placeholderText() {
  const span = document.createElement("span");
  span.dataset.text = "placeholder";
  span.textContent = say("placeholder");
  return span;
}
