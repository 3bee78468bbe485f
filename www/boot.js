// Starts the page in the reader's language, and reports a failure, such as a missing file or too old a browser.

import { browserStorage } from "./page/browser-storage.js";
import { openInLanguage } from "./page/language.js";
import { say } from "./strings/strings.js";

openInLanguage(document, browserStorage("localStorage"), navigator.languages);

import("./main.js").catch((error) => {
  const put = (/** @type {string} */ id, /** @type {string} */ text) => {
    const element = /** @type {HTMLElement} */ (document.getElementById(id));
    element.textContent = text;
    return element;
  };
  put("headline", say("page_not_started"));
  const alert = put("problem-text", say("page_not_started_because", { cause: error.message })).parentElement;
  if (alert) alert.hidden = false;
});
