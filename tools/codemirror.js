// What the page uses of CodeMirror 6: tools/vendor.js bundles this file into www/vendor/codemirror.js.

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

// CodeMirror would write a <style> element, which the page's Content-Security-Policy forbids; a constructed sheet is allowed.
// It mounts all styles of an editor at once, so replacing them is right for a page with one editor.
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
