// Bundles CodeMirror into one ES module for the page: node tools/vendor.js

import { readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

/** @param {string} path in the project */
const pathOf = (path) => fileURLToPath(new URL(`../${path}`, import.meta.url));

// The licence must stay with every copy, and minifying would drop it.
const licence = await readFile(pathOf("node_modules/@codemirror/view/LICENSE"), "utf8");

await build({
  entryPoints: [pathOf("tools/codemirror.js")],
  outfile: pathOf("www/vendor/codemirror.js"),
  bundle: true,
  format: "esm",
  minify: true,
  target: "es2022",
  banner: { js: `/*! CodeMirror, https://codemirror.net\n\n${licence}*/` },
});
await writeFile(pathOf("www/vendor/codemirror.d.ts"), 'export * from "../../tools/codemirror.js";\n');
