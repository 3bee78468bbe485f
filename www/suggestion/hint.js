// The keys that do something now, in one line.

import { say } from "../strings/strings.js";

/** @import { GhostState } from "./ghost-text.js" */

/**
 * @param {GhostState} ghost
 * @param {{isListOpen: boolean, isMac: boolean}} how
 */
export function hintFor({ alternatives, tabLeaves, refusal }, { isListOpen, isMac }) {
  if (isListOpen) return say("hint_list");
  if (tabLeaves) return say("tab_leaves");
  if (refusal !== null) return say(refusal);
  if (alternatives.length === 0) return say("hint_idle");
  const keys = isMac ? { wordKey: "⌥→", nextKey: "⌥]" } : { wordKey: "Ctrl+→", nextKey: "Alt+]" };
  return say(alternatives.length > 1 ? "hint_alternatives" : "hint_suggestion", keys);
}
