// The dialog with the figures: a table, a chart, export and reset.

import { find, saveFile } from "../page/dom.js";
import { say } from "../strings/strings.js";
import { barChart } from "./chart.js";
import { summary } from "./counts.js";

/**
 * @import { ModelInfo } from "../engine/protocol.js"
 * @import { Counts } from "./counts.js"
 * @import { Figures } from "./figures.js"
 */

const FILE_NAME = "write-with-distilgpt2-figures.json";
const N_BARS = 50;

export class FiguresPanel {
  #dialog;
  #figures;
  #model;

  /**
   * @param {HTMLDialogElement} dialog
   * @param {object} world
   * @param {Figures} world.figures
   * @param {() => ModelInfo | null} world.model the one that writes
   * @param {(sentence: string) => void} world.announce
   */
  constructor(dialog, { figures, model, announce }) {
    this.#dialog = dialog;
    this.#figures = figures;
    this.#model = model;
    find(dialog, "#export-figures").addEventListener("click", () => this.#export());
    find(dialog, "#reset-figures").addEventListener("click", () => {
      figures.reset();
      this.#fill();
      announce(say("figures_were_reset"));
    });
  }

  open() {
    this.#fill();
    this.#dialog.showModal();
  }

  #fill() {
    const counts = this.#figures.counts();
    find(this.#dialog, "tbody").replaceChildren(...rowsOf(counts, this.#model()).map(rowElement));
    const waits = counts.waitsMs.slice(-N_BARS);
    const chart = find(this.#dialog, "#figures-chart");
    chart.hidden = waits.length === 0;
    if (chart.hidden) return;
    const label = say("figures_chart", { count: waits.length, longest: ms(Math.max(...waits)) });
    find(this.#dialog, "figcaption").textContent = label;
    find(this.#dialog, "svg").replaceWith(barChart(waits, N_BARS, label));
  }

  #export() {
    const counts = this.#figures.counts();
    const json = JSON.stringify({ counts, summary: summary(counts), model: this.#model() }, null, 2);
    saveFile(FILE_NAME, json, "application/json");
  }
}

/**
 * @param {Counts} counts
 * @param {ModelInfo | null} model
 * @returns {[name: string, value: string][]}
 */
function rowsOf(counts, model) {
  const { p50Ms, p90Ms, tokensPerSecond, reusedShare } = summary(counts);
  return [
    [say("figures_shown"), String(counts.shown)],
    [say("figures_taken_whole"), String(counts.takenWhole)],
    [say("figures_taken_by_word"), String(counts.takenByWord)],
    [say("figures_typed_through"), String(counts.typedThrough)],
    [say("figures_characters_saved"), String(counts.charactersSaved)],
    [say("figures_wait_p50"), orNone(p50Ms, ms)],
    [say("figures_wait_p90"), orNone(p90Ms, ms)],
    [say("figures_tokens_per_second"), orNone(tokensPerSecond, (value) => value.toFixed(value < 10 ? 1 : 0))],
    [say("figures_reused"), orNone(reusedShare, (value) => `${Math.round(100 * value)} %`)],
    [say("figures_memory"), orNone(model?.sizeBytes ?? null, (value) => `${Math.round(value / 1e6)} MB`)],
  ];
}

/** @param {number} value */
const ms = (value) => `${value} ms`;

/**
 * @param {number | null} value
 * @param {(value: number) => string} format
 */
const orNone = (value, format) => (value === null ? say("figures_none") : format(value));

/** @param {[name: string, value: string]} row */
function rowElement([name, value]) {
  const row = document.createElement("tr");
  const head = document.createElement("th");
  head.scope = "row";
  head.textContent = name;
  const cell = document.createElement("td");
  cell.textContent = value;
  row.append(head, cell);
  return row;
}
