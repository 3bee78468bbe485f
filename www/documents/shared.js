// The dialog with the text of a link, to read or edit as a copy. Its suggestion is generated anew by the same model.

import { element, find, hide } from "../page/dom.js";
import { sayError } from "../strings/errors.js";
import { say } from "../strings/strings.js";
import { readFragment } from "./link.js";

/**
 * @import { Shared } from "./link.js"
 * @import { EngineClient } from "../engine/client.js"
 * @import { Model } from "../engine/protocol.js"
 */

export class SharedDialog {
  #dialog;
  #world;
  /** @type {Shared | null} */
  #shared = null;
  /** Aborts the work for this link when the next one is opened. */
  #reading = new AbortController();
  #replay = new AbortController();

  /**
   * @param {HTMLDialogElement} dialog as in index.html
   * @param {object} world
   * @param {readonly Model[]} world.models
   * @param {Pick<EngineClient, "suggest">} world.client
   * @param {() => string | undefined} world.activeId of the model that writes
   * @param {(id: string) => Promise<void>} world.onUse loads a model; resolves once it writes or has failed
   * @param {(shared: Shared) => Promise<boolean>} world.onCopy makes the text a document; false if that fails
   * @param {() => void} world.onDone the link is no longer needed
   */
  constructor(dialog, world) {
    this.#dialog = dialog;
    this.#world = world;
    find(dialog, "#shared-use").addEventListener("click", () => this.#use());
    find(dialog, "#shared-copy").addEventListener("click", () => this.#copy());
    dialog.addEventListener("close", () => {
      // The event fires after the dialog is closed, perhaps when the next link has opened it again.
      if (dialog.open) return;
      this.#replay.abort();
      this.#shared = null;
      // Esc may be a slip: the link stays in the address, and a reload opens it again.
      if (dialog.returnValue !== "") world.onDone();
    });
  }

  /** @param {string} fragment of the page's address */
  async show(fragment) {
    this.#reading.abort();
    this.#replay.abort();
    this.#reading = new AbortController();
    const { signal } = this.#reading;
    /** @type {Shared | null} */
    let shared = null;
    let about;
    try {
      shared = await readFragment(fragment);
      about = this.#describe(shared);
    } catch (error) {
      about = /** @type {Error} */ (error).message;
    }
    if (signal.aborted) return;
    this.#shared = shared;
    find(this.#dialog, "#shared-about").textContent = about;
    find(this.#dialog, "#shared-text").hidden = shared === null;
    find(this.#dialog, "#shared-copy").hidden = shared === null;
    find(this.#dialog, "#shared-text").textContent = shared?.text ?? "";
    find(this.#dialog, "#shared-use").hidden = true;
    this.#say("");
    this.#dialog.returnValue = "";
    if (!this.#dialog.open) this.#dialog.showModal();
    await this.modelChanged();
  }

  async #copy() {
    const shared = this.#shared;
    if (shared === null) return;
    const { signal } = this.#reading;
    this.#shared = null; // so that a second click makes no second copy
    const isCopied = await this.#world.onCopy(shared);
    if (signal.aborted) return;
    if (isCopied) return this.#dialog.close("copy");
    this.#shared = shared;
    this.#say(say("shared_not_copied"));
  }

  /** Loads the model of the link; `modelChanged` follows once it is ready. */
  async #use() {
    if (this.#shared === null) return;
    const { model } = this.#shared;
    hide(find(this.#dialog, "#shared-use"), true, () => find(this.#dialog, "#shared-title").focus());
    this.#say(say("shared_waits", { model: this.#titleOf(model) }));
    await this.#world.onUse(model);
    if (this.#world.activeId() !== model) await this.modelChanged();
  }

  /** Called when another model writes, or none. */
  async modelChanged() {
    if (this.#shared === null) return;
    const { suggestion, model: id } = this.#shared;
    const model = this.#titleOf(id);
    const isKnown = this.#world.models.some((candidate) => candidate.id === id);
    const isActive = this.#world.activeId() === id;
    const use = find(this.#dialog, "#shared-use");
    use.hidden = suggestion === null || !isKnown || isActive || this.#world.activeId() === undefined;
    use.textContent = say("shared_use", { model });
    if (suggestion === null) this.#say("");
    else if (!isKnown) this.#say(say("shared_unknown", { model }));
    else if (isActive) await this.#suggest(this.#shared, suggestion);
    else this.#say(say(use.hidden ? "shared_waits" : "shared_other", { model }));
  }

  /**
   * @param {Shared} shared
   * @param {NonNullable<Shared["suggestion"]>} suggestion
   */
  async #suggest({ text, generation_config }, { caretUtf16, gate, index }) {
    this.#replay.abort();
    this.#replay = new AbortController();
    const { signal } = this.#replay;
    try {
      const place = { before: text.slice(0, caretUtf16), after: text.slice(caretUtf16) };
      // A time limit would end the suggestion elsewhere on a slower device.
      const { max_time, ...timeless } = generation_config;
      const answers = await this.#world.client.suggest(place, timeless, { gate, signal });
      if (signal.aborted) return;
      const answer = answers[index]?.text ?? "";
      const ghost = element("span", { className: "ghost-text" }, answer);
      find(this.#dialog, "#shared-text").replaceChildren(place.before, ghost, place.after);
      this.#say(answer === "" ? say("shared_none") : say("shared_suggestion", { text: answer.trim() }));
    } catch (error) {
      if (!signal.aborted) this.#say(sayError(error));
    }
  }

  /** @param {Shared} shared */
  #describe({ model, generation_config: { seed, ...parameters } }) {
    const numbers = Object.entries(parameters).filter(([, value]) => typeof value === "number");
    const settings = numbers.map(([name, value]) => `${name} ${value}`);
    if (seed !== undefined) settings.push(say("shared_seed", { seed }));
    return [say("shared_with", { model: this.#titleOf(model) }), ...settings].join(" · ");
  }

  /** @param {string} id */
  #titleOf(id) {
    return this.#world.models.find((model) => model.id === id)?.title ?? id;
  }

  /** @param {string} sentence */
  #say(sentence) {
    find(this.#dialog, "#shared-state").textContent = sentence;
  }
}
