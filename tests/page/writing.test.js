// Writing with the bundled model: what the writer does, and how the page responds.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import {
  ghost,
  gone,
  RAIN,
  ready,
  reloadWithoutWeights,
  Site,
  stopClock,
  suggestion,
  write,
  written,
} from "./harness.js";

/** @type {Site} */
let site;
before(async () => {
  site = await Site.open("real");
});
after(() => site.close());

test("typing a sentence brings a suggestion at the caret", () =>
  site.visit(async (page) => {
    await ready(page);
    await stopClock(page); // A pause between two keys would cause another request.
    await page.keyboard.type(RAIN);
    await page.clock.runFor(50);
    const text = await suggestion(page);
    assert.match(text, /^\S/, "the space is already typed");
    assert.equal(await written(page), RAIN);
    assert.equal(await ghost(page).getAttribute("aria-hidden"), "true");
    assert.equal(site.hub.requests.length, 0);
  }));

test("text typed before the model is ready is continued once it is", () =>
  site.visit(async (page) => {
    const letWeightsCome = await reloadWithoutWeights(page);
    await write(page, RAIN);
    await page.locator("#headline", { hasText: "No model yet" }).waitFor();
    await letWeightsCome();
    await suggestion(page);
    assert.equal(await written(page), RAIN);
  }));

test("a loaded page keeps suggesting offline", () =>
  site.visit(async (page) => {
    await ready(page);
    await page.context().setOffline(true);
    await write(page, RAIN);
    await suggestion(page);
  }));

test("Tab accepts, Ctrl+Z undoes it in one step", () =>
  site.visit(async (page) => {
    await ready(page);
    await write(page, RAIN);
    const text = await suggestion(page, 2);
    await page.keyboard.press("Tab");
    assert.equal(await written(page), RAIN + text);
    await page.keyboard.press("#");
    await page.keyboard.press("Control+z");
    assert.equal(await written(page), RAIN + text, "typing after it is a separate step");
    await page.keyboard.press("Control+z");
    assert.equal(await written(page), RAIN);
    await page.keyboard.press("Control+y");
    assert.equal(await written(page), RAIN + text);
  }));

test("the next suggestion follows an accepted one by itself", () =>
  site.visit(async (page) => {
    await ready(page);
    await write(page, RAIN);
    const first = await suggestion(page, 2);
    await page.keyboard.press("Tab");
    const second = await suggestion(page);
    await page.keyboard.press("Tab");
    assert.equal(await written(page), RAIN + first + second);
  }));

test("a suggestion accepted while it grows is accepted as far as shown, and continues from there", async () => {
  /** @type {string} */
  let whole;
  await site.visit(async (page) => {
    await ready(page);
    await write(page, RAIN);
    whole = await suggestion(page);
  });
  await site.visit(async (page) => {
    await ready(page);
    await write(page, RAIN);
    await ghost(page).waitFor();
    await page.keyboard.press("Tab");
    const taken = await written(page);
    assert.ok(taken.length > RAIN.length);
    await suggestion(page);
    const rest = await ghost(page).textContent();
    assert.ok(`${taken}${rest}`.startsWith(RAIN + whole), `${taken}|${rest}`);
  });
});

test("nothing is suggested inside or right before a word; between words the text after the caret is not repeated", () =>
  site.visit(async (page) => {
    await ready(page);
    await page.locator("#automatic").uncheck();
    await page.locator(".cm-content").focus();
    await write(page, "We walked to the river.");
    const announcer = page.locator("#announcer");
    for (const [keys, isAskable] of /** @type {[number, boolean][]} */ ([
      [3, false],
      [3, false],
      [1, true],
    ])) {
      for (let i = 0; i < keys; i++) await page.keyboard.press("ArrowLeft");
      await announcer.evaluate((region) => (region.textContent = ""));
      await page.keyboard.press("Control+Space");
      if (isAskable) assert.doesNotMatch(await suggestion(page), /river/);
      else await announcer.filter({ hasText: "Nothing to continue here" }).waitFor({ state: "attached" });
    }
  }));

test("Ctrl+→ accepts the next word and keeps the rest", () =>
  site.visit(async (page) => {
    await ready(page);
    await write(page, RAIN);
    const text = await suggestion(page, 3);
    await page.keyboard.press("Control+ArrowRight");
    const rest = await ghost(page).textContent();
    assert.ok(rest);
    assert.equal((await written(page)) + rest, RAIN + text);
    assert.match(rest, /^[\s\p{P}]/u, "the whole word is accepted");
    await page.keyboard.press("Control+z");
    assert.equal(await written(page), RAIN);
  }));

test("without a suggestion Ctrl+→ moves the caret", () =>
  site.visit(async (page) => {
    await ready(page);
    await write(page, "one two");
    await page.keyboard.press("Control+Home");
    await gone(page);
    await page.keyboard.press("Control+ArrowRight");
    await write(page, "X");
    assert.equal(await written(page), "oneX two");
  }));

test("typing along shortens the suggestion letter by letter", () =>
  site.visit(async (page) => {
    await ready(page);
    await write(page, RAIN);
    const text = await suggestion(page, 3); // at least five letters
    for (let typed = 1; typed <= 4; typed++) {
      await page.keyboard.type(text[typed - 1]);
      assert.equal(await ghost(page).textContent(), text.slice(typed));
    }
    assert.equal(await written(page), RAIN + text.slice(0, 4));
  }));

test("typing something else, moving the caret and selecting dismiss the suggestion", () =>
  site.visit(async (page) => {
    await ready(page);
    await page.locator("#automatic").uncheck();
    await page.locator(".cm-content").focus();
    await write(page, RAIN);
    for (const away of ["#", "ArrowLeft", "Shift+ArrowLeft", "Backspace"]) {
      await page.keyboard.press("Control+End");
      await page.keyboard.press("Tab");
      await suggestion(page);
      await page.keyboard.press(away);
      assert.equal(await ghost(page).count(), 0, away);
    }
  }));

test("with automatic suggestions off, Tab, Alt+\\ and Ctrl+Space ask", () =>
  site.visit(async (page) => {
    await ready(page);
    await page.locator("#automatic").uncheck();
    await page.locator(".cm-content").focus();
    await write(page, RAIN);
    for (const key of ["Tab", "Alt+Backslash", "Control+Space"]) {
      await page.keyboard.press(key);
      await suggestion(page);
      assert.equal(await written(page), RAIN, key);
      await page.keyboard.press("Escape");
      await gone(page);
      await page.keyboard.press("ArrowLeft");
      await page.keyboard.press("ArrowRight");
    }
  }));

test("asking where there is nothing to continue says so", () =>
  site.visit(async (page) => {
    await ready(page);
    const [hint, announcer] = [page.locator("#hint"), page.locator("#announcer")];
    await page.keyboard.press("Tab");
    await hint.filter({ hasText: "Write a few words first" }).waitFor();
    assert.match((await announcer.textContent()) ?? "", /^Write a few words first/);
    assert.equal(await written(page), "");
    await write(page, "don't");
    await hint.filter({ hasNotText: "Write a few words first" }).waitFor();
    for (let i = 0; i < "'t".length; i++) await page.keyboard.press("ArrowLeft");
    await page.keyboard.press("Tab");
    await hint.filter({ hasText: "Nothing to continue here" }).waitFor();
    assert.match((await announcer.textContent()) ?? "", /^Nothing to continue here/);
    assert.equal(await written(page), "don't");
  }));

test("Esc dismisses, then Tab leaves the text, and the page says so", () =>
  site.visit(async (page) => {
    await ready(page);
    await write(page, RAIN);
    await suggestion(page);
    await page.locator("#hint", { hasText: "Tab accept" }).waitFor();
    await page.keyboard.press("Escape");
    await gone(page);
    await page.locator("#hint", { hasText: "Tab leaves the text" }).waitFor();
    assert.equal(await page.locator("#announcer").textContent(), "Tab leaves the text.");
    await page.keyboard.press("Tab");
    assert.equal(await page.evaluate(() => document.activeElement?.id), "automatic");
    assert.equal(await written(page), RAIN);

    // Back in the text, Tab suggests again.
    await page.keyboard.press("Shift+Tab");
    await page.locator("#hint", { hasText: "Tab suggest" }).waitFor();
    await page.keyboard.press("Tab");
    await suggestion(page);
  }));

test("during a composition nothing is shown and no key is taken", () =>
  site.visit(async (page) => {
    await ready(page);
    await write(page, RAIN);
    await suggestion(page);
    await page.clock.install();
    const devtools = await page.context().newCDPSession(page);
    await devtools.send("Input.imeSetComposition", { text: "st", selectionStart: 2, selectionEnd: 2 });
    await gone(page);
    assert.equal(await written(page), `${RAIN}st`);
    const taken = await page.locator(".cm-content").evaluate((content) =>
      [
        ["Tab", 9, "Tab"],
        ["Escape", 27, "Escape"],
        ["\\", 220, "Backslash"],
      ].filter(([key, keyCode, code]) => {
        const init = { key, keyCode, code, altKey: key === "\\", bubbles: true, cancelable: true };
        return !content.dispatchEvent(new KeyboardEvent("keydown", /** @type {KeyboardEventInit} */ (init)));
      }),
    );
    assert.deepEqual(taken, []);
    await devtools.send("Input.imeSetComposition", { text: "stree", selectionStart: 5, selectionEnd: 5 });
    await page.clock.runFor(1000);
    assert.equal(await page.locator("#headline").textContent(), "Pocket GPT-2 · ready", "nothing is asked");
    assert.equal(await ghost(page).count(), 0);
    await devtools.send("Input.insertText", { text: "street" });
    await suggestion(page);
    assert.equal(await written(page), `${RAIN}street`);
  }));

test("Alt+\\ also asks on a Mac's keyboard, where it types another character, while AltGr types", () =>
  site.visit(async (page) => {
    await ready(page);
    await page.locator("#automatic").uncheck();
    await page.locator(".cm-content").focus();
    await write(page, RAIN);
    const isTaken = (/** @type {{altKey?: boolean, ctrlKey?: boolean}} */ modifiers) =>
      page.locator(".cm-content").evaluate((content, modifiers) => {
        const init = { key: "«", code: "Backslash", bubbles: true, cancelable: true, ...modifiers };
        return !content.dispatchEvent(new KeyboardEvent("keydown", init));
      }, modifiers);
    assert.equal(await isTaken({}), false);
    assert.equal(await isTaken({ altKey: true, ctrlKey: true }), false);
    assert.equal(await isTaken({ altKey: true }), true);
    await suggestion(page);
  }));
