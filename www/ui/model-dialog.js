// The dialog in which the writer chooses a model; nothing is downloaded before the button says so.

/** @import { Model } from "../engine/protocol.js" */

/**
 * @param {HTMLDialogElement} dialog
 * @param {readonly Model[]} models
 * @param {(id: string) => void} onChoose
 */
export function fillModelDialog(dialog, models, onChoose) {
  const list = /** @type {HTMLElement} */ (dialog.querySelector("fieldset"));
  list.replaceChildren(...models.map(rowOf));
  dialog.addEventListener("close", () => {
    const chosen = /** @type {HTMLInputElement | null} */ (list.querySelector(":checked"));
    if (dialog.returnValue === "use" && chosen !== null) onChoose(chosen.value);
  });
}

/**
 * @param {HTMLDialogElement} dialog
 * @param {string | undefined} activeId the model that writes now
 */
export function openModelDialog(dialog, activeId) {
  for (const input of dialog.querySelectorAll("input")) input.checked = input.value === activeId;
  dialog.returnValue = "";
  dialog.showModal();
}

/** @param {Model} model */
function rowOf({ id, title, licence, files }) {
  const input = document.createElement("input");
  input.type = "radio";
  input.name = "model";
  input.value = id;
  const label = document.createElement("label");
  const isBundled = new URL(files.weights.url).origin === location.origin;
  label.append(input, element("strong", title), element("span", `${isBundled ? "bundled" : sizeOf(files.weights.bytes)} · ${licence}`));
  return label;
}

/** @param {number | null} bytes */
const sizeOf = (bytes) => (bytes === null ? "download of unknown size" : `${Math.round(bytes / 1e6)} MB to download once`);

/**
 * @param {string} name
 * @param {string} text
 */
function element(name, text) {
  const node = document.createElement(name);
  node.textContent = text;
  return node;
}
