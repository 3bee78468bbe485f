//! A file's int8 matrices equal the float32 matrices they stand for, and an int8 model keeps them unchanged.
#![cfg(not(target_arch = "wasm32"))]

mod common;

use half::bf16;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use write_with_distilgpt2::model::config::Config;
use write_with_distilgpt2::model::gpt2::Gpt2;
use write_with_distilgpt2::model::kv_cache::KvCache;
use write_with_distilgpt2::model::matrix::WeightType;
use write_with_distilgpt2::weights::checkpoint::CheckpointReader;

/// The file with its matrices replaced by random int8 values, -128 included, and random scales.
fn with_int8_matrices(file: &[u8], seed: u64) -> Vec<u8> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut tensors = Vec::new();
    for (name, dtype, shape, bytes) in common::tensors(file) {
        let [rows, columns] = shape[..] else {
            tensors.push((name, dtype, shape, bytes));
            continue;
        };
        let scale_shape = match name.starts_with('w') {
            true => vec![rows, columns.div_ceil(32)],
            false => vec![rows.div_ceil(32), columns],
        };
        let scales = (0..scale_shape.iter().product())
            .flat_map(|_| bf16::from_f32((1 + rng.next_u32() % 255) as f32 / 100_000.0).to_le_bytes())
            .collect();
        let values = (0..rows * columns).map(|_| rng.next_u32() as u8).collect();
        tensors.push((format!("{name}.scale"), "BF16", scale_shape, scales));
        tensors.push((name, "I8", shape, values));
    }
    common::safetensors(&tensors)
}

fn logits(config: &Config, file: &[u8], weight_type: WeightType) -> Vec<f32> {
    let mut reader = CheckpointReader::new(config, weight_type).unwrap();
    reader.push(file).unwrap();
    let mut model = Gpt2::new(config.clone(), reader.finish().unwrap()).unwrap();
    let mut cache = KvCache::new(config);
    model.forward(&[1, 2, 3], &mut cache).unwrap().to_vec()
}

/// The random model is 16 wide, less than a group of 32; the MLP of the other spans several groups.
#[test]
fn an_int8_file_is_the_float32_file_that_it_stands_for() {
    for (config, file) in [
        common::random_model(1),
        common::model_files(common::fixture_path("models/base")),
    ] {
        let int8 = with_int8_matrices(&file, 2);
        let float32 = common::float32_file(&common::decoded(&int8));
        assert_eq!(
            logits(&config, &int8, WeightType::F32),
            logits(&config, &float32, WeightType::F32),
        );
    }
}

#[test]
fn an_int8_model_rounds_an_int8_file_no_further() {
    let (config, file) = common::model_files(common::fixture_path("models/base"));
    let int8 = with_int8_matrices(&file, 3);
    let expected = logits(&config, &int8, WeightType::F32);
    let difference = common::max_difference(&logits(&config, &int8, WeightType::Q8), &expected);
    let largest = expected.iter().fold(0.0, |max: f32, x| max.max(x.abs()));
    // The error of rounding activations to int16.
    assert!(difference < 1e-3 * largest, "{difference} of {largest}");
}
