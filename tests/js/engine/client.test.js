// The client: every promise settles, on done, on abort, on error and on a dead worker.

import assert from "node:assert/strict";
import { beforeEach, describe, test } from "node:test";
import { turn } from "../fakes.js";
import { ClientHarness, INFO, MODEL } from "./client-harness.js";

/** @type {ClientHarness} */
let h;
beforeEach(() => {
  h = new ClientHarness();
});

const SEQUENCE = /** @type {const} */ ({
  sequence: 0,
  generated_text: "upon a time",
  n_tokens: 3,
  log_probability: -3,
  finish_reason: "length",
});

describe("the worker", () => {
  test("starts with the first load, and gets requests after its hello", async () => {
    assert.equal(h.workers.length, 0);
    const loading = h.client.load(MODEL);
    assert.equal(h.workers.length, 1);
    assert.deepEqual(h.worker.received, []);
    await h.hello();
    assert.deepEqual(h.worker.received, [
      { type: "load", id: h.lastId("load"), model: MODEL, dtype: "q8", threads: null },
    ]);
    h.done("load", INFO);
    assert.deepEqual(await loading, INFO);
  });

  test("stays for the next load", async () => {
    await h.load();
    await h.load();
    assert.equal(h.workers.length, 1);
  });

  test("has a name of its own", async () => {
    const other = new ClientHarness();
    await Promise.all([h.load(), other.load()]);
    assert.notEqual(h.worker.name, other.worker.name);
  });
});

describe("load", () => {
  test("takes a dtype, reports progress, and then that it is ready", async () => {
    /** @type {unknown[]} */
    const progress = [];
    const loading = h.client.load(MODEL, { dtype: "f32", onProgress: (state) => progress.push(state) });
    await h.hello();
    const { id, dtype } = h.worker.last("load");
    assert.equal(dtype, "f32");
    h.worker.say({ type: "progress", id, receivedBytes: 1, totalBytes: 2, fromNetwork: true });
    h.done("load", INFO);
    await loading;
    assert.equal(progress.length, 1);
    assert.deepEqual(h.states, [{ name: "ready", info: INFO }]);
  });

  test("an error has the engine's code and message, and does not count as a death", async () => {
    const loading = h.client.load(MODEL);
    await h.hello();
    h.error("load", "not_found", "There is no model.safetensors");
    await assert.rejects(loading, { name: "EngineError", code: "not_found", message: "There is no model.safetensors" });
    assert.deepEqual(h.states, []);
    await h.load();
    assert.equal(h.workers.length, 1);
  });

  for (const when of ["before hello", "after hello"]) {
    test(`is aborted ${when}, once the worker confirms`, async () => {
      const controller = new AbortController();
      let isSettled = false;
      const loading = h.client.load(MODEL, { signal: controller.signal }).finally(() => (isSettled = true));
      if (when === "after hello") await h.hello();
      controller.abort();
      if (when === "before hello") await h.hello();
      await turn();
      assert.equal(h.lastId("cancel"), h.lastId("load"));
      assert.equal(isSettled, false);
      h.error("load", "aborted", "Cancelled.");
      await assert.rejects(loading, { name: "AbortError", code: "aborted" });
      assert.deepEqual(h.states, []);
    });
  }

  test("after an abort that comes too late it resolves, without further progress", async () => {
    const controller = new AbortController();
    let told = 0;
    const loading = h.client.load(MODEL, { signal: controller.signal, onProgress: () => told++ });
    await h.hello();
    controller.abort();
    h.worker.say({ type: "progress", id: h.lastId("load"), receivedBytes: 2, totalBytes: 2, fromNetwork: true });
    h.done("load", INFO);
    assert.deepEqual(await loading, INFO);
    assert.deepEqual(h.states, [{ name: "ready", info: INFO }]);
    assert.equal(told, 0);
  });
});

describe("unsendable values", () => {
  /** @type {[string, unknown, RegExp][]} */
  const values = [
    ["temperature", NaN, /^temperature must be a finite number, got NaN$/],
    ["max_time", Infinity, /^max_time must be a finite number, got Infinity$/],
    ["eos_token_id", [1, 2, -Infinity], /^eos_token_id must be a finite number, got -Infinity$/],
    ["seed", 7n, /^seed must be .* got bigint$/],
    ["stop_strings", ["a", undefined, "b"], /^stop_strings must be .* got undefined$/],
    ["top_k", () => 5, /^top_k must be .* got function$/],
    ["top_p", { value: 1 }, /^top_p must be .* got object$/],
  ];
  for (const [name, value, message] of values) {
    test(`${name}: ${typeof value === "object" ? JSON.stringify(value) : String(value)} is refused by name and never sent`, async () => {
      await h.load();
      const generation_config = /** @type {any} */ ({ do_sample: true, [name]: value });
      await assert.rejects(h.client.generate("Once", generation_config), { code: "generation_config", message });
      assert.equal(h.worker.last("generate"), undefined);
    });
  }

  test("null, undefined and lists are sent as they are", async () => {
    await h.load();
    const sent = /** @type {any} */ ({
      max_time: null,
      seed: undefined,
      stop_strings: ["a", "b", "c"],
      eos_token_id: [],
    });
    const generating = h.client.generate("Once", sent);
    assert.deepEqual(h.worker.last("generate").generation_config, sent);
    h.done("generate", []);
    await generating;
  });

  const uncloneable = /** @type {any} */ ({ ...MODEL, files: () => {} });

  test("a model that holds a function is refused before and after hello, and blocks nothing", async () => {
    const refused = () =>
      assert.rejects(h.client.load(uncloneable), {
        code: "not_sent",
        message: /could not be cloned\. Pass plain data/,
      });
    const before = refused();
    const loading = h.client.load(MODEL);
    await h.hello();
    await Promise.all([before, refused()]);
    assert.deepEqual(
      h.worker.received.map(({ model }) => model),
      [MODEL],
    );
    h.done("load", INFO);
    await loading;
  });

  test("an unsendable request's signal cancels nothing later", async () => {
    await h.load();
    const controller = new AbortController();
    await assert.rejects(h.client.load(uncloneable, { signal: controller.signal }), { code: "not_sent" });
    controller.abort();
    assert.equal(h.worker.last("cancel"), undefined);
  });
});

describe("generate", () => {
  beforeEach(() => h.load());

  test("gives tokens and then the sequences", async () => {
    /** @type {unknown[]} */
    const tokens = [];
    const generating = h.client.generate("Once", { seed: 7 }, { onToken: ({ text }) => tokens.push(text) });
    const { id, prompt, generation_config } = h.worker.last("generate");
    assert.deepEqual({ prompt, generation_config }, { prompt: "Once", generation_config: { seed: 7 } });
    for (const text of ["upon", " a", " time"]) {
      h.worker.say({ type: "token", id, sequence: 0, text, log_probability: -1 });
    }
    h.done("generate", [SEQUENCE]);
    assert.deepEqual(await generating, [SEQUENCE]);
    assert.deepEqual(tokens, ["upon", " a", " time"]);
  });

  test("is rejected with the engine's error", async () => {
    const generating = h.client.generate("Once", {});
    h.error("generate", "invalid_parameter", "top_p must be in (0, 1], got 2");
    await assert.rejects(generating, { code: "invalid_parameter", message: "top_p must be in (0, 1], got 2" });
  });

  test("is aborted at once, without waiting for the worker, whose late messages are ignored", async () => {
    const controller = new AbortController();
    /** @type {unknown[]} */
    const tokens = [];
    const generating = h.client.generate(
      "Once",
      {},
      { signal: controller.signal, onToken: (token) => tokens.push(token) },
    );
    const id = h.lastId("generate");
    controller.abort();
    await assert.rejects(generating, { name: "AbortError", code: "aborted" });
    assert.equal(h.lastId("cancel"), id);
    h.worker.say({ type: "token", id, sequence: 0, text: "late", log_probability: -1 });
    h.error("generate", "aborted", "Cancelled.");
    assert.deepEqual(tokens, []);
  });

  test("sends nothing if its signal is already aborted", async () => {
    await assert.rejects(h.client.generate("Once", {}, { signal: AbortSignal.abort() }), { code: "aborted" });
    assert.equal(h.worker.last("generate"), undefined);
  });

  test("an abort after the end cancels nothing", async () => {
    const controller = new AbortController();
    const generating = h.client.generate("Once", {}, { signal: controller.signal });
    h.done("generate", []);
    await generating;
    controller.abort();
    assert.equal(h.worker.last("cancel"), undefined);
  });
});

describe("suggest", () => {
  beforeEach(() => h.load());

  const PLACE = { before: "Once", after: " a time" };
  const upon = { text: " upon", isComplete: true, mean_log_probability: -0.5 };

  test("reports the suggestions as they change, and resolves with the last", async () => {
    /** @type {unknown[]} */
    const told = [];
    const suggesting = h.client.suggest(PLACE, { seed: 7 }, { gate: 0.3, onSuggestions: (list) => told.push(list) });
    const { id, ...request } = h.worker.last("suggest");
    assert.deepEqual(request, { type: "suggest", ...PLACE, generation_config: { seed: 7 }, gate: 0.3 });
    for (const suggestions of [[upon], [], [upon, upon]]) h.worker.say({ type: "suggestions", id, suggestions });
    h.done("suggest", [upon]);
    assert.deepEqual(await suggesting, [upon]);
    assert.deepEqual(told, [[upon], [], [upon, upon]]);
  });

  test("has no gate by default, and refuses one that is not a number", async () => {
    await assert.rejects(h.client.suggest(PLACE, {}, { gate: NaN }), {
      message: "gate must be a finite number, got NaN",
    });
    const suggesting = h.client.suggest(PLACE, {});
    assert.equal(h.worker.last("suggest").gate, null);
    h.done("suggest", []);
    assert.deepEqual(await suggesting, []);
  });

  test("is rejected with the engine's error", async () => {
    const suggesting = h.client.suggest(PLACE, {});
    h.error("suggest", "generation_config", "top_p must be in (0, 1], got 2");
    await assert.rejects(suggesting, { code: "generation_config" });
  });

  test("is aborted at once, and late messages are ignored", async () => {
    const controller = new AbortController();
    /** @type {unknown[]} */
    const told = [];
    const suggesting = h.client.suggest(
      PLACE,
      {},
      { signal: controller.signal, onSuggestions: (list) => told.push(list) },
    );
    const id = h.lastId("suggest");
    controller.abort();
    await assert.rejects(suggesting, { name: "AbortError", code: "aborted" });
    assert.equal(h.lastId("cancel"), id);
    h.worker.say({ type: "suggestions", id, suggestions: [upon] });
    assert.deepEqual(told, []);
  });

  test("is rejected when the worker dies", async () => {
    const suggesting = h.client.suggest(PLACE, {});
    const rejected = assert.rejects(suggesting, { code: "worker_died" });
    await h.die();
    await rejected;
  });
});

test("without a worker there is no model", async () => {
  await assert.rejects(h.client.generate("Once", {}), { code: "no_model" });
  await assert.rejects(h.client.suggest({ before: "Once", after: "" }, {}), { code: "no_model" });
});

test("requests to a worker that was stopped before its hello do not reach the next one", async () => {
  const stopped = assert.rejects(h.client.load({ ...MODEL, id: "stopped" }), { code: "aborted" });
  const first = h.worker;
  h.client.terminate();
  await stopped;
  await h.load();
  first.say({ type: "hello" });
  assert.deepEqual(
    h.worker.received.map(({ model }) => model.id),
    [MODEL.id],
  );
});

test("terminate ends the worker and its pending requests; a later load starts another", async () => {
  await h.load();
  const pending = [h.client.load(MODEL), h.client.generate("Once", {})];
  h.client.terminate();
  for (const promise of pending) await assert.rejects(promise, { code: "aborted" });
  assert.equal(h.worker.terminated, true);
  await h.die();
  assert.equal(h.workers.length, 1, "nothing is restarted");
  await h.load();
  assert.equal(h.workers.length, 2);
});
