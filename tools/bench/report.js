// The tables: this engine against the targets and the best of the others, then all measurements.

import { FIRST_SUGGESTION, OURS, OURS_F32, READ, REFERENCE, TYPING } from "./rows.js";
import { digits, median, quantile, spread } from "./statistics.js";

/** @import { Samples } from "./rows.js" */

/**
 * A row after all rounds.
 * @typedef {object} Measured
 * @property {string} id
 * @property {string} name
 * @property {number} nThreads
 * @property {Samples} samples
 * @property {string[]} errors
 */

/** int8 weights read per token: the matrices of six layers, and the embedding as the head. */
const WEIGHT_BYTES = 6 * 12 * 768 ** 2 + 50257 * 768;

/**
 * `against` is the row to compare with; null means the best of the others.
 * @type {[title: string, metric: string, target: number, against: string | null][]}
 */
const TARGETS = [
  ["ms per token after 32 tokens", "token32Ms", 0.33, null],
  ["ms per token after 512", "token512Ms", 0.25, null],
  ["ms to the first token, prompt of 32", "prompt32Ms", 0.8, null],
  ["… of 128", "prompt128Ms", 0.8, null],
  ["… of 512", "prompt512Ms", 0.8, null],
  ["three alternatives of 10 tokens after 128, ms", "alternativesMs", 0.45, null],
  ["a keystroke after 128 tokens, then 5 tokens, ms", "keystrokeMs", 0.3, null],
  ["first visit, load from localhost, ms", "loadMs", 1.5, REFERENCE],
  ["second visit, load, ms", "secondLoadMs", 0.5, REFERENCE],
  ["peak memory of the tab, MB", "peakMb", 1, REFERENCE],
  ["code with gzip, kB", "runtimeKb", 1, REFERENCE],
];

/** @type {[title: string, metric: string][]} */
const COLUMNS = [
  ["load, ms", "loadMs"],
  ["second load, ms", "secondLoadMs"],
  ["code, kB", "runtimeKb"],
  ["peak, MB", "peakMb"],
  ["prompt 32, ms", "prompt32Ms"],
  ["128", "prompt128Ms"],
  ["512", "prompt512Ms"],
  ["token @32, ms", "token32Ms"],
  ["@128", "token128Ms"],
  ["@512", "token512Ms"],
  ["alternatives, ms", "alternativesMs"],
  ["keystroke, ms", "keystrokeMs"],
];

/**
 * @param {Measured[]} rows
 * @returns {string} Markdown
 */
export function report(rows) {
  return [...targets(rows), "", ...engines(rows), "", ...rest(rows)].join("\n");
}

/** @param {Measured[]} rows */
function targets(rows) {
  const lines = TARGETS.map(([title, metric, target, against]) => {
    const cells = [1, 2].flatMap((nThreads) => {
      const ours = of(rows, OURS, nThreads, metric);
      // The other engines cache nothing here, so their second visit takes as long as their first.
      const theirs = best(rows, nThreads, metric === "secondLoadMs" ? "loadMs" : metric, against);
      return [
        theirs === null ? "–" : `${digits(theirs.value)} ${theirs.name}`,
        ...verdict(ours, theirs?.value, target),
      ];
    });
    return line(title, `≤ ${target}`, ...cells);
  });
  const reading = [1, 2].flatMap((nThreads) => {
    const ours = of(rows, OURS, nThreads, "token32Ms");
    const gbPerS = of(rows, READ, nThreads, "readGbPerS");
    const ms = gbPerS && WEIGHT_BYTES / 1e6 / gbPerS;
    return [gbPerS === undefined ? "–" : `${digits(Number(ms))} at ${digits(gbPerS)} GB/s`, ...verdict(ours, ms, 1.7)];
  });
  return [
    line("", "target, ratio", "best other, 1 thread", "ours", "ratio", "best other, 2 threads", "ours", "ratio"),
    line(...Array(8).fill("---")),
    ...lines,
    line("ms per token after 32, against reading the weights once", "≤ 1.7", ...reading),
  ];
}

/** @param {number | undefined} ours @param {number | undefined} theirs @param {number} target */
function verdict(ours, theirs, target) {
  if (ours === undefined) return ["–", "–"];
  if (theirs === undefined) return [digits(ours), "–"];
  const ratio = ours / theirs;
  return [digits(ours), `${ratio.toFixed(2)} ${ratio <= target ? "met" : "**missed**"}`];
}

/** @param {Measured[]} rows */
function engines(rows) {
  const measured = rows.filter(({ name }) => ![READ, TYPING, FIRST_SUGGESTION].includes(name));
  return [
    "Medians (lowest–highest) of all rounds; others: processors that other programs used.",
    "",
    line("", ...COLUMNS.map(([title]) => title), "others"),
    line(...Array(COLUMNS.length + 2).fill("---")),
    ...measured.map(({ id, samples, errors }) =>
      errors.length > 0 && Object.keys(samples).length === 0
        ? line(id, `failed: ${errors[0]}`)
        : line(id, ...COLUMNS.map(([, metric]) => spread(samples[metric])), spread(samples.othersCores)),
    ),
  ];
}

/** @param {Measured[]} rows */
function rest(rows) {
  const lines = [];
  for (const { id, name, samples, errors } of rows) {
    if (name === READ) lines.push(`${id}: ${spread(samples.readGbPerS)} GB/s`);
    if (name === OURS) {
      const words = [100, 1000, 10_000].map((n) => `${n} words: ${spread(samples[`document${n}Ms`])} ms`);
      lines.push(`${id}, one more word in a document, then 5 tokens: ${words.join("; ")}`);
    }
    if (name === FIRST_SUGGESTION) {
      const seconds = spread(samples.firstSuggestionS);
      const mb = spread(samples.peakMb);
      lines.push(`bundled model, opening to first suggestion: ${seconds} s; peak memory of the tab: ${mb} MB`);
    }
    if (name === TYPING && samples.keyMs) {
      const watched = `between frames ${tail(samples.frameMs)} ms; from a key to its handler ${tail(samples.keyMs)} ms`;
      const used = `the browser and this program used ${spread(samples.browserCores)} processors`;
      lines.push(`${id}, while suggestions are written (median, 95 %, maximum): ${watched}; ${used}`);
    }
    for (const error of errors) lines.push(`${id} failed: ${error}`);
  }
  return lines.map((text) => `- ${text}`);
}

/** @param {number[]} values */
const tail = (values) => [0.5, 0.95, 1].map((share) => digits(quantile(values, share))).join(", ");

/** @param {string[]} cells */
const line = (...cells) => `| ${cells.join(" | ")} |`;

/**
 * @param {Measured[]} rows
 * @param {string} name
 * @param {number} nThreads
 * @param {string} metric
 * @returns {number | undefined} the median
 */
function of(rows, name, nThreads, metric) {
  const values = rows.find((row) => row.name === name && row.nThreads === nThreads)?.samples[metric];
  return values && median(values);
}

/**
 * @param {Measured[]} rows
 * @param {number} nThreads
 * @param {string} metric
 * @param {string | null} against the row to compare with; null means the one with the lowest median
 */
function best(rows, nThreads, metric, against) {
  const names =
    against === null ? rows.map(({ name }) => name).filter((name) => name !== OURS && name !== OURS_F32) : [against];
  const candidates = names.flatMap((name) => {
    const value = of(rows, name, nThreads, metric);
    return value === undefined ? [] : [{ name, value }];
  });
  return candidates.toSorted((a, b) => a.value - b.value).at(0) ?? null;
}
