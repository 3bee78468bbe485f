// The probability lens: colours that keep up with the text, and the model's alternatives at each token.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import {
  assertAccessible,
  gone,
  RAIN,
  ready,
  reloadWithoutWeights,
  Site,
  stopClock,
  suggestion,
  toEnd,
  write,
  written,
} from "./harness.js";

/** @import { Page } from "playwright-core" */

const TEXT = `${RAIN.trimEnd()} river.\nNobody said a word about the weather`;

/** @type {Site} */
let site;
before(async () => {
  site = await Site.open("real");
});
after(() => site.close());

/** Writes a text, turns on the lens, and waits for all colours. @param {Page} page */
async function openLens(page, text = TEXT) {
  await ready(page);
  await page.getByLabel("Suggest while typing").uncheck();
  await page.locator(".cm-content").focus();
  await write(page, text);
  await page.getByLabel("Show probabilities").check();
  await coloured(page);
  await toEnd(page);
}

/** The coloured text, without line breaks, which show no colour. @param {Page} page */
const colouredText = (page) =>
  page
    .locator("#editor .token")
    .allTextContents()
    .then((texts) => texts.join(""));

/** Waits until every character has a colour. @param {Page} page */
const coloured = (page) =>
  page.waitForFunction(() => {
    const textOf = (/** @type {string} */ selector) =>
      [...document.querySelectorAll(selector)].map((node) => node.textContent).join("");
    const tokens = textOf("#editor .token");
    return tokens !== "" && tokens + textOf("#editor .ghost-text") === textOf("#editor .cm-line");
  });

/** @param {Page} page */
const list = (page) => page.getByRole("listbox");
/** @param {Page} page */
const announced = (page) => page.locator("#announcer").textContent();
/** The text that an option inserts. @param {Page} page @param {number} i */
const choice = async (page, i) =>
  ((await list(page).getByRole("option").nth(i).locator("> span").first().textContent()) ?? "").replaceAll("␣", " ");

test("the lens colours every token while it is on", () =>
  site.visit(async (page) => {
    await ready(page);
    await write(page, TEXT);
    assert.equal(await page.locator("#legend").isVisible(), false);
    assert.equal(await page.locator("#editor .token").count(), 0);
    await page.getByLabel("Show probabilities").check();
    await coloured(page);
    assert.equal(await page.locator("#legend").isVisible(), true);
    const classes = await page
      .locator("#editor .token")
      .evaluateAll((tokens) => tokens.map((token) => token.className));
    assert.ok(new Set(classes).size >= 3, "likely and unlikely tokens look different");
    assert.match(classes.join(" "), /^(token token-[0-5] ?)+$/);
    await page.getByLabel("Show probabilities").uncheck();
    assert.equal(await page.locator("#editor .token").count(), 0);
    assert.equal(await page.locator("#legend").isVisible(), false);
    assert.equal(await written(page), TEXT);
  }));

test("an edit removes the colours from its word on, and a pause brings them back", () =>
  site.visit(async (page) => {
    await openLens(page);
    await stopClock(page);
    await page.keyboard.press("Control+Home");
    for (let i = 0; i < "The rain".length; i++) await page.keyboard.press("ArrowRight");
    await write(page, "s");
    assert.equal(await written(page), TEXT.replace("rain", "rains"));
    assert.equal(await colouredText(page), "The");
    await page.clock.runFor(299);
    assert.equal(await colouredText(page), "The");
    await page.clock.runFor(1);
    // The request for the rest of the view follows at once, by a timer that still has to fire.
    await coloured(page);
  }));

test("a lens turned on before the model is ready colours the text once it is", () =>
  site.visit(async (page) => {
    const letWeightsCome = await reloadWithoutWeights(page);
    await write(page, TEXT);
    await page.getByLabel("Show probabilities").check();
    await letWeightsCome();
    await coloured(page);
  }));

test("a document much longer than the context is coloured where it is visible", () =>
  site.visit(async (page) => {
    await openLens(page, `${RAIN}river. Nobody said a word.\n`.repeat(400));
    const isAtEnd = () =>
      page
        .locator(".cm-line")
        .evaluateAll((lines) => lines.slice(-10, -1).every((line) => line.querySelector(".token")));
    assert.equal(await isAtEnd(), true);
    await page.keyboard.press("Control+Home");
    await page.waitForFunction(() => document.querySelector(".cm-line .token")?.textContent?.startsWith("The"));
    await coloured(page);
  }));

test("a key opens the choices at the caret; arrows and Enter choose, and a suggestion follows", () =>
  site.visit(async (page) => {
    await openLens(page);
    await page.getByLabel("Suggest while typing").check();
    await page.locator(".cm-content").focus();
    await page.keyboard.press("Control+Home");
    for (let i = 0; i < "The rain".length; i++) await page.keyboard.press("ArrowRight");
    await page.keyboard.press("Alt+Enter");
    assert.equal(await list(page).getByRole("option").count(), 10);
    await page.locator(".token-choices ul:focus").waitFor();
    assert.match((await page.locator("#token-title").textContent()) ?? "", /“rain” \(/);
    await page.keyboard.press("ArrowUp");
    assert.equal(await list(page).getByRole("option").nth(9).getAttribute("aria-selected"), "true");
    await page.keyboard.press("Home");
    await page.keyboard.press("ArrowDown");
    assert.equal(await list(page).getAttribute("aria-activedescendant"), "token-choice-1");
    const chosen = await choice(page, 1);
    await stopClock(page); // The suggestion that follows is announced as well.
    await page.keyboard.press("Enter");
    const rest = TEXT.slice(TEXT.indexOf("\n"));
    assert.equal(await written(page), `The${chosen}${rest}`);
    assert.match((await announced(page)) ?? "", /continues with “/);
    await page.locator(".cm-content:focus").waitFor();
    await page.clock.runFor(50);
    await suggestion(page);
    await write(page, "|"); // where the caret is
    assert.equal(await written(page), `The${chosen}|${rest}`);
    await page.keyboard.press("Control+z");
    await page.keyboard.press("Control+z");
    assert.equal(await written(page), TEXT, "one step for what was typed, one for the branch");
  }));

test("Esc and Tab close the choices and return the focus to the text", () =>
  site.visit(async (page) => {
    await openLens(page);
    for (const key of ["Escape", "Tab"]) {
      await page.keyboard.press("Alt+Enter");
      await page.locator(".token-choices ul:focus").waitFor();
      await page.keyboard.press(key);
      await page.locator(".cm-content:focus").waitFor();
      assert.equal(await list(page).count(), 0, key);
    }
    assert.equal(await written(page), TEXT);
    assert.match((await page.locator("#hint").textContent()) ?? "", /Tab suggest/, "Esc only closed the choices");
  }));

test("where there is no probability yet, the key says so", () =>
  site.visit(async (page) => {
    await openLens(page);
    await stopClock(page);
    await write(page, "s");
    await page.keyboard.press("Alt+Enter");
    assert.match((await announced(page)) ?? "", /no probability yet/);
    assert.equal(await list(page).count(), 0);
  }));

test("the pointer opens the choices at a token and a click picks one; elsewhere they close", () =>
  site.visit(async (page) => {
    await openLens(page);
    const token = page.locator("#editor .token", { hasText: "stopped" }).first();
    await token.hover();
    await list(page).waitFor();
    await page.locator("#headline").hover();
    await list(page).waitFor({ state: "detached" });
    await token.hover();
    await list(page).waitFor();
    // A token other than the present one, which would change nothing.
    const i = (await choice(page, 3)) === (await token.textContent()) ? 2 : 3;
    const chosen = await choice(page, i);
    await list(page).getByRole("option").nth(i).click();
    const text = await written(page);
    assert.ok(text.includes(`${chosen}\n`), text);
    assert.equal(text.split("\n").slice(1).join("\n"), TEXT.split("\n").slice(1).join("\n"));
    await page.locator(".cm-content:focus").waitFor();
    assert.equal(await list(page).count(), 0);
  }));

test("Esc closes choices opened by the pointer", () =>
  site.visit(async (page) => {
    await openLens(page);
    await page.locator("#editor .token", { hasText: "stopped" }).first().hover();
    await list(page).waitFor();
    await page.keyboard.press("Escape");
    await list(page).waitFor({ state: "detached" });
  }));

test("the choices say what a choice replaces, and choosing the present token replaces nothing", () =>
  site.visit(async (page) => {
    const sure = "They live in the United States of America.";
    await openLens(page, sure);
    const likeliest = page.locator("#editor .token-0").first();
    await likeliest.hover();
    await list(page).waitFor();
    assert.match((await page.locator(".token-choices").textContent()) ?? "", /Replaces the rest of the paragraph/);
    assert.equal(await choice(page, 0), await likeliest.textContent());
    await list(page).getByRole("option").first().click();
    await list(page).waitFor({ state: "detached" });
    await page.locator(".cm-content:focus").waitFor();
    assert.equal(await written(page), sure);
  }));

test("a tap opens the choices", () =>
  site.visit(
    async (page) => {
      await openLens(page);
      await page.locator("#editor .token", { hasText: "stopped" }).first().tap();
      await list(page).waitFor();
      await list(page).getByRole("option").nth(2).tap();
      assert.notEqual(await written(page), TEXT);
      assert.equal(
        await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth),
        0,
      );
    },
    { viewport: { width: 390, height: 664 }, isMobile: true, hasTouch: true },
  ));

test("without the lens Alt+Enter and the pointer do nothing", () =>
  site.visit(async (page) => {
    await openLens(page);
    await page.getByLabel("Show probabilities").uncheck();
    await page.locator(".cm-content").focus();
    await page.keyboard.press("Alt+Enter");
    assert.equal(await list(page).count(), 0);
    assert.doesNotMatch((await announced(page)) ?? "", /probability/);
  }));

test("suggestions appear and are accepted with the lens on", () =>
  site.visit(async (page) => {
    await openLens(page, RAIN);
    await page.keyboard.press("Tab");
    const text = await suggestion(page, 2);
    await page.keyboard.press("Tab");
    assert.equal(await written(page), RAIN + text);
    await gone(page);
    await coloured(page);
  }));

for (const colorScheme of /** @type {const} */ (["light", "dark"])) {
  test(`axe-core finds nothing, and every colour leaves the text readable (${colorScheme})`, () =>
    site.visit(
      async (page) => {
        await openLens(page);
        await assertAccessible(page, "with the lens on");
        await page.keyboard.press("Alt+Enter");
        await list(page).waitFor();
        await assertAccessible(page, "with the choices");
        for (const ratio of await contrasts(page)) assert.ok(ratio >= 4.5, `${ratio}`);
      },
      { colorScheme },
    ));
}

test("with forced colours the underline tells likely from unlikely", () =>
  site.visit(
    async (page) => {
      await openLens(page);
      const thickness = await page
        .locator("#legend .token")
        .evaluateAll((tokens) =>
          tokens.map((token) => [
            getComputedStyle(token).textDecorationLine,
            getComputedStyle(token).textDecorationThickness,
          ]),
        );
      assert.deepEqual(thickness[0][0], "none");
      const lines = thickness.slice(1).map(([line, px]) => (line === "underline" ? parseFloat(px) : NaN));
      for (let i = 1; i < lines.length; i++) assert.ok(lines[i] > lines[i - 1], lines.join(" "));
    },
    { forcedColors: "active" },
  ));

/** The contrast of the text on each colour of the legend, as painted. @param {Page} page @returns {Promise<number[]>} */
const contrasts = (page) =>
  page.evaluate(() => {
    const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
    if (canvas === null) throw new Error("no canvas");
    /** @param {string[]} colours painted one over another */
    const luminance = (...colours) => {
      for (const colour of colours) {
        canvas.fillStyle = colour;
        canvas.fillRect(0, 0, 1, 1);
      }
      const linear = [...canvas.getImageData(0, 0, 1, 1).data].map((channel) => {
        const value = channel / 255;
        return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
      });
      return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2];
    };
    const paper = getComputedStyle(document.body).backgroundColor;
    return [...document.querySelectorAll("#legend .token")].map((token) => {
      const { color, backgroundColor } = getComputedStyle(token);
      const [dark, light] = [luminance(color), luminance(paper, backgroundColor)].sort((a, b) => a - b);
      return (light + 0.05) / (dark + 0.05);
    });
  });
