// The bundled model's card, fetched when it is opened.

import { find } from "../page/dom.js";
import { say } from "../strings/strings.js";

const URL_OF_CARD = new URL("./pocket-gpt2/card.html", import.meta.url);

/** @param {HTMLDetailsElement} details with an empty div for the card */
export function followModelCard(details) {
  const place = find(details, "div");
  let isThere = false;
  details.addEventListener("toggle", async () => {
    if (!details.open || isThere) return;
    try {
      place.replaceChildren(...(await card()));
      isThere = true;
    } catch {
      place.textContent = say("about_card_missing");
    }
  });
}

/** @returns {Promise<Node[]>} made by tools/card.js from a file of this page, so safe to insert */
async function card() {
  const response = await fetch(URL_OF_CARD);
  if (!response.ok) throw new Error(`${URL_OF_CARD.pathname}: ${response.status}`);
  return [...new DOMParser().parseFromString(await response.text(), "text/html").body.childNodes];
}
