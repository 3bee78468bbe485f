// Renders the bundled model's card, www/models/pocket-gpt2/README.md, as HTML for the about dialog: node tools/card.js

import { readFile, writeFile } from "node:fs/promises";
import { Marked, Renderer } from "marked";

const folder = new URL("../www/models/pocket-gpt2/", import.meta.url);

const markdown = new Marked({
  walkTokens(token) {
    // The dialog's own headings go down to h3.
    if (token.type === "heading") token.depth += 3;
  },
  renderer: {
    table(token) {
      // Wider than a phone, so it scrolls; by keyboard it needs the focus for that.
      return `<div class="scroll" tabindex="0">${Renderer.prototype.table.call(this, token)}</div>`;
    },
  },
});

await writeFile(
  new URL("card.html", folder),
  await markdown.parse(await readFile(new URL("README.md", folder), "utf8")),
);
