// Accessibility of documents, links and authorship: axe-core in each state, small windows, forced colours.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { assertAccessible, openDocuments, RAIN, ready, Site, suggestion, write, ZOOMED } from "./harness.js";

/** @import { BrowserContextOptions, Page } from "playwright-core" */

/** @type {Site} */
let site;
before(async () => {
  site = await Site.open();
});
after(() => site.close());

/** Walks through every state and calls `check` in each. @param {Page} page @param {(state: string) => Promise<void>} check */
async function walk(page, check) {
  await page.locator("#open-openings").click();
  await check("the choice of first lines");
  await openDocuments(page);
  await check("no documents");
  await page.keyboard.press("Escape");
  await ready(page);
  await page.locator(".cm-content").focus();
  await write(page, `${"Honorificabilitudinitatibus".repeat(4)}. ${RAIN}`);
  await suggestion(page, 2);
  await page.keyboard.press("Tab");
  await suggestion(page);
  await page.locator("#show-authors").check();
  await check("the model's words marked");
  await openDocuments(page);
  await page.locator("#link-suggestion").click();
  await page.locator("#link-address").waitFor();
  await check("a link");
  const { hash } = new URL(await page.locator("#link-address").inputValue());
  await page.locator(".rename").click();
  await check("renaming");
  await page.locator("#document-list input").fill("Another name");
  await page.keyboard.press("Enter");
  await page.getByRole("button", { name: "Delete “Another name”" }).click();
  await page.locator("#undo-delete").waitFor();
  await check("undo");
  await page.keyboard.press("Escape");
  await page.evaluate((hash) => (location.hash = hash), hash);
  await page.locator("#shared-text .ghost-text").waitFor();
  await check("a shared text");
  await page.keyboard.press("Escape");
  await page.evaluate((hash) => (location.hash = hash), hash.slice(0, -5));
  await page.locator("#shared-about", { hasText: "damaged" }).waitFor();
  await check("a damaged link");
}

for (const [look, options] of /** @type {[string, BrowserContextOptions][]} */ ([
  ["light", { colorScheme: "light" }],
  ["dark", { colorScheme: "dark" }],
  ["forced colours", { forcedColors: "active" }],
  ["200 % zoom", ZOOMED],
])) {
  test(`axe-core finds nothing in the documents (${look})`, () =>
    site.visit((page) => walk(page, (state) => assertAccessible(page, state)), options));
}

for (const width of [640, 390, 320]) {
  test(`nothing in the documents scrolls sideways at ${width} px`, () =>
    site.visit(
      (page) =>
        walk(page, async (state) => {
          const overflowPx = await page.evaluate(() =>
            [document.documentElement, ...document.querySelectorAll("dialog[open]")].map(
              (node) => node.scrollWidth - node.clientWidth,
            ),
          );
          assert.ok(
            overflowPx.every((px) => px === 0),
            `${state}: ${overflowPx}`,
          );
        }),
      { viewport: { width, height: 640 } },
    ));
}

test("with forced colours the model's words still stand out", () =>
  site.visit(
    async (page) => {
      await ready(page);
      await write(page, RAIN);
      await suggestion(page);
      await page.keyboard.press("Tab");
      await page.locator("#show-authors").check();
      const line = await page
        .locator("mark")
        .first()
        .evaluate((mark) => getComputedStyle(mark).textDecorationLine);
      assert.equal(line, "underline");
    },
    { forcedColors: "active" },
  ));
