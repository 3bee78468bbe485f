// The page's small parts: what the status says, the hint of keys, the draft, the server.

import assert from "node:assert/strict";
import { get } from "node:http";
import { test } from "node:test";
import { serve } from "../../tools/serve.js";
import { Draft } from "../../www/editor/draft.js";
import { MODELS } from "../../www/models.js";
import { hintFor } from "../../www/ui/hint.js";
import { describe } from "../../www/ui/status.js";

/** @import { ModelInfo } from "../../www/engine/protocol.js" */
/** @import { ModelState } from "../../www/ui/model-switch.js" */

const [pocket, distil] = MODELS;
/** @type {ModelInfo} */
const info = { id: distil.id, dtype: "q8", n_positions: 1024, n_parameters: 82e6, sizeBytes: 1e8, verified: true, kept: true, notice: null };
/** @type {ModelState} */
const nothing = { active: null, loading: null, failure: null, restarting: null };
const idle = { isThinking: false, problem: null };

test("the headline says which model writes and what it does", () => {
  const active = { model: distil, info };
  /** @type {[Partial<ModelState>, boolean, string][]} */
  const table = [
    [{}, false, "No model yet"],
    [{ active }, false, "DistilGPT2 · ready · verified"],
    [{ active }, true, "DistilGPT2 · thinking … · verified"],
    [{ active: { model: pocket, info: { ...info, verified: null } } }, false, "Pocket GPT-2 · ready"],
    [{ active: { model: pocket, info: { ...info, verified: false } } }, false, "Pocket GPT-2 · ready"],
    [{ active, restarting: "The engine stopped." }, true, "The engine stopped."],
  ];
  for (const [state, isThinking, headline] of table) {
    assert.equal(describe({ ...nothing, ...state }, { ...idle, isThinking }).headline, headline);
  }
});

test("progress is in bytes and an honest percentage", () => {
  /** @type {[import("../../www/ui/model-switch.js").Progress | null, string, number | null][]} */
  const table = [
    [null, "DistilGPT2: starting …", null],
    [{ receivedBytes: 0, totalBytes: 352_824_413, fromNetwork: true }, "DistilGPT2: 0 of 353 MB, 0 %", 0],
    [{ receivedBytes: 123_499_999, totalBytes: 352_824_413, fromNetwork: true }, "DistilGPT2: 123 of 353 MB, 35 %", 123_499_999 / 352_824_413],
    [{ receivedBytes: 352_824_412, totalBytes: 352_824_413, fromNetwork: true }, "DistilGPT2: 353 of 353 MB, 99 %", 352_824_412 / 352_824_413],
    [{ receivedBytes: 352_824_413, totalBytes: 352_824_413, fromNetwork: false }, "DistilGPT2: 353 of 353 MB, 100 % from this device", 1],
    [{ receivedBytes: 5e6, totalBytes: null, fromNetwork: true }, "DistilGPT2: 5 MB", null],
  ];
  for (const [progress, text, fraction] of table) {
    const { task } = describe({ ...nothing, loading: { model: distil, progress } }, idle);
    assert.deepEqual(task, { text, fraction, canCancel: false });
  }
});

test("every problem is told, and what failed can be tried again", () => {
  const failure = { model: distil, message: "It failed." };
  const active = { model: distil, info: { ...info, notice: "Not kept." } };
  const status = describe({ ...nothing, active, failure }, { isThinking: false, problem: "The draft is not kept." });
  assert.deepEqual(status.problems, ["It failed.", "Not kept.", "The draft is not kept."]);
  assert.equal(status.canRetry, true);
  assert.deepEqual(describe({ ...nothing, active: { model: distil, info } }, idle).problems, []);
});

test("a download can be cancelled if another model writes, and chosen once one was tried", () => {
  const loading = { model: distil, progress: null };
  assert.equal(describe({ ...nothing, loading }, idle).canChoose, false);
  const status = describe({ ...nothing, loading, active: { model: pocket, info } }, idle);
  assert.equal(status.canChoose, true);
  assert.equal(status.task?.canCancel, true);
});

test("the hint names the keys that apply", () => {
  assert.equal(hintFor({ suggestion: "", tabLeaves: false }, false), "Tab suggest · Esc, Tab leave the text");
  assert.equal(hintFor({ suggestion: " sea", tabLeaves: false }, false), "Tab accept · Ctrl+→ word · Esc dismiss");
  assert.equal(hintFor({ suggestion: " sea", tabLeaves: false }, true), "Tab accept · ⌥→ word · Esc dismiss");
  assert.equal(hintFor({ suggestion: "", tabLeaves: true }, false), "Tab leaves the text");
});

test("the draft is saved a moment after the last change, or at once when the page goes", () => {
  /** @type {Map<string, string>} */
  const stored = new Map();
  /** @type {Map<number, () => void>} */
  const timers = new Map();
  const draft = new Draft({
    storage: { getItem: (key) => stored.get(key) ?? null, setItem: (key, value) => void stored.set(key, value) },
    clock: {
      setTimeout: (callback) => {
        timers.set(timers.size, callback);
        return timers.size - 1;
      },
      clearTimeout: (timer) => timers.delete(timer),
    },
    onProblem: assert.fail,
  });
  assert.equal(draft.read(), "");
  draft.save();
  assert.equal(stored.size, 0, "nothing to save");
  draft.changed(() => "a");
  draft.changed(() => "ab");
  assert.equal(timers.size, 1);
  for (const callback of timers.values()) callback();
  assert.equal(draft.read(), "ab");
  draft.changed(() => "abc");
  draft.save();
  assert.equal(draft.read(), "abc");
});

test("a draft that cannot be saved is told with a way out", () => {
  /** @type {string[]} */
  const problems = [];
  const draft = new Draft({
    storage: {
      getItem: () => null,
      setItem: () => {
        throw new DOMException("full", "QuotaExceededError");
      },
    },
    clock: { setTimeout: (callback) => callback(), clearTimeout: () => {} },
    onProblem: (message) => problems.push(message),
  });
  draft.changed(() => "a");
  assert.match(problems[0], /copy yours elsewhere/);
});

test("the server gives types, isolation and policy, and nothing outside its folder", async () => {
  const server = await serve(new URL("../../www", import.meta.url).pathname, 0);
  const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
  /**
   * Unlike fetch, this sends a path as it stands.
   * @param {string} path
   * @returns {Promise<import("node:http").IncomingMessage>}
   */
  const ask = (path, method = "GET") =>
    new Promise((resolve, reject) => {
      get({ port, path, method, agent: false }, (response) => resolve(response.resume())).on("error", reject);
    });
  try {
    const index = await ask("/");
    assert.equal(index.statusCode, 200);
    assert.equal(index.headers["content-type"], "text/html; charset=utf-8");
    assert.equal(index.headers["cross-origin-opener-policy"], "same-origin");
    assert.equal(index.headers["cross-origin-embedder-policy"], "require-corp");
    assert.match(String(index.headers["content-security-policy"]), /^default-src 'none';.*frame-ancestors 'none'$/);
    assert.equal((await ask("/main.js?x=1")).headers["content-type"], "text/javascript; charset=utf-8");
    assert.equal((await ask("/style.css", "HEAD")).statusCode, 200);
    assert.equal((await ask("/", "POST")).statusCode, 405);
    for (const path of ["/nothing", "/engine", "/../package.json", "/%2e%2e/package.json", "/..%2fpackage.json", "/engine/..%2f..%2fpackage.json"]) {
      assert.equal((await ask(path)).statusCode, 404, path);
    }
    await assert.rejects(serve(new URL("../../www", import.meta.url).pathname, port), { code: "EADDRINUSE" });
  } finally {
    server.close();
  }
});
