// Starts the page in the reader's language, and says so where it cannot: a file is missing, or the browser is too old.

import { say } from "./strings.js";
import { browserStorage } from "./ui/browser-storage.js";
import { openInLanguage } from "./ui/language.js";

openInLanguage(document, browserStorage("localStorage"), navigator.languages);

import("./main.js").catch((error) => {
  const put = (/** @type {string} */ id, /** @type {string} */ text) => {
    const element = /** @type {HTMLElement} */ (document.getElementById(id));
    element.textContent = text;
    return element;
  };
  put("headline", say("not_started"));
  const alert = put("problem-text", say("not_started_because", { cause: error.message })).parentElement;
  if (alert) alert.hidden = false;
});
