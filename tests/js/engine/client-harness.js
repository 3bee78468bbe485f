// A client with workers that the test plays.

import { EngineClient } from "../../../www/engine/client.js";
import { fakeModel } from "../fake-model.js";
import { FakeLocks, FakeWorker, turn } from "../fakes.js";

/** @import { EngineState } from "../../../www/engine/client.js" */
/** @import { ModelInfo, Sequence, Suggestion } from "../../../www/engine/protocol.js" */

export const MODEL = fakeModel().model;

/** @type {ModelInfo} */
export const INFO = {
  id: MODEL.id,
  dtype: "q8",
  n_positions: 256,
  n_parameters: 17,
  sizeBytes: 34,
  verified: null,
  kept: true,
  build: "plain",
  threads: 1,
  notices: [],
};

export class ClientHarness {
  locks = new FakeLocks();
  /** @type {FakeWorker[]} all, in order */
  workers = [];
  /** @type {EngineState[]} all, in order */
  states = [];
  client = new EngineClient({
    createWorker: (name) => {
      const worker = new FakeWorker(name);
      this.workers.push(worker);
      return /** @type {any} */ (worker);
    },
    locks: /** @type {any} */ (this.locks),
    onStateChange: (state) => this.states.push(state),
  });

  /** The current worker. */
  get worker() {
    return /** @type {FakeWorker} */ (this.workers.at(-1));
  }

  /** The worker takes its lock and says hello. */
  async hello() {
    void this.locks.request(this.worker.name, () => new Promise(() => {}));
    this.worker.say({ type: "hello" });
    await turn();
  }

  /** The worker ends silently, as by self.close() or for lack of memory; only its lock tells. */
  async die() {
    this.locks.release(this.worker.name);
    await turn();
  }

  /** Loads MODEL completely. */
  async load() {
    const loading = this.client.load(MODEL);
    if (this.worker.received.length === 0) await this.hello();
    this.done("load", INFO);
    await loading;
  }

  /** @param {string} type @returns {number} */
  lastId(type) {
    return this.worker.last(type).id;
  }

  /** @param {"load" | "generate" | "suggest"} type @param {ModelInfo | Sequence[] | Suggestion[]} result */
  done(type, result) {
    this.worker.say({ type: "done", id: this.lastId(type), result });
  }

  /** @param {"load" | "generate" | "suggest"} type @param {string} code @param {string} message */
  error(type, code, message, fatal = false) {
    this.worker.say({
      type: "error",
      id: this.lastId(type),
      error: { name: "EngineError", code, values: {}, message },
      fatal,
    });
  }
}
