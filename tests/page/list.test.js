// Three to choose from: the list at the caret, the keys that cycle, and the bar of a phone.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
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
  toEnd,
  write,
  written,
} from "./harness.js";

/** @import { Page } from "playwright-core" */

/** @type {Site} */
let site;
before(async () => {
  site = await Site.open();
});
after(() => site.close());

/** @param {Page} page */
const list = (page) => page.getByRole("listbox", { name: "Suggestions" });

/** Without the last row, which asks for more. @param {Page} page */
const rows = (page) => list(page).locator("[role=option]:not(.last)");

/** @param {Page} page */
const more = (page) => list(page).locator(".last");

/**
 * Text, and no suggestion unasked, so that Tab opens the list.
 * @param {Page} page
 * @param {string} [text]
 */
async function begin(page, text = RAIN) {
  await ready(page);
  await page.locator("#automatic").uncheck();
  await page.locator(".cm-content").focus();
  await write(page, text);
}

/**
 * Opens the list and waits until it grows no more.
 * @param {Page} page
 * @param {number} [leastRows] asks for more until there are so many
 */
async function openList(page, leastRows = 2) {
  await page.keyboard.press("Tab");
  for (let attempt = 0; attempt < 10; attempt++) {
    await more(page).filter({ hasNotText: "Thinking" }).waitFor();
    if ((await rows(page).count()) >= leastRows) return;
    await more(page).click();
  }
  throw new Error(`the model has not suggested ${leastRows} alternatives in 10 attempts`);
}

/** The text of the row that assistive technology takes as focused, checked to be the one highlighted. @param {Page} page */
async function active(page) {
  const id = await page.locator(".cm-content").getAttribute("aria-activedescendant");
  const selected = list(page).locator("[aria-selected=true]");
  assert.equal(await selected.count(), 1);
  assert.equal(await selected.getAttribute("id"), id);
  return selected.textContent();
}

/**
 * Lets the page suggest, without a list, until there is something to choose from.
 * @param {Page} page
 * @param {number} least
 * @returns {Promise<number>} how many suggestions there are
 */
async function beOffered(page, least) {
  for (let attempt = 0; attempt < 10; attempt++) {
    await page.locator("#automatic").uncheck();
    await page.locator("#automatic").check();
    await page.locator(".cm-content").focus();
    await suggestion(page);
    await page.keyboard.press("F2");
    const total = Number(/^1 of (\d+): /.exec(await announced(page))?.[1]);
    if (total >= least) return total;
  }
  throw new Error(`the model has not suggested ${least} alternatives in 10 attempts`);
}

/** The seed of what the page has asked last. @param {Page} page */
const question = (page) => page.evaluate(() => /** @type {any} */ (window).question.generation_config.seed);

/** @param {Page} page */
const announced = async (page) => ((await page.locator("#announcer").textContent()) ?? "").replace("\u00a0", "");

/** @param {Page} page */
const shown = async (page) => ((await ghost(page).textContent()) ?? "").trim();

test("Tab opens the list, arrows show each suggestion at the caret, Enter takes it, Ctrl+Z takes it back", () =>
  site.visit(async (page) => {
    await begin(page);
    await openList(page);
    const texts = await rows(page).allTextContents();
    assert.equal(new Set(texts).size, texts.length);
    for (const text of texts) {
      assert.equal(await active(page), text);
      assert.equal(await shown(page), text);
      await page.keyboard.press("ArrowDown");
    }
    assert.equal(await active(page), "More …");
    await page.keyboard.press("ArrowDown");
    assert.equal(await active(page), texts[0], "after the last comes the first");
    await page.keyboard.press("ArrowUp");
    await page.keyboard.press("ArrowUp");
    assert.equal(await active(page), texts.at(-1));
    assert.equal(await written(page), RAIN, "nothing is written before it is taken");
    await page.keyboard.press("Enter");
    assert.equal(await written(page), RAIN + texts.at(-1));
    assert.equal(await list(page).count(), 0);
    assert.equal(await page.locator(".cm-content").getAttribute("aria-activedescendant"), null);
    await page.keyboard.press("Control+z");
    assert.equal(await written(page), RAIN);
  }));

for (const key of ["Alt+Backslash", "Control+Space"]) {
  test(`${key} lists what stands at the caret, then asks for others; with nothing there, it asks at once`, () =>
    site.visit(async (page) => {
      await begin(page);
      await page.keyboard.press(key);
      await suggestion(page);
      await list(page).waitFor();
      await page.keyboard.press("Escape");
      await list(page).waitFor({ state: "detached" });
      await page.locator("#automatic").check();
      await page.locator(".cm-content").focus();
      await write(page, "old ");
      const text = await suggestion(page);
      const asked = await question(page);
      await page.keyboard.press(key);
      assert.equal(await active(page), text.trim());
      assert.equal(await question(page), asked, "nothing was asked");
      await page.keyboard.press(key);
      await suggestion(page);
      assert.notEqual(await question(page), asked);
      assert.equal(await list(page).count(), 1);
    }));
}

test("Tab takes the highlighted suggestion too", () =>
  site.visit(async (page) => {
    await begin(page);
    await openList(page);
    await page.keyboard.press("ArrowDown");
    const text = await active(page);
    await page.keyboard.press("Tab");
    assert.equal(await written(page), RAIN + text);
  }));

test("rows appear as suggestions come, and the list is there at once", () =>
  site.visit(async (page) => {
    await begin(page);
    await page.locator(".cm-content").evaluate((content) => {
      /** @type {string[]} */
      const labels = [];
      new MutationObserver(() => {
        const label = document.querySelector(".suggestion-list .last")?.textContent ?? "closed";
        const count = document.querySelectorAll(".suggestion-list li").length;
        labels.push(`${label} ${count}`);
      }).observe(document.body, { childList: true, subtree: true, characterData: true });
      Object.assign(content, { labels });
    });
    await openList(page);
    const labels = await page.locator(".cm-content").evaluate((content) => /** @type {any} */ (content).labels);
    assert.ok(labels.includes("Thinking … 1"), "open while nothing has come");
    assert.ok(
      labels.some((/** @type {string} */ label) => /^Thinking … [2-9]/.test(label)),
      "a suggestion is shown while others are still written",
    );
  }));

test("a click takes a suggestion, and the focus stays in the text", () =>
  site.visit(async (page) => {
    await begin(page);
    await openList(page);
    const text = await rows(page).nth(1).textContent();
    await rows(page).nth(1).click();
    assert.equal(await written(page), RAIN + text);
    await page.locator(".cm-content:focus").waitFor();
    assert.equal(await list(page).count(), 0);
  }));

test("More asks again: the list stays, grows, and goes on with the first new one", () =>
  site.visit(async (page) => {
    await begin(page);
    await openList(page);
    const texts = await rows(page).allTextContents();
    await page.keyboard.press("ArrowUp");
    assert.equal(await active(page), "More …");
    for (let attempt = 0; (await rows(page).count()) === texts.length; attempt++) {
      assert.ok(attempt < 10, "something new came");
      await page.keyboard.press("Enter");
      await more(page).filter({ hasNotText: "Thinking" }).waitFor();
    }
    const grown = await rows(page).allTextContents();
    assert.deepEqual(grown.slice(0, texts.length), texts, "what was there keeps its place");
    assert.equal(await active(page), grown[texts.length]);
    assert.equal(await shown(page), grown[texts.length]);
    assert.equal(await written(page), RAIN);
  }));

test("Esc closes the list and keeps the text; then Enter breaks the line, and Tab leaves the text", () =>
  site.visit(async (page) => {
    await begin(page);
    await openList(page);
    await page.keyboard.press("Escape");
    assert.equal(await list(page).count(), 0);
    await gone(page);
    assert.equal(await written(page), RAIN);
    await page.locator("#hint", { hasText: "Tab leaves the text" }).waitFor();
    await page.keyboard.press("Enter");
    assert.equal(await written(page), `${RAIN}\n`);
    await openList(page, 1);
    await page.keyboard.press("Escape");
    await page.keyboard.press("Tab");
    assert.equal(await page.evaluate(() => document.activeElement?.id), "automatic");
    assert.equal(await written(page), `${RAIN}\n`);
  }));

test("typing what fits keeps the list and what fits of it; typing something else closes it", () =>
  site.visit(async (page) => {
    await begin(page);
    await openList(page);
    await page.keyboard.press("ArrowDown");
    const text = (await active(page)) ?? "";
    await page.keyboard.type(text[0]);
    assert.equal(await active(page), text.slice(1).trim(), "the one that was highlighted still is");
    for (const row of await rows(page).allTextContents()) assert.notEqual(row, "");
    await page.keyboard.type("#");
    assert.equal(await list(page).count(), 0);
    assert.equal(await written(page), `${RAIN}${text[0]}#`);
  }));

test("moving the caret closes the list, and so does leaving the text", () =>
  site.visit(async (page) => {
    await begin(page);
    for (const away of [() => page.keyboard.press("ArrowLeft"), () => page.locator("#open-settings").focus()]) {
      await toEnd(page);
      await openList(page, 1);
      await away();
      assert.equal(await list(page).count(), 0);
    }
  }));

test("where nothing can be continued, Tab opens nothing and says so", () =>
  site.visit(async (page) => {
    await begin(page, "");
    await page.keyboard.press("Tab");
    await page.locator("#announcer", { hasText: "Write a few words first" }).waitFor({ state: "attached" });
    assert.equal(await list(page).count(), 0);
  }));

test("Alt+] and Alt+[ show the other suggestions without a list, and say which of how many", () =>
  site.visit(async (page) => {
    await begin(page);
    const total = await beOffered(page, 2);
    /** @type {string[]} */
    const texts = [];
    for (let n = 1; n <= total; n++) {
      texts.push(await shown(page));
      await page.keyboard.press("F2");
      assert.equal(await announced(page), `${n} of ${total}: ${texts[n - 1]}`);
      await page.keyboard.press("Alt+BracketRight");
    }
    assert.equal(new Set(texts).size, total);
    assert.equal(await announced(page), `1 of ${total}: ${texts[0]}`, "after the last comes the first");
    await page.keyboard.press("Alt+BracketLeft");
    assert.equal(await announced(page), `${total} of ${total}: ${texts[total - 1]}`);
    assert.equal(await shown(page), texts[total - 1]);
    assert.equal(await list(page).count(), 0);
    await page.keyboard.press("Tab");
    assert.equal(await written(page), RAIN + texts[total - 1]);
  }));

test("F2 reads the suggestion again, as often as it is pressed", () =>
  site.visit(async (page) => {
    await begin(page);
    await page.keyboard.press("F2");
    assert.equal(await announced(page), "No suggestion.");
    await beOffered(page, 1);
    const seen = new Set();
    for (const nth of ["first", "second"]) {
      await page.keyboard.press("F2");
      assert.equal((await announced(page)).split(": ")[1], await shown(page), nth);
      // The same text set again would not be read.
      seen.add(await page.locator("#announcer").textContent());
    }
    assert.equal(seen.size, 2);
  }));

test("without a suggestion Alt+] and Alt+[ are the writer's", () =>
  site.visit(async (page) => {
    await begin(page);
    const taken = await page.locator(".cm-content").evaluate((content) =>
      ["BracketRight", "BracketLeft"].filter((code) => {
        const init = { key: "“", code, altKey: true, bubbles: true, cancelable: true };
        return !content.dispatchEvent(new KeyboardEvent("keydown", init));
      }),
    );
    assert.deepEqual(taken, []);
  }));

for (const [device, options] of /** @type {const} */ ([
  ["a desk", {}],
  ["a phone", PHONE],
])) {
  for (const [place, before] of [
    ["in the first line", ""],
    ["at the right edge", "It had been a long and quiet afternoon, and. "],
    ["at the bottom of the window", "A line.\n".repeat(60)],
  ]) {
    test(`the list stays in the window and clear of the caret, ${place} (${device})`, () =>
      site.visit(async (page) => {
        await begin(page, before + RAIN);
        await openList(page);
        for (let row = 0; row < (await rows(page).count()); row++) {
          await page.evaluate(() => new Promise(requestAnimationFrame)); // It is placed before it is painted.
          const [listBox, caret, coverTop, width] = await page.evaluate(() => {
            const box = (/** @type {string} */ selector) => {
              const { left, right, top, bottom } = /** @type {Element} */ (
                document.querySelector(selector)
              ).getBoundingClientRect();
              return { left, right, top, bottom };
            };
            const covers = ["#suggestion-bar", "#status"].map(box).filter(({ top, bottom }) => bottom > top);
            const caret = /** @type {Selection} */ (getSelection()).getRangeAt(0).getBoundingClientRect();
            return [
              box(".suggestion-list"),
              { top: caret.top, bottom: caret.bottom },
              Math.min(...covers.map(({ top }) => top)),
              innerWidth,
            ];
          });
          assert.ok(listBox.left >= 0 && listBox.right <= width, `${JSON.stringify(listBox)} in ${width}`);
          assert.ok(listBox.top >= 0 && listBox.bottom <= coverTop, `${JSON.stringify(listBox)} above ${coverTop}`);
          assert.ok(listBox.top >= caret.bottom || listBox.bottom <= caret.top, `${JSON.stringify([listBox, caret])}`);
          await page.keyboard.press("ArrowDown");
        }
        assert.equal(await overflowPx(page), 0);
      }, options));
  }
}

test("on a phone the list stays above the keyboard", () =>
  site.visit(async (page) => {
    await begin(page, "A line.\n".repeat(6) + RAIN);
    await openList(page);
    const heightPx = 330;
    await page.evaluate((heightPx) => {
      const viewport = /** @type {VisualViewport} */ (visualViewport);
      Object.defineProperty(viewport, "height", { value: heightPx });
      viewport.dispatchEvent(new Event("resize"));
    }, heightPx);
    await page.waitForFunction((heightPx) => {
      const { top, bottom } = /** @type {Element} */ (
        document.querySelector(".suggestion-list")
      ).getBoundingClientRect();
      const bar = /** @type {Element} */ (document.querySelector("#suggestion-bar")).getBoundingClientRect();
      return top >= 0 && bottom <= bar.top && bar.bottom <= heightPx;
    }, heightPx);
  }, PHONE));

test("on a phone a tap opens the list, another takes a suggestion, and the keyboard stays", () =>
  site.visit(async (page) => {
    await begin(page);
    await page.getByRole("button", { name: "Suggest", exact: true }).tap();
    await rows(page).first().waitFor();
    await more(page).filter({ hasNotText: "Thinking" }).waitFor();
    const text = await rows(page).last().textContent();
    await rows(page).last().tap();
    assert.equal(await written(page), RAIN + text);
    assert.equal(await list(page).count(), 0);
    await page.locator(".cm-content:focus").waitFor();
  }, PHONE));

test("on a phone the bar shows the next suggestion by tap, and which of how many it is", () =>
  site.visit(async (page) => {
    await begin(page);
    const total = await beOffered(page, 2);
    const first = await shown(page);
    const next = page.getByRole("button", { name: /^Next suggestion: / });
    assert.equal(await next.locator("span").last().textContent(), `1 / ${total}`);
    await next.tap();
    assert.equal(await next.locator("span").last().textContent(), `2 / ${total}`);
    const second = await shown(page);
    assert.notEqual(second, first);
    await page.getByRole("button", { name: /^Accept: / }).tap();
    assert.equal(await written(page), RAIN + second);
    await page.locator(".cm-content:focus").waitFor();
  }, PHONE));

for (const colorScheme of /** @type {const} */ (["light", "dark"])) {
  for (const [device, options] of /** @type {const} */ ([
    ["a desk", {}],
    ["a phone", PHONE],
  ])) {
    test(`axe-core finds nothing with the list open (${device}, ${colorScheme})`, () =>
      site.visit(
        async (page) => {
          await begin(page);
          await openList(page);
          await assertAccessible(page, "on a suggestion");
          await page.keyboard.press("ArrowUp");
          await assertAccessible(page, "on the row for more");
        },
        { ...options, colorScheme },
      ));
  }
}
