// Wires the page: editor, suggester, engine and what is said about them. It decides nothing.

import { Draft } from "./editor/draft.js";
import { createEditor } from "./editor/editor.js";
import { accept, ghostText, showSuggestion, whole } from "./editor/ghost-text.js";
import { firstWord } from "./editor/state.js";
import { Suggester } from "./editor/suggester.js";
import { EngineClient } from "./engine/client.js";
import { MODELS } from "./models.js";
import { hintFor } from "./ui/hint.js";
import { fillModelDialog, openModelDialog } from "./ui/model-dialog.js";
import { ModelSwitch } from "./ui/model-switch.js";
import { StatusLine, describe } from "./ui/status.js";
import { SuggestionBar, followKeyboard } from "./ui/suggestion-bar.js";

/**
 * @import { GhostState } from "./editor/ghost-text.js"
 * @import { ModelState } from "./ui/model-switch.js"
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
const storage = browserStorage();
const isMac = /^Mac|^iP/.test(navigator.platform);

// What is said

const statusLine = new StatusLine(byId("status"));
/** @type {ModelState} */
let models = { active: null, loading: null, failure: null, restarting: null };
/** @type {{isThinking: boolean, problem: string | null}} */
let writing = { isThinking: false, problem: null };

const say = (/** @type {Partial<typeof writing>} */ change = {}) => {
  writing = { ...writing, ...change };
  statusLine.show(describe(models, writing));
};
const announce = (/** @type {string} */ text) => (byId("announcer").textContent = text);

// The engine and its models

const client = new EngineClient({
  onStateChange: (state) => {
    modelSwitch.engineChanged(state);
    if (state.name === "ready") suggester.renew();
    if (state.name === "restarting") announce(state.error.message);
  },
});
const modelSwitch = new ModelSwitch({
  client,
  models: MODELS,
  storage,
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
  onSuggestion: (text) => showSuggestion(view, text),
  onSettled: (text) => announce(text === "" ? "No suggestion." : `Suggestion: ${text}`),
  onThinking: (isThinking) => say(isThinking ? { isThinking, problem: null } : { isThinking }),
  onError: (error) => say({ problem: error.message }),
});
const draft = new Draft({ storage, clock, onProblem: (problem) => say({ problem }) });
const bar = new SuggestionBar(byId("suggestion-bar"), {
  onTakeWord: () => accept(view, firstWord),
  onTakeAll: () => accept(view, whole),
});
const ghost = ghostText({
  suggester,
  onChange: (state) => {
    bar.show(state.suggestion);
    showHint(state);
  },
  onNothingToContinue: () => announce("Nothing to continue here: put the caret behind a word."),
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
byId("cancel").addEventListener("click", () => modelSwitch.cancel());
byId("retry").addEventListener("click", () => modelSwitch.retry());
byId("use-bundled").addEventListener("click", () => modelSwitch.choose(MODELS[0].id));
automatic.addEventListener("change", () => suggester.setAutomatic(automatic.checked));
window.addEventListener("pagehide", () => draft.save());
if (window.visualViewport) followKeyboard(window.visualViewport, document.documentElement);

showHint({ suggestion: "", tabLeaves: false });
view.focus();
await modelSwitch.start();

/** @returns {Pick<Storage, "getItem" | "setItem" | "removeItem">} */
function browserStorage() {
  try {
    return window.localStorage;
  } catch (error) {
    // Where cookies are blocked, merely naming it throws.
    return {
      getItem: () => null,
      setItem: () => {
        throw error;
      },
      removeItem: () => {},
    };
  }
}
