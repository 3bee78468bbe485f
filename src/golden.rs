//! Golden test of a loaded model: its logits must match those that were published for the same weights.

use serde::Deserialize;

use crate::error::{Error, Result};
use crate::model::matrix::WeightType;
use crate::session::Session;

/// Rounding error between float32 implementations.
const MAX_DIFFERENCE: f32 = 2e-4;
/// The least overlap of the two top tens with int8 weights.
const MIN_COMMON_Q8: usize = 9;

#[derive(Deserialize)]
struct Golden {
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    prompt: String,
    input_ids: Vec<u32>,
    /// The likeliest tokens, best first.
    top_ids: Vec<u32>,
    /// The logits of `top_ids`.
    top_logits: Vec<f32>,
}

/// Whether `session` reproduces the token ids and logits in `json`.
///
/// - float32: the same top tokens in the same order, with logits within 2e-4.
/// - int8: the same top token, and at least nine of the top ten.
///
/// # Errors
/// [`Error::Golden`] if `json` is not a file of golden logits; those of [`Session::logits`].
pub fn check(session: &mut Session, json: &str) -> Result<bool> {
    let golden: Golden = serde_json::from_str(json).map_err(|error| Error::Golden(error.to_string()))?;
    let is_whole = |case: &Case| {
        !case.input_ids.is_empty() && !case.top_ids.is_empty() && case.top_ids.len() == case.top_logits.len()
    };
    if golden.cases.is_empty() || !golden.cases.iter().all(is_whole) {
        return Err(Error::Golden(
            "there are no cases, or a case lacks ids or has unequal numbers of ids and logits".into(),
        ));
    }
    for case in &golden.cases {
        if session.codec().encode(&case.prompt)? != case.input_ids {
            return Ok(false);
        }
        let weight_type = session.model().weight_type();
        let logits = session.logits(&case.input_ids)?;
        let top_ids = top_ids(logits, case.top_ids.len());
        let is_same = match weight_type {
            WeightType::F32 => {
                let is_close = |(&id, &logit): (&u32, &f32)| {
                    (logits.get(id as usize)).is_some_and(|l| (l - logit).abs() < MAX_DIFFERENCE)
                };
                top_ids == case.top_ids && case.top_ids.iter().zip(&case.top_logits).all(is_close)
            }
            WeightType::Q8 => {
                let n_common = top_ids.iter().filter(|id| case.top_ids.contains(id)).count();
                top_ids.first() == case.top_ids.first() && n_common >= MIN_COMMON_Q8.min(case.top_ids.len())
            }
        };
        if !is_same {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The `n` likeliest tokens, best first.
fn top_ids(logits: &[f32], n: usize) -> Vec<u32> {
    let mut ids: Vec<u32> = (0..logits.len() as u32).collect();
    ids.sort_by(|&a, &b| logits[b as usize].total_cmp(&logits[a as usize]));
    ids.truncate(n);
    ids
}
