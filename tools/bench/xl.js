// Loads a checkpoint of GPT-2 XL's shape in Chromium, 6.2 GB generated while it is sent, and runs it. By hand, after a
// build: node tools/bench/xl.js [THREADS]

import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { Readable } from "node:stream";
import { GPT2_XL, randomCheckpoint } from "../random-model.js";
import { inNewBrowser, peakRendererMb } from "./browser.js";
import { Site } from "./site.js";

/** @import { Model } from "../../www/engine/protocol.js" */

const CONFIG = JSON.stringify(GPT2_XL);
const threads = process.argv[2] === "1" ? 1 : undefined;

const hash = createHash("sha256");
let bytes = 0;
for (const part of randomCheckpoint(GPT2_XL)) {
  hash.update(part);
  bytes += part.length;
}
const sha256 = hash.digest("hex");
console.log(`${bytes} bytes, SHA-256 ${sha256}`);

const server = createServer(({ url }, response) => {
  const isConfig = url === "/config.json";
  response.writeHead(200, { "Access-Control-Allow-Origin": "*", "Content-Length": isConfig ? CONFIG.length : bytes });
  if (isConfig) response.end(CONFIG);
  else Readable.from(randomCheckpoint(GPT2_XL)).pipe(response);
}).listen(0, "127.0.0.1");
await once(server, "listening");
const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
const origin = `http://127.0.0.1:${port}`;
const site = await Site.open(tmpdir());
try {
  const files = {
    config: {
      url: `${origin}/config.json`,
      bytes: CONFIG.length,
      sha256: createHash("sha256").update(CONFIG).digest("hex"),
    },
    weights: { url: `${origin}/model.safetensors`, bytes, sha256 },
  };
  await inNewBrowser(async (page) => {
    page.on("console", (message) => console.log(message.text()));
    for (const visit of ["first", "second"]) {
      await page.goto(site.url);
      const result = await page.evaluate(visitWith, /** @type {Options} */ ({ files, threads }));
      console.log(`${visit} visit: ${JSON.stringify(result)}, peak ${Math.round(await peakRendererMb(page))} MB`);
    }
  });
} finally {
  site.close();
  server.close();
}

/** @typedef {{files: Pick<Model["files"], "config" | "weights">, threads: 1 | undefined}} Options */

/**
 * Runs in the page.
 * @param {Options} options
 */
async function visitWith({ files, threads }) {
  const { EngineClient } = await import(/** @type {any} */ ("/www/engine/client.js"));
  const { MODELS } = await import(/** @type {any} */ ("/www/models/table.js"));
  const client = new EngineClient();
  const start = performance.now();
  let told = -1;
  const onProgress = (
    /** @type {import("../../www/engine/protocol.js").ProgressMessage} */ { receivedBytes, totalBytes },
  ) => {
    const tenths = Math.floor((10 * receivedBytes) / Number(totalBytes));
    if (tenths > told) console.log(`${10 * tenths} % after ${Math.round(performance.now() - start)} ms`);
    told = Math.max(told, tenths);
  };
  const model = { ...MODELS[0], id: "gpt2-xl", title: "GPT-2 XL", golden: null };
  const info = await client.load(
    { ...model, files: { ...model.files, ...files } },
    { dtype: "q8", threads, onProgress },
  );
  const loadMs = Math.round(performance.now() - start);
  /** @type {number[]} */
  const times = [];
  const onToken = () => times.push(performance.now());
  await client.generate("The rain had stopped by the time", { max_new_tokens: 9, eos_token_id: [] }, { onToken });
  const msPerToken = Math.round((times[8] - times[0]) / 8);
  return {
    loadMs,
    msPerToken,
    sizeMb: Math.round(info.sizeBytes / 1e6),
    kept: info.kept,
    build: info.build,
    notices: info.notices,
  };
}
