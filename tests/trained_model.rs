//! The engine gives PyTorch's logits for the model that tools/train/test_recipe.py trains and exports.
#![cfg(not(target_arch = "wasm32"))]

mod common;

use std::path::{Path, PathBuf};

use write_with_distilgpt2::model::gpt2::Gpt2;
use write_with_distilgpt2::model::kv_cache::KvCache;
use write_with_distilgpt2::model::matrix::WeightType;
use write_with_distilgpt2::weights::checkpoint::CheckpointReader;

/// Float32 rounding error of sums in another order.
const TOLERANCE: f32 = 1e-4;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("target/tmp/trained-model")
}

/// Little-endian four-byte numbers from NumPy.
fn numbers<T>(name: &str, number: impl Fn([u8; 4]) -> T) -> Vec<T> {
    let bytes = std::fs::read(folder().join(name)).unwrap();
    bytes
        .chunks_exact(4)
        .map(|chunk| number(chunk.try_into().unwrap()))
        .collect()
}

#[test]
#[ignore = "needs the export of tools/train/test_recipe.py, after which ./build.sh test runs this"]
fn the_engine_gives_the_logits_of_pytorch() {
    let (config, file) = common::model_files(folder());
    let mut reader = CheckpointReader::new(&config, WeightType::F32).unwrap();
    reader.push(&file).unwrap();
    let mut model = Gpt2::new(config, reader.finish().unwrap()).unwrap();
    let mut cache = KvCache::new(model.config());
    let logits = model
        .forward_all(&numbers("input_ids.u32", u32::from_le_bytes), &mut cache)
        .unwrap();
    let expected = numbers("logits.f32", f32::from_le_bytes);
    assert_eq!(expected.len(), 24 * 50257);
    let difference = common::max_difference(logits, &expected);
    assert!(difference < TOLERANCE, "off by {difference}");
}
