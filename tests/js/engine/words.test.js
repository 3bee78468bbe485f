// Codes and values are the engine's, words are the page's, and each code has its words.

import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { EngineError, toErrorData } from "../../../www/engine/errors.js";
import { ENGINE } from "../../../www/strings/engine.js";
import { sayError } from "../../../www/strings/errors.js";

const WWW = new URL("../../../www/", import.meta.url);

/** @param {string} text of a module, without its comments */
const code = (text) => text.replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, "");

/**
 * @param {string} entry
 * @returns {string[]} the module and all that it imports, directly or not, as paths in www/
 */
function graph(entry) {
  /** @type {Set<string>} */
  const found = new Set();
  const walk = (/** @type {URL} */ url) => {
    const path = url.href.slice(WWW.href.length);
    // wasm-bindgen generates the builds, which import nothing of the page.
    if (found.has(path) || !existsSync(url) || path.startsWith("pkg/")) return;
    found.add(path);
    const imports = code(readFileSync(url, "utf8")).matchAll(/(?:\bfrom|\bimport\(?|new URL\()\s*"(\.[^"]+)"/g);
    for (const [, target] of imports) walk(new URL(target, url));
  };
  walk(new URL(entry, WWW));
  return [...found].sort();
}

/** Every JavaScript file of the engine. */
const sources = readdirSync(new URL("engine/", WWW), { recursive: true, encoding: "utf8" })
  .filter((path) => path.endsWith(".js"))
  .map((path) => ({ path: `engine/${path}`, text: readFileSync(new URL(`engine/${path}`, WWW), "utf8") }));

describe("the engine's imports", () => {
  test("of the worker and its helpers are all in engine/", () => {
    const modules = graph("engine/worker/worker.js");
    for (const helper of ["engine/worker/host.js", "engine/worker/thread.js", "engine/loading/loader.js"])
      assert.ok(modules.includes(helper), helper);
    assert.deepEqual(
      modules.filter((path) => !path.startsWith("engine/")),
      [],
    );
  });

  test("of api.js are the client and the table of models", () => {
    const modules = graph("api.js");
    assert.ok(modules.includes("engine/worker/worker.js"), "the client starts it");
    assert.deepEqual(
      modules.filter((path) => !path.startsWith("engine/")),
      ["api.js", "models/table.js"],
    );
  });

  test("include no types of the page either", () => {
    for (const { path, text } of sources) assert.doesNotMatch(text, /"(\.\.\/)+(strings|page|models)\//, path);
  });
});

describe("a code of the engine", () => {
  // The page never causes these, or never shows them.
  const forDevelopers = ["aborted", "generation_config", "internal", "not_sent", "threads"];
  const raised = sources.flatMap(({ text }) =>
    [...code(text).matchAll(/(?:new (?:EngineError|Interruption|Kind)\(\s*|\bcode: )"(\w+)"/g)].map(([, code]) => code),
  );
  // For codes with several sentences.
  const severally = ["busy_for", "download_stalled", "file_ends", "file_too_long", "file_too_short"];

  test("has words in the reader's language", () => {
    assert.ok(raised.length > 20);
    for (const code of new Set(raised)) {
      if (forDevelopers.includes(code)) continue;
      const error = new EngineError(code, { bytes: 1, expected: 2 });
      assert.notEqual(sayError(error), error.message, code);
    }
  });

  test("has no words that are never used", () => {
    assert.deepEqual(
      Object.keys(ENGINE).filter((key) => !raised.includes(key) && !severally.includes(key)),
      [],
    );
  });

  test("may have several sentences, chosen by its values", () => {
    /** @type {[string, import("../../../www/engine/protocol.js").Values, RegExp][]} */
    const table = [
      ["busy", { status: 503 }, /Load again later/],
      ["busy", { status: 503, seconds: 7 }, /in 7 seconds/],
      ["connection_lost", {}, /connection was lost/],
      ["connection_lost", { seconds: 30 }, /No data .* for 30 seconds/],
      ["wrong_size", { bytes: 5 }, /at most 5 bytes/],
      ["wrong_size", { bytes: 5, expected: 6 }, /ends after 5 bytes, not 6/],
      ["wrong_size", { bytes: 7, expected: 6 }, /at least 7 bytes, not 6/],
    ];
    for (const [code, values, words] of table) assert.match(sayError(new EngineError(code, values)), words);
  });

  test("may have a cause with words of its own, and a next step", () => {
    const next = { code: "download_again", values: { title: "GPT-2" } };
    const cause = { code: "out_of_memory", values: { cause: "unreachable" } };
    assert.match(
      sayError(new EngineError("worker_died", { cause, next })),
      /^The engine stopped: there was probably not enough memory \(unreachable\); .*\. GPT-2 is not kept on this device/,
    );
  });

  test("without words shows its message, without the full stop inside a sentence", () => {
    assert.equal(
      sayError(new EngineError("tokenizer", {}, "tokenizer.json: no merges.")),
      "tokenizer.json: no merges.",
    );
    assert.equal(sayError(new TypeError("x is not a function")), "x is not a function");
    assert.equal(sayError("a string"), "a string");
    const cause = { code: "internal", message: "RangeError: too large." };
    assert.equal(sayError(new EngineError("worker_died", { cause })), "The engine stopped: RangeError: too large.");
  });

  test("makes a message for developers, together with its values", () => {
    const file = { code: "file_from", values: { name: "a.json", host: "b.org" } };
    const { message } = new EngineError("http_error", { file, status: 500 });
    assert.equal(message, "http_error (file: file_from (name: a.json, host: b.org), status: 500)");
    assert.equal(new EngineError("no_model").message, "no_model");
    assert.equal(
      new EngineError("worker_died", { cause: { code: "internal", message: "x" } }).message,
      "worker_died (cause: x)",
    );
  });

  test("crosses to the page, even for errors that have none", () => {
    const values = { cause: { code: "silent" } };
    assert.deepEqual(structuredClone(toErrorData(new EngineError("worker_died", values))), {
      name: "EngineError",
      code: "worker_died",
      values,
      message: "worker_died (cause: silent)",
    });
    assert.equal(toErrorData(new EngineError("aborted")).name, "AbortError");
    const full = new DOMException("full", "QuotaExceededError");
    const data = { name: "QuotaExceededError", code: "internal", values: {}, message: "full" };
    assert.deepEqual(toErrorData(full), data);
    assert.deepEqual(toErrorData("a string"), { name: "Error", code: "internal", values: {}, message: "a string" });
  });
});
