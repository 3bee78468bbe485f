// Bundles CodeMirror into one ES module the page can import: node tools/vendor.js

import { readFile, writeFile } from "node:fs/promises";
import { build } from "esbuild";

const root = new URL("../", import.meta.url);
const entry = new URL("tools/codemirror.js", root);
const bundle = new URL("www/vendor/codemirror.js", root);
const types = new URL("www/vendor/codemirror.d.ts", root);

// Its licence asks to stay with every copy, and minifying would lose it.
const licence = await readFile(new URL("node_modules/@codemirror/view/LICENSE", root), "utf8");

await build({
  entryPoints: [entry.pathname],
  outfile: bundle.pathname,
  bundle: true,
  format: "esm",
  minify: true,
  target: "es2022",
  banner: { js: `/*! CodeMirror, https://codemirror.net\n\n${licence}*/` },
});
await writeFile(types, 'export * from "../../tools/codemirror.js";\n');
