// Wires the documents: desk, list, files, links, authorship and openings. It decides nothing.

import { contentOf } from "../editor/editor.js";
import { MODELS } from "../models/table.js";
import { browserStorage } from "../page/browser-storage.js";
import { byId, hide } from "../page/dom.js";
import { inWords, onSpeak, say } from "../strings/strings.js";
import { generationConfig } from "../suggestion/request.js";
import { dismiss, originIn, suggestions } from "../suggestion/state.js";
import { Desk } from "./desk.js";
import { DocumentsDialog } from "./dialog.js";
import { percentFromModel } from "./document.js";
import { fillExport } from "./export.js";
import { isLink } from "./link.js";
import { fillOpenings } from "./openings.js";
import { SharedDialog } from "./shared.js";
import { DocumentStore } from "./store.js";

/**
 * @import { EditorState } from "@codemirror/state"
 * @import { EditorView } from "@codemirror/view"
 * @import { Content } from "./document.js"
 * @import { Shared } from "./link.js"
 * @import { Clock } from "../suggestion/request.js"
 * @import { EngineClient } from "../engine/client.js"
 * @import { Words } from "../strings/strings.js"
 */

/**
 * @typedef {object} DocumentsWorld
 * @property {EditorView} view
 * @property {(content: Content) => EditorState} stateOf
 * @property {EngineClient} client
 * @property {Clock} clock
 * @property {() => string | undefined} activeId of the model that writes
 * @property {(id: string) => Promise<void>} onUse loads a model; resolves once it writes or has failed
 * @property {(words: Words | null) => void} onProblem why text is not saved; null once it is
 * @property {(sentence: string) => void} announce
 */

/** @param {DocumentsWorld} world */
export async function wireDocuments({ view, stateOf, client, clock, activeId, onUse, onProblem, announce }) {
  const toText = () => view.focus();
  const dismissSuggestions = () => view.dispatch({ effects: dismiss.of({ tabLeaves: false }) });
  /** @type {HTMLDialogElement} */
  const dialog = byId("documents");

  let percent = 0;
  /** @type {Words} */
  let note = "";
  const tell = () => {
    hide(byId("authors"), percent === 0, toText);
    byId("share-of-model").textContent = say("share_of_model", { percent });
    byId("document-note").textContent = inWords(note);
    byId("document-note").hidden = note === "";
  };
  onSpeak(tell);
  /** @param {Content} content */
  const show = (content) => {
    dismissSuggestions();
    view.setState(stateOf(content));
    // A new state alone calls no listener, and bar and hint would stay those of the document before.
    view.dispatch({});
    byId("start").hidden = content.text !== "";
    percent = percentFromModel(content);
    note = "";
    tell();
  };

  const desk = new Desk({
    store: await DocumentStore.open().catch(() => null),
    tab: browserStorage("sessionStorage"),
    device: browserStorage("localStorage"),
    clock,
    now: () => Date.now(),
    // randomUUID exists in secure contexts only.
    nextId: () => crypto.getRandomValues(new Uint32Array(4)).join("-"),
    onOpen: show,
    onContent: (content) => {
      percent = percentFromModel(content);
      tell();
    },
    onProblem,
    onNote: (words) => {
      note = words;
      tell();
      announce(inWords(words));
    },
  });

  const list = new DocumentsDialog(dialog, desk, toText);
  byId("open-documents").addEventListener("click", () => list.show());

  const model = () => activeId() ?? MODELS[0].id;
  /** @returns {Shared | null} */
  const getSuggestion = () => {
    const origin = originIn(view.state.field(suggestions));
    if (origin === null) return null;
    const { before, after, generation_config, gate, index } = origin;
    return {
      text: before + after,
      model: model(),
      generation_config,
      suggestion: { caretUtf16: before.length, gate, index },
    };
  };
  fillExport(dialog, {
    getDocument: () => ({ ...desk.document, ...contentOf(view.state) }),
    getText: () => ({
      text: view.state.doc.toString(),
      model: model(),
      generation_config: generationConfig(view.state.field(suggestions).settings),
      suggestion: null,
    }),
    getSuggestion,
    clipboard: navigator.clipboard,
  });

  const shared = new SharedDialog(byId("shared"), {
    models: MODELS,
    client,
    activeId,
    onUse,
    onCopy: async ({ text, suggestion }) => {
      const anchor = suggestion?.caretUtf16 ?? text.length;
      const isCreated = await desk.create({ text, marks: [] });
      if (isCreated) view.dispatch({ selection: { anchor } });
      return isCreated;
    },
    onDone: () => {
      // so that a reload shows the writer's own text
      history.replaceState(null, "", location.pathname + location.search);
      toText();
    },
  });
  const openLink = () => {
    if (!isLink(location.hash)) return;
    // The link needs the model: another request would abort the one for its suggestion.
    dismissSuggestions();
    shared.show(location.hash);
  };
  window.addEventListener("hashchange", openLink);

  fillOpenings(byId("start"), (text) => {
    view.dispatch({ ...view.state.replaceSelection(text), userEvent: "input", scrollIntoView: true });
    toText();
  });
  byId("show-authors").addEventListener("change", () => view.dispatch({}));

  window.addEventListener("pagehide", () => desk.leave());
  document.addEventListener("visibilitychange", () => {
    // A phone may end a hidden page without further events.
    if (document.visibilityState === "hidden") desk.leave();
    else desk.back();
  });
  await desk.start();

  return {
    /** @param {EditorState} state after an edit by the writer */
    edited: (state) => {
      hide(byId("start"), state.doc.length > 0, toText);
      desk.changed(() => contentOf(state));
    },
    /** Saves, and returns whether the page can be left without losing a word. */
    saved: () => desk.saved(),
    /** Called when another model writes, or none. */
    modelChanged: () => shared.modelChanged(),
    /** Opens the text in the page's address, if there is one. */
    openLink,
  };
}
