// Makes a page's part of the bundled model's card, which is written for people who read the repository: node tools/card.js

import { readFile, writeFile } from "node:fs/promises";
import { Marked, Renderer } from "marked";

const folder = new URL("../www/models/pocket-gpt2/", import.meta.url);

const markdown = new Marked({
  walkTokens(token) {
    // The dialog that shows it has headings of its own above.
    if (token.type === "heading") token.depth += 3;
  },
  renderer: {
    table(token) {
      // Wider than a phone; a key has to reach it to scroll it.
      return `<div class="scroll" tabindex="0">${Renderer.prototype.table.call(this, token)}</div>`;
    },
  },
});

await writeFile(
  new URL("card.html", folder),
  await markdown.parse(await readFile(new URL("README.md", folder), "utf8")),
);
