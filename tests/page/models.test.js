// Models: download, cancel, failure, a second visit, a worker that dies.

import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";
import { MODELS } from "../../www/models/table.js";
import { GOLDEN, RAIN, ready, Site, suggestion, toEnd, WEIGHTS_PATH, write } from "./harness.js";

/** @import { Page } from "playwright-core" */

/** @type {Site} */
let site;
before(async () => {
  site = await Site.open();
});
after(() => site.close());
afterEach(() => site.hub.mend(WEIGHTS_PATH));

// A stalled download stops at 30 % of the weights plus the files before them, or just below, as progress comes in steps.
const TOTAL_BYTES = Object.values(MODELS[0].files).reduce((sum, { bytes }) => sum + (bytes ?? 0), 0);
const STALLED = new RegExp(`^DistilGPT2: \\d of ${Math.round(TOTAL_BYTES / 1e6)} MB, ([1-9]|[12]\\d|3[0-4]) %$`);
const STALLED_BYTES = 5_000_000;

/** @param {Page} page */
async function chooseDistil(page) {
  await page.locator("#open-models").click();
  await radio(page, "DistilGPT2").check();
  await page.locator("#use-model").click();
}

/**
 * @param {Page} page
 * @param {string} title
 */
const radio = (page, title) => page.getByRole("radio", { name: title });

/** @param {Page} page */
const task = (page) => page.locator("#task-text");

/** @param {Page} page */
const notice = (page) => page.locator("#notice");

/** @param {Page} page */
const problem = (page) => page.locator("#problem-text");

/**
 * @param {Page} page
 * @returns {Promise<number>} the size of all models stored on this device
 */
const storedBytes = (page) =>
  page.evaluate(async () => {
    const directory = await (await navigator.storage.getDirectory()).getDirectoryHandle("models");
    let bytes = 0;
    for await (const file of directory.values())
      bytes += (await /** @type {FileSystemFileHandle} */ (file).getFile()).size;
    return bytes;
  });

test("a model downloads while the bundled one writes, and Cancel stops it", () =>
  site.visit(async (page) => {
    site.hub.fail(WEIGHTS_PATH, "stall");
    await ready(page);
    await chooseDistil(page);
    await task(page).filter({ hasText: STALLED }).waitFor();
    const bar = page.locator("#task-progress");
    const fraction = await bar.evaluate((node) => /** @type {HTMLProgressElement} */ (node).value);
    assert.ok(fraction > 0 && fraction < 0.35, `${fraction}`);
    await page.locator(".cm-content").click();
    await write(page, RAIN);
    await suggestion(page);
    await page.locator("#cancel").click();
    await page.locator("#task").waitFor({ state: "hidden" });
    await page.locator("#announcer", { hasText: "Download cancelled." }).waitFor({ state: "attached" });
    await page.locator(".cm-content:focus").waitFor();
    assert.equal(await page.locator("#problem").isVisible(), false);
    await ready(page);
  }));

test(
  "a cancelled download resumes where it stopped; the next visit has the model without the hub",
  { timeout: 60_000 },
  () =>
    site.visit(async (page) => {
      site.hub.fail(WEIGHTS_PATH, "stall");
      await ready(page);
      await chooseDistil(page);
      await task(page).filter({ hasText: /\d %/ }).waitFor();
      while ((await storedBytes(page)) < STALLED_BYTES) await task(page).waitFor();
      await page.locator("#cancel").click();
      site.hub.mend(WEIGHTS_PATH);
      const before = site.hub.requests.length;
      await chooseDistil(page);
      await ready(page, "DistilGPT2");
      const resumed = site.hub.requests
        .slice(before)
        .find(({ server, path }) => server === "storage" && path === WEIGHTS_PATH);
      assert.ok(Number(/^bytes=(\d+)-$/.exec(resumed?.range ?? "")?.[1]) > STALLED_BYTES, resumed?.range);
      await page.locator(".cm-content").click();
      await write(page, RAIN);
      await suggestion(page);

      const kept = await page.evaluate(namesKept);
      const weights = String(MODELS[0].files.weights.sha256);
      assert.ok(kept.includes(`${weights}.q8.complete`) && !kept.includes(weights), kept.join());
      /** @type {string[]} */
      const elsewhere = [];
      await page.context().route(
        (url) => url.origin !== new URL(page.url()).origin,
        (route) => {
          elsewhere.push(route.request().url());
          return route.abort();
        },
      );
      const asked = site.hub.requests.length;
      await page.reload();
      await ready(page, "DistilGPT2");
      await toEnd(page);
      await page.keyboard.press("Tab");
      await suggestion(page);
      assert.equal(site.hub.requests.length, asked);
      assert.deepEqual(elsewhere, []);
    }),
);

test("a model that computes the published numbers is verified; one that does not gets a notice", () =>
  site.visit(async (page) => {
    await ready(page);
    await chooseDistil(page);
    await page.locator("#headline", { hasText: "DistilGPT2 · ready · verified" }).waitFor();
    assert.equal(await notice(page).isVisible(), false);
    await page.reload();
    await page.locator("#headline", { hasText: "DistilGPT2 · ready · verified" }).waitFor();

    const altered = JSON.parse(GOLDEN);
    altered.cases[0].top_ids[0] += 1;
    await page.route("**/distilgpt2-golden.json", (route) => route.fulfill({ json: altered }));
    await page.reload();
    await ready(page, "DistilGPT2");
    assert.doesNotMatch((await page.locator("#headline").textContent()) ?? "", /verified/);
    assert.match((await notice(page).textContent()) ?? "", /DistilGPT2 does not compute the published numbers here/);
    assert.equal(await page.locator("#problem").isVisible(), false);
  }));

test("on a full disk a model works, the page says it is not kept, and choosing it again keeps it", () =>
  site.visit(async (page) => {
    await ready(page);
    const devtools = await page.context().newCDPSession(page);
    const { origin } = new URL(page.url());
    await devtools.send("Storage.overrideQuotaForOrigin", { origin, quotaSize: STALLED_BYTES });
    await chooseDistil(page);
    await ready(page, "DistilGPT2");
    await notice(page).filter({ hasText: "could not be kept on this device: this page's storage is full" }).waitFor();
    await page.locator(".cm-content").click();
    await write(page, RAIN);
    await suggestion(page);

    await devtools.send("Storage.overrideQuotaForOrigin", { origin });
    await chooseDistil(page);
    await notice(page).waitFor({ state: "hidden" });
    await page.reload();
    await ready(page, "DistilGPT2");
  }));

test("an abort stops the model before its next token", () =>
  site.visit(async (page) => {
    await ready(page);
    // Counted in the worker, so that the time of messages to the page and back does not matter.
    await page.route("**/engine/worker/worker.js", async (route) => {
      const response = await route.fetch();
      await route.fulfill({ response, body: `${await response.text()}(${countAfterCancel})();` });
    });
    const said = await page.evaluate(async () => {
      const { EngineClient } = await import(`${location.origin}/engine/client.js`);
      const { MODELS } = await import(`${location.origin}/models/table.js`);
      /** @type {(lastWord: unknown) => void} */
      let onEnd = () => {};
      const ended = new Promise((resolve) => (onEnd = resolve));
      const client = new EngineClient({
        createWorker: (/** @type {string} */ name) => {
          const worker = new Worker("/engine/worker/worker.js", { type: "module", name });
          worker.addEventListener("message", ({ data }) => {
            if (data.tokens) onEnd({ type: data.type, tokens: data.tokens });
          });
          return worker;
        },
      });
      await client.load(MODELS[0]);
      const request = new AbortController();
      const outcome = await client
        .generate(
          "The rain had stopped",
          { max_new_tokens: 200, eos_token_id: [] },
          {
            signal: request.signal,
            onToken: () => request.abort(),
          },
        )
        .catch((/** @type {{code: string}} */ { code }) => code);
      const lastWord = await ended;
      client.terminate();
      return { outcome, lastWord };
    });
    const { outcome, lastWord } =
      /** @type {{outcome: string, lastWord: {type: string, tokens: {before: number, after: number}}}} */ (said);
    assert.equal(outcome, "aborted");
    assert.equal(lastWord.type, "error", "the model stopped early");
    assert.ok(lastWord.tokens.before > 0);
    assert.equal(lastWord.tokens.after, 0);
  }));

/** Runs in the worker: adds to its last message the number of tokens posted before and after the cancel. */
function countAfterCancel() {
  const tokens = { before: 0, after: 0 };
  let isCancelled = false;
  addEventListener("message", ({ data }) => {
    isCancelled ||= data.type === "cancel";
  });
  const post = self.postMessage.bind(self);
  /** @param {any} message */
  self.postMessage = (message) => {
    if (message.type === "token") tokens[isCancelled ? "after" : "before"] += 1;
    const isLast = isCancelled && (message.type === "error" || message.type === "done");
    post(isLast ? { ...message, tokens } : message);
  };
}

test("returning to the bundled model forgets the other choice", () =>
  site.visit(async (page) => {
    await ready(page);
    await chooseDistil(page);
    await ready(page, "DistilGPT2");
    await page.locator("#open-models").click();
    assert.equal(await radio(page, "DistilGPT2").isChecked(), true);
    await radio(page, "Pocket GPT-2").check();
    await page.locator("#use-model").click();
    await ready(page);
    await page.reload();
    await ready(page);
    assert.equal(await page.locator("#task").isVisible(), false);
  }));

test("closing the dialog without choosing changes nothing", () =>
  site.visit(async (page) => {
    await ready(page);
    const asked = site.hub.requests.length;
    for (const leave of ["Escape", "Keep the current one"]) {
      await page.locator("#open-models").click();
      await radio(page, "DistilGPT2").check();
      if (leave === "Escape") await page.keyboard.press(leave);
      else await page.getByRole("button", { name: leave }).click();
      assert.equal(await page.locator("#task").isVisible(), false, leave);
    }
    assert.equal(site.hub.requests.length, asked);
  }));

for (const [failure, sentence] of /** @type {const} */ ([
  ["no_cors", /DistilGPT2 could not be loaded\. .*huggingface\.co/],
  ["flipped_byte", /DistilGPT2 could not be loaded\. .*model\.safetensors/],
  ["wrong_length", /DistilGPT2 could not be loaded\. .*model\.safetensors/],
])) {
  test(`a failed download (${failure}) is reported, and the bundled model continues`, () =>
    site.visit(async (page) => {
      site.hub.fail(WEIGHTS_PATH, failure);
      await ready(page);
      await chooseDistil(page);
      await problem(page).filter({ hasText: sentence }).waitFor();
      await page.locator(".cm-content").click();
      await write(page, RAIN);
      await suggestion(page);
      await problem(page).filter({ hasText: sentence }).waitFor();
      await page.locator("#use-bundled").click();
      await page.locator("#problem").waitFor({ state: "hidden" });
      await ready(page);
    }));
}

test("Retry loads the model that failed", () =>
  site.visit(async (page) => {
    site.hub.fail(WEIGHTS_PATH, "status", { status: 404 });
    await ready(page);
    await chooseDistil(page);
    await problem(page).filter({ hasText: "DistilGPT2 could not be loaded." }).waitFor();
    site.hub.mend(WEIGHTS_PATH);
    await page.locator("#retry").click();
    await page.locator(".cm-content:focus").waitFor();
    await ready(page, "DistilGPT2");
    await page.locator("#announcer", { hasText: "DistilGPT2 is ready." }).waitFor({ state: "attached" });
    assert.equal(await page.locator("#problem").isVisible(), false);
  }));

test("a killed worker is restarted, the page says so, and suggestions come back", () =>
  site.visit(async (page) => {
    await ready(page);
    await write(page, RAIN);
    await suggestion(page);
    await page.evaluate(() => {
      const said = /** @type {string[]} */ ([]);
      const headline = /** @type {Element} */ (document.querySelector("#headline"));
      new MutationObserver(() => said.push(headline.textContent ?? "")).observe(headline, { childList: true });
      Object.assign(window, { said });
    });
    const [worker] = page.workers();
    await worker.evaluate(() => self.close());
    await page.waitForFunction(() => {
      const { said } = /** @type {{said: string[]}} */ (/** @type {unknown} */ (window));
      return said.some((text) => text.includes("It is restarting"));
    });
    await ready(page);
    await toEnd(page);
    await page.keyboard.press("Control+Space");
    await suggestion(page);
    const engines = () => page.workers().filter((worker) => worker.url().endsWith("/worker.js"));
    // Browsers are slow to end a worker that has workers of its own.
    for (let frame = 0; frame < 600 && engines().length > 1; frame++)
      await page.evaluate(() => new Promise(requestAnimationFrame));
    assert.equal(engines().length, 1);
  }));

/** Runs in the page. */
async function namesKept() {
  const root = await navigator.storage.getDirectory();
  const names = [];
  for await (const name of /** @type {any} */ (await root.getDirectoryHandle("models")).keys()) names.push(name);
  return /** @type {string[]} */ (names);
}
