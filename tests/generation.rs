//! Logits processors against those of transformers, on random logits.
#![cfg(not(target_arch = "wasm32"))]

mod common;

use common::fixture;
use serde::Deserialize;
use serde_json::{Map, Value};
use write_with_distilgpt2::generation::config::GenerationConfig;
use write_with_distilgpt2::generation::logits::LogitsProcessors;

#[derive(Deserialize)]
struct Table {
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    params: Map<String, Value>,
    input_ids: Vec<u32>,
    logits: Vec<f32>,
    /// `null` for minus infinity.
    expected: Vec<Option<f32>>,
}

/// Bypasses [`GenerationConfig::from_json`], which refuses sampling parameters without do_sample; transformers ignores
/// them.
fn config(params: &Map<String, Value>) -> GenerationConfig {
    let mut config = GenerationConfig::default();
    for (key, value) in params {
        let number = || value.as_f64().unwrap() as f32;
        match key.as_str() {
            "do_sample" => config.do_sample = value.as_bool().unwrap(),
            "temperature" => config.temperature = number(),
            "top_k" => config.top_k = number() as usize,
            "top_p" => config.top_p = number(),
            "repetition_penalty" => config.repetition_penalty = number(),
            "no_repeat_ngram_size" => config.no_repeat_ngram_size = number() as usize,
            _ => panic!("{key} is not tested here"),
        }
    }
    config
}

#[test]
fn processed_logits_are_those_of_transformers() {
    let table: Table = serde_json::from_slice(&fixture("processors.json")).unwrap();
    assert!(table.cases.len() >= 60);
    for (i, case) in table.cases.iter().enumerate() {
        let mut processors = LogitsProcessors::new(config(&case.params));
        // Twice, because the buffers are reused.
        for _ in 0..2 {
            let mut logits = case.logits.clone();
            processors.apply(&mut logits, &case.input_ids);
            assert_eq!(logits.len(), case.expected.len());
            for (id, (&found, expected)) in logits.iter().zip(&case.expected).enumerate() {
                let expected = expected.unwrap_or(f32::NEG_INFINITY);
                let is_same = found == expected || (found - expected).abs() <= 1e-5 * expected.abs();
                assert!(
                    is_same,
                    "case {i}, {:?}: token {id} has {found}, expected {expected}",
                    case.params
                );
            }
        }
    }
}
