// Keeps the page for use without the network, and offers a newer version, which is used when the writer says so.

import { onSpeak, say } from "../strings/strings.js";
import { find } from "./dom.js";

/** @import { StringKey } from "../strings/strings.js" */

/**
 * Takes a newer version from the next load on; false while other tabs need the old one.
 * @typedef {() => Promise<boolean>} Use
 */

/**
 * @param {ServiceWorkerContainer | undefined} container absent in some private windows and outside secure contexts
 * @param {object} news
 * @param {(use: Use) => void} news.onNewVersion
 * @param {() => void} news.onKept the page is kept for the first time; loaded again, it can share memory among threads
 */
export async function keepPage(container, { onNewVersion, onKept }) {
  const registration = await container
    ?.register("service-worker.js", { type: "module", updateViaCache: "none" })
    .catch(() => undefined); // The page does without, and every visit needs the network.
  if (registration === undefined) return;
  const follow = () => {
    const { active, installing } = registration;
    if (installing === null) return;
    installing.onstatechange = () => {
      if (installing.state === "installed" && active !== null) onNewVersion(() => use(installing));
      if (installing.state === "activated" && active === null) onKept();
    };
  };
  registration.addEventListener("updatefound", follow);
  // It may have been found before anybody listened.
  follow();
  const { waiting } = registration;
  if (waiting !== null) onNewVersion(() => use(waiting));
}

/**
 * @param {ServiceWorker} waiting
 * @returns {Promise<boolean>}
 */
const use = (waiting) =>
  new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    waiting.onstatechange = () => resolve(true);
    port1.onmessage = () => resolve(false);
    waiting.postMessage("take over", [port2]);
  });

/** The line that offers a newer version. */
export class UpdateOffer {
  #root;
  #announce;
  /** @type {StringKey} */
  #words = "update_ready";
  /** @type {Use} */
  #use = async () => false;

  /**
   * @param {HTMLElement} root
   * @param {object} world
   * @param {() => Promise<boolean>} world.save the writer's text; false if it could not be
   * @param {() => void} world.reload
   * @param {(sentence: string) => void} world.announce
   */
  constructor(root, { save, reload, announce }) {
    this.#root = root;
    this.#announce = announce;
    find(root, "button").addEventListener("click", async () => {
      if (!(await save())) this.#say("update_unsaved");
      else if (await this.#use()) reload();
      else this.#say("update_waits");
    });
    onSpeak(() => this.#render());
  }

  /** @param {Use} use */
  offer(use) {
    this.#use = use;
    this.#root.hidden = false;
    this.#say("update_ready");
  }

  /** @param {StringKey} words */
  #say(words) {
    this.#words = words;
    this.#render();
    this.#announce(say(words));
  }

  #render() {
    /** @type {Element} */ (this.#root.firstElementChild).textContent = say(this.#words);
  }
}
