// The dialog in which the writer chooses a model; nothing is downloaded before the button says so.

import { say } from "../strings.js";
import { isBundled } from "./is-bundled.js";

/** @import { Model } from "../engine/protocol.js" */

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
 * @param {readonly Model[]} models
 * @param {string | undefined} activeId the model that writes now
 */
export function openModelDialog(dialog, models, activeId) {
  const list = /** @type {HTMLElement} */ (dialog.querySelector("fieldset"));
  list.replaceChildren(...models.map((model) => rowOf(model, model.id === activeId)));
  dialog.returnValue = "";
  dialog.showModal();
}

/**
 * @param {Model} model
 * @param {boolean} isActive
 */
function rowOf(model, isActive) {
  const { id, title, licence, quality, files } = model;
  const input = document.createElement("input");
  input.type = "radio";
  input.name = "model";
  input.value = id;
  input.checked = isActive;
  const label = document.createElement("label");
  const size = isBundled(model) ? say("model_bundled") : sizeOf(files.weights.bytes);
  label.append(input, element("strong", title), element("span", say(quality)), element("span", `${size} · ${licence}`));
  return label;
}

/** @param {number | null} bytes */
const sizeOf = (bytes) =>
  bytes === null ? say("model_size_unknown") : say("model_size", { mb: Math.round(bytes / 1e6) });

/**
 * @param {string} name
 * @param {string} text
 */
function element(name, text) {
  const node = document.createElement(name);
  node.textContent = text;
  return node;
}
