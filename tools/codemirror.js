// The parts of CodeMirror 6 that the page uses: tools/vendor.js bundles this file into www/vendor/codemirror.js.

import { StyleModule } from "style-mod";

export {
  history,
  historyKeymap,
  invertedEffects,
  isolateHistory,
  standardKeymap,
  undo,
  undoDepth,
} from "@codemirror/commands";
export { Compartment, EditorState, Prec, StateEffect, StateField } from "@codemirror/state";
export {
  Decoration,
  EditorView,
  keymap,
  placeholder,
  repositionTooltips,
  showTooltip,
  tooltips,
  ViewPlugin,
  WidgetType,
} from "@codemirror/view";

// CodeMirror adds a <style> element, which the page's Content-Security-Policy forbids; a constructed sheet is allowed.
// It mounts all styles of an editor at once, so a page with one editor can replace the sheet's content.
const sheet = new CSSStyleSheet();
StyleModule.mount = (root, modules) => {
  sheet.replaceSync(
    [modules]
      .flat()
      .map((styles) => styles.getRules())
      .join("\n"),
  );
  root.adoptedStyleSheets = [sheet];
};
