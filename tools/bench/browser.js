// A Chromium with a fresh profile, and its peak memory.

import { readFile } from "node:fs/promises";
import { chromium } from "playwright-core";

/** @import { Page } from "playwright-core" */

const TIMEOUT_MS = 600_000;

/**
 * Runs a measurement in a browser of its own, with a temporary profile.
 * @template Result
 * @param {(page: Page) => Promise<Result>} run
 * @returns {Promise<Result>}
 * @throws {Error} if the page crashes or takes too long; errors of `run` pass through
 */
export async function inNewBrowser(run) {
  const context = await chromium.launchPersistentContext("", {
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-background-networking", "--disable-component-update"],
  });
  /** @type {NodeJS.Timeout | undefined} */
  let timer;
  try {
    const page = context.pages()[0];
    /** @type {Promise<never>} */
    const failure = new Promise((_, reject) => {
      page.once("crash", () => reject(new Error("the page crashed")));
      timer = setTimeout(() => reject(new Error(`not done after ${TIMEOUT_MS / 60_000} minutes`)), TIMEOUT_MS);
    });
    return await Promise.race([run(page), failure]);
  } finally {
    clearTimeout(timer);
    await context.close();
  }
}

/**
 * Peak memory of the largest renderer process so far.
 * @param {Page} page
 * @returns {Promise<number>} MB
 */
export async function peakRendererMb(page) {
  const session = await browserOf(page).newBrowserCDPSession();
  const { processInfo } = await session.send("SystemInfo.getProcessInfo");
  const renderers = processInfo.filter(({ type }) => type === "renderer");
  const peaks = await Promise.all(renderers.map(({ id }) => peakMb(id)));
  return Math.max(...peaks);
}

/** @param {Page} page */
export function browserOf(page) {
  const browser = page.context().browser();
  if (browser === null) throw new Error("Playwright has no browser for this page");
  return browser;
}

/** @param {number} pid */
async function peakMb(pid) {
  const status = await readFile(`/proc/${pid}/status`, "utf8");
  return Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1]) / 1000;
}
