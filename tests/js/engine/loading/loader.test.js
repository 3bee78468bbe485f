// From a model's files to a session.

import assert from "node:assert/strict";
import { beforeEach, describe, test } from "node:test";
import { EngineError } from "../../../../www/engine/errors.js";
import { loadModel } from "../../../../www/engine/loading/loader.js";
import { sayError } from "../../../../www/strings/errors.js";
import { FakeWasm, fakeModel } from "../../fake-model.js";
import { FakeDirectory, FakeSleep, turn } from "../../fakes.js";

/** @type {FakeWasm} */
let wasm;
/** @type {FakeDirectory} */
let directory;
/** @type {FakeSleep} */
let waiting;
beforeEach(() => {
  waiting = new FakeSleep();
  wasm = new FakeWasm();
  directory = new FakeDirectory();
});

/**
 * @param {ReturnType<typeof fakeModel>} fake
 * @param {object} [options]
 * @param {import("../../../../www/engine/protocol.js").Dtype} [options.dtype]
 * @param {boolean} [options.hasStorage]
 * @param {AbortSignal} [options.signal]
 * @param {(receivedBytes: number, totalBytes: number | null, fromNetwork: boolean) => void} [options.onProgress]
 * @param {() => Promise<any>} [options.nextTask]
 */
function load(
  { model, fetch },
  { dtype = "q8", hasStorage = true, signal = new AbortController().signal, ...others } = {},
) {
  const { onProgress = () => {}, nextTask = turn } = others;
  const storage = hasStorage ? directory.storage : null;
  const world = { wasm, fetch, sleep: waiting.sleep, nextTask, storage, origin: "https://page.test" };
  return loadModel(model, dtype, world, { signal, onProgress });
}

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
    build: "plain",
    threads: 1,
    notices: [],
  });
});

test("progress counts all files together and ends at 100 %", async () => {
  const fake = fakeModel();
  const total = Object.values(fake.text).reduce((sum, text) => sum + text.length, 0);
  /** @type {[number, number | null][]} */
  const seen = [];
  await load(fake, { onProgress: (receivedBytes, totalBytes) => seen.push([receivedBytes, totalBytes]) });
  assert.deepEqual(seen.at(-1), [total, total]);
  assert.ok(seen.every(([received, of], i) => of === total && received >= (seen[i - 1]?.[0] ?? 0)));
});

test("the total is unknown until the size of every file is known", async () => {
  const fake = fakeModel();
  fake.model.files.config = { ...fake.model.files.config, bytes: null, sha256: null };
  fake.model.files.tokenizer = { ...fake.model.files.tokenizer, bytes: null, sha256: null };
  /** @type {(number | null)[]} */
  const totals = [];
  const { info } = await load(fake, { onProgress: (_, totalBytes) => totals.push(totalBytes) });
  assert.equal(totals[0], null);
  assert.equal(typeof totals.at(-1), "number");
  assert.match(
    info.notices.map(sayError).join(" "),
    /config\.json .*could not be verified.*tokenizer\.json .*could not be verified/,
  );
});

describe("keeping", () => {
  test("files of the page's own site are not stored; the others are, and then need no network", async () => {
    const fake = fakeModel();
    fake.model.files.tokenizer = { ...fake.model.files.tokenizer, url: "https://page.test/tokenizer.json" };
    assert.equal((await load(fake)).info.kept, true);
    assert.equal(fake.requests.length, 3);
    const { config, weights } = fake.model.files;
    const names = [
      `${config.sha256}`,
      `${config.sha256}.complete`,
      `${weights.sha256}.q8`,
      `${weights.sha256}.q8.complete`,
    ];
    assert.deepEqual([...directory.files.keys()].sort(), names.sort(), "the weights packed, not as downloaded");

    fake.requests.length = 0;
    assert.equal((await load(fake)).info.kept, true);
    assert.deepEqual(fake.requests, ["https://page.test/tokenizer.json"]);
  });

  test("float32 weights are kept as downloaded", async () => {
    const fake = fakeModel();
    assert.equal((await load(fake, { dtype: "f32" })).info.kept, true);
    assert.equal(directory.files.size, 6, "three files and their marks");
    await load(fake, { dtype: "f32" });
    assert.equal(wasm.builders.length, 2);
  });

  test("weights without a published hash are kept as downloaded, with a notice on every visit", async () => {
    const fake = fakeModel();
    fake.model.files.weights = { ...fake.model.files.weights, sha256: null };
    for (const _ of ["first visit", "second visit"]) {
      const { info } = await load(fake);
      assert.equal(info.kept, true);
      assert.match(info.notices.map(sayError).join(" "), /^model\.safetensors .*could not be verified/);
    }
    assert.equal(wasm.builders.length, 2);
  });

  test("a model that comes with the page needs no storage", async () => {
    const { info } = await load(fakeModel("https://page.test"), { hasStorage: false });
    assert.equal(info.kept, true);
    assert.deepEqual(info.notices, []);
  });

  test("without storage there is one notice", async () => {
    const { info } = await load(fakeModel(), { hasStorage: false });
    assert.equal(info.kept, false);
    assert.equal(
      info.notices
        .map(sayError)
        .join(" ")
        .match(/no storage/g)?.length,
      1,
    );
  });

  test("on a full device the model works, with a notice", async () => {
    directory.quotaBytes = 100;
    const { info } = await load(fakeModel());
    assert.equal(info.kept, false);
    assert.match(info.notices.map(sayError).join(" "), /^model\.safetensors .*could not be kept/);
  });
});

describe("a packed model", () => {
  const fake = fakeModel();
  const name = `${fake.model.files.weights.sha256}.q8`;
  beforeEach(async () => {
    await load(fake);
    fake.requests.length = 0;
  });

  test("is read without the weights, with progress from this device that ends at 100 %", async () => {
    /** @type {[number, number | null, boolean][]} */
    const seen = [];
    const { session, info } = await load(fake, { onProgress: (...state) => seen.push(state) });
    assert.deepEqual(fake.requests, []);
    assert.equal(wasm.builders.length, 1, "that of the first visit");
    assert.equal(session, wasm.sessions[1]);
    assert.equal(Buffer.from(wasm.sessions[1].tokenizer_json).toString(), fake.text.tokenizer);
    assert.deepEqual([info.kept, info.notices], [true, []]);
    const total = fake.text.config.length + fake.text.tokenizer.length + 110;
    assert.deepEqual(seen.at(-1), [total, total, false]);
    assert.ok(seen.every(([, , fromNetwork]) => !fromNetwork));
  });

  /** @type {Record<string, (bytes: Uint8Array<ArrayBuffer>) => Uint8Array<ArrayBuffer>>} */
  const damages = {
    "of another version": (bytes) => bytes.with(0, 0),
    "cut within its header": (bytes) => bytes.slice(0, 50),
    "cut short": (bytes) => bytes.slice(0, 109),
    "with a flipped bit": (bytes) => bytes.with(105, bytes[105] ^ 1),
  };
  for (const [what, damage] of Object.entries(damages)) {
    test(`${what} is replaced by a new one`, async () => {
      const good = /** @type {Uint8Array<ArrayBuffer>} */ (directory.files.get(name));
      directory.files.set(name, damage(good));
      /** @type {boolean[]} */
      const sources = [];
      const { info } = await load(fake, { onProgress: (_, __, fromNetwork) => sources.push(fromNetwork) });
      assert.deepEqual(fake.requests, [fake.model.files.weights.url]);
      assert.equal(sources.at(-1), true);
      assert.deepEqual([info.kept, info.notices], [true, []]);
      assert.deepEqual(directory.files.get(name), good);
    });
  }

  test("that another tab is writing is waited for, but not for ever", async () => {
    directory.open.add(name);
    const { info } = await load(fake);
    assert.deepEqual(fake.requests, [fake.model.files.weights.url]);
    assert.equal(info.kept, true, "as downloaded");
    assert.ok(waiting.waitsMs.length > 10, "for as long as packing takes");
    assert.ok(directory.files.has(String(fake.model.files.weights.sha256)));
  });

  test("takes the place of weights that a tab left behind when it died", async () => {
    const weights = String(fake.model.files.weights.sha256);
    for (const left of [weights, `${weights}.complete`]) directory.files.set(left, new Uint8Array(1));
    await load(fake);
    assert.ok([...directory.files.keys()].every((kept) => !kept.startsWith(weights) || kept.startsWith(name)));
  });

  test("that does not compute the published numbers is deleted", async () => {
    const golden = fakeModel("https://hub.test", "https://page.test/golden.json");
    wasm.isGolden = true;
    await load(golden);
    wasm.isGolden = false;
    assert.equal((await load(golden)).info.verified, false);
    assert.equal(directory.files.has(name), false);
  });

  test("that the file system cannot read frees its memory", async () => {
    directory.readError = new DOMException("gone", "NotReadableError");
    directory.readableBytes = 100; // the header
    await load(fake);
    assert.deepEqual(
      wasm.packed.map(({ freed }) => freed),
      [true],
    );
    assert.ok(fake.requests.includes(fake.model.files.weights.url));
  });

  test("that makes WebAssembly panic is left alone", async () => {
    wasm.finishError = new WebAssembly.RuntimeError("unreachable");
    await assert.rejects(load(fake), WebAssembly.RuntimeError);
    assert.ok(directory.files.has(name));
  });
});

test("a model whose packing is cancelled is not kept", async () => {
  const controller = new AbortController();
  const cancel = async () => controller.abort(new EngineError("aborted"));
  const fake = fakeModel();
  await assert.rejects(load(fake, { signal: controller.signal, nextTask: cancel }), { code: "aborted" });
  assert.equal(wasm.sessions[0].freed, true);
  assert.equal(directory.files.has(`${fake.model.files.weights.sha256}.q8`), false);
});

test("a panic while a model is packed is no failure of the storage", async () => {
  wasm.packError = new WebAssembly.RuntimeError("unreachable");
  await assert.rejects(load(fakeModel()), WebAssembly.RuntimeError);
  assert.equal(wasm.sessions[0].freed, false);
});

test("where there is room for the packed model only, it is kept without a notice", async () => {
  directory.quotaBytes = 1000;
  const { info } = await load(fakeModel());
  assert.deepEqual([info.kept, info.notices], [true, []]);
});

test("where there is no room for it, the weights are kept as downloaded", async () => {
  const fake = fakeModel();
  directory.fullNames.add(`${fake.model.files.weights.sha256}.q8`);
  const { info } = await load(fake);
  assert.deepEqual([info.kept, info.notices], [true, []]);
  assert.ok(directory.files.has(`${fake.model.files.weights.sha256}.complete`));
});

describe("known logits", () => {
  for (const isGolden of [true, false]) {
    test(`${isGolden ? "equal" : "other"} ones give ${isGolden ? "a verified model" : "a notice"}`, async () => {
      wasm.isGolden = isGolden;
      const fake = fakeModel("https://hub.test", "https://page.test/golden.json");
      const { info } = await load(fake);
      assert.equal(wasm.sessions[0].checked, "golden: the logits");
      assert.equal(info.verified, isGolden);
      const weights = String(fake.model.files.weights.sha256);
      assert.equal(directory.files.has(`${weights}.q8`), isGolden, "a model that may be wrong is not packed");
      if (isGolden) assert.deepEqual(info.notices, []);
      else assert.match(info.notices.map(sayError).join(" "), /not compute the published numbers/);
    });
  }
});

describe("unreadable known logits", () => {
  const fake = fakeModel("https://hub.test", "https://page.test/golden.json");

  test("free the session", async () => {
    wasm.checkError = new EngineError("golden", {}, "golden logits: expected value at line 1");
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
    wasm.pushError = new EngineError("safetensors", {}, "wte.weight is missing");
    await assert.rejects(load(fakeModel()), { code: "safetensors" });
    assert.equal(wasm.builders[0].freed, true);
    assert.equal(wasm.sessions.length, 0);
  });

  test("after a panic the module is left alone", async () => {
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
        if (received === total) controller.abort(new EngineError("aborted"));
      },
    });
    await assert.rejects(loading, { code: "aborted" });
    assert.equal(wasm.builders[0].freed, true);
    assert.equal(wasm.sessions.length, 0);
  });
});
