// The hint line: the keys that work now.

import { say } from "../strings/strings.js";
import { offerIn } from "./state.js";

/** @import { SuggestionState } from "./state.js" */

/**
 * @param {SuggestionState} state
 * @param {boolean} isMac
 */
export function hintFor(state, isMac) {
  const { length } = offerIn(state).alternatives;
  if (state.list !== null) return say("hint_list");
  if (state.tabLeaves) return say("tab_leaves");
  if (state.refusal !== null) return say(state.refusal);
  if (length === 0) return say("hint_idle");
  const keys = isMac ? { wordKey: "⌥→", nextKey: "⌥]" } : { wordKey: "Ctrl+→", nextKey: "Alt+]" };
  return say(length > 1 ? "hint_alternatives" : "hint_suggestion", keys);
}
