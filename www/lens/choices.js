// The popup at a token: the tokens that the model finds likeliest there, as a list to choose from.

import { element } from "../page/dom.js";
import { say } from "../strings/strings.js";
import { percent, visible } from "./tokens.js";

/** @import { Candidate, Score } from "../engine/protocol.js" */

/**
 * @param {Score} score
 * @param {{onChoose: (text: string) => void, onClose: () => void}} actions
 */
export function choiceList({ text, log_probability, top }, { onChoose, onClose }) {
  const root = element("div", { className: "token-choices" });
  const title = element(
    "p",
    {},
    say("lens_choices", { text: spoken(text), percent: percent(Math.exp(log_probability)) }),
  );
  title.id = "token-title";
  const warning = element("p", {}, say("lens_replaces"));
  warning.id = "token-warning";
  const list = element("ul", {});
  list.role = "listbox";
  list.tabIndex = 0;
  list.setAttribute("aria-labelledby", title.id);
  list.setAttribute("aria-describedby", warning.id);
  const options = top.map(optionOf);
  list.append(...options);
  root.append(title, warning, list);

  let active = 0;
  /** @param {number} i */
  const activate = (i) => {
    options[active].ariaSelected = "false";
    active = i;
    options[active].ariaSelected = "true";
    options[active].scrollIntoView({ block: "nearest" });
    list.setAttribute("aria-activedescendant", options[active].id);
  };
  /** @type {Record<string, () => void>} */
  const keys = {
    ArrowDown: () => activate((active + 1) % options.length),
    ArrowUp: () => activate((active + options.length - 1) % options.length),
    Home: () => activate(0),
    End: () => activate(options.length - 1),
    Enter: () => onChoose(top[active].text),
    " ": () => onChoose(top[active].text),
    Escape: onClose,
    Tab: onClose,
  };
  list.addEventListener("keydown", (event) => {
    if (!Object.hasOwn(keys, event.key)) return;
    event.preventDefault();
    keys[event.key]();
  });
  for (const [i, option] of options.entries()) {
    // Keeps the focus in the text, or a phone's keyboard would close.
    option.addEventListener("pointerdown", (event) => event.preventDefault());
    option.addEventListener("click", () => onChoose(top[i].text));
  }
  activate(0);
  return root;
}

/**
 * @param {Candidate} candidate
 * @param {number} i
 */
function optionOf({ text, log_probability }, i) {
  const probability = Math.exp(log_probability);
  const option = element("li", {});
  option.role = "option";
  option.id = `token-choice-${i}`;
  option.ariaSelected = "false";
  option.style.setProperty("--probability", String(probability));
  option.append(tokenElement(text), " ", element("span", {}, percent(probability)));
  return option;
}

/** A token with its spaces made visible, for the eye only. @param {string} text */
function tokenElement(text) {
  const token = element("span", {});
  for (const part of text.split(/(\s+)/)) {
    const isSpace = part.trim() === "";
    const node = element("span", {}, isSpace ? visible(part) : part);
    if (isSpace) node.ariaHidden = "true";
    token.append(node);
  }
  if (text.trim() === "") token.append(element("span", { className: "visually-hidden" }, spoken(text)));
  return token;
}

/** @param {string} text */
export function spoken(text) {
  if (text.trim() !== "") return text.trim();
  return say(text.includes("\n") ? "lens_line_break" : "lens_space");
}
