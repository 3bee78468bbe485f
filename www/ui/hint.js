// The keys that do something now, in one line.

/** @import { GhostState } from "../editor/ghost-text.js" */

/**
 * @param {GhostState} ghost
 * @param {boolean} isMac
 */
export function hintFor({ suggestion, tabLeaves }, isMac) {
  if (tabLeaves) return "Tab leaves the text";
  if (suggestion === "") return "Tab suggest · Esc, Tab leave the text";
  return `Tab accept · ${isMac ? "⌥→" : "Ctrl+→"} word · Esc dismiss`;
}
