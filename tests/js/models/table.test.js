// The table of models, checked against the files in the repository.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { MODELS, modelById } from "../../../www/models/table.js";
import { sha256 } from "../fakes.js";

const files = MODELS.flatMap(({ files }) => Object.values(files));
const isBundled = (/** @type {string} */ url) => url.startsWith("file:");

test("bundled files have the sizes and SHA-256 hashes in the table", () => {
  const bundled = files.filter(({ url }) => isBundled(url));
  assert.equal(new Set(bundled.map(({ url }) => url)).size, 4);
  for (const { url, bytes, sha256: expected } of bundled) {
    const file = readFileSync(new URL(url));
    assert.equal(file.length, bytes, url);
    assert.equal(sha256(file), expected, url);
  }
});

test("the golden logits belong to the weights in the table", () => {
  const { golden, files } = modelById("distilbert/distilgpt2");
  const { weights_sha256, revision } = JSON.parse(readFileSync(new URL(String(golden)), "utf8"));
  assert.equal(weights_sha256, files.weights.sha256);
  assert.ok(files.weights.url.includes(`/resolve/${revision}/`));
});

test("hub files are pinned to a commit, a size and a hash", () => {
  const remote = files.filter(({ url }) => !isBundled(url));
  assert.equal(remote.length, 3);
  for (const { bytes, sha256 } of remote) {
    assert.ok(Number(bytes) > 0);
    assert.match(String(sha256), /^[0-9a-f]{64}$/);
  }
  for (const { url } of remote)
    assert.match(url, /^https:\/\/huggingface\.co\/[\w-]+\/[\w-]+\/resolve\/[0-9a-f]{40}\/[\w.]+$/);
});

test("a model is found by its id, and an unknown id is refused with the known ones", () => {
  for (const model of MODELS) assert.equal(modelById(model.id), model);
  assert.throws(() => modelById("gpt3"), {
    name: "RangeError",
    message: /pocket-gpt2, distilbert\/distilgpt2, .*got gpt3/,
  });
});
