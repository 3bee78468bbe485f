// Puts the page's words into its elements, in the language of the browser or the one that the writer has chosen.

import { languageFor, onSpeak, say, speak, spoken } from "../strings/strings.js";

/** @import { Language, StringKey } from "../strings/strings.js" */

const KEY = "language";

/** @type {Record<Language, string>} what screen readers, fonts and the browser's translator know it by */
const TAGS = { en: "en", zh: "zh-Hans" };

/**
 * Elements name their words: `data-text` what they show, `data-label` what they are called.
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
 * A button that bears the name of the other language, in that language.
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
      // Then the next visit begins in the browser's language, and the switch is one click away.
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
