// Keeps the page for offline use, and offers a new version, which starts only when the writer agrees.

import { onSpeak, say } from "../strings/strings.js";
import { find } from "./dom.js";

/** @import { StringKey } from "../strings/strings.js" */

/**
 * Switches to the new version at the next load; false while other tabs need the old one.
 * @typedef {() => Promise<boolean>} Use
 */

/**
 * @param {ServiceWorkerContainer | undefined} container absent in some private windows and outside secure contexts
 * @param {object} news
 * @param {(use: Use) => void} news.onNewVersion
 * @param {() => void} news.onKept the page is kept for the first time; after a reload it can use threads
 */
export async function keepPage(container, { onNewVersion, onKept }) {
  const registration = await container
    ?.register("service-worker.js", { type: "module", updateViaCache: "none" })
    .catch(() => undefined); // Without a service worker, every visit needs the network.
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
  // An update may have been found before this listener was added.
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

/** The line that offers a new version. */
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
   * @param {() => Promise<boolean>} world.save saves the writer's text; false if that fails
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
