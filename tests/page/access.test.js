// Accessibility on every device: axe-core, contrast, phones, narrow windows; and the page's own policy.

import assert from "node:assert/strict";
import { after, afterEach, before, describe, test } from "node:test";
import {
  assertAccessible,
  ghost,
  gone,
  overflowPx,
  PHONE,
  RAIN,
  ready,
  Site,
  suggestion,
  WEIGHTS_PATH,
  write,
  written,
  ZOOMED,
} from "./harness.js";

/** @import { BrowserContextOptions, Page } from "playwright-core" */

/** @type {Site} */
let site;
before(async () => {
  site = await Site.open();
});
after(() => site.close());
afterEach(() => site.hub.mend(WEIGHTS_PATH));

/** The model's card, in the dialog about the page. @param {Page} page */
async function openCard(page) {
  await page.locator("#card summary").click();
  await page.locator("#card table").first().waitFor();
}

for (const [look, options] of /** @type {[string, BrowserContextOptions][]} */ ([
  ["light", { colorScheme: "light" }],
  ["dark", { colorScheme: "dark" }],
  ["forced colours", { forcedColors: "active" }],
  ["Chinese", { locale: "zh-CN" }],
  ["200 % zoom", ZOOMED],
])) {
  test(`axe-core finds nothing (${look})`, () =>
    site.visit(async (page) => {
      site.hub.fail(WEIGHTS_PATH, "status", { status: 404 });
      await assertAccessible(page, "empty");
      await page.locator("#open-models:enabled").waitFor();
      await page.locator(".cm-content").focus();
      await write(page, RAIN);
      await ghost(page).waitFor();
      await assertAccessible(page, "with a suggestion");
      await page.locator("#open-about").click();
      await openCard(page);
      await assertAccessible(page, "with the about dialog and the model's card");
      await page.keyboard.press("Escape");
      await page.locator("#open-models").click();
      await assertAccessible(page, "with the choice of models");
      await page.getByLabel("DistilGPT2").check();
      await page.locator("#use-model").click();
      await page.locator("#problem-text", { hasText: "DistilGPT2" }).waitFor();
      await assertAccessible(page, "with an error");
      await page.locator("#update").evaluate((line) => {
        /** @type {HTMLElement} */ (line).hidden = false;
        /** @type {Element} */ (line.firstElementChild).textContent = "A new version is ready.";
      });
      await assertAccessible(page, "with the offer of a new version");
      site.hub.mend(WEIGHTS_PATH);
      const devtools = await page.context().newCDPSession(page);
      await devtools.send("Storage.overrideQuotaForOrigin", {
        origin: new URL(page.url()).origin,
        quotaSize: 5_000_000,
      });
      await page.locator("#retry").click();
      await page.locator("#notice").waitFor();
      await assertAccessible(page, "with a notice");
    }, options));
}

for (const colorScheme of /** @type {const} */ (["light", "dark"])) {
  test(`axe-core finds nothing on a phone (${colorScheme})`, () =>
    site.visit(
      async (page) => {
        site.hub.fail(WEIGHTS_PATH, "stall");
        await ready(page);
        await write(page, RAIN);
        await suggestion(page);
        await page.locator("#suggestion-bar").waitFor();
        await assertAccessible(page, "with the bar");
        await page.locator("#open-models").tap();
        await page.getByLabel("DistilGPT2").check();
        await page.locator("#use-model").tap();
        await page.locator("#task-text", { hasText: "%" }).waitFor();
        await assertAccessible(page, "during a download");
      },
      { ...PHONE, colorScheme },
    ));

  test(`the suggestion is grey but readable (${colorScheme})`, () =>
    site.visit(
      async (page) => {
        await ready(page);
        await write(page, RAIN);
        await suggestion(page);
        const [ghost, ink, paper] = await page.evaluate(() => {
          const colour = (/** @type {string} */ selector, /** @type {"color" | "backgroundColor"} */ property) =>
            getComputedStyle(/** @type {Element} */ (document.querySelector(selector)))[property];
          return [colour(".ghost-text", "color"), colour(".cm-line", "color"), colour("body", "backgroundColor")];
        });
        assert.notEqual(ghost, ink);
        assert.ok(contrast(ghost, paper) >= 4.5, `${contrast(ghost, paper)}`);
        assert.ok(contrast(ink, paper) >= 1.5 * contrast(ghost, paper), "clearly not the writer's own text");
      },
      { colorScheme },
    ));
}

test("with forced colours the suggestion differs by more than colour", () =>
  site.visit(
    async (page) => {
      await ready(page);
      await write(page, RAIN);
      await suggestion(page);
      assert.equal(await page.locator(".ghost-text").evaluate((ghost) => getComputedStyle(ghost).fontStyle), "italic");
    },
    { forcedColors: "active" },
  ));

test("on a phone, which types by composition, committed text is continued", () =>
  site.visit(async (page) => {
    await ready(page);
    await write(page, RAIN);
    await suggestion(page);
    const devtools = await page.context().newCDPSession(page);
    await devtools.send("Input.imeSetComposition", { text: "st", selectionStart: 2, selectionEnd: 2 });
    await gone(page);
    await devtools.send("Input.insertText", { text: "street" });
    await suggestion(page);
    assert.equal(await written(page), `${RAIN}street`);
  }, PHONE));

test("on a phone a bar accepts the suggestion or its next word by tap", () =>
  site.visit(async (page) => {
    const [takeWord, takeAll] = [
      page.getByRole("button", { name: /^Accept the next word: / }),
      page.getByRole("button", { name: /^Accept: / }),
    ];
    await ready(page);
    await page.locator(".cm-content").tap();
    await write(page, RAIN);
    const text = await suggestion(page, 4);
    assert.equal(await overflowPx(page), 0);
    assert.equal(await takeAll.locator("span").last().textContent(), text);
    for (const nth of ["first", "second"]) {
      const before = await written(page);
      const word = (await takeWord.locator("span").last().textContent()) ?? "";
      assert.notEqual(word, "");
      await takeWord.tap();
      const taken = await written(page);
      assert.equal(taken, RAIN + text.slice(0, taken.length - RAIN.length), nth);
      assert.equal(taken.slice(before.length).trim(), word, nth);
    }
    await page.locator(".cm-content:focus").waitFor(); // The keyboard stays open.
    await takeAll.tap();
    assert.equal(await written(page), RAIN + text);
  }, PHONE));

test("the focus moves to the text when the focused button disappears", () =>
  site.visit(async (page) => {
    await ready(page);
    await write(page, RAIN);
    await suggestion(page);
    await page.locator("#take-all").focus();
    await page.keyboard.press("Enter");
    await page.locator(".cm-content:focus").waitFor();
  }, PHONE));

test("the key hints are shown with a keyboard or a mouse, not on a phone", async () => {
  await site.visit(async (page) => assert.equal(await page.locator("#hint").isVisible(), true));
  await site.visit(async (page) => assert.equal(await page.locator("#hint").isVisible(), false), PHONE);
});

test("with a mouse there is no bar", () =>
  site.visit(async (page) => {
    await ready(page);
    await write(page, RAIN);
    await suggestion(page);
    assert.equal(await page.locator("#suggestion-bar").isVisible(), false);
  }));

// A window of 1,280 px is 640 wide at 200 % zoom, and 320 at 400 %.
for (const width of [640, 390, 320]) {
  test(`nothing scrolls sideways at ${width} px`, () =>
    site.visit(
      async (page) => {
        await ready(page);
        await write(page, `${"Honorificabilitudinitatibus".repeat(4)} ${RAIN}`);
        await suggestion(page);
        assert.equal(await overflowPx(page), 0);
        for (const opener of ["#open-about", "#open-models"]) {
          await page.locator(opener).click();
          const dialog = page.locator("dialog[open]");
          if (opener === "#open-about") await openCard(page);
          assert.equal(await dialog.evaluate((node) => node.scrollWidth - node.clientWidth), 0, opener);
          await page.keyboard.press("Escape");
        }
      },
      { viewport: { width, height: 640 } },
    ));
}

describe("at the end of a long text nothing covers the suggestion", () => {
  /** Its bundled model writes longer sentences. @type {Site} */
  let site;
  before(async () => {
    site = await Site.open("real");
  });
  after(() => site.close());

  for (const [device, options] of /** @type {const} */ ([
    ["a desk", {}],
    ["a phone", PHONE],
  ])) {
    test(device, () =>
      site.visit(async (page) => {
        await ready(page);
        await page.locator(".cm-content").click();
        await write(page, "A line.\n".repeat(60));
        await write(page, RAIN);
        await suggestion(page, 4);
        const [ghostBottom, coverTop] = await page.evaluate(() => {
          const box = (/** @type {string} */ selector) =>
            /** @type {Element} */ (document.querySelector(selector)).getBoundingClientRect();
          const bar = box("#suggestion-bar");
          return [box(".ghost-text").bottom, bar.height > 0 ? bar.top : box("#status").top];
        });
        assert.ok(ghostBottom <= coverTop, `${ghostBottom} <= ${coverTop}`);
      }, options),
    );
  }
});

test("the page runs isolated and under a policy without unsafe-inline", () =>
  site.visit(async (page) => {
    assert.equal(await page.evaluate(() => crossOriginIsolated), true);
    const response = await page.reload();
    const policy = response?.headers()["content-security-policy"] ?? "";
    assert.match(policy, /^default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self';/);
    assert.match(policy, /frame-ancestors 'none'$/);
    assert.doesNotMatch(policy, /unsafe-inline|'unsafe-eval'/);
  }));

/**
 * @param {string} one "rgb(1, 2, 3)"
 * @param {string} other
 * @returns {number} as WCAG defines it
 */
function contrast(one, other) {
  const [dark, light] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (light + 0.05) / (dark + 0.05);
}

/** @param {string} colour */
function luminance(colour) {
  const [red, green, blue] = (colour.match(/\d+/g) ?? []).map((channel) => {
    const value = Number(channel) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}
