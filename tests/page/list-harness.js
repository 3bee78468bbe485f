// The list of suggestions and its rows, for the tests that choose among several.

import assert from "node:assert/strict";
import { ghost, RAIN, ready, suggestion, write } from "./harness.js";

/** @import { Page } from "playwright-core" */

/** @param {Page} page */
export const list = (page) => page.getByRole("listbox", { name: "Suggestions" });

/** All but the last row, which asks for more. @param {Page} page */
export const rows = (page) => list(page).locator("[role=option]:not(.last)");

/** @param {Page} page */
export const more = (page) => list(page).locator(".last");

/**
 * Text without automatic suggestions, so that Tab opens the list.
 * @param {Page} page
 * @param {string} [text]
 */
export async function begin(page, text = RAIN) {
  await ready(page);
  await page.locator("#automatic").uncheck();
  await page.locator(".cm-content").focus();
  await write(page, text);
}

/**
 * Opens the list and waits until it is complete.
 * @param {Page} page
 * @param {number} [leastRows] asks for more until there are this many
 */
export async function openList(page, leastRows = 2) {
  await page.keyboard.press("Tab");
  for (let attempt = 0; attempt < 10; attempt++) {
    await more(page).filter({ hasNotText: "Thinking" }).waitFor();
    if ((await rows(page).count()) >= leastRows) return;
    await more(page).click();
  }
  throw new Error(`fewer than ${leastRows} alternatives after 10 attempts`);
}

/** The text of the row that assistive technology takes as focused, which must be the highlighted one. @param {Page} page */
export async function active(page) {
  const id = await page.locator(".cm-content").getAttribute("aria-activedescendant");
  const selected = list(page).locator("[aria-selected=true]");
  assert.equal(await selected.count(), 1);
  assert.equal(await selected.getAttribute("id"), id);
  return selected.textContent();
}

/**
 * Waits for automatic suggestions, without a list, until there are several.
 * @param {Page} page
 * @param {number} least
 * @returns {Promise<number>} the number of suggestions
 */
export async function beOffered(page, least) {
  for (let attempt = 0; attempt < 10; attempt++) {
    await page.locator("#automatic").uncheck();
    await page.locator("#automatic").check();
    await page.locator(".cm-content").focus();
    await suggestion(page);
    await page.keyboard.press("F2");
    const total = Number(/^1 of (\d+): /.exec(await announced(page))?.[1]);
    if (total >= least) return total;
  }
  throw new Error(`fewer than ${least} alternatives after 10 attempts`);
}

/** @param {Page} page */
export const announced = async (page) => ((await page.locator("#announcer").textContent()) ?? "").replace("\u00a0", "");

/** @param {Page} page */
export const shown = async (page) => ((await ghost(page).textContent()) ?? "").trim();
