// Counts the suggestions shown, typed and accepted, from events in the editor; stored on this device, sent nowhere.

import { NOTHING, read, sum } from "./counts.js";

/**
 * @import { Work } from "../engine/protocol.js"
 * @import { Counts } from "./counts.js"
 */

const KEY = "figures";

export class Figures {
  #store;
  #now;
  #unsaved = NOTHING;
  /** The suggestion at the caret, as far as it is neither accepted nor typed. */
  #left = "";
  #isTakenInPart = false;
  /** The time of a request that has no suggestion yet. @type {number | null} */
  #askedMs = null;

  /**
   * @param {object} world
   * @param {Pick<Storage, "getItem" | "setItem" | "removeItem">} world.store
   * @param {() => number} world.now a monotonic clock in ms
   */
  constructor({ store, now }) {
    this.#store = store;
    this.#now = now;
  }

  /** The model is asked, after a pause or by a key. Asking for more alternatives to a shown suggestion does not count. */
  asked() {
    if (this.#left === "") this.#askedMs = this.#now();
  }

  /** @param {string} suggestion at the caret, "" for none */
  showed(suggestion) {
    this.#left = suggestion;
    // Without a new request it has only grown, got shorter, or given way to another alternative.
    if (suggestion === "" || this.#askedMs === null) return;
    this.#isTakenInPart = false;
    this.#add({ shown: 1, waitsMs: [Math.round(this.#now() - this.#askedMs)] });
    this.#askedMs = null;
  }

  /**
   * The text has changed; called before `showed` with the rest of the suggestion.
   * @param {string} inserted
   * @param {boolean} isTaken accepted, not typed
   */
  edited(inserted, isTaken) {
    const isFollowing = inserted !== "" && this.#left.startsWith(inserted);
    const isWhole = inserted === this.#left;
    this.#left = isFollowing ? this.#left.slice(inserted.length) : "";
    if (!isFollowing) return;
    if (isTaken) {
      const how = isWhole && !this.#isTakenInPart ? "takenWhole" : "takenByWord";
      this.#add({ [how]: 1, charactersSaved: [...inserted].length - 1 });
      this.#isTakenInPart = true;
    } else if (isWhole) {
      this.#add({ typedThrough: 1 });
    }
  }

  /** @param {Work} work */
  worked({ n_prompt_tokens, n_reused_tokens, n_tokens, ms }) {
    this.#add({ promptTokens: n_prompt_tokens, reusedTokens: n_reused_tokens, tokens: n_tokens, tokensMs: ms });
  }

  /** @returns {Counts} of all visits */
  counts() {
    return sum(read(this.#store.getItem(KEY)), this.#unsaved);
  }

  /** Adds the new counts to the stored ones, which another tab may have changed. */
  save() {
    try {
      this.#store.setItem(KEY, JSON.stringify(this.counts()));
      this.#unsaved = NOTHING;
    } catch {
      // No room: they last for this visit.
    }
  }

  reset() {
    this.#store.removeItem(KEY);
    this.#unsaved = NOTHING;
  }

  /** @param {Partial<Counts>} more */
  #add(more) {
    this.#unsaved = sum(this.#unsaved, more);
  }
}
