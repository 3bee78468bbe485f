// The site for the browsers: its folder, the files of the random model, and a record of downloads.

import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, readFile, rm, stat, symlink } from "node:fs/promises";
import { join, resolve } from "node:path";
import { pipeline } from "node:stream/promises";
import { gzipSync } from "node:zlib";
import { serve } from "../serve.js";

/** @import { ModelFile } from "../../www/engine/protocol.js" */

export class Site {
  #server;
  #root;
  #port;
  /** @type {Set<string>} */
  #asked = new Set();

  /**
   * @param {import("node:http").Server} server
   * @param {string} root
   */
  constructor(server, root) {
    this.#server = server;
    this.#root = root;
    this.#port = /** @type {import("node:net").AddressInfo} */ (server.address()).port;
    server.prependListener("request", ({ url }, response) => {
      this.#asked.add(String(url));
      // The engine caches only files from another origin, such as the hub's.
      response.setHeader("Access-Control-Allow-Origin", "*");
    });
  }

  /**
   * @param {string} models the folder that make_models.py filled
   * @returns {Promise<Site>}
   */
  static async open(models) {
    const root = resolve("target/bench/site");
    await rm(root, { recursive: true, force: true });
    await mkdir(join(root, "tools"), { recursive: true });
    await symlink(resolve("tools/bench/page/index.html"), join(root, "index.html"));
    // The project's layout, so that imports between the folders resolve.
    for (const folder of ["www", "tools/bench"]) await symlink(resolve(folder), join(root, folder));
    await symlink(resolve(models), join(root, "models"));
    await symlink(resolve("target/bench/candle"), join(root, "candle"));
    return new Site(await serve(root, 0), root);
  }

  close() {
    this.#server.close();
  }

  get url() {
    return `http://localhost:${this.#port}/`;
  }

  /** @param {string} path @param {"same" | "other"} origin relative to the pages. @returns {Promise<ModelFile>} */
  async modelFile(path, origin) {
    const file = join(this.#root, path);
    const hash = createHash("sha256");
    await pipeline(createReadStream(file), hash);
    const host = origin === "same" ? "localhost" : "127.0.0.1";
    return { url: `http://${host}:${this.#port}/${path}`, bytes: (await stat(file)).size, sha256: hash.digest("hex") };
  }

  /** Clears the record of downloads. */
  forget() {
    this.#asked.clear();
  }

  /** @returns {Promise<number>} gzipped kB of code downloaded since then, without the harness's own */
  async runtimeKb() {
    const files = [...this.#asked].filter((url) => /\.(m?js|wasm)$/.test(url) && !url.startsWith("/tools/bench/page/"));
    const sizes = await Promise.all(files.map((file) => gzipKb(join(this.#root, file))));
    return sizes.reduce((sum, size) => sum + size, 0);
  }
}

/** @param {string} file */
export const gzipKb = async (file) => gzipSync(await readFile(file), { level: 9 }).length / 1000;
