// Wires the page: editor, suggester, engine and what is said about them. It decides nothing.

import { Draft } from "./editor/draft.js";
import { createEditor } from "./editor/editor.js";
import { accept, ghostText, showSuggestion, whole } from "./editor/ghost-text.js";
import { firstWord } from "./editor/state.js";
import { Suggester } from "./editor/suggester.js";
import { EngineClient } from "./engine/client.js";
import { MODELS } from "./models.js";
import { Announcer } from "./ui/announcer.js";
import { browserStorage } from "./ui/browser-storage.js";
import { hintFor } from "./ui/hint.js";
import { fillModelDialog, openModelDialog } from "./ui/model-dialog.js";
import { ModelSwitch } from "./ui/model-switch.js";
import { StatusLine, describe } from "./ui/status.js";
import { SuggestionBar, followKeyboard } from "./ui/suggestion-bar.js";

/**
 * @import { GhostState } from "./editor/ghost-text.js"
 * @import { ModelState } from "./ui/model-switch.js"
 * @import { Writing } from "./ui/status.js"
 */

/**
 * @template {HTMLElement} [Kind=HTMLElement]
 * @param {string} id
 */
const byId = (id) => /** @type {Kind} */ (document.getElementById(id));

const clock = {
  setTimeout: (/** @type {() => void} */ callback, /** @type {number} */ ms) => setTimeout(callback, ms),
  clearTimeout: (/** @type {number} */ timer) => clearTimeout(timer),
};
const localStore = browserStorage("localStorage");
const isMac = /^Mac|^iP/.test(navigator.platform);

// What is said

const toText = () => view.focus();
const announcer = new Announcer(byId("announcer"));
const announce = (/** @type {string} */ sentence) => announcer.say(sentence);
const statusLine = new StatusLine(byId("status"), toText);
/** @type {ModelState} */
let models = { active: null, loading: null, failure: null, restarting: null };
/** @type {Writing} */
let writing = { isThinking: false, suggestionProblem: null, draftProblem: null };

const say = (/** @type {Partial<Writing>} */ change = {}) => {
  writing = { ...writing, ...change };
  statusLine.show(describe(models, writing));
};

// The engine and its models

const client = new EngineClient({
  onStateChange: (state) => {
    modelSwitch.engineChanged(state);
    if (state.name === "ready") {
      suggester.renew();
      announce(`${models.active?.model.title} is ready.`);
    }
    if (state.name === "restarting") announce(state.error.message);
  },
});
const modelSwitch = new ModelSwitch({
  client,
  models: MODELS,
  storage: localStore,
  onChange: (state) => {
    models = state;
    say();
  },
});

// The text and its suggestions

const suggester = new Suggester({
  client,
  clock,
  nextSeed: () => crypto.getRandomValues(new Uint32Array(1))[0],
  onSuggestion: (text) => {
    showSuggestion(view, text);
    if (text === "") announcer.gone();
  },
  onSettled: (text) => announcer.settled(text),
  onThinking: (isThinking) => say(isThinking ? { isThinking, suggestionProblem: null } : { isThinking }),
  onError: (error) => say({ suggestionProblem: error.message }),
});
const draft = new Draft({
  tab: browserStorage("sessionStorage"),
  device: localStore,
  clock,
  onProblem: (draftProblem) => say({ draftProblem }),
});
const bar = new SuggestionBar(byId("suggestion-bar"), {
  onTakeWord: () => accept(view, firstWord),
  onTakeAll: () => accept(view, whole),
  onFocusLost: toText,
});
const ghost = ghostText({
  suggester,
  onChange: (state) => {
    bar.show(state.suggestion);
    showHint(state);
  },
  announce,
});
const view = createEditor(byId("editor"), draft.read(), {
  extensions: ghost,
  onEdit: (getText) => draft.changed(getText),
  coveredPx: () => byId("status").offsetHeight,
});

/** @param {GhostState} state */
function showHint(state) {
  byId("hint").textContent = hintFor(state, isMac);
}

// The controls

/** @type {HTMLDialogElement} */
const about = byId("about");
/** @type {HTMLDialogElement} */
const modelDialog = byId("models");
/** @type {HTMLInputElement} */
const automatic = byId("automatic");

byId("open-about").addEventListener("click", () => about.showModal());
byId("open-models").addEventListener("click", () => openModelDialog(modelDialog, models.active?.model.id));
fillModelDialog(modelDialog, MODELS, (id) => modelSwitch.choose(id));
byId("cancel").addEventListener("click", () => {
  modelSwitch.cancel();
  announce("The download is cancelled.");
});
byId("retry").addEventListener("click", () => modelSwitch.retry());
byId("use-bundled").addEventListener("click", () => modelSwitch.choose(MODELS[0].id));
automatic.addEventListener("change", () => suggester.setAutomatic(automatic.checked));
window.addEventListener("pagehide", () => draft.save());
document.addEventListener("visibilitychange", () => {
  // A phone may end a hidden page without another word.
  if (document.visibilityState === "hidden") draft.save();
});
if (window.visualViewport) followKeyboard(window.visualViewport, document.documentElement);

showHint({ suggestion: "", tabLeaves: false });
suggester.setAutomatic(automatic.checked);
toText();
await modelSwitch.start();
