// An EngineHost whose engine, network and waiting are fakes, with the messages that it posts.

import assert from "node:assert/strict";
import { EngineHost } from "../../../../www/engine/worker/host.js";
import { FakeWasm, fakeModel } from "../../fake-model.js";
import { FakeSleep, turn } from "../../fakes.js";

export const prefill = { type: "prefill", done: 1, total: 1 };

/** @param {string} text */
export const token = (text, sequence = 0) => ({ type: "token", sequence, text, log_probability: -1 });

/** @param {string} generated_text */
export const sequence = (generated_text, sequence = 0) => ({
  type: "sequence",
  sequence,
  generated_text,
  n_tokens: 2,
  log_probability: -2,
  finish_reason: "length",
});

export class HostHarness {
  wasm = new FakeWasm();
  fake = fakeModel();
  /** @type {any[]} each a Response */
  posted = [];
  nowMs = 0;
  /** @type {import("../../../../www/engine/worker/host.js").HostWorld["openWasm"]} */
  openWasm = async () => this.wasm;
  /** Ends the pause between two reports of progress. */
  endPause = () => {};
  /** Runs while the worker handles the page's messages. */
  onNextTask = () => {};
  #sleep = new FakeSleep();

  host = new EngineHost({
    openWasm: (threads) => this.openWasm(threads),
    fetch: (...request) => this.fake.fetch(...request),
    storage: null,
    sleep: (ms, signal) => {
      if (ms !== 50) return this.#sleep.sleep(ms, signal);
      return new Promise((resolve) => (this.endPause = () => resolve(undefined)));
    },
    origin: "https://page.test",
    post: (message) => this.posted.push(structuredClone(message)),
    now: () => this.nowMs,
    nextTask: async () => {
      await turn();
      this.onNextTask();
    },
  });

  /** @param {number} id @param {number | null} [threads] */
  load(id, threads = null) {
    return this.host.handle({ type: "load", id, model: this.fake.model, dtype: "q8", threads });
  }

  /** @param {number} id @param {string} [prompt] */
  generate(id, prompt = "Once") {
    return this.host.handle({ type: "generate", id, prompt, generation_config: { max_new_tokens: 2, seed: 7 } });
  }

  /** @param {number} id @param {string} [before] @param {number | null} [gate] */
  suggest(id, before = "Once", gate = null) {
    return this.host.handle({ type: "suggest", id, before, after: " there", generation_config: { seed: 7 }, gate });
  }

  /** @param {number} id */
  score(id) {
    return this.host.handle({ type: "score", id, before: "Once ", text: "upon a time" });
  }

  /** @param {number} id */
  cancel(id) {
    return this.host.handle({ type: "cancel", id });
  }

  /** @param {number} id @returns {any} the one message that ended the request */
  ending(id) {
    const endings = this.posted.filter(
      (message) => "id" in message && message.id === id && /done|error/.test(message.type),
    );
    assert.equal(endings.length, 1, `request ${id} ends once: ${JSON.stringify(endings)}`);
    return endings[0];
  }

  /** @param {number} id */
  texts(id) {
    return this.posted.flatMap((message) => (message.type === "token" && message.id === id ? [message.text] : []));
  }
}
