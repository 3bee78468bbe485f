// Fills the page with its strings, in the language that the writer has chosen or else the browser's.

import { languageFor, onSpeak, say, speak, spoken } from "../strings/strings.js";

/** @import { Language, StringKey } from "../strings/strings.js" */

const KEY = "language";

/** Language tags for screen readers, fonts and the browser's translator. @type {Record<Language, string>} */
const TAGS = { en: "en", zh: "zh-Hans" };

/**
 * Elements name their strings: `data-text` for their content, `data-label` for their accessible name.
 * @param {Document} page
 * @param {Pick<Storage, "getItem">} storage
 * @param {readonly string[]} preferred the browser's languages
 */
export function openInLanguage(page, storage, preferred) {
  onSpeak(() => {
    page.documentElement.lang = TAGS[spoken()];
    for (const element of page.querySelectorAll("[data-text]")) element.textContent = say(keyOf(element, "data-text"));
    for (const element of page.querySelectorAll("[data-label]")) {
      element.setAttribute("aria-label", say(keyOf(element, "data-label")));
    }
  });
  speak(languageFor(storage.getItem(KEY), preferred));
}

/**
 * Makes a button, labelled with the other language in that language, switch to it.
 * @param {HTMLElement} button
 * @param {Pick<Storage, "setItem">} storage
 */
export function followSwitch(button, storage) {
  const label = () => button.setAttribute("lang", TAGS[otherLanguage()]);
  label();
  onSpeak(label);
  button.addEventListener("click", () => {
    const chosen = otherLanguage();
    speak(chosen);
    try {
      storage.setItem(KEY, chosen);
    } catch {
      // The next visit starts in the browser's language, one click away from this one.
    }
  });
}

/** @returns {Language} */
const otherLanguage = () => (spoken() === "en" ? "zh" : "en");

/**
 * @param {Element} element
 * @param {string} attribute
 */
const keyOf = (element, attribute) => /** @type {StringKey} */ (element.getAttribute(attribute));
