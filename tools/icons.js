// Renders www/icons/icon.svg as icons for home screens: node tools/icons.js

import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

const icons = new URL("../www/icons/", import.meta.url);
// Home screens round the corners themselves.
const square = (await readFile(new URL("icon.svg", icons), "utf8")).replace(' rx="3"', "");

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox"],
});
for (const px of [192, 512]) {
  const page = await browser.newPage({ viewport: { width: px, height: px } });
  await page.setContent(`<style>body { margin: 0 }</style>${square}`);
  await page.screenshot({ path: fileURLToPath(new URL(`icon-${px}.png`, icons)) });
}
await browser.close();
