//! Logits: the engine's in float32 and int8, the reference's in parts and in Q8_0, and those of candle-transformers' BigCode.

use candle_core::quantized::GgmlDType;
use serde_json::json;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;
use write_with_distilgpt2::model::gpt2::Gpt2;
use write_with_distilgpt2::model::kv_cache::KvCache;
use write_with_distilgpt2::model::matrix::WeightType;

use super::random::{self, Dice, Storage};
use super::reference::Config;
use super::{N_MODELS, Oracle, bigcode, load, logits_of, noise, numbers, pair, row};

#[test]
fn float32_is_the_reference_but_for_the_order_of_sums() {
    let storages = [Storage::F32, Storage::F16, Storage::BF16, Storage::I8];
    hold_to_reference(WeightType::F32, &storages);
}

#[test]
fn int8_weights_as_stored_leave_only_the_activations_to_round() {
    hold_to_reference(WeightType::Q8, &[Storage::I8]);
}

#[test]
fn weights_rounded_to_int8_are_as_close_as_their_steps() {
    hold_to_reference(WeightType::Q8, &[Storage::F32, Storage::F16, Storage::BF16]);
}

fn hold_to_reference(weight_type: WeightType, storages: &[Storage]) {
    for seed in 0..N_MODELS {
        let mut dice = Dice::new(seed);
        let storage = dice.one_of(storages);
        let config = random::config(&mut dice, weight_type == WeightType::Q8);
        let (mut engine, oracle) = pair(&mut dice, &config, storage, weight_type);
        wander(&mut dice, &mut engine, &oracle);
    }
}

/// Reads, branches, adopts and rolls back at random; the logits are always those of the whole text.
fn wander(dice: &mut Dice, engine: &mut Gpt2, oracle: &Oracle) {
    let (n_positions, vocab_size) = (engine.config().n_positions, engine.config().vocab_size);
    let mut cache = KvCache::new(engine.config());
    let mut text: Vec<u32> = Vec::new();
    for _ in 0..6 {
        if text.len() < n_positions {
            let n_tokens = dice.within(1..=n_positions - text.len());
            let ids = dice.ids(n_tokens, vocab_size);
            text.extend_from_slice(&ids);
            match dice.within(0..=2) {
                0 => engine.read(&ids, &mut cache).unwrap(),
                1 => oracle.check(engine.forward(&ids, &mut cache).unwrap(), &text),
                _ => oracle.check(engine.forward_all(&ids, &mut cache).unwrap(), &text),
            }
        }
        let n_branches = dice.within(1..=3);
        let n_tokens = dice.within(0..=4.min(n_positions - text.len()));
        let mut texts = vec![text.clone(); n_branches];
        cache.branch(n_branches, n_tokens);
        for _ in 0..n_tokens {
            let branches: Vec<usize> = (0..n_branches).filter(|_| dice.within(0..=3) > 0).collect();
            if branches.is_empty() {
                continue;
            }
            let ids = dice.ids(branches.len(), vocab_size);
            let found = engine.forward_branches(&ids, &branches, &mut cache).unwrap(); // (n, vocab_size)
            for ((&branch, &id), found) in branches.iter().zip(&ids).zip(found.chunks_exact(vocab_size)) {
                texts[branch].push(id);
                oracle.check(found, &texts[branch]);
            }
        }
        if dice.coin() {
            let adopted = dice.within(0..=n_branches - 1);
            cache.adopt(adopted);
            text = texts.swap_remove(adopted);
        }
        let len = dice.within(0..=text.len());
        cache.truncate(len);
        text.truncate(len);
    }
}

#[test]
fn the_reference_reads_in_parts_what_it_reads_at_once() {
    for seed in 0..N_MODELS {
        let mut dice = Dice::new(seed);
        let config: Config = serde_json::from_value(random::config(&mut dice, false)).unwrap();
        let file = random::file(&mut dice, &config, Storage::F32);
        let ids = dice.ids(config.n_positions, config.vocab_size);
        let n_in = config.n_inner.unwrap_or(4 * config.n_embd);
        let oracle = Oracle::new(&config, &file, noise(WeightType::F32, Storage::F32, n_in));
        let mut cache = oracle.model.empty_cache();
        let mut found = Vec::new(); // (n_positions, vocab_size)
        for part in ids.chunks(dice.within(1..=7)) {
            let x = oracle.model.transformer(&row(part), &mut cache).unwrap(); // (1, t, n_embd)
            found.extend(numbers(&oracle.model.lm_head(&x).unwrap()));
        }
        oracle.check(&found, &ids);
    }
}

/// Q8_0, which the bench measures, rounds weights and activations to int8 in groups of 32.
#[test]
fn the_reference_in_q8_0_is_as_close_as_its_steps() {
    for seed in 0..N_MODELS {
        let mut dice = Dice::new(seed);
        let config: Config = serde_json::from_value(random::config(&mut dice, true)).unwrap();
        let file = random::file(&mut dice, &config, Storage::F32);
        let ids = dice.ids(config.n_positions, config.vocab_size);
        let noise = noise(WeightType::Q8, Storage::F32, config.n_embd);
        let oracle = Oracle::new(&config, &file, 2_f64.sqrt() * noise);
        oracle.check(&logits_of(&load(&config, GgmlDType::Q8_0, &file), &ids), &ids);
    }
}

/// candle-transformers' GPT-BigCode with one head is an independent implementation of GPT-2 with one head.
#[test]
fn engine_and_reference_are_bigcode_where_there_is_one_head() {
    for seed in 0..N_MODELS {
        let mut dice = Dice::new(seed);
        let mut json = random::config(&mut dice, false);
        for (key, value) in [
            ("n_head", json!(1)),
            ("activation_function", json!("gelu_new")),
            ("scale_attn_weights", json!(true)),
            ("scale_attn_by_inverse_layer_idx", json!(false)),
            ("tie_word_embeddings", json!(true)),
        ] {
            json[key] = value;
        }
        let config: Config = serde_json::from_value(json.clone()).unwrap();
        let ids = dice.ids(config.n_positions, config.vocab_size);
        let past_len = dice.within(0..=config.n_positions - 1);
        let weights = || Dice::new(seed);
        let mut bigcode = bigcode::load(&config, &random::file(&mut weights(), &config, Storage::F32));
        let (mut engine, oracle) = pair(&mut weights(), &json, Storage::F32, WeightType::F32);

        if past_len > 0 {
            bigcode.forward(&row(&ids[..past_len]), 0).unwrap();
        }
        let expected = numbers(&bigcode.forward(&row(&ids[past_len..]), past_len).unwrap()); // (vocab_size,)
        oracle.check(&expected, &ids);
        let mut cache = KvCache::new(engine.config());
        oracle.check_rows(engine.forward(&ids, &mut cache).unwrap(), &expected);
    }
}
