// The dialog with the list of documents: open, create, rename, delete, undo.

import { element, find } from "../page/dom.js";
import { inWords, say } from "../strings/strings.js";
import { titleOf } from "./document.js";
import { problemOf } from "./store.js";

/**
 * @import { Desk } from "./desk.js"
 * @import { Document } from "./document.js"
 */

export class DocumentsDialog {
  #dialog;
  #desk;
  #onDone;
  #list;
  #note;
  #undo;

  /**
   * @param {HTMLDialogElement} dialog as in index.html
   * @param {Pick<Desk, "document" | "problem" | "deleted" | "list" | "open" | "create" | "rename" | "remove" | "undoRemove">} desk
   * @param {() => void} onDone called once another document is open
   */
  constructor(dialog, desk, onDone) {
    this.#dialog = dialog;
    this.#desk = desk;
    this.#onDone = onDone;
    this.#list = find(dialog, "#document-list");
    this.#note = find(dialog, "#documents-note");
    this.#undo = find(dialog, "#undo-delete");
    this.#undo.addEventListener("click", () => this.#undoDelete());
    find(dialog, "#new-document").addEventListener("click", () => this.#leaveFor(desk.create()));
  }

  /** Opens at once: while the list is read, the writer might start to type again. */
  async show() {
    this.#offerUndo();
    this.#dialog.showModal();
    await this.#try(this.#render());
  }

  async #render() {
    this.#list.setAttribute("aria-busy", "true");
    try {
      const documents = await this.#desk.list();
      this.#list.replaceChildren(...documents.map((document) => this.#rowOf(document)));
      find(this.#dialog, "#documents-empty").hidden = documents.length > 0;
    } finally {
      this.#list.removeAttribute("aria-busy");
    }
  }

  /** @param {Document} document */
  #rowOf(document) {
    const title = titleOf(document);
    const isOpen = document.id === this.#desk.document.id;
    const open = element(
      "button",
      { type: "button", className: "title", dir: "auto" },
      isOpen ? say("document_open", { title }) : title,
    );
    if (isOpen) open.setAttribute("aria-current", "true");
    open.addEventListener("click", () => this.#leaveFor(this.#desk.open(document.id)));
    const rename = element(
      "button",
      { type: "button", className: "rename", ariaLabel: say("document_rename_which", { title }) },
      say("document_rename"),
    );
    rename.addEventListener("click", () => this.#rename(row, document));
    const remove = element(
      "button",
      { type: "button", ariaLabel: say("document_delete_which", { title }) },
      say("document_delete"),
    );
    remove.addEventListener("click", () => this.#delete(document));
    const row = element("li", {}, open, element("time", {}, dateOf(document.changedAt)), rename, remove);
    row.dataset.id = document.id;
    return row;
  }

  /**
   * @param {HTMLElement} row
   * @param {Document} document
   */
  #rename(row, document) {
    this.#say("");
    const title = titleOf(document);
    const input = element("input", { type: "text", value: title, dir: "auto", ariaLabel: say("document_name") });
    const form = element("form", {}, input, element("button", {}, say("document_name_save")));
    const finish = async () => {
      await this.#try(this.#render());
      this.#focus(document.id, ".rename");
    };
    // On Enter, and whenever the field loses the focus, as to another row or to Close.
    input.addEventListener("change", () => this.#try(this.#desk.rename(document.id, input.value.trim())));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      finish();
    });
    input.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || event.isComposing) return;
      event.preventDefault(); // Keeps the dialog open.
      input.value = title;
      finish();
    });
    row.replaceChildren(form);
    input.select();
  }

  /** @param {Document} document */
  async #delete(document) {
    if (!(await this.#try(this.#desk.remove(document.id)))) return;
    await this.#try(this.#render());
    this.#offerUndo();
    (this.#undo.hidden ? find(this.#dialog, "#documents-title") : this.#undo).focus();
  }

  async #undoDelete() {
    const id = this.#desk.deleted?.id ?? "";
    this.#say("");
    await this.#try(this.#desk.undoRemove());
    await this.#try(this.#render());
    this.#focus(id, ".title");
  }

  /** The last deletion can be undone even after the dialog was closed. */
  #offerUndo() {
    const { deleted } = this.#desk;
    this.#say(deleted === null ? "" : say("document_deleted", { title: titleOf(deleted) }));
    this.#undo.hidden = deleted === null;
  }

  /** @param {Promise<unknown>} change of the open document */
  async #leaveFor(change) {
    if (!(await this.#try(change))) return;
    this.#dialog.close();
    this.#onDone();
  }

  /**
   * @param {Promise<unknown>} work resolves to false if it was refused because unsaved text would be lost
   * @returns {Promise<boolean>} whether it succeeded; if not, the dialog says why
   */
  async #try(work) {
    try {
      if ((await work) !== false) return true;
      this.#say(inWords(this.#desk.problem ?? ""));
    } catch (error) {
      this.#say(inWords(problemOf(error)));
    }
    return false;
  }

  /** @param {string} sentence replaces the last one and its Undo button */
  #say(sentence) {
    this.#note.textContent = sentence;
    this.#undo.hidden = true;
  }

  /**
   * @param {string} id
   * @param {string} button
   */
  #focus(id, button) {
    const row = [...this.#list.children].find((node) => /** @type {HTMLElement} */ (node).dataset.id === id);
    find(row ?? this.#dialog, row ? button : "#documents-title").focus();
  }
}

/** @param {number} time */
const dateOf = (time) =>
  new Date(time).toLocaleString(document.documentElement.lang, { dateStyle: "medium", timeStyle: "short" });
