// The engine's builds in the page: with threads where memory can be shared, without elsewhere, with the same text from all.

import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { RAIN, ready, Site } from "./harness.js";

/** @import { Page } from "playwright-core" */

const THREADS = Math.min(availableParallelism(), 4);
const skip = THREADS === 1 && "one core has no use for threads";

/** @type {Site} */
let site;
before(async () => {
  site = await Site.open("real");
});
after(() => site.close());

/** Loads a second engine with the bundled model in the page. @param {number} [threads] */
async function load(threads) {
  // A variable, so that TypeScript does not resolve the imports here.
  const root = "/";
  const { EngineClient } = await import(`${root}engine/client.js`);
  const { MODELS } = await import(`${root}models/table.js`);
  const client = new EngineClient();
  const { build, threads: n } = await client.load(MODELS[0], { threads });
  return Object.assign(client, { runs: `${build} ${n}` });
}

/**
 * @param {Page} page
 * @param {number} [threads]
 */
async function complete(page, threads) {
  const client = await page.evaluateHandle(load, threads);
  return client.evaluate(async (client, prompt) => {
    /** @type {{text: string, log_probability: number}[]} */
    const tokens = [];
    const onToken = (/** @type {any} */ { text, log_probability }) => tokens.push({ text, log_probability });
    await client.generate(prompt, { max_new_tokens: 40, do_sample: true, seed: 7, eos_token_id: [] }, { onToken });
    client.terminate();
    return { runs: client.runs, tokens };
  }, RAIN.repeat(3));
}

/**
 * Runs a test on a site of its own.
 * @param {(site: Site) => void | Promise<void>} change
 * @param {(page: Page) => Promise<void>} run
 */
async function visitChanged(change, run) {
  const site = await Site.open("real");
  try {
    await change(site);
    await site.visit(run);
  } finally {
    await site.close();
  }
}

/** The number of thread workers in the browser. @param {Page} page */
async function countThreads(page) {
  const session = await /** @type {import("playwright-core").Browser} */ (
    page.context().browser()
  ).newBrowserCDPSession();
  const { targetInfos } = await session.send("Target.getTargets", { filter: [{}] });
  await session.detach();
  return targetInfos.filter(({ url }) => url.endsWith("/thread.js")).length;
}

test("threads write what one thread writes, bit for bit", { skip }, () =>
  site.visit(async (page) => {
    const many = await complete(page);
    const one = await complete(page, 1);
    assert.equal(many.runs, `threads ${THREADS}`);
    assert.equal(one.runs, "plain 1");
    assert.equal(many.tokens.length, 40);
    assert.deepEqual(many.tokens, one.tokens);
  }),
);

test("a page that is not isolated uses one thread", () =>
  visitChanged(
    (site) => site.withholdIsolation(),
    async (page) => {
      assert.equal((await complete(page)).runs, "plain 1");
    },
  ));

test("threads end with their engine", { skip }, () =>
  site.visit(async (page) => {
    await ready(page);
    const client = await page.evaluateHandle(load, undefined);
    assert.equal(await countThreads(page), 2 * (THREADS - 1), "those of the page's engine and of a second one");
    await client.evaluate((client) => client.terminate());
    for (let i = 0; (await countThreads(page)) > THREADS - 1; i++) assert.ok(i < 1000, "threads outlive their engine");
  }),
);

describe("a thread", { skip }, () => {
  /**
   * Visits the page with another program for some of its workers.
   * @param {string} program
   * @param {string[]} names
   * @param {(page: Page) => Promise<void>} run
   */
  const visitWith = (program, names, run) =>
    visitChanged(async ({ root }) => {
      for (const name of names) await writeFile(join(root, "engine/worker", name), program);
    }, run);

  test("that does not start is done without", () =>
    visitWith("throw new Error('as a test');", ["thread.js"], async (page) => {
      assert.equal((await complete(page)).runs, "plain 1");
    }));

  test("that does not start is done without even where no worker may start another", () =>
    visitWith("throw new Error('as a test');", ["thread.js", "hash-worker.js"], async (page) => {
      assert.equal((await complete(page)).runs, "plain 1");
    }));

  test("that fails ends the engine", () =>
    // The uncaught error reaches the page, and `visit` fails for no other reason.
    assert.rejects(
      visitWith(
        "addEventListener('message', () => { postMessage('started'); throw new Error('as a test'); });",
        ["thread.js"],
        async (page) => {
          await page
            .locator("#problem-text", { hasText: "The engine stopped: Error: as a test. Reload the page" })
            .waitFor();
        },
      ),
      { actual: ["as a test"] },
    ));
});
