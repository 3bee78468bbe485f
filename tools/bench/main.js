// Compares the engine with others in headless Chromium: ./build.sh bench [ROWS-REGEX]

import { mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { cpus, release, totalmem } from "node:os";
import { join } from "node:path";
import { browserOf, inNewBrowser } from "./browser.js";
import { Others } from "./quiet.js";
import { report } from "./report.js";
import { allRows } from "./rows.js";
import { gzipKb, Site } from "./site.js";
import { digits, median } from "./statistics.js";

/**
 * @import { Row } from "./rows.js"
 * @import { Measured } from "./report.js"
 */

const ROUNDS = 3;
const PATIENCE_MS = 60_000;

const ROW_MINUTES = 0.7;

const [models, pattern = ""] = process.argv.slice(2);
const site = await Site.open(models);
try {
  const all = await allRows(site);
  const rows = all.filter(({ id }) => new RegExp(pattern, "i").test(id));
  if (rows.length === 0)
    throw new Error(`No row matches ${pattern}. The rows are:\n${all.map(({ id }) => id).join("\n")}`);
  const minutes = Math.ceil(rows.length * ROUNDS * ROW_MINUTES);
  console.log(`${rows.length} rows, ${ROUNDS} rounds: about ${minutes} minutes on an idle machine, at most twice that`);
  const about = {
    date: new Date().toISOString(),
    machine: await machine(),
    packages: await packages(),
    code: await wasmSizes(),
  };
  /** @type {Measured[]} */
  const measured = rows.map(({ id, name, nThreads }) => ({ id, name, nThreads, samples: {}, errors: [] }));
  await mkdir("target/bench", { recursive: true });
  const file = `target/bench/${about.date.replaceAll(":", "-")}.json`;
  for (let round = 0; round < ROUNDS; round++) {
    for (const [i, row] of rows.entries()) {
      console.log(`round ${round + 1} of ${ROUNDS}, ${row.id}: ${await measure(row, round, measured[i])}`);
      await writeFile(file, JSON.stringify({ ...about, rows: measured }, null, 1));
    }
  }
  console.log(`\n${about.machine}; ${about.packages}; ${about.date}\n\n${report(measured)}`);
  for (const { path, mb, gzipMb } of about.code)
    console.log(`- ${path}: ${mb.toFixed(2)} MB, ${gzipMb.toFixed(2)} MB with gzip`);
  console.log(`\nEvery sample: ${file}`);
} finally {
  site.close();
}

/**
 * Runs one round of a row and adds its samples to `measured`. A failure is noted, and the other rows continue.
 * @param {Row} row
 * @param {number} round
 * @param {Measured} measured
 * @returns {Promise<string>} a summary
 */
async function measure(row, round, measured) {
  const start = performance.now();
  try {
    const samples = await row.measure(round, new Others(PATIENCE_MS));
    for (const [metric, values] of Object.entries(samples)) {
      measured.samples[metric] ??= [];
      measured.samples[metric].push(...values);
    }
    const medians = Object.entries(samples).map(([metric, values]) => `${metric} ${digits(median(values))}`);
    const seconds = Math.round((performance.now() - start) / 1000);
    return `${medians.join(", ")} (${seconds} s)`;
  } catch (error) {
    const [message] = /** @type {Error} */ (error).message.split("\n");
    measured.errors.push(message);
    return `failed: ${message}`;
  }
}

async function machine() {
  const chromium = await inNewBrowser(async (page) => browserOf(page).version());
  const hardware = `${cpus()[0].model}, ${cpus().length} processors, ${Math.round(totalmem() / 1e9)} GB`;
  return `${hardware}; Linux ${release()}; Chromium ${chromium}`;
}

async function packages() {
  const { dependencies } = JSON.parse(await readFile("tools/bench/package.json", "utf8"));
  return Object.entries(dependencies)
    .map((entry) => entry.join(" "))
    .join(", ");
}

/** Sizes of the engine's builds. */
async function wasmSizes() {
  const names = (await readdir("www", { recursive: true })).filter((name) => name.endsWith(".wasm"));
  const sizes = names.map(async (name) => {
    const path = join("www", name);
    return { path, mb: (await stat(path)).size / 1e6, gzipMb: (await gzipKb(path)) / 1000 };
  });
  return Promise.all(sizes);
}
