// What can be done with the document that is open: save it as a file, and make links of it.

import { saveFile } from "../page/dom.js";
import { say } from "../strings/strings.js";
import { fileNameOf, highlighted, titleOf } from "./document.js";
import { fragmentOf } from "./link.js";

/**
 * @import { Document } from "./document.js"
 * @import { Shared } from "./link.js"
 */

/**
 * @param {HTMLDialogElement} dialog with the elements that index.html gives it
 * @param {object} world
 * @param {() => Document} world.getDocument
 * @param {() => Shared} world.getText to share
 * @param {() => Shared | null} world.getSuggestion to share, null if none is shown
 * @param {Clipboard | undefined} world.clipboard absent outside secure contexts
 */
export function fillExport(dialog, { getDocument, getText, getSuggestion, clipboard }) {
  const part = (/** @type {string} */ selector) => /** @type {HTMLElement} */ (dialog.querySelector(selector));
  const markInMd = /** @type {HTMLInputElement} */ (part("#mark-in-md"));
  const address = /** @type {HTMLInputElement} */ (part("#link-address"));

  /** @param {"txt" | "md"} extension */
  const save = (extension) => {
    const document = getDocument();
    const isMarked = extension === "md" && markInMd.checked;
    const text = isMarked ? highlighted(document) : document.text;
    saveFile(fileNameOf(titleOf(document), extension), text, extension === "md" ? "text/markdown" : "text/plain");
  };

  /** @param {Shared | null} shared */
  const link = async (shared) => {
    part("#link").hidden = true;
    if (shared === null) {
      part("#link-note").textContent = say("link_no_suggestion");
      return;
    }
    try {
      address.value = `${location.origin}${location.pathname}#${await fragmentOf(shared)}`;
    } catch (error) {
      part("#link-note").textContent = /** @type {Error} */ (error).message;
      return;
    }
    part("#link").hidden = false;
    const isCopied = await clipboard?.writeText(address.value).then(
      () => true,
      () => false,
    );
    const size = (address.value.length / 1024).toFixed(1);
    part("#link-note").textContent = say(isCopied ? "link_copied" : "link_not_copied", { size });
  };

  part("#save-txt").addEventListener("click", () => save("txt"));
  part("#save-md").addEventListener("click", () => save("md"));
  part("#link-text").addEventListener("click", () => link(getText()));
  part("#link-suggestion").addEventListener("click", () => link(getSuggestion()));
  address.addEventListener("focus", () => address.select());
  dialog.addEventListener("close", () => {
    part("#link").hidden = true;
    part("#link-note").textContent = "";
  });
}
