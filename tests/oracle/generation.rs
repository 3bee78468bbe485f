//! Generation: what a session writes, and the repetition penalty.

use candle_core::{Device, Tensor};
use candle_transformers::utils::apply_repeat_penalty;
use serde_json::json;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;
use write_with_distilgpt2::generation::config::GenerationConfig;
use write_with_distilgpt2::generation::logits::LogitsProcessors;
use write_with_distilgpt2::math::{argmax, log_sum_exp};
use write_with_distilgpt2::model::matrix::WeightType;
use write_with_distilgpt2::session::Session;
use write_with_distilgpt2::text::codec::Codec;

use super::common;
use super::random::{self, Dice, Storage};
use super::{N_MODELS, Oracle, logits_of, numbers, pair, root_mean_square};

const TOKENIZER: &[u8] = include_bytes!("../../www/models/gpt2-tokenizer/tokenizer.json");
const VOCAB_SIZE: usize = 50257;
const PROMPT: &str = "The rain had stopped by the time we reached the";
const N_TOKENS: usize = 20;

#[test]
fn a_session_writes_the_references_likeliest_tokens() {
    for (seed, repetition_penalty) in [(1, 1.0), (2, 1.1), (3, 1.5), (4, 0.8)] {
        let mut dice = Dice::new(seed);
        let mut config = random::config(&mut dice, false);
        config["vocab_size"] = json!(VOCAB_SIZE);
        config["n_positions"] = json!(40);
        config.as_object_mut().unwrap().remove("n_ctx");
        let (engine, oracle) = pair(&mut dice, &config, Storage::F32, WeightType::F32);
        let mut session = Session::new(engine, Codec::from_json(TOKENIZER, VOCAB_SIZE).unwrap());
        let prompt_ids = session.codec().encode(PROMPT).unwrap();
        let expected = greedy(&oracle, &prompt_ids, repetition_penalty);
        let text = session.codec().decode(&expected.ids);

        let likeliest =
            json!({"max_new_tokens": N_TOKENS, "repetition_penalty": repetition_penalty, "return_full_text": false});
        let mut drawn = likeliest.clone();
        // With one token to draw from, the alternatives, each a branch of the cache, are all the same.
        for (key, value) in [
            ("do_sample", json!(true)),
            ("top_k", json!(1)),
            ("num_return_sequences", json!(3)),
        ] {
            drawn[key] = value;
        }
        for parameters in [likeliest, drawn] {
            for finished in common::generate(&mut session, PROMPT, &common::config(parameters)) {
                assert_eq!(finished.generated_text, text, "seed {seed}");
                let off = (finished.log_probability - expected.log_probability).abs();
                assert!(
                    off <= expected.error,
                    "seed {seed}: the log probability is off by {off}"
                );
            }
        }
    }
}

/// A text that the reference wrote.
struct Written {
    ids: Vec<u32>,
    log_probability: f64,
    /// How far off the log probability of another model may be.
    error: f64,
}

/// Writes the likeliest tokens after `prompt_ids` with the reference and candle-transformers' repetition penalty.
fn greedy(oracle: &Oracle, prompt_ids: &[u32], repetition_penalty: f32) -> Written {
    let mut ids = prompt_ids.to_vec();
    let (mut log_probability, mut error) = (0.0, 0.0);
    for _ in 0..N_TOKENS {
        let logits = logits_of(&oracle.model, &ids); // (t, vocab_size)
        let logits = &logits[logits.len() - VOCAB_SIZE..]; // (vocab_size,)
        let mut scores = penalized(logits, repetition_penalty, &ids); // (vocab_size,)
        let likeliest = argmax(&scores);
        // A logit may be off by this, and so may the logarithm of the sum.
        let step_error = 2.0 * oracle.tolerance * root_mean_square(logits);
        let score = std::mem::replace(&mut scores[likeliest as usize], f32::NEG_INFINITY);
        let lead = f64::from(score - scores[argmax(&scores) as usize]);
        assert!(
            lead > step_error,
            "the likeliest token leads by {lead} only: take another seed"
        );
        log_probability += f64::from(logits[likeliest as usize]) - log_sum_exp(logits);
        error += step_error;
        ids.push(likeliest);
    }
    Written {
        ids: ids.split_off(prompt_ids.len()),
        log_probability,
        error,
    }
}

#[test]
fn the_repetition_penalty_is_candle_transformers_bit_for_bit() {
    for seed in 0..N_MODELS {
        let mut dice = Dice::new(seed);
        let vocab_size = dice.within(1..=300);
        let mut logits: Vec<f32> = (0..vocab_size).map(|_| dice.value(20.0)).collect();
        let zero = dice.one_of(&[0.0, -0.0, f32::NEG_INFINITY]);
        logits[dice.within(0..=vocab_size - 1)] = zero;
        // Some come twice, some not at all, and some are beyond the vocabulary.
        let n_tokens = dice.within(0..=vocab_size);
        let history = dice.ids(n_tokens, vocab_size + 9);
        let repetition_penalty = dice.one_of(&[0.5, 1.0, 1.1, 1.5, 3.0]);
        let expected = penalized(&logits, repetition_penalty, &history);
        let config = GenerationConfig {
            repetition_penalty,
            ..GenerationConfig::default()
        };
        LogitsProcessors::new(config).apply(&mut logits, &history);
        let bits = |logits: &[f32]| logits.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
        assert_eq!(bits(&logits), bits(&expected), "seed {seed}");
    }
}

/// candle-transformers' repetition penalty.
fn penalized(logits: &[f32], penalty: f32, history: &[u32]) -> Vec<f32> {
    let logits = Tensor::new(logits, &Device::Cpu).unwrap(); // (vocab_size,)
    numbers(&apply_repeat_penalty(&logits, penalty, history).unwrap())
}
