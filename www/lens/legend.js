// The legend of the lens: what each colour means, and how to look at a token.

import { element } from "../page/dom.js";
import { say } from "../strings/strings.js";
import { LEAST_PROBABILITIES, percent } from "./tokens.js";

/**
 * @param {HTMLElement} root
 * @param {boolean} isMac
 */
export function fillLegend(root, isMac) {
  const labels = [...LEAST_PROBABILITIES.map((least) => `≥ ${percent(least)}`), percent(0)];
  root.replaceChildren(
    element("span", {}, say("lens_legend")),
    ...labels.map((label, level) => element("span", { className: `token token-${level}` }, label)),
    element("span", {}, say("lens_how", { key: isMac ? "⌥ ⏎" : "Alt + Enter" })),
  );
}
