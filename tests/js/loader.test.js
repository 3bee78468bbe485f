// A model's files become a session.

import assert from "node:assert/strict";
import { beforeEach, describe, test } from "node:test";
import { EngineError } from "../../www/engine/errors.js";
import { loadModel } from "../../www/engine/loader.js";
import { FakeWasm, fakeModel } from "./fake-model.js";
import { FakeDirectory, FakeSleep } from "./fakes.js";

/** @type {FakeWasm} */
let wasm;
/** @type {FakeDirectory} */
let directory;
beforeEach(() => {
  wasm = new FakeWasm();
  directory = new FakeDirectory();
});

/**
 * @param {ReturnType<typeof fakeModel>} fake
 * @param {object} [options]
 * @param {boolean} [options.hasStorage]
 * @param {AbortSignal} [options.signal]
 * @param {(receivedBytes: number, totalBytes: number | null, fromNetwork: boolean) => void} [options.onProgress]
 */
const load = ({ model, fetch }, { hasStorage = true, signal = new AbortController().signal, onProgress = () => {} } = {}) =>
  loadModel(
    model,
    "q8",
    { wasm, fetch, sleep: new FakeSleep().sleep, storage: hasStorage ? directory.storage : null, origin: "https://page.test" },
    { signal, onProgress },
  );

test("the config makes the builder, the weights stream through it, the tokenizer finishes it", async () => {
  const fake = fakeModel();
  const { session, info } = await load(fake);
  assert.equal(wasm.builders[0].config_json, fake.text.config);
  assert.equal(wasm.builders[0].dtype, "q8");
  assert.equal(Buffer.concat(wasm.pushed).toString(), fake.text.weights);
  assert.ok(wasm.pushed.length > 1, "in more than one part");
  assert.equal(session, wasm.sessions[0]);
  assert.equal(Buffer.from(wasm.sessions[0].tokenizer_json).toString(), fake.text.tokenizer);
  assert.deepEqual(info, {
    id: "owner/name",
    dtype: "q8",
    n_positions: 256,
    n_parameters: 17,
    sizeBytes: 34,
    verified: null,
    kept: true,
    notice: null,
  });
});

test("progress is that of all files together, and ends at 100 %", async () => {
  const fake = fakeModel();
  const total = Object.values(fake.text).reduce((sum, text) => sum + text.length, 0);
  /** @type {[number, number | null][]} */
  const seen = [];
  await load(fake, { onProgress: (receivedBytes, totalBytes) => seen.push([receivedBytes, totalBytes]) });
  assert.deepEqual(seen.at(-1), [total, total]);
  assert.ok(seen.every(([received, of], i) => of === total && received >= (seen[i - 1]?.[0] ?? 0)));
});

test("the total is not known before the size of every file is", async () => {
  const fake = fakeModel();
  fake.model.files.config = { ...fake.model.files.config, bytes: null, sha256: null };
  fake.model.files.tokenizer = { ...fake.model.files.tokenizer, bytes: null, sha256: null };
  /** @type {(number | null)[]} */
  const totals = [];
  const { info } = await load(fake, { onProgress: (_, totalBytes) => totals.push(totalBytes) });
  assert.equal(totals[0], null);
  assert.equal(typeof totals.at(-1), "number");
  assert.match(String(info.notice), /config\.json .*could not be verified.*tokenizer\.json .*could not be verified/);
});

describe("keeping", () => {
  test("what comes from the page's own site is not stored; the rest is, and then needs no network", async () => {
    const fake = fakeModel();
    fake.model.files.tokenizer = { ...fake.model.files.tokenizer, url: "https://page.test/tokenizer.json" };
    assert.equal((await load(fake)).info.kept, true);
    assert.equal(fake.requests.length, 3);
    assert.equal(directory.files.size, 4, "two files and their marks");

    fake.requests.length = 0;
    assert.equal((await load(fake)).info.kept, true);
    assert.deepEqual(fake.requests, ["https://page.test/tokenizer.json"]);
  });

  test("a model that comes with the page needs no storage", async () => {
    const { info } = await load(fakeModel("https://page.test"), { hasStorage: false });
    assert.equal(info.kept, true);
    assert.equal(info.notice, null);
  });

  test("without storage the reader is told, once", async () => {
    const { info } = await load(fakeModel(), { hasStorage: false });
    assert.equal(info.kept, false);
    assert.equal(String(info.notice).match(/no storage/g)?.length, 1);
  });

  test("a full device is told, and the model works", async () => {
    directory.quotaBytes = 1000;
    const { info } = await load(fakeModel());
    assert.equal(info.kept, false);
    assert.match(String(info.notice), /^model\.safetensors .*could not be kept/);
  });
});

describe("known logits", () => {
  for (const isGolden of [true, false]) {
    test(`${isGolden ? "equal" : "other"} ones are ${isGolden ? "verified" : "told"}`, async () => {
      wasm.isGolden = isGolden;
      const { info } = await load(fakeModel("https://hub.test", "https://page.test/golden.json"));
      assert.equal(wasm.sessions[0].checked, "golden: the logits");
      assert.equal(info.verified, isGolden);
      if (isGolden) assert.equal(info.notice, null);
      else assert.match(String(info.notice), /computes other numbers/);
    });
  }
});

describe("known logits that cannot be read", () => {
  const fake = fakeModel("https://hub.test", "https://page.test/golden.json");

  test("free the session", async () => {
    wasm.checkError = new EngineError("golden", "golden logits: expected value at line 1");
    await assert.rejects(load(fake), { code: "golden" });
    assert.equal(wasm.sessions[0].freed, true);
  });

  test("by a panic, leave the module alone", async () => {
    wasm.checkError = new WebAssembly.RuntimeError("unreachable");
    await assert.rejects(load(fake), WebAssembly.RuntimeError);
    assert.equal(wasm.sessions[0].freed, false);
  });
});

describe("failing", () => {
  test("weights that WebAssembly refuses free the builder", async () => {
    wasm.pushError = new EngineError("safetensors", "wte.weight is missing");
    await assert.rejects(load(fakeModel()), { code: "safetensors" });
    assert.equal(wasm.builders[0].freed, true);
    assert.equal(wasm.sessions.length, 0);
  });

  test("after a panic nothing more is asked of the module", async () => {
    wasm.pushError = new WebAssembly.RuntimeError("unreachable");
    await assert.rejects(load(fakeModel()), WebAssembly.RuntimeError);
    assert.equal(wasm.builders[0].freed, false);
  });

  test("a wrong hash loads nothing", async () => {
    const fake = fakeModel();
    fake.model.files.weights = { ...fake.model.files.weights, sha256: "0".repeat(64) };
    await assert.rejects(load(fake), { code: "wrong_hash" });
    assert.equal(wasm.builders[0].freed, true);
    assert.equal(wasm.sessions.length, 0);
  });

  test("cancelling with the last byte still cancels", async () => {
    const controller = new AbortController();
    const loading = load(fakeModel(), {
      signal: controller.signal,
      onProgress: (received, total) => {
        if (received === total) controller.abort(new EngineError("aborted", "Cancelled."));
      },
    });
    await assert.rejects(loading, { code: "aborted" });
    assert.equal(wasm.builders[0].freed, true);
    assert.equal(wasm.sessions.length, 0);
  });
});
