// A text as a link: what survives the round trip, and what is refused.

import assert from "node:assert/strict";
import { test } from "node:test";
import { deflateSync } from "node:zlib";
import { fragmentOf, isLink, readFragment } from "../../../www/documents/link.js";
import { noise } from "../fakes.js";

/** @import { Shared } from "../../../www/documents/link.js" */

/** @type {Shared} */
const SHARED = {
  text: "The rain had stopped.\n\n雨停了 🙂",
  model: "distilbert/distilgpt2",
  generation_config: {
    max_new_tokens: 24,
    do_sample: true,
    temperature: 0.7,
    top_k: 50,
    seed: 2 ** 53 - 1,
    token_healing: true,
  },
  suggestion: { caretUtf16: 8, gate: 0.3, index: 2 },
};

test("a link returns what was put in, and nothing else", async () => {
  for (const shared of [
    SHARED,
    { ...SHARED, suggestion: null },
    { ...SHARED, text: "", generation_config: {}, suggestion: { caretUtf16: 0, gate: null, index: 0 } },
  ]) {
    const fragment = await fragmentOf(shared);
    assert.match(fragment, /^text=1\.[\w-]+$/);
    assert.equal(isLink(`#${fragment}`), true);
    assert.deepEqual(await readFragment(`#${fragment}`), shared);
    assert.deepEqual(Object.keys(await readFragment(fragment)).sort(), [
      "generation_config",
      "model",
      "suggestion",
      "text",
    ]);
  }
  assert.equal(isLink(""), false);
  assert.equal(isLink("#about"), false);
});

test("a link with any one character changed, or cut short anywhere, is refused as damaged or still reads the same", async () => {
  const fragment = await fragmentOf(SHARED);
  let damaged = 0;
  for (let at = "text=1.".length; at < fragment.length; at++) {
    const other = fragment[at] === "A" ? "Q" : "A";
    const read = await readFragment(fragment.slice(0, at) + other + fragment.slice(at + 1)).catch(
      ({ message }) => message,
    );
    // The last character has padding bits, which carry no data.
    if (typeof read === "string") assert.match(read, /damaged/);
    else assert.deepEqual(read, SHARED);
    damaged += Number(typeof read === "string");
    await assert.rejects(readFragment(fragment.slice(0, at)), /damaged/, `cut at ${at}`);
  }
  assert.ok(damaged >= fragment.length - "text=1.".length - 2, `${damaged} of ${fragment.length}`);
  for (const junk of ["text=", "text=1", "text=1.", "text=1.%%%", "text=x.AAAA", "text=1.AAAA"])
    await assert.rejects(readFragment(junk), /damaged/, junk);
});

test("a link from a newer version says so", () =>
  assert.rejects(readFragment("#text=2.AAAA"), /newer version of this page \(format 2\)/));

/** @param {unknown} value */
const linkTo = (value) => `text=1.${deflateSync(Buffer.from(JSON.stringify(value))).toString("base64url")}`;

test("a link with unexpected content is refused", async () => {
  assert.deepEqual(await readFragment(linkTo(SHARED)), SHARED);
  const wrong = [
    null,
    "text",
    [],
    {},
    { ...SHARED, extra: 1 },
    { ...SHARED, text: 1 },
    { ...SHARED, text: "a\rb", suggestion: null },
    { ...SHARED, suggestion: {} },
    ...[-1, 1.5, "1", SHARED.text.length + 1].map((caretUtf16) => ({
      ...SHARED,
      suggestion: { caretUtf16, gate: null, index: 0 },
    })),
    ...[-1, 5, 0.5].map((index) => ({ ...SHARED, suggestion: { caretUtf16: 0, gate: null, index } })),
    ...[undefined, "none", -1, 2].map((gate) => ({ ...SHARED, suggestion: { caretUtf16: 0, gate, index: 0 } })),
    { ...SHARED, suggestion: { caretUtf16: 0, gate: null, index: 0, extra: 1 } },
    { ...SHARED, model: null },
    { ...SHARED, generation_config: null },
    { ...SHARED, generation_config: { temperature: "0.7" } },
    { ...SHARED, generation_config: { temperature: 1e9 } },
    { ...SHARED, generation_config: { max_new_tokens: 1.5 } },
    { ...SHARED, generation_config: { num_return_sequences: 1000 } },
    { ...SHARED, generation_config: { do_sample: 1 } },
    { ...SHARED, generation_config: { toString: 1 } },
  ];
  for (const value of wrong) await assert.rejects(readFragment(linkTo(value)), /damaged/, JSON.stringify(value));
});

test("a text too long for a link is refused with its size, and an overlong link before it is read", async () => {
  const letters = [...noise(60_000)].map((byte) => String.fromCharCode(97 + (byte % 26))).join("");
  await assert.rejects(
    fragmentOf({ ...SHARED, text: letters }),
    /too long for a link: (4\d|5\d) kB, and the limit is 32 kB/,
  );
  await assert.rejects(
    fragmentOf({ ...SHARED, text: "a".repeat(300_000) }),
    /too long for a link: 294 kB, and the limit is 256 kB/,
  );
  await assert.rejects(readFragment(`text=1.${"A".repeat(40_000)}`), /too long: 40 kB, and the limit is 32 kB/);
  const prose = "The quick brown fox jumps over the lazy dog, and nobody is surprised. ".repeat(1000);
  assert.deepEqual(await readFragment(await fragmentOf({ ...SHARED, text: prose })), { ...SHARED, text: prose });
});

test("a link that would fill the memory is not decompressed", async () => {
  const bomb = `text=1.${deflateSync(Buffer.alloc(20 * 1024 * 1024, 0x20)).toString("base64url")}`;
  assert.ok(bomb.length < 32 * 1024, `${bomb.length}`);
  await assert.rejects(readFragment(bomb), /damaged/);
});
