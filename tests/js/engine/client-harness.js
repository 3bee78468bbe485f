// A client whose workers the test plays.

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
  /** @type {FakeWorker[]} all that were made */
  workers = [];
  /** @type {EngineState[]} all that were told */
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

  /** The worker of now. */
  get worker() {
    return /** @type {FakeWorker} */ (this.workers.at(-1));
  }

  /** The worker takes its lock and says so. */
  async hello() {
    void this.locks.request(this.worker.name, () => new Promise(() => {}));
    this.worker.say({ type: "hello" });
    await turn();
  }

  /** The worker ends without a word, as by self.close() or for want of memory; only its lock shows it. */
  async die() {
    this.locks.release(this.worker.name);
    await turn();
  }

  /** Loads MODEL all the way. */
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
