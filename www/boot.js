// Starts the page, and says so where it cannot: a file is missing, or the browser is too old.

import("./main.js").catch((error) => {
  const put = (/** @type {string} */ id, /** @type {string} */ text) => {
    const element = /** @type {HTMLElement} */ (document.getElementById(id));
    element.textContent = text;
    return element;
  };
  put("headline", "The page could not start");
  const wayOut = "Reload it; if that does not help, bring this browser up to date or take another one.";
  const alert = put("problem-text", `The page could not start: ${error.message}. ${wayOut}`).parentElement;
  if (alert) alert.hidden = false;
});
