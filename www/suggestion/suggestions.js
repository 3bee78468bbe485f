// Suggestions at the caret of an editor, as one extension.

import { suggestionKeys } from "./commands.js";
import { ghostText } from "./ghost-text.js";
import { suggestionList } from "./list.js";
import { requests } from "./request.js";
import { suggestions } from "./state.js";

/**
 * @import { Extension } from "@codemirror/state"
 * @import { Announce } from "./commands.js"
 * @import { RequestWorld } from "./request.js"
 * @import { SuggestionState } from "./state.js"
 */

/**
 * @typedef {RequestWorld & {announce: Announce, freeBottomPx: () => number}} SuggestionWorld
 *   `freeBottomPx`: the top of whatever covers the bottom of the window
 */

/**
 * @param {SuggestionState} state that the editor begins with
 * @param {SuggestionWorld} world
 * @returns {Extension}
 */
export const suggestionsIn = (state, world) => [
  suggestions.init(() => state),
  requests(world),
  ghostText,
  suggestionList(world.freeBottomPx),
  suggestionKeys(world.announce),
];
