// Chooses the model that writes: first the bundled one, then the writer's choice; if that fails, the previous one stays.

import { wordsOf } from "../strings/errors.js";

/**
 * @import { EngineClient, EngineState } from "../engine/client.js"
 * @import { Model, ModelInfo } from "../engine/protocol.js"
 * @import { Words } from "../strings/strings.js"
 */

const KEY = "model";

/** @typedef {{receivedBytes: number, totalBytes: number | null, fromNetwork: boolean}} Progress */

/**
 * `active` writes, `loading` is being loaded, `failure` is the last one that could not be loaded.
 * @typedef {object} ModelState
 * @property {{model: Model, info: ModelInfo} | null} active
 * @property {{model: Model, progress: Progress | null} | null} loading
 * @property {{model: Model, words: Words} | null} failure
 * @property {Words | null} restarting why the engine is being started again
 */

export class ModelSwitch {
  #world;
  /** @type {ModelState} */
  #state = { active: null, loading: null, failure: null, restarting: null };
  #loading = new AbortController();

  /**
   * @param {object} world
   * @param {Pick<EngineClient, "load">} world.client
   * @param {readonly Model[]} world.models the bundled one first
   * @param {Pick<Storage, "getItem" | "setItem" | "removeItem">} world.storage
   * @param {(state: ModelState) => void} world.onChange
   */
  constructor(world) {
    this.#world = world;
  }

  /** Loads the bundled model, then the one that was chosen on an earlier visit. */
  async start() {
    const chosen = this.#find(this.#world.storage.getItem(KEY));
    await this.#load(this.#bundled);
    if (chosen !== undefined) await this.#load(chosen);
  }

  /** @param {string} id of a model in the table */
  async choose(id) {
    const model = this.#find(id) ?? this.#bundled;
    this.cancel();
    if (model === this.#bundled) this.#world.storage.removeItem(KEY);
    const { active } = this.#state;
    // A model that is not kept, or comes with a notice, is worth another try.
    if (active?.model === model && active.info.kept && active.info.notices.length === 0)
      this.#update({ failure: null });
    else await this.#load(model);
  }

  /** Loads again the model that failed. */
  async retry() {
    if (this.#state.failure !== null) await this.choose(this.#state.failure.model.id);
  }

  /** Stops the download; the active model keeps writing. */
  cancel() {
    this.#loading.abort();
    this.#update({ loading: null });
  }

  /** @param {EngineState} state */
  engineChanged(state) {
    if (state.name === "ready") {
      const model = this.#find(state.info.id) ?? this.#bundled;
      this.#update({ active: { model, info: state.info }, restarting: null });
    } else if (state.name === "restarting") {
      this.#update({ restarting: wordsOf(state.error) });
    } else {
      const model = this.#state.active?.model ?? this.#bundled;
      this.#update({ active: null, restarting: null, failure: { model, words: wordsOf(state.error) } });
    }
  }

  get #bundled() {
    return this.#world.models[0];
  }

  /** @param {string | null} id */
  #find(id) {
    return this.#world.models.find((model) => model.id === id);
  }

  /** @param {Model} model */
  async #load(model) {
    this.#loading = new AbortController();
    const { signal } = this.#loading;
    this.#update({ loading: { model, progress: null }, failure: null });
    try {
      const { kept } = await this.#world.client.load(model, {
        signal,
        onProgress: (progress) => {
          // The client also reports the reload after a crash, which `restarting` covers.
          if (this.#state.loading?.model === model) this.#update({ loading: { model, progress } });
        },
      });
      // Cancelled too late, it writes after all; but it is unwanted, and another may be loading.
      if (signal.aborted) return;
      this.#update({ loading: null });
      // A model that is not kept would be downloaded on every visit, unasked.
      if (kept && model !== this.#bundled) this.#remember(model);
    } catch (error) {
      if (signal.aborted) return;
      /** @type {Words} */
      const words = { key: "model_not_loaded", values: { title: model.title, reason: wordsOf(error) } };
      this.#update({ loading: null, failure: { model, words } });
    }
  }

  /** @param {Model} model */
  #remember(model) {
    try {
      this.#world.storage.setItem(KEY, model.id);
    } catch {
      // The next visit starts with the bundled model, and the choice is two clicks away.
    }
  }

  /** @param {Partial<ModelState>} change */
  #update(change) {
    this.#state = { ...this.#state, ...change };
    this.#world.onChange(this.#state);
  }
}
