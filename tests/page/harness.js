// The page in Chromium, served as `build.sh serve` serves it, with a local server in the place of the Hugging Face hub.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";
import { writeFileList } from "../../tools/files.js";
import { serve } from "../../tools/serve.js";
import { MODELS } from "../../www/models/table.js";
import { startHub } from "../hub/server.js";
import { tinyModel } from "./tiny-model.js";

/**
 * @import { Browser, BrowserContextOptions, Page, Route } from "playwright-core"
 * @import { Hub } from "../hub/server.js"
 */

export const RAIN = "The rain had stopped by the time we reached the ";

/** A window of 1,280 x 800 px at 200 %. @type {BrowserContextOptions} */
export const ZOOMED = { viewport: { width: 640, height: 400 }, deviceScaleFactor: 2 };

// Without these, a page cannot share memory with its workers.
const ISOLATION_HEADERS = ["cross-origin-opener-policy", "cross-origin-embedder-policy"];

const www = new URL("../../www/", import.meta.url);
const [pocket, distil] = MODELS;
const tiny = tinyModel(await readFile(new URL("models/gpt2-tokenizer/tokenizer.json", www), "utf8"));

// transformers' results for the pocket model, in the format of DistilGPT2's golden file.
export const GOLDEN = await readFile(new URL("../fixtures/pocket.json", import.meta.url), "utf8");

/** Where the hub keeps the weights that this test calls DistilGPT2. */
export const WEIGHTS_PATH = new URL(distil.files.weights.url).pathname;

const axe = await readFile(new URL("../../node_modules/axe-core/axe.min.js", import.meta.url), "utf8");

/** A small Android phone with Chrome. @type {BrowserContextOptions} */
export const PHONE = {
  viewport: { width: 390, height: 664 },
  isMobile: true,
  hasTouch: true,
  userAgent:
    "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Mobile Safari/537.36",
};

export class Site {
  #server;
  #browser;
  /** The folder with the page's files, this site's own. */
  root;
  hub;
  /** @type {string[]} what the page's server was asked for */
  paths = [];

  /**
   * @param {string} root
   * @param {import("node:http").Server} server
   * @param {Browser} browser
   * @param {Hub} hub
   */
  constructor(root, server, browser, hub) {
    this.root = root;
    this.#server = server;
    this.#browser = browser;
    this.hub = hub;
    server.prependListener("request", ({ url }) => this.paths.push(String(url)));
  }

  /** @param {"tiny" | "real"} [size] of the bundled model: the tiny one writes words at random */
  static async open(size = "tiny") {
    // A copy, so that the page and its service worker find the same, and a test can change it.
    const root = await mkdtemp(join(tmpdir(), "page-"));
    await cp(fileURLToPath(www), root, { recursive: true });
    if (size === "tiny") {
      await writeFile(join(root, "models/pocket-gpt2/config.json"), tiny.config);
      await writeFile(join(root, "models/pocket-gpt2/model.safetensors"), tiny.weights);
    }
    await writeFile(join(root, "models/table.js"), modelsForTests(size));
    await writeFile(join(root, "models/distilgpt2-golden.json"), GOLDEN);
    await writeFileList(root);
    const hub = await startHub({ isHttps: true });
    // The pocket model's files under DistilGPT2's addresses: a download of 24 MB tells as much as one of 353.
    hub.addFile(
      new URL(distil.files.config.url).pathname,
      await readFile(new URL("models/pocket-gpt2/config.json", www)),
    );
    hub.addFile(WEIGHTS_PATH, await readFile(new URL("models/pocket-gpt2/model.safetensors", www)));
    const server = await serve(root, 0);
    try {
      const browser = await chromium.launch({
        executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium-headless-shell",
        args: ["--no-sandbox", "--ignore-certificate-errors", `--host-resolver-rules=${hub.hostResolverRules}`],
      });
      return new Site(root, server, browser, hub);
    } catch (error) {
      // An open server would keep the test from ending and reporting the error.
      server.close();
      await hub.close();
      await rm(root, { recursive: true });
      throw error;
    }
  }

  /** Makes the page's server omit the headers of isolation, like a host that cannot send them. */
  withholdIsolation() {
    this.#server.prependListener("request", (_request, response) => {
      const { writeHead } = response;
      response.writeHead = (/** @type {number} */ status, /** @type {any} */ headers) => {
        const left = Object.entries(headers).filter(([name]) => !ISOLATION_HEADERS.includes(name.toLowerCase()));
        return writeHead.call(response, status, Object.fromEntries(left));
      };
    });
  }

  async close() {
    await this.#browser.close();
    this.#server.close();
    await this.hub.close();
    await rm(this.root, { recursive: true });
  }

  /**
   * Runs a test in a fresh browser, and fails if the page breaks its own policy or throws.
   * Without a service worker, which would answer the page before a test's `route` does, unless the options allow it.
   * @param {(page: Page) => Promise<void>} run
   * @param {BrowserContextOptions} [options]
   */
  async visit(run, options) {
    const context = await this.#browser.newContext({
      viewport: { width: 1280, height: 800 },
      locale: "en-GB",
      ...options,
    });
    if (options?.serviceWorkers !== "allow") await context.addInitScript(withoutServiceWorker);
    await context.addInitScript(countSeeds);
    await context.addInitScript(keepQuestion);
    const page = await context.newPage();
    try {
      /** @type {string[]} */
      const complaints = [];
      page.on("pageerror", (error) => complaints.push(error.message));
      page.on("console", (message) => {
        if (message.type() === "error" && !message.text().startsWith("Failed to load resource"))
          complaints.push(message.text());
      });
      const { port } = /** @type {import("node:net").AddressInfo} */ (this.#server.address());
      await page.goto(`http://localhost:${port}/`);
      await opened(page);
      await run(page);
      assert.deepEqual(complaints, []);
    } finally {
      // A test may end while its `route` still fetches a file, which then fails with no one to catch it.
      await page.unrouteAll({ behavior: "ignoreErrors" });
      await context.close();
    }
  }
}

/** The suggester's seeds count from 1, so that the model says the same in every run; names of locks stay unique. */
function countSeeds() {
  const random = crypto.getRandomValues.bind(crypto);
  let seed = 0;
  /** @param {any} array */
  crypto.getRandomValues = (array) => (array.length === 1 ? array.fill(++seed) : random(array));
}

/** Stores the page's last question to its model as `window.question`. */
function keepQuestion() {
  const { postMessage } = Worker.prototype;
  /** @param {any} message @param {any} transfer */
  Worker.prototype.postMessage = function (message, transfer) {
    if (message.type === "suggest") Object.assign(window, { question: message });
    postMessage.call(this, message, transfer);
  };
}

/** As in private windows of some browsers. */
function withoutServiceWorker() {
  delete (/** @type {{serviceWorker?: unknown}} */ (Navigator.prototype).serviceWorker);
}

/** The source of models/table.js with the files as they are here. @param {"tiny" | "real"} size */
function modelsForTests(size) {
  const weights = { ...pocket.files.weights, url: distil.files.weights.url };
  const config = { ...pocket.files.config, url: distil.files.config.url };
  const bundled = size === "real" ? pocket : { ...pocket, files: withBytes(pocket.files, tiny) };
  const table = [bundled, { ...distil, files: { ...distil.files, config, weights } }];
  const source = JSON.stringify(table).replaceAll(JSON.stringify(www.href).slice(1, -1), "ROOT/");
  return `const root = new URL("../", import.meta.url).href;
export const MODELS = JSON.parse(${JSON.stringify(source)}.replaceAll("ROOT/", root));
`;
}

/**
 * @param {import("../../www/engine/protocol.js").Model["files"]} files
 * @param {{config: Buffer, weights: Buffer}} contents
 */
function withBytes(files, { config, weights }) {
  const pinned = (/** @type {Buffer} */ content) => ({
    bytes: content.length,
    sha256: createHash("sha256").update(content).digest("hex"),
  });
  return {
    ...files,
    config: { ...files.config, ...pinned(config) },
    weights: { ...files.weights, ...pinned(weights) },
  };
}

/** The editor is there and has the focus. @param {Page} page */
export const opened = (page) => page.locator(".cm-content:focus").waitFor();

/**
 * @param {Page} page
 * @param {string} [title]
 */
export async function ready(page, title = "Pocket GPT-2") {
  await page.locator("#headline", { hasText: `${title} · ready` }).waitFor();
}

/**
 * Reloads the page, and holds back the bundled model's weights.
 * @param {Page} page
 * @returns {Promise<() => Promise<void>>} delivers them
 */
export async function reloadWithoutWeights(page) {
  await ready(page); // Otherwise the held request might be the previous page's.
  /** @type {Promise<Route>} */
  const request = new Promise((resolve) => page.route("**/pocket-gpt2/model.safetensors", resolve));
  await page.reload();
  await opened(page);
  const route = await request;
  return () => route.continue();
}

/**
 * Focuses the text and moves the caret to its end. With focus alone the browser places the caret, which a busy editor takes for
 * the writer's choice.
 * @param {Page} page
 */
export const toEnd = (page) => page.locator(".cm-content").press("Control+End");

/**
 * Puts text at the caret as one input, so that one question is asked.
 * @param {Page} page
 * @param {string} text
 */
export const write = (page, text) => page.keyboard.insertText(text);

/**
 * Waits for the suggestion to stop growing, and asks again while the model is too brief for the test.
 * @param {Page} page
 * @param {number} [leastWords]
 * @returns {Promise<string>}
 */
export async function suggestion(page, leastWords = 1) {
  for (let attempt = 0; attempt < 30; attempt++) {
    const text = await settled(page);
    if (text.trim().split(/\s+/).length >= leastWords && text !== "") return text;
    await page.keyboard.press("Control+Space");
  }
  throw new Error(`the model has not suggested ${leastWords} words in 30 attempts`);
}

/**
 * @param {Page} page
 * @returns {Promise<string>} the suggestion at the caret once it has stopped growing, "" if the answer is empty
 */
async function settled(page) {
  const handle = await page.waitForFunction(() => {
    if (!document.querySelector("#headline")?.textContent?.includes("ready")) return null;
    const shown = document.querySelector(".ghost-text")?.textContent ?? "";
    const said = document.querySelector("#announcer")?.textContent ?? "";
    // Part of it may have been typed since it was announced.
    if (shown) return said.startsWith("Suggestion: ") && said.endsWith(shown) ? { shown } : null;
    // Nothing is shown before the question either, so it must be about the current text.
    const { question } = /** @type {{question?: {before: string, after: string}}} */ (/** @type {unknown} */ (window));
    const text = [...document.querySelectorAll("#editor .cm-line")].map((line) => `${line.textContent}\n`).join("");
    return question && text.startsWith(`${question.before}${question.after}\n`) ? { shown } : null;
  });
  return (await handle.jsonValue())?.shown ?? "";
}

/**
 * @param {Page} page
 * @returns {Promise<string>} what the writer has written, without the suggestion
 */
export const written = (page) =>
  page.locator(".cm-content").evaluate((content) => {
    const copy = /** @type {Element} */ (content.cloneNode(true));
    for (const ghost of copy.querySelectorAll(".ghost-text, .cm-placeholder")) ghost.remove();
    return [...copy.querySelectorAll(".cm-line")].map((line) => line.textContent).join("\n");
  });

/** The dialog of the documents is open and has read their list. @param {Page} page */
export const listed = (page) =>
  page.locator("#documents[open] #document-list:not([aria-busy])").waitFor({ state: "attached" });

/** @param {Page} page */
export async function openDocuments(page) {
  await page.locator("#open-documents").click();
  await listed(page);
}

/** No timer of the page runs out from now on, but by `page.clock.runFor`. @param {Page} page */
export async function stopClock(page) {
  await page.clock.install({ time: 0 });
  await page.clock.pauseAt(1000);
}

/** From now on nothing more is saved. @param {Page} page */
export const fillDevice = (page) =>
  page.evaluate(() => {
    const { transaction } = IDBDatabase.prototype;
    IDBDatabase.prototype.transaction = function (names, mode) {
      if (mode === "readwrite") throw new DOMException("full", "QuotaExceededError");
      return transaction.call(this, names, mode);
    };
  });

/** @param {Page} page */
export const ghost = (page) => page.locator(".ghost-text");

/** @param {Page} page */
export const gone = (page) => ghost(page).waitFor({ state: "detached" });

/** How far the page could be scrolled sideways. @param {Page} page */
export const overflowPx = (page) =>
  page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);

/**
 * axe-core finds no violation.
 * @param {Page} page
 * @param {string} state what the page shows
 */
export async function assertAccessible(page, state) {
  await page.evaluate(axe);
  const violations = await page.evaluate(async () => {
    const { axe } = /** @type {{axe: {run(): Promise<{violations: any[]}>}}} */ (/** @type {unknown} */ (window));
    const { violations } = await axe.run();
    return violations.map(
      ({ id, nodes }) => `${id}: ${nodes.map((/** @type {{html: string}} */ node) => node.html).join(" ")}`,
    );
  });
  assert.deepEqual(violations, [], state);
}
