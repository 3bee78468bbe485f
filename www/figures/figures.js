// Counts what becomes of suggestions, out of what happens in the editor; kept on this machine, sent nowhere.

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
  /** What stands at the caret and is neither taken nor typed yet. */
  #left = "";
  #isTakenInPart = false;
  /** @type {number | null} when the model was asked for what does not stand at the caret yet */
  #askedMs = null;

  /**
   * @param {object} world
   * @param {Pick<Storage, "getItem" | "setItem" | "removeItem">} world.store
   * @param {() => number} world.now milliseconds, never going back
   */
  constructor({ store, now }) {
    this.#store = store;
    this.#now = now;
  }

  /** The model is asked, after a pause or by a key; not counted if it is for more than what stands at the caret already. */
  asked() {
    if (this.#left === "") this.#askedMs = this.#now();
  }

  /** @param {string} suggestion what stands at the caret now, "" for nothing */
  showed(suggestion) {
    this.#left = suggestion;
    // It grows, gets shorter or is another of those that one question brought.
    if (suggestion === "" || this.#askedMs === null) return;
    this.#isTakenInPart = false;
    this.#add({ shown: 1, waitsMs: [Math.round(this.#now() - this.#askedMs)] });
    this.#askedMs = null;
  }

  /**
   * The text has changed; called before `showed` says what of the suggestion still stands.
   * @param {string} inserted
   * @param {boolean} isTaken and not typed
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

  /** Adds what is new to what is kept, where another tab may have added too. */
  save() {
    try {
      this.#store.setItem(KEY, JSON.stringify(this.counts()));
      this.#unsaved = NOTHING;
    } catch {
      // No room: they count for this visit.
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
