// "Start me off": opening lines for an empty page, in English, as the models write English.

import { element, find } from "../page/dom.js";
import { say } from "../strings/strings.js";

/** @import { StringKey } from "../strings/strings.js" */

/** @type {readonly {genre: StringKey, text: string}[]} */
const OPENINGS = [
  {
    genre: "opening_letter",
    text: "Dear Margaret,\n\nThank you for the photographs. I have hung the one of the harbour above my desk, and ",
  },
  {
    genre: "opening_email",
    text: "Hello everyone,\n\nA short note about Thursday: we meet in the small room on the second floor, because ",
  },
  {
    genre: "opening_story",
    text: "The lighthouse had been dark for eleven years. On the last night of October, a little after two, ",
  },
  {
    genre: "opening_essay",
    text: "We say that we have no time. What we mean, I think, is that ",
  },
  {
    genre: "opening_blog",
    text: "Last spring I gave away half of my books. I had expected to miss them, but ",
  },
  {
    genre: "opening_product",
    text: "A kettle should do one thing well. Ours boils a litre of water in three minutes, and ",
  },
  {
    genre: "opening_diary",
    text: "The train left an hour late, and nobody in our carriage seemed to mind. Outside, ",
  },
];

/**
 * @param {HTMLElement} start as in index.html
 * @param {(text: string) => void} onChoose
 */
export function fillOpenings(start, onChoose) {
  const button = find(start, "#open-openings");
  const list = find(start, "#openings");
  /** @param {boolean} isOpen */
  const unfold = (isOpen) => {
    list.hidden = !isOpen;
    button.setAttribute("aria-expanded", String(isOpen));
  };
  button.addEventListener("click", () => unfold(list.hidden === true));
  const rows = OPENINGS.map(({ genre, text }) => {
    const name = element("strong", {}, say(genre));
    name.dataset.text = genre; // follows the page's language
    const choose = element("button", { type: "button" }, name, element("span", { lang: "en" }, `${text.trim()} …`));
    choose.addEventListener("click", () => {
      unfold(false);
      onChoose(text);
    });
    return element("li", {}, choose);
  });
  list.replaceChildren(...rows);
}
