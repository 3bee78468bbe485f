// Says what is going on, in sentences: which model writes, what is on its way, what went wrong and the way out.

/** @import { ModelState, Progress } from "./model-switch.js" */

/**
 * @typedef {object} Status
 * @property {string} headline
 * @property {{text: string, fraction: number | null, canCancel: boolean} | null} task
 * @property {string[]} problems
 * @property {boolean} canRetry
 * @property {boolean} canChoose false until it is known whether the bundled model works
 */

/**
 * @param {ModelState} models
 * @param {{isThinking: boolean, problem: string | null}} writing
 * @returns {Status}
 */
export function describe({ active, loading, failure, restarting }, { isThinking, problem }) {
  return {
    headline: restarting ?? (active === null ? "No model yet" : headlineOf(active, isThinking)),
    task: loading && {
      text: `${loading.model.title}: ${amountOf(loading.progress)}`,
      fraction: fractionOf(loading.progress),
      canCancel: active !== null,
    },
    problems: [failure?.message, active?.info.notice, problem].filter((text) => typeof text === "string"),
    canRetry: failure !== null,
    canChoose: active !== null || failure !== null,
  };
}

/**
 * @param {NonNullable<ModelState["active"]>} active
 * @param {boolean} isThinking
 */
function headlineOf({ model, info }, isThinking) {
  const parts = [model.title, isThinking ? "thinking …" : "ready"];
  if (info.verified) parts.push("verified");
  return parts.join(" · ");
}

/** @param {Progress | null} progress */
function amountOf(progress) {
  if (progress === null) return "starting …";
  const { receivedBytes, totalBytes, fromNetwork } = progress;
  const source = fromNetwork ? "" : " from this device";
  const receivedMb = Math.round(receivedBytes / 1e6);
  if (totalBytes === null) return `${receivedMb} MB${source}`;
  const percent = Math.floor((100 * receivedBytes) / totalBytes);
  return `${receivedMb} of ${Math.round(totalBytes / 1e6)} MB, ${percent} %${source}`;
}

/** @param {Progress | null} progress */
function fractionOf(progress) {
  return progress?.totalBytes ? progress.receivedBytes / progress.totalBytes : null;
}

export class StatusLine {
  #root;

  /** @param {HTMLElement} root with the elements that index.html gives it */
  constructor(root) {
    this.#root = root;
  }

  /** @param {Status} status */
  show({ headline, task, problems, canRetry, canChoose }) {
    setText(this.#part("headline"), headline);
    this.#part("task").hidden = task === null;
    if (task !== null) {
      setText(this.#part("task-text"), task.text);
      const bar = /** @type {HTMLProgressElement} */ (this.#part("task-progress"));
      if (task.fraction === null) bar.removeAttribute("value");
      else bar.value = task.fraction;
      this.#part("cancel").hidden = !task.canCancel;
    }
    this.#part("problem").hidden = problems.length === 0;
    setText(this.#part("problem-text"), problems.join(" "));
    this.#part("way-out").hidden = !canRetry;
    /** @type {HTMLButtonElement} */ (this.#part("open-models")).disabled = !canChoose;
  }

  /** @param {string} name */
  #part(name) {
    return /** @type {HTMLElement} */ (this.#root.querySelector(`#${name}`));
  }
}

/**
 * A live region speaks whenever its text is set, so the same text is not set twice.
 * @param {HTMLElement} element
 * @param {string} text
 */
function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}
