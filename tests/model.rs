//! GPT-2 against transformers: tiny models for every switch of config.json, and the bundled model.
#![cfg(not(target_arch = "wasm32"))]

mod common;

use common::{fixture, pocket_files};
use serde::Deserialize;
use write_with_distilgpt2::error::Error;
use write_with_distilgpt2::math::argmax;
use write_with_distilgpt2::model::config::Config;
use write_with_distilgpt2::model::gpt2::Gpt2;
use write_with_distilgpt2::model::kv_cache::KvCache;
use write_with_distilgpt2::model::matrix::WeightType;
use write_with_distilgpt2::weights::checkpoint::CheckpointReader;

const TOLERANCE: f32 = 1e-4;

/// The cases of make_fixtures.py: one for each switch, storage type and naming scheme.
const CASES: [&str; 16] = [
    "base",
    "gelu",
    "relu",
    "silu",
    "n_inner",
    "no_scale_attn_weights",
    "inverse_layer_idx",
    "reorder_upcast",
    "inverse_and_reorder",
    "untied",
    "layer_norm_epsilon",
    "n_ctx_only",
    "prefixed",
    "f16",
    "bf16",
    "i8",
];

#[derive(Deserialize)]
struct Expected {
    input_ids: Vec<u32>,
    logits: Vec<Vec<f32>>,
    hidden_states: Vec<Vec<Vec<f32>>>,
    greedy: Greedy,
}

#[derive(Deserialize)]
struct Greedy {
    prompt_ids: Vec<u32>,
    output_ids: Vec<u32>,
}

fn load(case: &str, weight_type: WeightType) -> (Gpt2, Expected) {
    let read = |name: &str| fixture(&format!("models/{case}/{name}"));
    let config = Config::from_json(std::str::from_utf8(&read("config.json")).unwrap()).unwrap();
    let model = build(config, &read("model.safetensors"), weight_type);
    (model, serde_json::from_slice(&read("expected.json")).unwrap())
}

fn build(config: Config, file: &[u8], weight_type: WeightType) -> Gpt2 {
    let mut reader = CheckpointReader::new(&config, weight_type).unwrap();
    // An odd length splits values between chunks.
    for chunk in file.chunks(1021) {
        reader.push(chunk).unwrap();
    }
    Gpt2::new(config, reader.finish().unwrap()).unwrap()
}

/// The largest difference between two tables.
fn max_difference(found: &[Vec<f32>], expected: &[Vec<f32>]) -> f32 {
    assert_eq!(found.len(), expected.len());
    let rows = found.iter().zip(expected);
    rows.map(|(a, b)| common::max_difference(a, b)).fold(0.0, f32::max)
}

fn rows(values: &[f32], width: usize) -> Vec<Vec<f32>> {
    values.chunks_exact(width).map(<[f32]>::to_vec).collect()
}

#[test]
fn there_is_a_case_for_every_fixture() {
    let mut found: Vec<_> = std::fs::read_dir(common::fixture_path("models"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    let mut cases = CASES.to_vec();
    found.sort();
    cases.sort();
    assert_eq!(found, cases);
}

#[test]
fn logits_and_hidden_states_are_those_of_transformers_at_every_position() {
    for case in CASES {
        let (mut model, expected) = load(case, WeightType::F32);
        assert_eq!(expected.input_ids.len(), model.config().n_positions, "{case}");
        let mut cache = KvCache::new(model.config());
        let states = model.hidden_states(&expected.input_ids, &mut cache).unwrap();
        assert_eq!(states.len(), expected.hidden_states.len());
        for (i, (state, expected)) in states.iter().zip(&expected.hidden_states).enumerate() {
            let difference = max_difference(&rows(state, model.config().n_embd), expected);
            assert!(
                difference < TOLERANCE,
                "{case}: hidden state {i} is off by {difference}"
            );
        }
        cache.truncate(0);
        let vocab_size = model.config().vocab_size;
        let logits = model.forward_all(&expected.input_ids, &mut cache).unwrap();
        let difference = max_difference(&rows(logits, vocab_size), &expected.logits);
        assert!(difference < TOLERANCE, "{case}: logits are off by {difference}");
    }
}

#[test]
fn the_cache_changes_nothing_however_the_tokens_are_cut() {
    for case in CASES {
        let (mut model, expected) = load(case, WeightType::F32);
        let n = expected.input_ids.len();
        for chunk_len in [1, 3, 7, n - 1] {
            let mut cache = KvCache::new(model.config());
            let mut end = 0;
            for chunk in expected.input_ids.chunks(chunk_len) {
                let logits = model.forward(chunk, &mut cache).unwrap();
                end += chunk.len();
                assert_eq!(cache.len(), end);
                let difference = max_difference(&[logits.to_vec()], &expected.logits[end - 1..end]);
                assert!(
                    difference < TOLERANCE,
                    "{case}, {chunk_len} at a time, position {end}: {difference}"
                );
            }
        }
    }
}

#[test]
fn a_rolled_back_cache_forgets() {
    let (mut model, expected) = load("base", WeightType::F32);
    let mut cache = KvCache::new(model.config());
    model.forward(&expected.input_ids[..10], &mut cache).unwrap();
    model.forward(&[1, 2, 3, 4, 5], &mut cache).unwrap();
    cache.truncate(10);
    let logits = model.forward(&expected.input_ids[10..], &mut cache).unwrap();
    let difference = max_difference(&[logits.to_vec()], &expected.logits[expected.logits.len() - 1..]);
    assert!(difference < TOLERANCE, "{difference}");
}

#[test]
fn greedy_tokens_are_those_of_transformers() {
    for case in CASES {
        let (mut model, Expected { greedy, .. }) = load(case, WeightType::F32);
        let mut cache = KvCache::new(model.config());
        let mut ids = greedy.prompt_ids.clone();
        while ids.len() < greedy.output_ids.len() {
            let logits = model.forward(&ids[cache.len()..], &mut cache).unwrap();
            ids.push(argmax(logits));
        }
        assert_eq!(ids, greedy.output_ids, "{case}");
    }
}

#[test]
fn one_position_too_many_is_refused_and_changes_nothing() {
    let (mut model, expected) = load("base", WeightType::F32);
    let mut cache = KvCache::new(model.config());
    let too_many = [expected.input_ids.as_slice(), &[0]].concat();
    let error = model.forward(&too_many, &mut cache).unwrap_err();
    assert!(
        matches!(
            error,
            Error::ContextFull {
                past_len: 0,
                n_tokens: 25,
                n_positions: 24
            }
        ),
        "{error}"
    );
    model.forward(&expected.input_ids[..23], &mut cache).unwrap();
    assert!(model.forward(&[1, 2], &mut cache).is_err());
    assert_eq!(cache.len(), 23);
    let logits = model.forward(&expected.input_ids[23..], &mut cache).unwrap();
    assert!(max_difference(&[logits.to_vec()], &expected.logits[23..]) < TOLERANCE);
}

#[test]
fn a_token_outside_the_vocabulary_is_refused_by_its_id() {
    let (mut model, _) = load("base", WeightType::F32);
    let mut cache = KvCache::new(model.config());
    let error = model.forward(&[3, 96], &mut cache).unwrap_err();
    assert_eq!(error.to_string(), "token id 96 is not in the vocabulary of 96 tokens");
    assert!(cache.is_empty());
}

/// Random weights hardly separate the likeliest tokens, so rounding changes more of them than in a trained model, for
/// which accuracy.rs has tighter limits.
#[test]
fn int8_logits_correlate_with_float32() {
    let (mut n_same_top, mut n_positions) = (0, 0);
    for case in ["base", "prefixed", "untied", "i8", "bf16", "n_inner"] {
        let (mut model, expected) = load(case, WeightType::Q8);
        let mut cache = KvCache::new(model.config());
        let vocab_size = model.config().vocab_size;
        let logits = model.forward_all(&expected.input_ids, &mut cache).unwrap();
        let expected = expected.logits.concat();
        let dot = |a: &[f32], b: &[f32]| -> f64 { a.iter().zip(b).map(|(x, y)| f64::from(x * y)).sum() };
        let rows = logits.chunks_exact(vocab_size).zip(expected.chunks_exact(vocab_size));
        n_same_top += rows
            .filter(|(found, expected)| argmax(found) == argmax(expected))
            .count();
        n_positions += expected.len() / vocab_size;
        let cosine = dot(logits, &expected) / (dot(logits, logits) * dot(&expected, &expected)).sqrt();
        assert!(cosine > 0.999, "{case}: {cosine}");
    }
    assert!(n_same_top * 100 >= n_positions * 95, "{n_same_top} of {n_positions}");
}

#[test]
fn no_tokens_are_an_error() {
    let (mut model, _) = load("base", WeightType::F32);
    let mut cache = KvCache::new(model.config());
    assert_eq!(model.forward(&[], &mut cache).unwrap_err().code(), "no_token");
}

#[test]
fn int8_needs_whole_groups() {
    let config = Config::from_json(r#"{"n_embd": 48, "n_head": 2}"#).unwrap();
    let message = CheckpointReader::new(&config, WeightType::Q8)
        .err()
        .unwrap()
        .to_string();
    assert!(message.contains("n_embd to be a multiple of 32, got 48"), "{message}");
}

/// The weights of one config.json are refused by a model of another, not run as something else.
#[test]
fn weights_of_another_shape_are_refused_by_name() {
    let read = |name: &str| fixture(&format!("models/base/{name}"));
    let config = Config::from_json(std::str::from_utf8(&read("config.json")).unwrap()).unwrap();
    for (other, name, code) in [
        (
            Config {
                n_inner: 64,
                ..config.clone()
            },
            "h.0.mlp.c_fc.weight",
            "tensor_shape",
        ),
        (
            Config {
                n_positions: 12,
                ..config.clone()
            },
            "wpe.weight",
            "tensor_shape",
        ),
        (
            Config {
                n_layer: config.n_layer + 1,
                ..config.clone()
            },
            "ln_1.weight",
            "missing_tensor",
        ),
    ] {
        let mut reader = CheckpointReader::new(&config, WeightType::F32).unwrap();
        reader.push(&read("model.safetensors")).unwrap();
        let error = Gpt2::new(other, reader.finish().unwrap()).err().unwrap();
        assert_eq!(error.code(), code);
        assert!(error.to_string().contains(name), "{error}");
    }
}

#[derive(Deserialize)]
struct Pocket {
    cases: Vec<PocketCase>,
}

#[derive(Deserialize)]
struct PocketCase {
    prompt: String,
    input_ids: Vec<u32>,
    top_ids: Vec<u32>,
    top_logits: Vec<f32>,
}

#[test]
fn the_bundled_model_gives_the_logits_of_transformers() {
    let (config, file) = pocket_files();
    let pocket: Pocket = serde_json::from_slice(&fixture("pocket.json")).unwrap();
    let mut f32_model = build(config.clone(), &file, WeightType::F32);
    let mut q8_model = build(config, &file, WeightType::Q8);
    assert_eq!(f32_model.config().n_parameters(), 22_474_496);
    assert!(q8_model.size_bytes() * 3 < f32_model.size_bytes());
    for case in pocket.cases {
        let run = |model: &mut Gpt2| {
            let mut cache = KvCache::new(model.config());
            model.forward(&case.input_ids, &mut cache).unwrap().to_vec()
        };
        let logits = run(&mut f32_model);
        for (&id, &expected) in case.top_ids.iter().zip(&case.top_logits) {
            let difference = (logits[id as usize] - expected).abs();
            assert!(
                difference < 2e-4,
                "{:?}: token {id} is off by {difference}",
                case.prompt
            );
        }
        assert_eq!(argmax(&logits), case.top_ids[0], "{:?}", case.prompt);
        assert_eq!(
            argmax(&run(&mut q8_model)),
            case.top_ids[0],
            "{:?} in int8",
            case.prompt
        );
    }
}
