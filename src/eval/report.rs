//! The figures for each text and for all of them together, as Markdown tables and as JSON.

use serde_json::{Value, json};

use super::likelihood::Likelihood;
use super::pauses::{GATES, Pauses};
use super::setup::{N_SETUPS, SETUPS, Setup};
use super::typist::Counts;

/// The figures for one text.
#[derive(Debug, Clone)]
pub struct Row {
    /// The text's name.
    pub name: String,
    /// The typist's counts, in the order of [`SETUPS`].
    pub counts: [Counts; N_SETUPS],
    /// The counts of pauses, in the order of [`GATES`].
    pub pauses: [Pauses; GATES.len()],
    /// The model's likelihood of the text.
    pub likelihood: Likelihood,
}

/// One row per text, and one for all of them.
pub struct Report(Vec<Row>);

impl Report {
    /// Adds the row for all texts.
    pub fn new(mut rows: Vec<Row>) -> Report {
        let mut all = Row {
            name: "all".into(),
            counts: Default::default(),
            pauses: Default::default(),
            likelihood: Likelihood::default(),
        };
        for row in &rows {
            for (sum, counts) in all.counts.iter_mut().zip(&row.counts) {
                sum.add(counts);
            }
            for (sum, pauses) in all.pauses.iter_mut().zip(&row.pauses) {
                sum.add(pauses);
            }
            all.likelihood.add(&row.likelihood);
        }
        rows.push(all);
        Report(rows)
    }

    /// Markdown: a table for each setup, two for the pauses and one for the model.
    pub fn tables(&self) -> String {
        let mut tables: Vec<String> = (SETUPS.iter().enumerate())
            .map(|(i, setup)| table(setup.name, &SETUP_HEADER, &self.0, |row| setup_cells(&row.counts[i])))
            .collect();
        tables.push(table(
            "pauses with a suggestion",
            &GATES.map(gate_name),
            &self.0,
            |row| row.pauses.iter().map(|pauses| percent(pauses.all().shown())).collect(),
        ));
        tables.push(table(
            "next word right at a pause",
            &GATES.map(gate_name),
            &self.0,
            |row| row.pauses.iter().map(|pauses| percent(pauses.all().right())).collect(),
        ));
        tables.push(table("the model", &MODEL_HEADER, &self.0, |row| {
            model_cells(&row.likelihood)
        }));
        tables.join("\n")
    }

    /// The figures of the tables, with the counts behind them.
    pub fn json(&self) -> Value {
        let setup = |row: &Row, (i, setup): (usize, &Setup)| {
            let counts = &row.counts[i];
            json!({
                "setup": setup.name,
                "counts": counts,
                "saved": counts.saved(),
                "matching": counts.matching(),
                "suggestions_per_sentence": counts.suggestions_per_sentence(),
            })
        };
        let row = |row: &Row| {
            json!({
                "text": row.name,
                "setups": (SETUPS.iter().enumerate()).map(|item| setup(row, item)).collect::<Vec<_>>(),
                "pauses": (GATES.iter().zip(&row.pauses))
                    .map(|(gate, pauses)| json!({ "gate": gate, "pauses": pauses }))
                    .collect::<Vec<_>>(),
                "likelihood": row.likelihood,
                "perplexity": row.likelihood.perplexity(),
                "bits_per_byte": row.likelihood.bits_per_byte(),
            })
        };
        self.0.iter().map(row).collect()
    }
}

const SETUP_HEADER: [&str; 7] = [
    "characters",
    "saved",
    "next word",
    "2 words",
    "3 words",
    "5 words",
    "suggestions per sentence",
];

fn setup_cells(counts: &Counts) -> Vec<String> {
    let mut cells = vec![counts.n_characters.to_string(), percent(counts.saved())];
    cells.extend(counts.matching().map(percent));
    cells.push(format!("{:.1}", counts.suggestions_per_sentence()));
    cells
}

const MODEL_HEADER: [&str; 4] = ["tokens", "bytes", "perplexity", "bits per byte"];

fn model_cells(likelihood: &Likelihood) -> Vec<String> {
    vec![
        likelihood.n_tokens.to_string(),
        likelihood.n_bytes.to_string(),
        format!("{:.1}", likelihood.perplexity()),
        format!("{:.3}", likelihood.bits_per_byte()),
    ]
}

fn gate_name(gate: f64) -> String {
    format!("gate {gate}")
}

/// A dash for NaN, the share of nothing.
fn percent(share: f64) -> String {
    if share.is_nan() {
        return "–".into();
    }
    format!("{:.1} %", 100.0 * share)
}

/// A Markdown table whose first column holds the rows' names under `title`; columns are as wide as their widest cell.
fn table<S: AsRef<str>>(title: &str, header: &[S], rows: &[Row], cells: impl Fn(&Row) -> Vec<String>) -> String {
    let names = header.iter().map(AsRef::as_ref);
    let mut lines: Vec<Vec<String>> = vec![std::iter::once(title).chain(names).map(String::from).collect()];
    lines.extend(rows.iter().map(|row| [vec![row.name.clone()], cells(row)].concat()));
    let width = |i: usize| lines.iter().map(|line| line[i].chars().count()).max();
    let widths: Vec<usize> = (0..=header.len()).filter_map(width).collect();
    let rule = widths.iter().enumerate().map(|(i, width)| match i {
        0 => "-".repeat(*width),
        _ => "-".repeat(width - 1) + ":",
    });
    lines.insert(1, rule.collect());
    let pad = |(i, cell): (usize, &String)| match (i, widths[i]) {
        (0, width) => format!("{cell:<width$}"),
        (_, width) => format!("{cell:>width$}"),
    };
    let written = |line: &Vec<String>| line.iter().enumerate().map(pad).collect::<Vec<_>>().join(" | ");
    lines.iter().map(|line| format!("| {} |\n", written(line))).collect()
}
