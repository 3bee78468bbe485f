// The page kept on the device: offline, on hosts without the headers, and from one version to the next.

import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { writeFileList } from "../../tools/files.js";
import { fillDevice, opened, RAIN, ready, Site, suggestion, toEnd, write, written } from "./harness.js";

/** @import { Page } from "playwright-core" */

/** @type {Site} */
let site;
beforeEach(async () => {
  site = await Site.open();
});
afterEach(() => site.close());

/** @param {(page: Page) => Promise<void>} run */
const visit = (run) => site.visit(run, { serviceWorkers: "allow" });

/** Waits until the page's files are on the device, for the next load. @param {Page} page */
const kept = (page) => page.evaluate(async () => void (await navigator.serviceWorker.ready));

/** @param {Page} page */
async function loadKept(page) {
  await ready(page);
  await kept(page);
  await page.reload();
  await ready(page);
}

/**
 * Publishes a new version on the server.
 * @param {string} title of the page, to tell the versions apart
 */
async function publish(title) {
  const path = join(site.root, "strings/strings.js");
  const source = await readFile(path, "utf8");
  await writeFile(path, source.replace(/title: \{ en: "[^"]*"/, `title: { en: "${title}"`));
  await writeFileList(site.root);
}

/** @param {Page} page */
const offer = (page) => page.locator("#update");

/** @param {Page} page */
const title = (page) => page.locator("h1").textContent();

/** Makes the browser check for a new version, as it does after a load. @param {Page} page */
const lookForUpdate = (page) =>
  page.evaluate(async () => {
    const registration = await navigator.serviceWorker.ready;
    await registration.update().catch(() => {});
  });

test("after one visit the page opens and suggests offline, with the chosen model", () =>
  visit(async (page) => {
    await ready(page);
    await page.locator("#open-models").click();
    await page.getByLabel("DistilGPT2").check();
    await page.locator("#use-model").click();
    await ready(page, "DistilGPT2");
    await page.locator(".cm-content").click();
    await write(page, RAIN);
    await kept(page);

    const [asked, askedHub] = [site.paths.length, site.hub.requests.length];
    await page.context().setOffline(true);
    await page.reload();
    await ready(page, "DistilGPT2");
    assert.equal(await written(page), RAIN);
    await toEnd(page);
    await page.keyboard.press("Control+Space");
    await suggestion(page);
    await page.locator("#open-models").click();
    await page.getByLabel("Pocket GPT-2").check();
    await page.locator("#use-model").click();
    await ready(page);
    assert.equal(site.hub.requests.length, askedHub);
    // The browser's own check for a new version ignores `setOffline`.
    const askedSince = site.paths.slice(asked).filter((path) => path !== "/service-worker.js" && path !== "/files.js");
    assert.deepEqual(askedSince, []);
  }));

test("every file is stored on the device once", () =>
  visit(async (page) => {
    await loadKept(page);
    const [names, urls] = await page.evaluate(async () => {
      const names = await caches.keys();
      const requests = await (await caches.open(names[0])).keys();
      return [names, requests.map(({ url }) => url.replace(/\?.*/, ""))];
    });
    assert.equal(names.length, 1);
    assert.equal(new Set(urls).size, urls.length);
    assert.ok(urls.some((url) => url.endsWith("/models/pocket-gpt2/model.safetensors")));
    const models = await page.evaluate(async () => {
      const directory = await (await navigator.storage.getDirectory()).getDirectoryHandle("models");
      const names = [];
      for await (const name of directory.keys()) names.push(name);
      return names;
    });
    assert.deepEqual(models, [], "the bundled model is not stored twice");
  }));

const skip = availableParallelism() === 1 && "one core has no use for threads";
test("on a host without the headers, the page is isolated and has threads from the second load on", {
  skip,
}, async () => {
  site.withholdIsolation();
  await visit(async (page) => {
    const isIsolated = () => page.evaluate(() => crossOriginIsolated);
    assert.equal(await isIsolated(), false);
    await write(page, RAIN);
    await ready(page);
    await kept(page);
    assert.equal(await isIsolated(), false, "no reload while somebody writes");
    await page.reload();
    await opened(page);
    assert.equal(await isIsolated(), true);
    assert.equal(await written(page), RAIN);
    await ready(page);
    await toEnd(page);
    await page.keyboard.press("Control+Space");
    await suggestion(page);
    assert.ok(
      page.workers().some((worker) => worker.url().endsWith("/thread.js")),
      "threads",
    );
    // The cached page still has its policy.
    const policy = await page.evaluate(async () =>
      (await fetch("engine/worker/worker.js")).headers.get("Content-Security-Policy"),
    );
    assert.match(policy ?? "", /^default-src 'none'/);
  });
});

test("on a host without the headers, an untouched page reloads by itself", async () => {
  site.withholdIsolation();
  await visit(async (page) => {
    await page.waitForFunction(() => crossOriginIsolated);
    await ready(page);
  });
});

test("a new version is offered, and starts only when the writer agrees; the text is kept", () =>
  visit(async (page) => {
    await loadKept(page);
    assert.equal(await offer(page).isVisible(), false);
    await publish("The second version");
    await lookForUpdate(page);
    await offer(page).waitFor();
    assert.equal(await page.locator("#update-text").textContent(), "A new version is ready.");
    assert.equal(await page.locator("#announcer").textContent(), "A new version is ready.");
    await write(page, RAIN);
    assert.equal(await title(page), "Write with DistilGPT2");
    await page.reload();
    await ready(page);
    assert.equal(await title(page), "Write with DistilGPT2", "a reload alone does not switch versions");
    await offer(page).waitFor();
    await toEnd(page);
    await write(page, "end");
    await page.getByRole("button", { name: "Reload to use it" }).click();
    await page.locator("h1", { hasText: "The second version" }).waitFor();
    await ready(page);
    assert.equal(await written(page), `${RAIN}end`);
    assert.equal(await offer(page).isVisible(), false);
    const strings = await page.evaluate(async () => {
      const cache = await caches.open((await caches.keys())[0]);
      return (await cache.keys()).filter(({ url }) => url.includes("/strings/strings.js")).length;
    });
    assert.equal(strings, 1, "the old version's file is gone");
  }));

test("a new version waits while another tab needs the old one", () =>
  visit(async (page) => {
    await loadKept(page);
    const other = await page.context().newPage();
    await other.goto(page.url());
    await ready(other);
    await publish("The second version");
    await lookForUpdate(page);
    await offer(page).waitFor();
    await page.locator("#use-update").click();
    await page.locator("#update-text", { hasText: "close them first" }).waitFor();
    await page.locator("#language").click();
    await page.locator("#update-text", { hasText: "请先关闭它们" }).waitFor();
    await page.locator("#language").click();
    assert.equal(await title(page), "Write with DistilGPT2");
    await other.close();
    await page.locator("#use-update").click();
    await page.locator("h1", { hasText: "The second version" }).waitFor();
  }));

test("a new version does not start while the text cannot be saved", () =>
  visit(async (page) => {
    await loadKept(page);
    await publish("The second version");
    await lookForUpdate(page);
    await offer(page).waitFor();
    await fillDevice(page);
    await write(page, RAIN);
    await page.locator("#use-update").click();
    await page.locator("#update-text", { hasText: "your text is not saved" }).waitFor();
    assert.equal(await written(page), RAIN);
    assert.equal(await title(page), "Write with DistilGPT2");
  }));

test("a version with a file of another version is never used", () =>
  visit(async (page) => {
    await loadKept(page);
    await publish("The second version");
    // As on a host that is halfway through an upload.
    await writeFile(join(site.root, "strings/strings.js"), "throw new Error('of a third version');");
    const outcome = await page.evaluate(async () => {
      const registration = await navigator.serviceWorker.ready;
      await registration.update();
      const { installing } = registration;
      await new Promise((resolve) => installing?.addEventListener("statechange", resolve));
      return installing?.state;
    });
    assert.equal(outcome, "redundant");
    await page.reload();
    await ready(page);
    assert.equal(await offer(page).isVisible(), false);
    assert.equal(await title(page), "Write with DistilGPT2");
  }));

test("the page can be installed", () =>
  visit(async (page) => {
    const devtools = await page.context().newCDPSession(page);
    const { errors, data } = await devtools.send("Page.getAppManifest");
    assert.deepEqual(errors, []);
    assert.equal(JSON.parse(data ?? "").name, "Write with DistilGPT2");
    const { installabilityErrors } = await devtools.send("Page.getInstallabilityErrors");
    // The test's browser is in private mode.
    assert.deepEqual(
      installabilityErrors.filter(({ errorId }) => errorId !== "in-incognito"),
      [],
    );
  }));
