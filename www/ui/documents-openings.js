// "Start me off": on an empty page, a choice of first lines.

import { OPENINGS } from "../documents/openings.js";
import { say } from "../strings.js";
import { element } from "./element.js";

/**
 * @param {HTMLElement} start with the elements that index.html gives it
 * @param {(text: string) => void} onChoose
 */
export function fillOpenings(start, onChoose) {
  const button = /** @type {HTMLElement} */ (start.querySelector("#open-openings"));
  const list = /** @type {HTMLElement} */ (start.querySelector("#openings"));
  /** @param {boolean} isOpen */
  const unfold = (isOpen) => {
    list.hidden = !isOpen;
    button.setAttribute("aria-expanded", String(isOpen));
  };
  button.addEventListener("click", () => unfold(list.hidden === true));
  const rows = OPENINGS.map(({ genre, text }) => {
    const name = element("strong", {}, say(genre));
    name.dataset.text = genre; // which follows the page's language
    const choose = element("button", { type: "button" }, name, element("span", { lang: "en" }, `${text.trim()} …`));
    choose.addEventListener("click", () => {
      unfold(false);
      onChoose(text);
    });
    return element("li", {}, choose);
  });
  list.replaceChildren(...rows);
}
