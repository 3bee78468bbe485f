// The settings dialog. A valid value applies at once; an invalid one is refused next to its field.

import { element, find, hide } from "../page/dom.js";
import { say } from "../strings/strings.js";
import { NUMBERS, parseNumber } from "./settings.js";

/**
 * @import { NumberName, Settings } from "./settings.js"
 * @import { StringKey } from "../strings/strings.js"
 */

/** @type {[StringKey, NumberName[]][]} */
const GROUPS = [
  ["settings_shown", ["delay_ms", "n_alternatives", "max_new_tokens", "gate"]],
  ["settings_written", ["temperature", "top_p", "top_k", "repetition_penalty", "max_time", "seed"]],
];

/**
 * @typedef {object} SettingsWorld
 * @property {() => Settings} read
 * @property {(settings: Settings) => boolean} onChange returns whether the browser keeps them for the next visit
 * @property {() => {pauses: number, withSuggestion: number}} countPauses since the gate was set
 */

export class SettingsDialog {
  #dialog;
  #world;

  /**
   * @param {HTMLDialogElement} dialog
   * @param {SettingsWorld} world
   */
  constructor(dialog, world) {
    this.#dialog = dialog;
    this.#world = world;
  }

  open() {
    const groups = GROUPS.flatMap(([title, names]) => [
      element("h3", { textContent: say(title) }),
      ...names.map((name) => this.#rowOf(name)),
    ]);
    find(this.#dialog, "#setting-rows").replaceChildren(this.#automaticRow(), ...groups);
    this.#dialog.showModal();
  }

  /** @param {Partial<Settings>} change */
  #set(change) {
    find(this.#dialog, "#settings-not-kept").hidden = this.#world.onChange({ ...this.#world.read(), ...change });
  }

  #automaticRow() {
    const box = element("input", { type: "checkbox", checked: this.#world.read().is_automatic });
    box.addEventListener("change", () => this.#set({ is_automatic: box.checked }));
    const label = element("label", {});
    label.append(box, say("automatic"));
    return label;
  }

  /** @param {NumberName} name */
  #rowOf(name) {
    const row = new NumberRow(name, {
      read: () => this.#world.read()[name],
      onChange: (value) => this.#set({ [name]: value }),
    });
    if (name === "gate") this.#addSlider(row);
    return row.element;
  }

  /** @param {NumberRow} row */
  #addSlider(row) {
    const { min, max } = NUMBERS.gate;
    const slider = element("input", {
      type: "range",
      min: `${min}`,
      max: `${max}`,
      step: "0.001",
      ariaLabel: say("setting_gate"),
    });
    const share = element("output", {});
    const show = () => {
      slider.value = `${this.#world.read().gate}`;
      const { pauses, withSuggestion } = this.#world.countPauses();
      share.textContent = pauses === 0 ? say("no_pauses") : say("pauses", { pauses, withSuggestion });
    };
    slider.addEventListener("input", () => row.set(slider.value));
    row.onApply = show;
    show();
    const scale = element("div", { className: "scale" });
    scale.append(
      element("span", { textContent: say("gate_low") }),
      slider,
      element("span", { textContent: say("gate_high") }),
    );
    row.element.append(scale, share);
  }
}

/** A number's label, field, range and default, a button to reset it, and the reason why a value was refused. */
class NumberRow {
  element = element("div", { className: "setting" });
  /** Called when a value is applied. */
  onApply = () => {};
  #name;
  #world;
  #input;
  #reset;
  #problem;

  /**
   * @param {NumberName} name
   * @param {{read: () => number | null, onChange: (value: number | null) => void}} world
   */
  constructor(name, world) {
    this.#name = name;
    this.#world = world;
    const id = `setting-${name}`;
    const label = element("label", { htmlFor: id, textContent: say(titleKey(name)) });
    const note = element("p", { id: `${id}-note`, textContent: say(noteKey(name)) });
    const range = element("p", { id: `${id}-range`, textContent: rangeOf(name) });
    this.#input = element("input", { id, inputMode: NUMBERS[name].min < 0 ? "text" : "decimal", autocomplete: "off" });
    this.#reset = element("button", {
      type: "button",
      textContent: say("reset"),
      ariaLabel: say("reset_setting", { name: say(titleKey(name)) }),
    });
    this.#problem = element("p", { id: `${id}-problem`, className: "problem", role: "alert" });
    this.#input.setAttribute("aria-describedby", `${note.id} ${range.id} ${this.#problem.id}`);
    this.#input.addEventListener("input", () => this.#typed());
    this.#input.addEventListener("change", () => this.set(this.#input.value));
    this.#reset.addEventListener("click", () => this.set(`${NUMBERS[name].default ?? ""}`));
    this.element.append(label, this.#reset, this.#input, note, range, this.#problem);
    this.set(`${world.read() ?? ""}`);
  }

  /** @param {string} text refused if invalid */
  set(text) {
    const value = parseNumber(this.#name, text);
    if (value === undefined) return this.#refuse(text);
    this.#input.value = `${value ?? ""}`;
    this.#apply(value);
  }

  /** On the way to a right value stand wrong ones: nobody is reproached before the field is left. */
  #typed() {
    const value = parseNumber(this.#name, this.#input.value);
    if (value !== undefined) this.#apply(value);
  }

  /** @param {number | null} value */
  #apply(value) {
    if (value !== this.#world.read()) this.#world.onChange(value);
    this.#input.ariaInvalid = "false";
    this.#problem.textContent = "";
    hide(this.#reset, value === NUMBERS[this.#name].default, () => this.#input.focus());
    this.onApply();
  }

  /** @param {string} text */
  #refuse(text) {
    const { min, max, isInteger } = NUMBERS[this.#name];
    const present = this.#world.read() ?? say("setting_empty");
    const values = { name: say(titleKey(this.#name)), min, max, value: text.trim(), present };
    this.#input.ariaInvalid = "true";
    this.#problem.textContent = say(isInteger ? "not_whole_number" : "not_number", values);
  }
}

/** @param {NumberName} name */
function rangeOf(name) {
  const { min, max, unit, default: initial } = NUMBERS[name];
  const values = {
    min,
    max: unit === null ? max : `${max} ${say(`unit_${unit}`)}`,
    initial: initial ?? say("setting_empty"),
  };
  return say("setting_range", values);
}

const titleKey = (/** @type {NumberName} */ name) => /** @type {const} */ (`setting_${name}`);
const noteKey = (/** @type {NumberName} */ name) => /** @type {const} */ (`setting_${name}_note`);
