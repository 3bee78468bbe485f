// The page as a writer notices it: the time to the first suggestion, and the response to keys while suggestions run.

import { MODELS } from "../../www/models/table.js";
import { peakRendererMb } from "./browser.js";
import { Others } from "./quiet.js";

/**
 * @import { Page, Route } from "playwright-core"
 * @import { ModelFile } from "../../www/engine/protocol.js"
 */

const BEGINNING = "The rain had stopped by the time we reached the ";
const TYPED = "harbour, and the boats lay still under a sky the colour of slate";
const KEY_EVERY_MS = 200; // a pause of 50 ms before each question leaves the engine 150 ms per key

/**
 * Opens the page with empty caches, types a sentence at once, and waits for the bundled model to continue it.
 * @param {Page} page
 * @param {string} url
 */
export async function firstSuggestion(page, url) {
  const start = performance.now();
  await page.goto(url);
  await page.locator(".cm-content").click();
  await page.keyboard.insertText(BEGINNING);
  await page.locator(".ghost-text").waitFor({ state: "attached" });
  return { firstSuggestionS: [(performance.now() - start) / 1000], peakMb: [await peakRendererMb(page)] };
}

/**
 * Types while a model of DistilGPT2's shape suggests, and times frames and keys on the page's main thread.
 * @param {Page} page
 * @param {string} url
 * @param {{config: ModelFile, weights: ModelFile}} files of the page's origin
 * @param {number} nThreads
 */
export async function typing(page, url, files, nThreads) {
  const model = { ...MODELS[0], files: { ...MODELS[0].files, ...files, tokenizer: tokenizerAt(url) } };
  await page.route("**/www/models/table.js", (route) =>
    route.fulfill({ contentType: "text/javascript", body: `export const MODELS = [${JSON.stringify(model)}];` }),
  );
  if (nThreads === 1) await page.route(url, withoutIsolation);
  await page.goto(url);
  await page.locator("#headline", { hasText: "ready" }).waitFor({ timeout: 60_000 });
  await page.locator(".cm-content").click();
  await page.keyboard.insertText(BEGINNING);
  await page.locator(".ghost-text").waitFor({ state: "attached" });
  const others = new Others(0);
  const watch = await page.evaluateHandle(watchMainThread);
  for (const letter of TYPED) {
    await page.keyboard.press(letter === " " ? "Space" : letter);
    await page.waitForTimeout(KEY_EVERY_MS);
  }
  const times = await watch.evaluate(({ frameMs, keyMs }) => ({ frameMs, keyMs }));
  return { ...times, browserCores: [(await others.taken()).ownCores] };
}

/** Runs in the page: records the time between frames, and from each key to its handler. */
function watchMainThread() {
  /** @type {{frameMs: number[], keyMs: number[]}} */
  const times = { frameMs: [], keyMs: [] };
  let last = performance.now();
  const onFrame = (/** @type {number} */ now) => {
    times.frameMs.push(now - last);
    last = now;
    requestAnimationFrame(onFrame);
  };
  requestAnimationFrame((now) => {
    last = now;
    requestAnimationFrame(onFrame);
  });
  addEventListener("keydown", ({ timeStamp }) => times.keyMs.push(performance.now() - timeStamp), { capture: true });
  return times;
}

/**
 * Serves the page as a host without headers does: without shared memory, hence on one thread.
 * @param {Route} route
 */
async function withoutIsolation(route) {
  const response = await route.fetch();
  const headers = response.headers();
  delete headers["cross-origin-opener-policy"];
  delete headers["cross-origin-embedder-policy"];
  await route.fulfill({ response, headers });
}

/**
 * The tokenizer at the page's URL: in Node, models/table.js resolves it to a path on disk.
 * @param {string} url of the page
 */
function tokenizerAt(url) {
  const { tokenizer } = MODELS[0].files;
  return { ...tokenizer, url: `${url}models/${tokenizer.url.split("/models/").at(-1)}` };
}
