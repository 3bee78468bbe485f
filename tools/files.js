// Writes www/files.js, the page's files with their hashes, for the service worker: node tools/files.js

import { createHash } from "node:crypto";
import { readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join, sep } from "node:path";
import { fileURLToPath } from "node:url";

// The browser itself keeps the service worker and this list; the rest is for people and compilers.
const OTHERS = /^(service-worker\.js|files\.js|tsconfig\.json|.*\.md|.*\.d\.ts)$/;

/** @param {string} root the page's folder */
export async function writeFileList(root) {
  /** @type {Record<string, string>} */
  const files = {};
  for (const entry of (await readdir(root, { recursive: true })).sort()) {
    const path = entry.replaceAll(sep, "/");
    if (OTHERS.test(path) || !(await stat(join(root, entry))).isFile()) continue;
    files[path] = `sha256-${createHash("sha256")
      .update(await readFile(join(root, entry)))
      .digest("base64")}`;
  }
  const lines = [
    "// Every file of the page with its hash, written by tools/files.js.",
    "",
    "/** @type {Record<string, string>} */",
    `export const FILES = ${JSON.stringify(files, null, 2)};`,
  ];
  await writeFile(join(root, "files.js"), `${lines.join("\n")}\n`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await writeFileList(fileURLToPath(new URL("../www/", import.meta.url)));
}
