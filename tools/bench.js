// Measures the engine in headless Chromium and prints a table: node tools/bench.js, or ./build.sh bench

import { existsSync } from "node:fs";
import { readFile, readdir, symlink, mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { chromium } from "playwright-core";
import { writeRandomModel } from "./random-model.js";
import { serve } from "./serve.js";

const ROUNDS = 5;
const TOKENS = 17; // the first comes with the prompt, then 16 steps
const BENCH = "target/bench";

/** @param {number[]} values */
const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1];

/** @param {number[]} values */
const summary = (values, digits = 1) =>
  `${median(values).toFixed(digits)} (${Math.min(...values).toFixed(digits)} to ${Math.max(...values).toFixed(digits)})`;

/** The folder that is served: the page itself, and the random model beside it. */
async function prepare() {
  const root = join(BENCH, "www");
  await rm(root, { recursive: true, force: true });
  await mkdir(root, { recursive: true });
  for (const entry of await readdir("www")) await symlink(join(process.cwd(), "www", entry), join(root, entry));
  const model = join(BENCH, "distilgpt2-random");
  if (!existsSync(join(model, "model.safetensors"))) {
    console.log("Writing random weights of DistilGPT2's shape (328 MB)");
    await writeRandomModel(model);
  }
  await symlink(join(process.cwd(), model), join(root, "random"));
  return root;
}

const launch = () =>
  chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-background-networking"],
  });

/**
 * Peak memory of the largest renderer process since the browser started.
 * @param {import("playwright-core").Browser} browser
 * @returns {Promise<number>} MB
 */
async function peakRendererMb(browser) {
  const session = await browser.newBrowserCDPSession();
  const { processInfo } = await session.send("SystemInfo.getProcessInfo");
  const peaks = await Promise.all(
    processInfo
      .filter(({ type }) => type === "renderer")
      .map(async ({ id }) => Number(/VmHWM:\s+(\d+) kB/.exec(await readFile(`/proc/${id}/status`, "utf8"))?.[1]) / 1000),
  );
  return Math.max(...peaks);
}

/** Seconds from opening the page, with nothing cached, to the first suggestion for a sentence typed at once. */
async function firstSuggestion(/** @type {string} */ url) {
  const browser = await launch();
  const page = await browser.newPage();
  const start = performance.now();
  await page.goto(url);
  await page.locator(".cm-content").click();
  await page.keyboard.insertText("The rain had stopped by the time we reached the ");
  await page.locator(".ghost-text").waitFor({ state: "attached" });
  const seconds = (performance.now() - start) / 1000;
  const mb = await peakRendererMb(browser);
  await browser.close();
  return { seconds, mb };
}

/**
 * One engine in a page of its own.
 * @param {string} url
 * @param {"f32" | "q8"} dtype
 */
async function measure(url, dtype) {
  const browser = await launch();
  const page = await browser.newPage();
  await page.goto(`${url}models/distilgpt2-golden.json`); // any page of the same origin that runs nothing itself
  const figures = await page.evaluate(
    async ({ url, dtype, ROUNDS, TOKENS }) => {
      const { EngineClient } = await import(`${url}engine/client.js`);
      const { MODELS } = await import(`${url}models.js`);
      const file = (/** @type {string} */ name) => ({ url: `${url}random/${name}`, bytes: null, sha256: null });
      const model = {
        ...MODELS[0],
        files: { ...MODELS[0].files, config: file("config.json"), weights: file("model.safetensors") },
      };
      const client = new EngineClient();
      const start = performance.now();
      const info = await client.load(model, { dtype });
      const loadMs = performance.now() - start;
      const words = "time people way water words day part number sound work place years back name sentence line".split(" ");
      let seed = 7;
      // Every token is one word with its space; no two prompts begin alike, so nothing is cached.
      const prompt = (/** @type {number} */ nTokens) => {
        let text = "";
        for (let i = 0; i < nTokens; i++) {
          seed = (seed * 1103515245 + 12345) % 2 ** 31;
          text += ` ${words[(seed >> 8) % words.length]}`;
        }
        return text;
      };
      /** @type {{prompt: Record<number, number[]>, step: Record<number, number[]>}} */
      const times = { prompt: { 32: [], 128: [], 512: [] }, step: { 32: [], 128: [], 512: [] } };
      for (let round = -1; round < ROUNDS; round++) {
        for (const nTokens of [32, 128, 512]) {
          /** @type {number[]} */
          const at = [];
          const begin = performance.now();
          await client.generate(
            prompt(nTokens),
            { max_new_tokens: TOKENS, eos_token_id: [] },
            { onToken: () => at.push(performance.now()) },
          );
          if (round < 0) continue; // Not yet optimised by the browser.
          times.prompt[nTokens].push(at[0] - begin);
          times.step[nTokens].push((at[TOKENS - 1] - at[0]) / (TOKENS - 1));
        }
      }
      return { ...times, loadMs, sizeMb: info.sizeBytes / 1e6 };
    },
    { url, dtype, ROUNDS, TOKENS },
  );
  const mb = await peakRendererMb(browser);
  await browser.close();
  return { ...figures, mb };
}

const server = await serve(await prepare(), 0);
const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
const url = `http://localhost:${port}/`;
try {
  const wasm = await readFile("www/pkg/engine_bg.wasm");
  console.log(`wasm: ${(wasm.length / 1e6).toFixed(2)} MB, ${(gzipSync(wasm, { level: 9 }).length / 1e6).toFixed(2)} MB gzip`);
  const firsts = [];
  for (let round = 0; round < ROUNDS; round++) firsts.push(await firstSuggestion(url));
  console.log(`bundled model, page opened to first suggestion: ${summary(firsts.map(({ seconds }) => seconds), 2)} s`);
  console.log(`bundled model, peak memory of the tab: ${summary(firsts.map(({ mb }) => mb), 0)} MB`);
  console.log("\nDistilGPT2's shape, random weights, one thread; medians (lowest to highest)");
  console.log("| dtype | ms to first token, prompt of 32 | of 128 | of 512 | ms per token after 32 | after 128 | after 512 | load ms | model MB | peak memory of the tab, MB |");
  console.log("|---|---|---|---|---|---|---|---|---|---|");
  for (const dtype of /** @type {const} */ (["f32", "q8"])) {
    const { prompt, step, loadMs, sizeMb, mb } = await measure(url, dtype);
    const cells = [...[32, 128, 512].map((n) => summary(prompt[n], 0)), ...[32, 128, 512].map((n) => summary(step[n]))];
    console.log(`| ${dtype} | ${cells.join(" | ")} | ${loadMs.toFixed(0)} | ${sizeMb.toFixed(0)} | ${mb.toFixed(0)} |`);
  }
} finally {
  server.close();
}
