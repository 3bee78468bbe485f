// Wires the page: editor, suggester, engine and what is said about them. It decides nothing.

import { wireDocuments } from "./documents/wiring.js";
import { editorState } from "./editor/editor.js";
import { EngineClient } from "./engine/client.js";
import { Figures } from "./figures/figures.js";
import { FiguresPanel } from "./figures/panel.js";
import { watchSuggestions } from "./figures/watch.js";
import { fillLegend, Lens } from "./lens/lens.js";
import { followModelCard } from "./models/card.js";
import { followModelDialog, openModelDialog } from "./models/dialog.js";
import { ModelSwitch } from "./models/switch.js";
import { MODELS } from "./models/table.js";
import { Announcer } from "./page/announcer.js";
import { browserStorage } from "./page/browser-storage.js";
import { byId } from "./page/dom.js";
import { followSwitch } from "./page/language.js";
import { describe, StatusLine } from "./page/status.js";
import { keepPage, UpdateOffer } from "./page/updates.js";
import { coveredPx, followKeyboard, freeBottomPx } from "./page/window.js";
import { SettingsDialog } from "./settings/dialog.js";
import { keepSettings, readSettings } from "./settings/settings.js";
import { sayError, wordsOf } from "./strings/errors.js";
import { onSpeak, say } from "./strings/strings.js";
import { SuggestionBar } from "./suggestion/bar.js";
import { acceptAll, acceptWord, openList, showOther } from "./suggestion/commands.js";
import { hintFor } from "./suggestion/hint.js";
import { canAsk } from "./suggestion/place.js";
import {
  configure,
  hasAsked,
  hasSettled,
  isThinking,
  offerIn,
  renew,
  shownIn,
  suggestions,
  suggestionsAfter,
  suggestionsWith,
} from "./suggestion/state.js";
import { suggestionsIn } from "./suggestion/suggestions.js";
import { EditorView, undo, undoDepth } from "./vendor/codemirror.js";

/**
 * @import { Content } from "./documents/document.js"
 * @import { Settings } from "./settings/settings.js"
 * @import { ModelState } from "./models/switch.js"
 * @import { Writing } from "./page/status.js"
 * @import { SuggestionState } from "./suggestion/state.js"
 * @import { EditorState } from "@codemirror/state"
 */

const clock = {
  setTimeout: (/** @type {() => void} */ callback, /** @type {number} */ ms) => setTimeout(callback, ms),
  clearTimeout: (/** @type {number} */ timer) => clearTimeout(timer),
};
const localStore = browserStorage("localStorage");
const isMac = /^Mac|^iP/.test(navigator.platform);

// Status and announcements

const toText = () => view.focus();
const announcer = new Announcer(byId("announcer"));
const announce = (/** @type {string} */ sentence) => announcer.say(sentence);
const statusLine = new StatusLine(byId("status"), toText);
/** @type {ModelState} */
let models = { active: null, loading: null, failure: null, restarting: null };
/** @type {Writing} */
let writing = { isThinking: false, suggestionProblem: null, draftProblem: null };

const tell = (/** @type {Partial<Writing>} */ change = {}) => {
  writing = { ...writing, ...change };
  statusLine.show(describe(models, writing));
};

// The engine and its models

const figures = new Figures({ store: localStore, now: () => performance.now() });
const client = new EngineClient({
  onStateChange: (state) => {
    modelSwitch.engineChanged(state);
    if (state.name === "ready") {
      view.dispatch({ effects: renew.of(null) });
      lens.renew(view);
      announce(say("model_ready", { title: models.active?.model.title ?? "" }));
    }
    documents.modelChanged();
    if (state.name === "restarting") announce(sayError(state.error));
  },
  onWork: (work) => figures.worked(work),
});
const modelSwitch = new ModelSwitch({
  client,
  models: MODELS,
  storage: localStore,
  onChange: (state) => {
    models = state;
    tell();
  },
});

// The text and its suggestions

const onError = (/** @type {Error} */ error) => tell({ suggestionProblem: wordsOf(error) });
let settings = readSettings(localStore);
const bar = new SuggestionBar(byId("suggestion-bar"), {
  onTakeWord: () => acceptWord(view),
  onTakeAll: () => acceptAll(view),
  onNext: () => showOther(view, 1, announce),
  onAsk: () => {
    view.focus();
    openList(view, announce);
  },
  onUndo: () => undo(view),
  onFocusLost: toText,
});
const covers = [byId("suggestion-bar"), byId("status")];
/**
 * @param {SuggestionState} before
 * @param {EditorState} state
 */
const showSuggestions = (before, state) => {
  const now = state.field(suggestions);
  bar.show(offerIn(now), { canAsk: canAsk(state), canUndo: undoDepth(state) > 0 });
  byId("hint").textContent = hintFor(now, isMac);
  if (shownIn(now) === "") announcer.gone();
  if (hasSettled(before, now)) announcer.settled(shownIn(now));
  if (hasAsked(before, now)) tell({ isThinking: true, suggestionProblem: null });
  else if (writing.isThinking && !isThinking(now)) tell({ isThinking: false });
};
const lens = new Lens({ client, clock, announce, onError });
/** @type {HTMLInputElement} */
const showAuthors = byId("show-authors");
/**
 * @param {Content} content
 * @param {SuggestionState} [suggestionState]
 */
const stateOf = (content, suggestionState = suggestionsAfter(view.state.field(suggestions))) =>
  editorState(content, {
    extensions: [
      suggestionsIn(suggestionState, {
        client,
        clock,
        nextSeed: () => crypto.getRandomValues(new Uint32Array(1))[0],
        onError,
        announce,
        freeBottomPx: () => freeBottomPx(covers),
      }),
      lens.extension,
      watchSuggestions(figures),
      EditorView.updateListener.of(({ startState, state }) => showSuggestions(startState.field(suggestions), state)),
    ],
    onEdit: (state) => documents.edited(state),
    coveredPx: () => coveredPx(covers),
    freeBottomPx: () => freeBottomPx(covers),
    isAuthorShown: () => showAuthors.checked,
  });
const view = new EditorView({ state: stateOf({ text: "", marks: [] }, suggestionsWith(settings)) });
const documents = await wireDocuments({
  view,
  stateOf: (content) => stateOf(content),
  client,
  clock,
  activeId: () => models.active?.model.id,
  onUse: (id) => modelSwitch.choose(id),
  onProblem: (draftProblem) => tell({ draftProblem }),
  announce,
});
// Only now, or what is typed before the document is there would be lost.
byId("editor").append(view.dom);

// The settings

/** @param {Settings} changed */
function changeSettings(changed) {
  settings = changed;
  automatic.checked = settings.is_automatic;
  view.dispatch({ effects: configure.of(settings) });
  return keepSettings(localStore, settings);
}

/** @returns {Promise<boolean>} whether the text is kept */
function keep() {
  figures.save();
  return documents.saved();
}

// The controls

/** @type {HTMLDialogElement} */
const about = byId("about");
/** @type {HTMLDialogElement} */
const modelDialog = byId("models");
/** @type {HTMLInputElement} */
const automatic = byId("automatic");
const settingsDialog = new SettingsDialog(byId("settings"), {
  read: () => settings,
  onChange: changeSettings,
  countPauses: () => view.state.field(suggestions).tally,
});
/** @type {HTMLInputElement} */
const probabilities = byId("probabilities");
const figuresPanel = new FiguresPanel(byId("figures"), { figures, model: () => models.active?.info ?? null, announce });

byId("open-about").addEventListener("click", () => about.showModal());
followModelCard(byId("card"));
byId("open-models").addEventListener("click", () => openModelDialog(modelDialog, MODELS, models.active?.model.id));
followModelDialog(modelDialog, (id) => modelSwitch.choose(id));
byId("cancel").addEventListener("click", () => {
  modelSwitch.cancel();
  announce(say("download_cancelled"));
});
byId("retry").addEventListener("click", () => modelSwitch.retry());
byId("use-bundled").addEventListener("click", () => modelSwitch.choose(MODELS[0].id));
automatic.addEventListener("change", () => changeSettings({ ...settings, is_automatic: automatic.checked }));
probabilities.addEventListener("change", () => {
  byId("legend").hidden = !probabilities.checked;
  lens.toggle(view, probabilities.checked);
});
byId("open-settings").addEventListener("click", () => settingsDialog.open());
byId("settings-models").addEventListener("click", () => byId("open-models").click());
byId("open-figures").addEventListener("click", () => figuresPanel.open());
window.addEventListener("pagehide", () => figures.save());
document.addEventListener("visibilitychange", () => {
  // A phone may end a hidden page without further events.
  if (document.visibilityState === "hidden") figures.save();
});
if (window.visualViewport) followKeyboard(window.visualViewport, document.documentElement);

// The language, and the next version

followSwitch(byId("language"), localStore);
onSpeak(() => {
  announce("");
  tell();
  fillLegend(byId("legend"), isMac);
  view.dispatch({}); // The editor says its words again, and then tells the hint.
});
let isTouched = false;
for (const type of ["keydown", "pointerdown"]) window.addEventListener(type, () => (isTouched = true), { once: true });
const update = new UpdateOffer(byId("update"), { save: keep, reload: () => location.reload(), announce });

fillLegend(byId("legend"), isMac);
showSuggestions(view.state.field(suggestions), view.state);
automatic.checked = settings.is_automatic;
toText();
documents.openLink();
await modelSwitch.start();
await keepPage(navigator.serviceWorker, {
  onNewVersion: (use) => update.offer(use),
  onKept: () => {
    // Threads are worth a reload, but only where it interrupts nobody.
    const isIdle = !isTouched && view.state.doc.length === 0 && document.querySelector("dialog[open]") === null;
    if (!crossOriginIsolated && isIdle) location.reload();
  },
});
