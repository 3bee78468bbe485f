// The settings dialog: every row with its range, valid values applied at once, invalid ones refused, all of them kept.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { NUMBER_NAMES, NUMBERS } from "../../www/settings/settings.js";
import { assertAccessible, opened, overflowPx, PHONE, RAIN, ready, Site, suggestion, write } from "./harness.js";

/** @import { Page } from "playwright-core" */

/** @type {Site} */
let site;
before(async () => {
  site = await Site.open();
});
after(() => site.close());

/** @param {Page} page */
const open = (page) => page.getByRole("button", { name: "Settings" }).click();

/** @param {Page} page */
const dialog = (page) => page.getByRole("dialog", { name: "Settings" });

/** @param {Page} page @param {string} name */
const field = (page, name) => dialog(page).getByRole("textbox", { name, exact: true });

/**
 * Records the requests to the engine from the next load on.
 * @param {Page} page
 */
async function recordQuestions(page) {
  await page.addInitScript(() => {
    const post = Worker.prototype.postMessage;
    /** @type {any[]} */
    const questions = [];
    Object.assign(window, { questions });
    Worker.prototype.postMessage = function (/** @type {any} */ message, /** @type {any} */ transfer) {
      if (message.generation_config) questions.push(message);
      post.call(this, message, transfer);
    };
  });
  await page.reload();
}

/** @param {Page} page */
const lastQuestion = (page) => page.evaluate(() => /** @type {any} */ (window).questions.at(-1));

test("every row has a name, a range with its unit, and its default value", () =>
  site.visit(async (page) => {
    await open(page);
    for (const name of NUMBER_NAMES) {
      const { default: initial, min, max } = NUMBERS[name];
      const input = dialog(page).locator(`#setting-${name}`);
      assert.equal(await input.inputValue(), `${initial ?? ""}`);
      assert.equal(await input.getAttribute("aria-invalid"), "false");
      const range = await dialog(page).locator(`#setting-${name}-range`).textContent();
      assert.ok(range?.startsWith(`${min} to ${max}`), `${range}`);
      assert.ok(range?.endsWith(`default ${initial ?? "empty"}`), `${range}`);
    }
    assert.equal(await dialog(page).locator("#setting-delay_ms-range").textContent(), "0 to 1000 ms · default 50");
    assert.equal(
      await dialog(page)
        .getByRole("button", { name: /^Reset / })
        .count(),
      0,
      "nothing to reset",
    );
  }));

test("a setting applies at once and on the next visit, until it is reset", () =>
  site.visit(async (page) => {
    await recordQuestions(page);
    await ready(page);
    await open(page);
    await field(page, "Temperature").fill("1.25");
    await field(page, "Seed").fill("7");
    await field(page, "Length").fill("5");
    await page.keyboard.press("Escape");
    await page.locator(".cm-content").focus();
    for (const visit of ["this", "next"]) {
      await write(page, RAIN);
      await page.waitForFunction(() => /** @type {any} */ (window).questions.length > 0);
      const { generation_config } = await lastQuestion(page);
      assert.deepEqual(
        [generation_config.temperature, generation_config.seed, generation_config.max_new_tokens],
        [1.25, 7, 5],
        visit,
      );
      await page.reload();
      await ready(page);
    }
    await open(page);
    assert.equal(await field(page, "Temperature").inputValue(), "1.25");
    await dialog(page).getByRole("button", { name: "Reset Temperature" }).click();
    assert.equal(await field(page, "Temperature").inputValue(), `${NUMBERS.temperature.default}`);
    assert.equal(
      await page.evaluate(() => document.activeElement?.id),
      "setting-temperature",
      "the button is gone, but not the focus",
    );
    await page.reload();
    await opened(page);
    await open(page);
    assert.equal(await field(page, "Temperature").inputValue(), `${NUMBERS.temperature.default}`);
    assert.equal(await field(page, "Seed").inputValue(), "7");
  }));

test("an invalid value is not applied, and refused with a sentence once the field is left", () =>
  site.visit(async (page) => {
    await ready(page);
    await open(page);
    /** @type {[string, string, string][]} */
    const table = [
      ["Temperature", "9", "Temperature must be a number from 0.1 to 2, not “9”; it stays 0.7."],
      ["Delay", "2.5", "Delay must be a whole number from 0 to 1000, not “2.5”; it stays 50."],
      ["Seed", "lucky", "Seed must be a whole number from 0 to 4294967295, not “lucky”; it stays empty."],
    ];
    for (const [name, value, sentence] of table) {
      const input = field(page, name);
      await input.fill(value);
      assert.equal(await input.getAttribute("aria-invalid"), "false", "still being typed");
      await page.keyboard.press("Tab");
      assert.equal(await input.getAttribute("aria-invalid"), "true");
      const problem = ((await input.getAttribute("aria-describedby")) ?? "").split(" ").at(-1);
      assert.equal(await page.locator(`#${problem}`).textContent(), sentence);
    }
    await field(page, "Delay").fill("25");
    assert.equal(await field(page, "Delay").getAttribute("aria-invalid"), "false");
    assert.equal(await page.locator("#setting-delay_ms-problem").textContent(), "");
    await page.keyboard.press("Escape");
    await open(page);
    assert.equal(await field(page, "Temperature").inputValue(), "0.7");
    assert.equal(await field(page, "Delay").inputValue(), "25");
    assert.equal(await field(page, "Seed").inputValue(), "");
  }));

test("“Suggest while typing” is the same setting in the dialog and below the text, and is kept", () =>
  site.visit(async (page) => {
    await page.locator("#automatic").uncheck();
    await open(page);
    const box = dialog(page).getByRole("checkbox", { name: "Suggest while typing" });
    assert.equal(await box.isChecked(), false);
    await page.reload();
    await opened(page);
    assert.equal(await page.locator("#automatic").isChecked(), false);
    await open(page);
    await box.check();
    assert.equal(await page.locator("#automatic").isChecked(), true);
    await page.reload();
    await opened(page);
    assert.equal(await page.locator("#automatic").isChecked(), true);
  }));

test("the slider and the number of the gate move together", () =>
  site.visit(async (page) => {
    await open(page);
    const slider = dialog(page).getByRole("slider", { name: "Minimum confidence" });
    const number = field(page, "Minimum confidence");
    assert.equal(await slider.inputValue(), await number.inputValue());
    await slider.focus();
    await page.keyboard.press("Home");
    assert.equal(await number.inputValue(), `${NUMBERS.gate.min}`);
    await number.fill("0.45");
    assert.equal(await slider.inputValue(), "0.45");
    await dialog(page).getByRole("button", { name: "Reset Minimum confidence" }).click();
    assert.equal(await slider.inputValue(), `${NUMBERS.gate.default}`);
  }));

test("the gate shows how many of the last pauses got a suggestion", () =>
  site.visit(async (page) => {
    await ready(page);
    await open(page);
    const share = dialog(page).getByRole("status");
    assert.match((await share.textContent()) ?? "", /^Keep writing/);
    await page.keyboard.press("Escape");
    await page.locator(".cm-content").focus();
    await write(page, RAIN);
    await suggestion(page);
    await open(page);
    assert.equal(await share.textContent(), "At this confidence, 1 of your last 1 pauses got a suggestion.");
    await dialog(page).getByRole("slider").fill(`${NUMBERS.gate.max}`);
    assert.match((await share.textContent()) ?? "", /^Keep writing/, "a new gate starts a new count");
  }));

test("where the browser stores nothing settings still apply, and the dialog says so", () =>
  site.visit(async (page) => {
    await page.evaluate(() => {
      Storage.prototype.setItem = () => {
        throw new DOMException("full", "QuotaExceededError");
      };
    });
    await open(page);
    await field(page, "Temperature").fill("1");
    await dialog(page).getByRole("alert").filter({ hasText: "They last until you leave it" }).waitFor();
    await page.keyboard.press("Escape");
    await open(page);
    assert.equal(await field(page, "Temperature").inputValue(), "1");
  }));

test("the settings lead to the models and back, and at last to the button that opened them", () =>
  site.visit(async (page) => {
    await ready(page);
    await open(page);
    await dialog(page).getByRole("button", { name: "Change model" }).click();
    await page.getByRole("dialog", { name: "Choose a model" }).waitFor();
    await page.keyboard.press("Escape");
    assert.equal(await page.evaluate(() => document.activeElement?.id), "settings-models");
    await dialog(page).getByRole("button", { name: "Close" }).click();
    assert.equal(await page.evaluate(() => document.activeElement?.id), "open-settings");
  }));

for (const colorScheme of /** @type {const} */ (["light", "dark"])) {
  for (const [device, options] of /** @type {const} */ ([
    ["a desk", {}],
    ["a phone", PHONE],
  ])) {
    test(`axe-core finds nothing in the settings (${device}, ${colorScheme})`, () =>
      site.visit(
        async (page) => {
          await open(page);
          await field(page, "Temperature").fill("9");
          await field(page, "Delay").fill("100");
          await assertAccessible(page, "with one value refused and another changed");
        },
        { ...options, colorScheme },
      ));
  }
}

for (const width of [640, 390, 320]) {
  test(`the settings fit into ${width} px`, () =>
    site.visit(
      async (page) => {
        await open(page);
        await field(page, "Seed").fill("4294967295");
        assert.equal(await dialog(page).evaluate((node) => node.scrollWidth - node.clientWidth), 0);
        assert.equal(await overflowPx(page), 0);
      },
      { viewport: { width, height: 640 } },
    ));
}
