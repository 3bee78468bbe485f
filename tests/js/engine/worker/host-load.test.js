// Loading a model in the worker: one answer, progress, cancels, and the model before it.

import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { EngineError } from "../../../../www/engine/errors.js";
import { sayError } from "../../../../www/strings/errors.js";
import { turn } from "../../fakes.js";
import { HostHarness, sequence, token } from "./host-harness.js";

/** @type {HostHarness} */
let h;
beforeEach(() => {
  h = new HostHarness();
});

test("ends with the model's properties", async () => {
  await h.load(1);
  assert.equal(h.ending(1).result.n_positions, 256);
});

test("reports progress at once, then once per interval, and always the last", async () => {
  const progress = () => h.posted.filter((message) => message.type === "progress");
  await h.load(1);
  assert.equal(progress().length, 1, "the pause after the first has not ended");
  h.endPause();
  await turn();
  assert.equal(progress().length, 2);
  const { receivedBytes, totalBytes } = progress()[1];
  assert.equal(receivedBytes, totalBytes, "the last, not those between");
  h.endPause();
  await turn();
  assert.equal(progress().length, 2, "no progress, no report");
});

test("the build is opened with the requested threads", async () => {
  /** @type {(number | null)[]} */
  const asked = [];
  h.openWasm = async (threads) => {
    asked.push(threads);
    return h.wasm;
  };
  await h.load(1, 1);
  await h.load(2);
  assert.deepEqual(asked, [1, null]);
});

test("a worker in which no build starts is lost", async () => {
  h.openWasm = () => Promise.reject(new EngineError("not_started", { cause: "no WebAssembly here" }));
  await h.load(1);
  assert.match(sayError(h.ending(1).error), /could not be started \(no WebAssembly here\)/);
  assert.equal(h.ending(1).fatal, true);
});

test("an error keeps its code", async () => {
  h.fake.model.files.weights = { ...h.fake.model.files.weights, sha256: "0".repeat(64) };
  await h.load(1);
  assert.equal(h.ending(1).error.code, "wrong_hash");
  assert.equal(h.ending(1).fatal, false);
});

test("a newer load aborts an older one, whose session is not used", async () => {
  const first = h.load(1);
  await h.load(2);
  await first;
  assert.equal(h.ending(1).error.code, "aborted");
  assert.equal(h.ending(2).type, "done");
  assert.equal(h.wasm.sessions.length, 1);
});

test("can be cancelled, and the old model stays", async () => {
  await h.load(1);
  const second = h.load(2);
  h.cancel(2);
  await second;
  assert.equal(h.ending(2).error.code, "aborted");
  h.wasm.script = [sequence("upon")];
  await h.generate(3);
  assert.equal(h.ending(3).type, "done");
});

/** @type {Record<string, () => unknown>} */
const lateEnds = {
  "a cancel": () => h.cancel(2),
  "a newer load": () => h.load(3),
};
for (const [what, end] of Object.entries(lateEnds)) {
  test(`${what} during the last step still counts, and the new model is freed`, async () => {
    await h.load(1);
    /** @type {unknown} */
    let newer;
    h.onNextTask = () => {
      h.onNextTask = () => {};
      newer = end();
    };
    await h.load(2);
    await newer;
    assert.equal(h.ending(2).error.code, "aborted");
    assert.equal(h.wasm.sessions[1].freed, true);
    h.wasm.script = [sequence("upon")];
    await h.generate(4);
    assert.equal(h.ending(4).type, "done");
  });
}

test("a panic is fatal, with memory as its likely cause and a way out", async () => {
  h.wasm.pushError = new WebAssembly.RuntimeError("unreachable");
  await h.load(1);
  assert.equal(h.ending(1).fatal, true);
  assert.match(sayError(h.ending(1).error), /not enough memory \(unreachable\).*close other tabs.*smaller model/);
});

test("the old model answers until the new one is ready, and is freed then", async () => {
  await h.load(1);
  h.wasm.script = [sequence("upon")];
  const { fetch } = h.fake;
  let open = () => {};
  const gate = new Promise((resolve) => (open = () => resolve(undefined)));
  h.fake.fetch = (...request) => gate.then(() => fetch(...request));
  const second = h.load(2);
  await h.generate(3);
  assert.equal(h.ending(3).type, "done");
  assert.equal(h.wasm.sessions[0].freed, false);
  open();
  await second;
  assert.equal(h.wasm.sessions[0].freed, true);
  await h.generate(4);
  assert.equal(h.ending(4).type, "done");
  assert.equal(h.wasm.sessions[1].begun.length, 1);
});

test("a request to the old model is aborted when the new one replaces it", async () => {
  await h.load(1);
  h.wasm.script = Array.from({ length: 10_000 }, () => token("a"));
  const second = h.load(2);
  await h.generate(3);
  await second;
  assert.equal(h.ending(2).type, "done");
  assert.equal(h.ending(3).error.code, "aborted");
  assert.ok(h.texts(3).length < 10_000);
});
