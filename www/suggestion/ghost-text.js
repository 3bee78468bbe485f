// Ghost text: the suggestion in grey at the caret, outside the document.

import { Decoration, EditorView, WidgetType } from "../vendor/codemirror.js";
import { shownIn, suggestions } from "./state.js";

export const ghostText = EditorView.decorations.compute([suggestions, "selection"], (state) => {
  const text = shownIn(state.field(suggestions));
  if (text === "") return Decoration.none;
  const widget = Decoration.widget({ widget: new GhostText(text), side: 1 });
  return Decoration.set(widget.range(state.selection.main.head));
});

class GhostText extends WidgetType {
  #text;

  /** @param {string} text */
  constructor(text) {
    super();
    this.#text = text;
  }

  /** @param {GhostText} other */
  eq(other) {
    return other.#text === this.#text;
  }

  toDOM() {
    const span = document.createElement("span");
    span.className = "ghost-text";
    // A screen reader would read it as the writer's own words; the live region announces it instead.
    span.setAttribute("aria-hidden", "true");
    span.textContent = this.#text;
    return span;
  }

  ignoreEvent() {
    return false;
  }
}
