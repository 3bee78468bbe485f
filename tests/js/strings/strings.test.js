// The table of strings, complete in both languages, and the functions that say them.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { afterEach, test } from "node:test";
import { inWords, languageFor, onSpeak, STRINGS, say, speak } from "../../../www/strings/strings.js";

afterEach(() => speak("en"));

test("every string has both languages, with the same placeholders, and none is empty by mistake", () => {
  for (const [key, { en, zh }] of Object.entries(STRINGS)) {
    const [inEnglish, inChinese] = [en, zh].map((text) => (text.match(/\{\w+\}/g) ?? []).sort());
    assert.deepEqual(inEnglish, inChinese, key);
    if (key === "between_sentences") continue;
    assert.notEqual(en.trim(), "", key);
    assert.notEqual(zh.trim(), "", key);
  }
});

test("Chinese strings have Chinese punctuation, and spaces between the two scripts", () => {
  for (const [key, { zh }] of Object.entries(STRINGS)) {
    assert.doesNotMatch(zh, /\p{Script=Han}[,.:;!?()]|[,.:;!?()]\p{Script=Han}/u, key);
    assert.doesNotMatch(zh, /\p{Script=Han}[A-Za-z0-9]|[A-Za-z0-9]\p{Script=Han}/u, key);
  }
});

test("the strings that index.html names are in the table", async () => {
  const html = await readFile(new URL("../../../www/index.html", import.meta.url), "utf8");
  const keys = [...html.matchAll(/data-(?:text|label)="([^"]*)"/g)].map(([, key]) => key);
  assert.ok(keys.length > 20);
  for (const key of keys) assert.ok(Object.hasOwn(STRINGS, key), key);
});

test("the language is the writer's choice, else the first known one of the browser's, else English", () => {
  /** @type {[string | null, string[], string][]} */
  const table = [
    [null, [], "en"],
    [null, ["en-GB", "zh"], "en"],
    [null, ["zh-TW"], "zh"],
    [null, ["fr", "ZH-cn", "en"], "zh"],
    [null, ["fr", "de"], "en"],
    ["zh", ["en"], "zh"],
    ["en", ["zh"], "en"],
    ["tlh", ["zh"], "zh"],
  ];
  for (const [chosen, preferred, language] of table)
    assert.equal(languageFor(chosen, preferred), language, `${chosen} ${preferred}`);
});

test("values are filled in, and words are said in the current language", () => {
  assert.equal(say("headline_ready", { title: "GPT-2" }), "GPT-2 · ready");
  assert.equal(say("headline_ready"), "{title} · ready");
  assert.equal(say("headline_ready", { title: "{title} $& $1" }), "{title} $& $1 · ready");
  assert.equal(say("amount", { received: 0 }), "0 MB");
  /** @type {import("../../../www/strings/strings.js").Words} */
  const words = [
    {
      key: "not_found",
      values: { file: { key: "file_from", values: { name: "a.json", host: "b.org" } }, status: 404 },
    },
    "As it is.",
    { key: "restarting" },
  ];
  assert.equal(
    inWords(words),
    "There is no a.json from b.org (HTTP 404). Choose another model. As it is. It is restarting.",
  );
  speak("zh");
  assert.equal(inWords(words), "找不到来自 b.org 的 a.json（HTTP 404）。请选择另一个模型。As it is.正在重新启动。");
});

test("a change of language renders again, in the order of registration", () => {
  /** @type {string[]} */
  const said = [];
  onSpeak(() => said.push(`1 ${say("cancel")}`));
  onSpeak(() => said.push(`2 ${say("cancel")}`));
  speak("zh");
  speak("en");
  assert.deepEqual(said, ["1 取消", "2 取消", "1 Cancel", "2 Cancel"]);
});
