// Exports the open document: as a file, or as a link.

import { find, saveFile } from "../page/dom.js";
import { say } from "../strings/strings.js";
import { fileNameOf, highlighted, titleOf } from "./document.js";
import { fragmentOf } from "./link.js";

/**
 * @import { Document } from "./document.js"
 * @import { Shared } from "./link.js"
 */

/**
 * @param {HTMLDialogElement} dialog as in index.html
 * @param {object} world
 * @param {() => Document} world.getDocument
 * @param {() => Shared} world.getText to share
 * @param {() => Shared | null} world.getSuggestion to share, null if none is shown
 * @param {Clipboard | undefined} world.clipboard absent outside secure contexts
 */
export function fillExport(dialog, { getDocument, getText, getSuggestion, clipboard }) {
  /** @type {HTMLInputElement} */
  const markInMd = find(dialog, "#mark-in-md");
  const link = find(dialog, "#link");
  /** @type {HTMLInputElement} */
  const address = find(dialog, "#link-address");
  const note = find(dialog, "#link-note");

  /** @param {"txt" | "md"} extension */
  const save = (extension) => {
    const document = getDocument();
    const isMarked = extension === "md" && markInMd.checked;
    const text = isMarked ? highlighted(document) : document.text;
    saveFile(fileNameOf(titleOf(document), extension), text, extension === "md" ? "text/markdown" : "text/plain");
  };

  /** @param {Shared | null} shared */
  const showLink = async (shared) => {
    link.hidden = true;
    if (shared === null) {
      note.textContent = say("link_no_suggestion");
      return;
    }
    try {
      address.value = `${location.origin}${location.pathname}#${await fragmentOf(shared)}`;
    } catch (error) {
      note.textContent = /** @type {Error} */ (error).message;
      return;
    }
    link.hidden = false;
    const isCopied = await clipboard?.writeText(address.value).then(
      () => true,
      () => false,
    );
    const size = (address.value.length / 1024).toFixed(1);
    note.textContent = say(isCopied ? "link_copied" : "link_not_copied", { size });
  };

  find(dialog, "#save-txt").addEventListener("click", () => save("txt"));
  find(dialog, "#save-md").addEventListener("click", () => save("md"));
  find(dialog, "#link-text").addEventListener("click", () => showLink(getText()));
  find(dialog, "#link-suggestion").addEventListener("click", () => showLink(getSuggestion()));
  address.addEventListener("focus", () => address.select());
  dialog.addEventListener("close", () => {
    link.hidden = true;
    note.textContent = "";
  });
}
