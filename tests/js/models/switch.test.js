// The choice of the model that writes, with a client controlled by the test.

import assert from "node:assert/strict";
import { test } from "node:test";
import { EngineError } from "../../../www/engine/errors.js";
import { ModelSwitch } from "../../../www/models/switch.js";
import { MODELS } from "../../../www/models/table.js";

/** @import { Model, ModelInfo } from "../../../www/engine/protocol.js" */
/** @import { ModelState, Progress } from "../../../www/models/switch.js" */

const [bundled, distil, gpt2] = MODELS;

/** @typedef {{model: Model, signal: AbortSignal, onProgress: (progress: Progress) => void, finish: (kept?: boolean) => Promise<void>, fail: (error: Error) => Promise<void>}} Load */

class Harness {
  /** @type {Load[]} */
  loads = [];
  /** @type {Map<string, string>} */
  stored = new Map();
  /** @type {ModelState} */
  state = { active: null, loading: null, failure: null, restarting: null };

  models = new ModelSwitch({
    client: {
      load: (model, { signal, onProgress } = {}) =>
        new Promise((resolve, reject) => {
          assert.ok(signal && onProgress);
          const finish = async (kept = true) => {
            const info = infoOf(model, kept);
            this.models.engineChanged({ name: "ready", info });
            resolve(info);
            await turn();
          };
          const fail = async (/** @type {Error} */ error) => {
            reject(error);
            await turn();
          };
          this.loads.push({ model, signal, onProgress, finish, fail });
        }),
    },
    models: MODELS,
    storage: {
      getItem: (key) => this.stored.get(key) ?? null,
      setItem: (key, value) => void this.stored.set(key, value),
      removeItem: (key) => void this.stored.delete(key),
    },
    onChange: (state) => (this.state = state),
  });

  get active() {
    return this.state.active?.model;
  }

  /** The last load requested. */
  get last() {
    const load = this.loads.at(-1);
    assert.ok(load);
    return load;
  }

  async start() {
    this.models.start();
    await this.last.finish();
  }
}

/** @type {(model: Model, kept: boolean) => ModelInfo} */
const infoOf = ({ id, dtype }, kept) => ({
  id,
  dtype,
  kept,
  n_positions: 256,
  n_parameters: 1,
  sizeBytes: 1,
  verified: null,
  build: "plain",
  threads: 1,
  notices: [],
});

const turn = () => new Promise((resolve) => setImmediate(resolve));

test("the bundled model loads first, then the one chosen on an earlier visit", async () => {
  const harness = new Harness();
  harness.stored.set("model", distil.id);
  await harness.start();
  assert.equal(harness.active, bundled);
  assert.deepEqual(
    harness.loads.map(({ model }) => model),
    [bundled, distil],
  );
  await harness.last.finish();
  assert.equal(harness.active, distil);
  assert.equal(harness.state.loading, null);
});

test("a model remembered from another version of the page is ignored", async () => {
  const harness = new Harness();
  harness.stored.set("model", "somebody/else");
  await harness.start();
  assert.deepEqual(
    harness.loads.map(({ model }) => model),
    [bundled],
  );
});

test("a chosen model is remembered only once it is stored on the device", async () => {
  const harness = new Harness();
  await harness.start();
  harness.models.choose(distil.id);
  assert.equal(harness.stored.size, 0);
  await harness.last.finish(false);
  assert.equal(harness.stored.size, 0);
  harness.models.choose(gpt2.id);
  await harness.last.finish(true);
  assert.equal(harness.stored.get("model"), gpt2.id);
  harness.models.choose(bundled.id);
  assert.equal(harness.stored.size, 0);
});

test("choosing the current model loads it again only if it is not stored or has a notice", async () => {
  const harness = new Harness();
  await harness.start();
  harness.models.choose(distil.id);
  await harness.last.finish(false);
  harness.models.choose(distil.id);
  assert.equal(harness.loads.length, 3);
  await harness.last.finish();
  assert.equal(harness.stored.get("model"), distil.id);
  harness.models.choose(distil.id);
  assert.equal(harness.loads.length, 3);
  harness.models.engineChanged({
    name: "ready",
    info: { ...infoOf(distil, true), notices: [{ code: "other_numbers" }] },
  });
  harness.models.choose(distil.id);
  assert.equal(harness.loads.length, 4);
});

test("progress is that of the current load; cancelling ends it without a failure", async () => {
  const harness = new Harness();
  await harness.start();
  harness.models.choose(distil.id);
  const progress = { receivedBytes: 1, totalBytes: 2, fromNetwork: true };
  const { onProgress, signal } = harness.last;
  onProgress(progress);
  assert.deepEqual(harness.state.loading, { model: distil, progress });
  harness.models.cancel();
  assert.equal(signal.aborted, true);
  await harness.last.fail(new EngineError("aborted", { reason: "cancelled" }));
  onProgress(progress);
  assert.deepEqual(harness.state, { active: harness.state.active, loading: null, failure: null, restarting: null });
  assert.equal(harness.active, bundled);
});

test("a new choice replaces a load in progress", async () => {
  const harness = new Harness();
  await harness.start();
  harness.models.choose(distil.id);
  const first = harness.last;
  harness.models.choose(gpt2.id);
  assert.equal(first.signal.aborted, true);
  await first.fail(new EngineError("aborted", { reason: "cancelled" }));
  assert.equal(harness.state.loading?.model, gpt2);
  assert.equal(harness.state.failure, null);
});

test("a model cancelled too late writes, but is not remembered and does not hide the next load", async () => {
  const harness = new Harness();
  await harness.start();
  harness.models.choose(distil.id);
  const first = harness.last;
  harness.models.choose(gpt2.id);
  await first.finish();
  assert.equal(harness.active, distil);
  assert.equal(harness.state.loading?.model, gpt2);
  assert.equal(harness.stored.size, 0);
});

test("a failure names the model; Retry loads it again, choosing the bundled one clears it", async () => {
  const harness = new Harness();
  await harness.start();
  harness.models.choose(distil.id);
  await harness.last.fail(new EngineError("not_found", { file: "config.json", status: 404 }));
  assert.deepEqual(harness.state.failure, {
    model: distil,
    words: {
      key: "model_not_loaded",
      values: { title: "DistilGPT2", reason: { key: "not_found", values: { file: "config.json", status: 404 } } },
    },
  });
  assert.equal(harness.active, bundled);
  harness.models.retry();
  assert.equal(harness.last.model, distil);
  assert.equal(harness.state.failure, null);
  await harness.last.fail(new EngineError("not_found", { file: "config.json", status: 404 }));
  const loads = harness.loads.length;
  harness.models.choose(bundled.id);
  assert.equal(harness.state.failure, null);
  assert.equal(harness.loads.length, loads, "it is already loaded");
});

test("a restart is shown until the engine is ready; a failed one offers Retry", async () => {
  const harness = new Harness();
  await harness.start();
  const error = new EngineError("worker_died", { cause: "out of luck" });
  harness.models.engineChanged({ name: "restarting", error });
  const words = { key: "worker_died", values: { cause: "out of luck" } };
  assert.deepEqual(harness.state.restarting, words);
  harness.models.engineChanged({ name: "ready", info: infoOf(bundled, true) });
  assert.equal(harness.state.restarting, null);
  harness.models.engineChanged({ name: "failed", error });
  assert.equal(harness.active, undefined);
  assert.deepEqual(harness.state.failure, { model: bundled, words });
  harness.models.retry();
  await harness.last.finish();
  assert.equal(harness.active, bundled);
  assert.equal(harness.state.failure, null);
});

test("a browser that stores nothing still loads the chosen model", async () => {
  const harness = new Harness();
  harness.stored.set = () => {
    throw new DOMException("full", "QuotaExceededError");
  };
  await harness.start();
  harness.models.choose(distil.id);
  await harness.last.finish();
  assert.equal(harness.active, distil);
  assert.equal(harness.state.failure, null);
});
