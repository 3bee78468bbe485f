// Serves www/, builds again and reloads the page whenever a source file changes: node tools/watch.js 8081

import { spawn } from "node:child_process";
import { EventEmitter, once } from "node:events";
import { watch } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { serve } from "./serve.js";

const PROJECT = fileURLToPath(new URL("../", import.meta.url));
// An editor writes several files at once, and some of them twice.
const SETTLE_MS = 100;

const MADE_BY_BUILD = /^www\/(pkg|vendor)(\/|$)|^www\/files\.js$|\/card\.html$/;
const SOURCE_OF_BUILD = /^src\/|^Cargo\.(toml|lock)$|^tools\/(codemirror|vendor|card)\.js$|\/pocket-gpt2\/README\.md$/;

/**
 * @param {string} path in the project
 * @returns {"build" | "reload" | "nothing"} the least that shows a change of this file in the page
 */
export function effectOf(path) {
  if (MADE_BY_BUILD.test(path)) return "nothing";
  if (SOURCE_OF_BUILD.test(path)) return "build";
  return path.startsWith("www/") ? "reload" : "nothing";
}

/** Builds and reloads after changes, one build at a time. */
export class Rebuilder {
  /** @type {Set<"build" | "reload">} */
  #due = new Set();
  #isBusy = false;
  #world;

  /**
   * @param {object} world
   * @param {() => Promise<void>} world.settle waits for the other changes of the same moment
   * @param {() => Promise<boolean>} world.build whether it succeeded
   * @param {() => void} world.reload
   */
  constructor(world) {
    this.#world = world;
  }

  /** @param {string} path in the project */
  async changed(path) {
    const effect = effectOf(path);
    if (effect === "nothing") return;
    this.#due.add(effect);
    if (this.#isBusy) return;
    this.#isBusy = true;
    while (this.#due.size > 0) {
      await this.#world.settle();
      const mustBuild = this.#due.has("build");
      this.#due.clear();
      // The page that works stays while the source has an error.
      if (!mustBuild || (await this.#world.build())) this.#world.reload();
    }
    this.#isBusy = false;
  }
}

/** The page with reload.js in it. @param {string} html */
export function withReload(html) {
  return html.replace("</head>", '  <script type="module" src="/reload.js"></script>\n  </head>');
}

/** @returns {Promise<boolean>} whether it succeeded */
async function build() {
  const [code] = await once(spawn("./build.sh", ["build"], { cwd: PROJECT, stdio: "inherit" }), "close");
  return code === 0;
}

/** @param {number} port */
async function main(port) {
  const root = join(PROJECT, "www");
  const page = new EventEmitter();
  const overlay = new Map([
    ["/index.html", async () => withReload(await readFile(join(root, "index.html"), "utf8"))],
    ["/reload.js", () => readFile(join(PROJECT, "tools/reload.js"), "utf8")],
    ["/changed", () => once(page, "reload").then(() => "")],
    // The page's own would go on answering with the files that it has kept.
    ["/service-worker.js", async () => "skipWaiting();"],
  ]);
  const rebuilder = new Rebuilder({
    settle: () => sleep(SETTLE_MS),
    build,
    reload: () => page.emit("reload"),
  });
  for (const folder of ["", "src", "tools", "www"]) {
    const options = { recursive: folder !== "" }; // target/ and node_modules/ have too many files to watch.
    watch(join(PROJECT, folder), options, (_event, name) => rebuilder.changed(join(folder, name ?? "")));
  }
  await serve(root, port, overlay);
  console.log(`http://localhost:${port}/ follows the source; Ctrl+C stops it.`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main(Number(process.argv[2]));
