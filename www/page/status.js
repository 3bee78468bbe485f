// The status in sentences: which model writes, what is loading, what went wrong and how to go on.

import { wordsOf } from "../strings/errors.js";
import { inWords, say } from "../strings/strings.js";
import { find, hide } from "./dom.js";

/**
 * @import { Words } from "../strings/strings.js"
 * @import { ModelState, Progress } from "../models/switch.js"
 */

/**
 * @typedef {object} Status
 * @property {string} headline
 * @property {{text: string, fraction: number | null, canCancel: boolean} | null} task
 * @property {string[]} problems
 * @property {string | null} notice anything that works less well than it could
 * @property {boolean} canRetry
 * @property {boolean} canChoose false until it is known whether the bundled model works
 */

/**
 * `suggestionProblem` ends with the next question, `draftProblem` once the draft is saved.
 * @typedef {{isThinking: boolean, suggestionProblem: Words | null, draftProblem: Words | null}} Writing
 */

/**
 * @param {ModelState} models
 * @param {Writing} writing
 * @returns {Status}
 */
export function describe({ active, loading, failure, restarting }, { isThinking, suggestionProblem, draftProblem }) {
  const present = active === null ? say("headline_none") : headlineOf(active, isThinking);
  return {
    headline: restarting === null ? present : inWords(restarting),
    task: loading && {
      text: say("task", { title: loading.model.title, amount: amountOf(loading.progress) }),
      fraction: fractionOf(loading.progress),
      canCancel: active !== null,
    },
    problems: [failure?.words ?? null, draftProblem, suggestionProblem].filter((words) => words !== null).map(inWords),
    notice: active?.info.notices.length ? inWords(active.info.notices.map(wordsOf)) : null,
    canRetry: failure !== null,
    canChoose: active !== null || failure !== null,
  };
}

/**
 * @param {NonNullable<ModelState["active"]>} active
 * @param {boolean} isThinking
 */
function headlineOf({ model, info }, isThinking) {
  const headline = say(isThinking ? "headline_thinking" : "headline_ready", { title: model.title });
  return info.verified ? say("headline_verified", { headline }) : headline;
}

/** @param {Progress | null} progress */
function amountOf(progress) {
  if (progress === null) return say("amount_none");
  const { receivedBytes, totalBytes, fromNetwork } = progress;
  const received = Math.round(receivedBytes / 1e6);
  const amount =
    totalBytes === null
      ? say("amount", { received })
      : say("amount_of", {
          received,
          total: Math.round(totalBytes / 1e6),
          percent: Math.floor((100 * receivedBytes) / totalBytes),
        });
  return fromNetwork ? amount : say("amount_from_device", { amount });
}

/** @param {Progress | null} progress */
function fractionOf(progress) {
  return progress?.totalBytes ? progress.receivedBytes / progress.totalBytes : null;
}

export class StatusLine {
  #root;
  #onFocusLost;

  /**
   * @param {HTMLElement} root with the elements that index.html gives it
   * @param {() => void} onFocusLost
   */
  constructor(root, onFocusLost) {
    this.#root = root;
    this.#onFocusLost = onFocusLost;
  }

  /** @param {Status} status */
  show({ headline, task, problems, notice, canRetry, canChoose }) {
    setText(find(this.#root, "#headline"), headline);
    this.#hide("task", task === null);
    if (task !== null) {
      setText(find(this.#root, "#task-text"), task.text);
      /** @type {HTMLProgressElement} */
      const bar = find(this.#root, "#task-progress");
      if (task.fraction === null) bar.removeAttribute("value");
      else bar.value = task.fraction;
      this.#hide("cancel", !task.canCancel);
    }
    this.#hide("problem", problems.length === 0);
    setText(find(this.#root, "#problem-text"), problems.join(say("between_sentences")));
    this.#hide("way-out", !canRetry);
    this.#hide("notice", notice === null);
    setText(find(this.#root, "#notice"), notice ?? "");
    /** @type {HTMLButtonElement} */ (find(this.#root, "#open-models")).disabled = !canChoose;
  }

  /**
   * @param {string} name
   * @param {boolean} isHidden
   */
  #hide(name, isHidden) {
    hide(find(this.#root, `#${name}`), isHidden, this.#onFocusLost);
  }
}

/**
 * A live region speaks whenever its text is set, even to the same text.
 * @param {HTMLElement} element
 * @param {string} text
 */
function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}
