// The dialog in which the writer chooses a model. Nothing is downloaded before the button is pressed.

import { element, find } from "../page/dom.js";
import { say } from "../strings/strings.js";

/** @import { ListedModel } from "./table.js" */

/**
 * @param {HTMLDialogElement} dialog
 * @param {(id: string) => void} onChoose
 */
export function followModelDialog(dialog, onChoose) {
  dialog.addEventListener("close", () => {
    const chosen = /** @type {HTMLInputElement | null} */ (dialog.querySelector("input:checked"));
    if (dialog.returnValue === "use" && chosen !== null) onChoose(chosen.value);
  });
}

/**
 * @param {HTMLDialogElement} dialog
 * @param {readonly ListedModel[]} models
 * @param {string | undefined} activeId of the model that writes
 */
export function openModelDialog(dialog, models, activeId) {
  find(dialog, "fieldset").replaceChildren(...models.map((model) => rowOf(model, model.id === activeId)));
  dialog.returnValue = "";
  dialog.showModal();
}

/**
 * @param {ListedModel} model
 * @param {boolean} isActive
 */
function rowOf(model, isActive) {
  const { id, title, licence, quality, files } = model;
  const input = element("input", { type: "radio", name: "model", value: id, checked: isActive });
  const size = isBundled(model) ? say("model_bundled") : sizeOf(files.weights.bytes);
  const about = element("span", {}, `${size} · ${licence}`);
  return element("label", {}, input, element("strong", {}, title), element("span", {}, say(quality)), about);
}

/** Whether a model comes with the page. @param {ListedModel} model */
const isBundled = ({ files }) => new URL(files.weights.url).origin === new URL(import.meta.url).origin;

/** @param {number | null} bytes */
const sizeOf = (bytes) =>
  bytes === null ? say("model_size_unknown") : say("model_size", { mb: Math.round(bytes / 1e6) });
