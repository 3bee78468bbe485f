// The worker's part: one answer for each request, cancelled within one token, and a panic told as such.

import assert from "node:assert/strict";
import { beforeEach, describe, test } from "node:test";
import { EngineError } from "../../../../www/engine/errors.js";
import { EngineHost } from "../../../../www/engine/worker/host.js";
import { FakeWasm, fakeModel } from "../../fake-model.js";
import { FakeSleep, turn } from "../../fakes.js";
import { said } from "../../said.js";

/** @import { Response } from "../../../../www/engine/protocol.js" */

const token = (/** @type {string} */ text, sequence = 0) => ({ type: "token", sequence, text, log_probability: -1 });
const sequence = (/** @type {string} */ generated_text, index = 0) => ({
  type: "sequence",
  sequence: index,
  generated_text,
  n_tokens: 2,
  log_probability: -2,
  finish_reason: "length",
});
const prefill = { type: "prefill", done: 1, total: 1 };

/** @type {FakeWasm} */
let wasm;
/** @type {Response[]} */
let posted;
/** @type {ReturnType<typeof fakeModel>} */
let fake;
/** @type {EngineHost} */
let host;
let nowMs = 0;
/** @type {import("../../../../www/engine/worker/host.js").HostWorld["openWasm"]} */
let openWasm;
/** Ends the pause between two reports of progress. */
let endPause = () => {};
/** What runs while the worker lets the page's messages in. */
let onNextTask = () => {};

beforeEach(() => {
  wasm = new FakeWasm();
  posted = [];
  fake = fakeModel();
  nowMs = 0;
  openWasm = async () => wasm;
  onNextTask = () => {};
  const fakeSleep = new FakeSleep();
  host = new EngineHost({
    openWasm: (threads) => openWasm(threads),
    fetch: (...request) => fake.fetch(...request),
    storage: null,
    sleep: (ms, signal) => {
      if (ms !== 50) return fakeSleep.sleep(ms, signal);
      return new Promise((resolve) => (endPause = () => resolve(undefined)));
    },
    origin: "https://page.test",
    post: (message) => posted.push(structuredClone(message)),
    now: () => nowMs,
    nextTask: async () => {
      await turn();
      onNextTask();
    },
  });
});

/** @param {number} id */
const load = (id) => host.handle({ type: "load", id, model: fake.model, dtype: "q8", threads: null });
/** @param {number} id @param {string} [prompt] */
const generate = (id, prompt = "Once") =>
  host.handle({ type: "generate", id, prompt, generation_config: { max_new_tokens: 2, seed: 7 } });
/** @param {number} id @param {string} [before] @param {number | null} [gate] */
const suggest = (id, before = "Once", gate = null) =>
  host.handle({ type: "suggest", id, before, after: " there", generation_config: { seed: 7 }, gate });
/** @param {number} id @returns {any} how the request ended, which it must have done once */
function ending(id) {
  const endings = posted.filter((message) => "id" in message && message.id === id && /done|error/.test(message.type));
  assert.equal(endings.length, 1, `request ${id} ends once: ${JSON.stringify(endings)}`);
  return endings[0];
}
/** @param {number} id */
const texts = (id) =>
  posted.flatMap((message) => (message.type === "token" && message.id === id ? [message.text] : []));

describe("load", () => {
  test("ends with what the model is", async () => {
    await load(1);
    assert.equal(ending(1).result.n_positions, 256);
  });

  test("tells progress at once, then at most once in a while, and the last of it always", async () => {
    const progress = () => posted.filter((message) => message.type === "progress");
    await load(1);
    assert.equal(progress().length, 1, "the pause after the first has not ended");
    endPause();
    await turn();
    assert.equal(progress().length, 2);
    const { receivedBytes, totalBytes } = progress()[1];
    assert.equal(receivedBytes, totalBytes, "the last, not those between");
    endPause();
    await turn();
    assert.equal(progress().length, 2, "nothing new, nothing said");
  });

  test("the build is opened for the threads that are asked for", async () => {
    /** @type {(number | null)[]} */
    const asked = [];
    openWasm = async (threads) => {
      asked.push(threads);
      return wasm;
    };
    await host.handle({ type: "load", id: 1, model: fake.model, dtype: "q8", threads: 1 });
    await load(2);
    assert.deepEqual(asked, [1, null]);
  });

  test("a worker in which no build starts is of no more use", async () => {
    openWasm = () => Promise.reject(new EngineError("not_started", { cause: "no WebAssembly here" }));
    await load(1);
    assert.match(said(ending(1).error), /could not be started \(no WebAssembly here\)/);
    assert.equal(ending(1).fatal, true);
  });

  test("an error keeps its code", async () => {
    fake.model.files.weights = { ...fake.model.files.weights, sha256: "0".repeat(64) };
    await load(1);
    assert.equal(ending(1).error.code, "wrong_hash");
    assert.equal(ending(1).fatal, false);
  });

  test("a newer load aborts an older one, whose session is not used", async () => {
    const first = load(1);
    await load(2);
    await first;
    assert.equal(ending(1).error.code, "aborted");
    assert.equal(ending(2).type, "done");
    assert.equal(wasm.sessions.length, 1);
  });

  test("can be cancelled, and the model before stays", async () => {
    await load(1);
    const second = load(2);
    host.handle({ type: "cancel", id: 2 });
    await second;
    assert.equal(ending(2).error.code, "aborted");
    wasm.script = [sequence("upon")];
    await generate(3);
    assert.equal(ending(3).type, "done");
  });

  /** @type {Record<string, () => unknown>} */
  const lateEnds = {
    "a cancel": () => host.handle({ type: "cancel", id: 2 }),
    "a newer load": () => load(3),
  };
  for (const [what, end] of Object.entries(lateEnds)) {
    test(`${what} that waited for the model to be finished still counts; the finished one is freed`, async () => {
      await load(1);
      /** @type {unknown} */
      let newer;
      onNextTask = () => {
        onNextTask = () => {};
        newer = end();
      };
      await load(2);
      await newer;
      assert.equal(ending(2).error.code, "aborted");
      assert.equal(wasm.sessions[1].freed, true);
      wasm.script = [sequence("upon")];
      await generate(4);
      assert.equal(ending(4).type, "done");
    });
  }

  test("a panic is fatal, and memory is named as its likely cause, with a way out", async () => {
    wasm.pushError = new WebAssembly.RuntimeError("unreachable");
    await load(1);
    assert.equal(ending(1).fatal, true);
    assert.match(said(ending(1).error), /not enough memory \(unreachable\).*close other tabs.*smaller model/);
  });

  test("the old model answers until the new one is ready, and is freed then", async () => {
    await load(1);
    wasm.script = [sequence("upon")];
    const { fetch } = fake;
    let open = () => {};
    const gate = new Promise((resolve) => (open = () => resolve(undefined)));
    fake.fetch = (...request) => gate.then(() => fetch(...request));
    const second = load(2);
    await generate(3);
    assert.equal(ending(3).type, "done");
    assert.equal(wasm.sessions[0].freed, false);
    open();
    await second;
    assert.equal(wasm.sessions[0].freed, true);
    await generate(4);
    assert.equal(ending(4).type, "done");
    assert.equal(wasm.sessions[1].begun.length, 1);
  });

  test("a text that the old model is writing is aborted when the new one takes its place", async () => {
    await load(1);
    wasm.script = Array.from({ length: 10_000 }, () => token("a"));
    const second = load(2);
    await generate(3);
    await second;
    assert.equal(ending(2).type, "done");
    assert.equal(ending(3).error.code, "aborted");
    assert.ok(texts(3).length < 10_000);
  });
});

describe("generate", () => {
  test("without a model is an error with a way out", async () => {
    await generate(1);
    assert.equal(ending(1).error.code, "no_model");
    assert.match(said(ending(1).error), /Load one/);
  });

  for (const count of [0, 1, 3]) {
    test(`gives ${count} sequences with their tokens`, async () => {
      await load(1);
      const each = (/** @type {number} */ i) => [token("up", i), token("on", i), sequence("upon", i)];
      wasm.script = [prefill, ...Array.from({ length: count }, (_, i) => each(i)).flat()];
      nowMs = 42;
      await generate(2);
      assert.deepEqual(wasm.sessions[0].begun, [
        { prompt: "Once", generation_config: { max_new_tokens: 2, seed: 7 }, now_ms: 42 },
      ]);
      assert.equal(texts(2).join(""), "upon".repeat(count));
      const { type: _, ...result } = sequence("upon");
      assert.deepEqual(
        ending(2).result,
        Array.from({ length: count }, (_, i) => ({ ...result, sequence: i })),
      );
    });
  }

  test("is cancelled within one token", async () => {
    await load(1);
    wasm.script = [token("a"), token("b"), token("c"), sequence("abc")];
    onNextTask = () => {
      if (texts(2).length === 2) host.handle({ type: "cancel", id: 2 });
    };
    await generate(2);
    assert.deepEqual(texts(2), ["a", "b"]);
    assert.equal(ending(2).error.code, "aborted");
    assert.equal(ending(2).error.name, "AbortError");
  });

  test("a newer one aborts an older one, and is not disturbed by it", async () => {
    await load(1);
    wasm.script = [token("a"), token("b"), sequence("ab")];
    /** @type {Promise<void> | undefined} */
    let newer;
    onNextTask = () => {
      onNextTask = () => {};
      newer = generate(3, "Twice");
    };
    await generate(2);
    await newer;
    assert.deepEqual(texts(2), ["a"]);
    assert.equal(ending(2).error.code, "aborted");
    assert.deepEqual(texts(3), ["a", "b"]);
    assert.equal(ending(3).type, "done");
  });

  test("an error of the engine keeps its name, code and message, and the next request works", async () => {
    await load(1);
    wasm.script = [
      Object.assign(new Error("temperature must be > 0, got 0"), { name: "EngineError", code: "invalid_parameter" }),
    ];
    await generate(2);
    assert.deepEqual(ending(2), {
      type: "error",
      id: 2,
      error: { name: "EngineError", code: "invalid_parameter", values: {}, message: "temperature must be > 0, got 0" },
      fatal: false,
    });
    wasm.script = [sequence("upon")];
    await generate(3);
    assert.equal(ending(3).type, "done");
  });

  test("a panic is fatal", async () => {
    await load(1);
    wasm.script = [new WebAssembly.RuntimeError("unreachable")];
    await generate(2);
    assert.equal(ending(2).fatal, true);
    assert.equal(ending(2).error.code, "internal");
    assert.equal(said(ending(2).error), "unreachable");
  });
});

describe("suggest", () => {
  const list = (/** @type {string[]} */ ...texts) =>
    texts.map((text) => ({ text, isComplete: false, mean_log_probability: -1 }));
  const changed = (/** @type {string[]} */ ...texts) => ({ type: "suggestions", suggestions: list(...texts) });
  const unchanged = { type: "unchanged" };

  test("without a model is an error with a way out", async () => {
    await suggest(1);
    assert.equal(ending(1).error.code, "no_model");
  });

  for (const gate of [null, 0.3]) {
    test(`tells what has changed, and ends with the last (gate ${gate})`, async () => {
      await load(1);
      wasm.script = [prefill, unchanged, changed(" upon"), unchanged, changed(" upon a", " there"), unchanged];
      nowMs = 42;
      await suggest(2, "Once", gate);
      assert.deepEqual(wasm.sessions[0].begun, [
        { prompt: "Once", generation_config: { seed: 7 }, now_ms: 42 },
        { after: " there", gate: gate ?? undefined },
      ]);
      assert.deepEqual(
        posted.filter((message) => message.type === "suggestions"),
        [
          { type: "suggestions", id: 2, suggestions: list(" upon") },
          { type: "suggestions", id: 2, suggestions: list(" upon a", " there") },
        ],
      );
      assert.deepEqual(ending(2).result, list(" upon a", " there"));
    });
  }

  test("where there is nothing to continue, ends with none and leaves the session alone", async () => {
    await load(1);
    wasm.script = [changed(" upon")];
    await suggest(2, "");
    assert.deepEqual(ending(2).result, []);
    assert.deepEqual(wasm.sessions[0].begun, []);
  });

  test("is cancelled within one step", async () => {
    await load(1);
    wasm.script = [changed(" a"), changed(" a b"), changed(" a b c")];
    onNextTask = () => host.handle({ type: "cancel", id: 2 });
    await suggest(2);
    assert.equal(posted.filter((message) => message.type === "suggestions").length, 1);
    assert.equal(ending(2).error.code, "aborted");
  });

  for (const [what, newer] of Object.entries({ suggest, generate })) {
    test(`is aborted by a newer ${what}, which it does not disturb`, async () => {
      await load(1);
      wasm.script = [changed(" a"), unchanged];
      /** @type {Promise<void> | undefined} */
      let other;
      onNextTask = () => {
        onNextTask = () => {};
        other = newer(3, "Twice");
      };
      await suggest(2);
      await other;
      assert.equal(ending(2).error.code, "aborted");
      assert.equal(ending(3).type, "done");
    });
  }

  test("aborts an older generate", async () => {
    await load(1);
    wasm.script = [token("a"), token("b")];
    /** @type {Promise<void> | undefined} */
    let newer;
    onNextTask = () => {
      onNextTask = () => {};
      newer = suggest(3);
    };
    await generate(2);
    await newer;
    assert.equal(ending(2).error.code, "aborted");
    assert.equal(ending(3).type, "done");
  });
});

test("cancelling what is not running does nothing", () => {
  host.handle({ type: "cancel", id: 99 });
  assert.deepEqual(posted, []);
});
