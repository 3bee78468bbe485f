// A dead worker is replaced once, and its model loaded again.

import assert from "node:assert/strict";
import { beforeEach, describe, test } from "node:test";
import { EngineClient } from "../../../www/engine/client.js";
import { sayError } from "../../../www/strings/errors.js";
import { FakeWorker, turn } from "../fakes.js";
import { ClientHarness, INFO, MODEL } from "./client-harness.js";

/** @type {ClientHarness} */
let h;
beforeEach(() => {
  h = new ClientHarness();
});

const names = () => h.states.map(({ name }) => name);

/** @type {Record<string, () => void | Promise<void>>} */
const DEATHS = {
  "its lock released": () => h.die(),
  "an uncaught exception": () => h.worker.crash("x is not defined"),
  "an unreadable message": () => void h.worker.dispatchEvent(new Event("messageerror")),
  "a panic": () => h.error("generate", "internal", "unreachable", true),
};

for (const [cause, kill] of Object.entries(DEATHS)) {
  test(`${cause}: pending requests are rejected, and a new worker loads the model again`, async () => {
    await h.load();
    const [dead] = h.workers;
    const pending = Promise.allSettled([
      h.client.generate("Once", {}),
      h.client.generate("Twice", {}),
      h.client.load(MODEL),
    ]);
    await kill();
    for (const outcome of await pending) {
      assert.ok(outcome.status === "rejected");
      assert.equal(outcome.reason.name, "EngineError");
      assert.equal(outcome.reason.code, "worker_died");
      assert.doesNotMatch(sayError(outcome.reason), /restarting/, "which will be over when the reader sees it");
    }
    const restarting = h.states.at(-1);
    assert.ok(restarting?.name === "restarting");
    assert.match(sayError(restarting.error), /^The engine stopped: .*\. It is restarting\.$/);
    assert.equal(dead.terminated, true);
    assert.equal(h.workers.length, 2);
    assert.deepEqual(names(), ["ready", "restarting"]);

    await h.hello();
    assert.deepEqual(h.worker.last("load").model, MODEL);
    h.done("load", INFO);
    await turn();
    assert.deepEqual(names(), ["ready", "restarting", "ready"]);

    const generating = h.client.generate("Once", {});
    h.done("generate", []);
    assert.deepEqual(await generating, []);
  });
}

test("a death with several signs counts once", async () => {
  await h.load();
  const [dead] = h.workers;
  dead.crash("out of memory");
  dead.crash("out of memory");
  h.locks.release(dead.name);
  await turn();
  assert.equal(h.workers.length, 2);
  dead.say({ type: "hello" });
  assert.deepEqual(h.worker.received, [], "the dead worker's hello is not taken for the new one's");
});

test("the reload has the dtype, the threads and the progress of the load it repeats", async () => {
  let told = 0;
  const loading = h.client.load(MODEL, { dtype: "f32", threads: 1, onProgress: () => told++ });
  await h.hello();
  h.done("load", INFO);
  await loading;
  await h.die();
  await h.hello();
  const { id, dtype, threads } = h.worker.last("load");
  assert.equal(dtype, "f32");
  assert.equal(threads, 1);
  h.worker.say({ type: "progress", id, receivedBytes: 1, totalBytes: 2, fromNetwork: false });
  assert.equal(told, 1);
});

test("a model that is not kept is not downloaded again unasked", async () => {
  await h.load();
  const loading = h.client.load(MODEL);
  h.done("load", { ...INFO, kept: false });
  await loading;
  const words =
    /^The engine stopped: .* A model is not kept on this device .* Load it again, or choose another model\.$/;
  const generating = assert.rejects(h.client.generate("Once", {}), (/** @type {any} */ error) => {
    assert.equal(error.code, "worker_died");
    assert.match(sayError(error), words);
    return true;
  });
  await h.die();
  await generating;
  const last = h.states.at(-1);
  assert.ok(last?.name === "failed");
  assert.match(sayError(last.error), words);
  assert.equal(h.workers.length, 1);

  await h.load();
  await h.die();
  assert.equal(h.workers.length, 3, "the next one is kept, and comes back again");
});

test("a worker that dies in a load brings back the model before it", async () => {
  await h.load();
  const loading = h.client.load({ ...MODEL, id: "too/large" });
  h.error("load", "internal", "memory access out of bounds", true);
  await assert.rejects(loading, { code: "worker_died", message: /memory access out of bounds/ });
  await h.hello();
  assert.equal(h.worker.last("load").model.id, MODEL.id);
});

describe("no endless restarts", () => {
  /** No worker is started, the reader has a way out, and the next load works. */
  async function assertFailed() {
    const workers = h.workers.length;
    const last = h.states.at(-1);
    assert.ok(last?.name === "failed");
    assert.equal(last.error.code, "worker_died");
    assert.match(sayError(last.error), /Reload the page, or choose another model/);
    await turn();
    assert.equal(h.workers.length, workers);
    await assert.rejects(h.client.generate("Once", {}), { code: "no_model" });
    await h.load();
    assert.equal(h.workers.length, workers + 1);
    assert.equal(h.states.at(-1)?.name, "ready");
  }

  test("a worker that cannot start", async () => {
    const loading = h.client.load(MODEL);
    h.worker.crash("CompileError: no SIMD");
    await assert.rejects(loading, { code: "worker_died", message: /CompileError: no SIMD/ });
    assert.deepEqual(names(), ["failed"]);
    await assertFailed();
  });

  test("a worker that dies in its first load", async () => {
    const loading = assert.rejects(h.client.load(MODEL), { code: "worker_died" });
    await h.hello();
    await h.die();
    await loading;
    await assertFailed();
  });

  test("a worker that dies again before hello", async () => {
    await h.load();
    await h.die();
    h.worker.crash("");
    assert.deepEqual(names(), ["ready", "restarting", "failed"]);
    await assertFailed();
  });

  test("a worker that dies again in the reload", async () => {
    await h.load();
    await h.die();
    await h.hello();
    await h.die();
    assert.deepEqual(names(), ["ready", "restarting", "failed"]);
    await assertFailed();
  });

  test("a worker that cannot start in the load after a failure", async () => {
    await h.load();
    await h.die();
    h.worker.crash("");
    const loading = h.client.load(MODEL);
    h.worker.crash("");
    await assert.rejects(loading, { code: "worker_died" });
    assert.deepEqual(names(), ["ready", "restarting", "failed", "failed"]);
    await assertFailed();
  });

  test("but a worker that dies again after the reload is replaced again", async () => {
    await h.load();
    for (let deaths = 1; deaths <= 3; deaths++) {
      await h.die();
      await h.hello();
      h.done("load", INFO);
      await turn();
      assert.equal(h.workers.length, deaths + 1);
      assert.equal(h.states.at(-1)?.name, "ready");
    }
  });
});

describe("while restarting", () => {
  beforeEach(async () => {
    await h.load();
    await h.die();
    await h.hello();
  });

  test("a failed reload is reported", async () => {
    h.error("load", "unreachable", "Could not get config.json");
    await turn();
    assert.equal(h.states.at(-1)?.name, "failed");
    assert.deepEqual(names(), ["ready", "restarting", "failed"]);
    await h.load();
    assert.equal(h.states.at(-1)?.name, "ready");
  });

  test("another load takes the reload's place without a failure", async () => {
    const reloadId = h.lastId("load");
    const loading = h.client.load({ ...MODEL, id: "another" });
    h.worker.say({
      type: "error",
      id: reloadId,
      error: { name: "AbortError", code: "aborted", values: {}, message: "" },
      fatal: false,
    });
    await turn();
    h.done("load", { ...INFO, id: "another" });
    assert.equal((await loading).id, "another");
    assert.deepEqual(names(), ["ready", "restarting", "ready"]);
  });

  for (const first of ["the reload", "the other load"]) {
    test(`cancelling another load brings the reload back, whichever ends first (${first})`, async () => {
      const reloadId = h.lastId("load");
      const controller = new AbortController();
      const cancelled = assert.rejects(h.client.load({ ...MODEL, id: "another" }, { signal: controller.signal }), {
        code: "aborted",
      });
      const otherId = h.lastId("load");
      controller.abort();
      for (const id of first === "the reload" ? [reloadId, otherId] : [otherId, reloadId]) {
        h.worker.say({
          type: "error",
          id,
          error: { name: "AbortError", code: "aborted", values: {}, message: "Cancelled." },
          fatal: false,
        });
        await turn();
      }
      await cancelled;
      assert.deepEqual(names(), ["ready", "restarting"]);
      assert.equal(h.worker.last("load").model.id, MODEL.id);
      h.done("load", INFO);
      await turn();
      assert.deepEqual(names(), ["ready", "restarting", "ready"]);
    });
  }

  test("terminate ends it quietly", async () => {
    h.client.terminate();
    await turn();
    assert.deepEqual(names(), ["ready", "restarting"]);
    assert.equal(h.workers.length, 2);
  });
});

test("without locks, as on plain http, error events suffice", async () => {
  const worker = new FakeWorker("engine");
  /** @type {string[]} */
  const states = [];
  const client = new EngineClient({
    createWorker: () => /** @type {any} */ (worker),
    locks: /** @type {any} */ (null),
    onStateChange: ({ name }) => states.push(name),
  });
  const loading = client.load(MODEL);
  worker.say({ type: "hello" });
  worker.crash("out of memory");
  await assert.rejects(loading, { code: "worker_died" });
  assert.deepEqual(states, ["failed"]);
});
