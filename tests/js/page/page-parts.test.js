// Small parts of the page: status, announcements, window; and the server.

import assert from "node:assert/strict";
import { get } from "node:http";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { serve } from "../../../tools/serve.js";
import { MODELS } from "../../../www/models/table.js";
import { Announcer } from "../../../www/page/announcer.js";
import { describe } from "../../../www/page/status.js";
import { followKeyboard } from "../../../www/page/window.js";

/** @import { ModelInfo } from "../../../www/engine/protocol.js" */
/** @import { ModelState } from "../../../www/models/switch.js" */

const [pocket, distil] = MODELS;
/** @type {ModelInfo} */
const info = {
  id: distil.id,
  dtype: "q8",
  n_positions: 1024,
  n_parameters: 82e6,
  sizeBytes: 1e8,
  verified: true,
  kept: true,
  build: "plain",
  threads: 1,
  notices: [],
};
/** @type {ModelState} */
const nothing = { active: null, loading: null, failure: null, restarting: null };
const idle = { isThinking: false, suggestionProblem: null, draftProblem: null };

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

test("progress is shown in megabytes and in whole percent, rounded down", () => {
  /** @type {[import("../../../www/models/switch.js").Progress | null, string, number | null][]} */
  const table = [
    [null, "DistilGPT2: starting …", null],
    [{ receivedBytes: 0, totalBytes: 352_824_413, fromNetwork: true }, "DistilGPT2: 0 of 353 MB, 0 %", 0],
    [
      { receivedBytes: 123_499_999, totalBytes: 352_824_413, fromNetwork: true },
      "DistilGPT2: 123 of 353 MB, 35 %",
      123_499_999 / 352_824_413,
    ],
    [
      { receivedBytes: 352_824_412, totalBytes: 352_824_413, fromNetwork: true },
      "DistilGPT2: 353 of 353 MB, 99 %",
      352_824_412 / 352_824_413,
    ],
    [
      { receivedBytes: 352_824_413, totalBytes: 352_824_413, fromNetwork: false },
      "DistilGPT2: 353 of 353 MB, 100 % from this device",
      1,
    ],
    [{ receivedBytes: 5e6, totalBytes: null, fromNetwork: true }, "DistilGPT2: 5 MB", null],
  ];
  for (const [progress, text, fraction] of table) {
    const { task } = describe({ ...nothing, loading: { model: distil, progress } }, idle);
    assert.deepEqual(task, { text, fraction, canCancel: false });
  }
});

test("every problem is shown, with a notice apart, and a failure can be retried", () => {
  const failure = { model: distil, words: "It failed." };
  const active = {
    model: distil,
    info: { ...info, notices: [{ code: "elsewhere", message: "Not kept." }, { code: "no_storage" }] },
  };
  const writing = { isThinking: false, suggestionProblem: "No words.", draftProblem: "Not saved." };
  const status = describe({ ...nothing, active, failure }, writing);
  assert.deepEqual(status.problems, ["It failed.", "Not saved.", "No words."]);
  assert.match(status.notice ?? "", /^Not kept\. This browser gives the page no storage/);
  assert.equal(status.canRetry, true);
  const calm = describe({ ...nothing, active: { model: distil, info } }, idle);
  assert.deepEqual([calm.problems, calm.notice], [[], null]);
});

test("a download can be cancelled if another model writes; models can be chosen once one was tried", () => {
  const loading = { model: distil, progress: null };
  assert.equal(describe({ ...nothing, loading }, idle).canChoose, false);
  const status = describe({ ...nothing, loading, active: { model: pocket, info } }, idle);
  assert.equal(status.canChoose, true);
  assert.equal(status.task?.canCancel, true);
});

test("an announced suggestion is cleared when it goes; other announcements stay", () => {
  const region = { textContent: "" };
  const announcer = new Announcer(region);
  announcer.settled(" the sea");
  assert.equal(region.textContent, "Suggestion:  the sea");
  announcer.gone();
  assert.equal(region.textContent, "");
  for (const tell of [() => announcer.say("DistilGPT2 is ready."), () => announcer.settled("")]) {
    tell();
    /** @type {string} */
    const news = region.textContent;
    assert.notEqual(news, "");
    announcer.gone();
    assert.equal(region.textContent, news);
  }
});

test("the bottom of the page rises with the keyboard, but not with a pinch zoom", () => {
  const viewport = Object.assign(new EventTarget(), { height: 800, offsetTop: 0, scale: 1 });
  let height = "";
  const root = {
    clientHeight: 800,
    style: { setProperty: (/** @type {string} */ _name, /** @type {string} */ value) => (height = value) },
  };
  followKeyboard(/** @type {any} */ (viewport), /** @type {any} */ (root));
  /** @type {[Partial<typeof viewport>, string][]} */
  const table = [
    [{ height: 500 }, "300px"],
    [{ height: 400, offsetTop: 100, scale: 2 }, "0px"],
    [{ height: 800, offsetTop: 0, scale: 1 }, "0px"],
  ];
  for (const [change, expected] of table) {
    Object.assign(viewport, change).dispatchEvent(new Event("resize"));
    assert.equal(height, expected);
  }
});

test("the server sends types, isolation headers and policy, and nothing from outside its folder", async () => {
  const www = fileURLToPath(new URL("../../../www", import.meta.url));
  const server = await serve(www, 0);
  const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
  /**
   * Unlike fetch, this sends a path unchanged.
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
    assert.equal((await ask("/page/style.css", "HEAD")).statusCode, 200);
    assert.equal((await ask("/", "POST")).statusCode, 405);
    for (const path of [
      "/nothing",
      "/engine",
      "/../package.json",
      "/%2e%2e/package.json",
      "/..%2fpackage.json",
      "/engine/..%2f..%2fpackage.json",
    ]) {
      assert.equal((await ask(path)).statusCode, 404, path);
    }
    await assert.rejects(serve(www, port), { code: "EADDRINUSE" });
  } finally {
    server.close();
  }
});
