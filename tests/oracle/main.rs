//! The engine against GPT-2 in candle tensors (`tests/reference/`), on random models and texts, natively and in the browser.
//!
//! One derivation gives all tolerances. A matrix product adds noise to its outputs, relative to their size: see [`noise`].
//! A LayerNorm keeps it relative, and a residual connection adds up the noise of its two sides. The `4 * n_layer` products
//! of the blocks, the embedding and the head round independently, so that a logit is off by about
//! `noise * sqrt(4 * n_layer + 2)` times the root mean square of its row. The worst of many thousand logits is a few
//! standard deviations out: [`DEVIATIONS`].

mod bigcode;
#[path = "../common/mod.rs"]
mod common;
mod generation;
mod logits;
mod random;
#[path = "../reference/mod.rs"]
mod reference;

use candle_core::quantized::GgmlDType;
use candle_core::{DType, Device, Tensor};
use candle_nn::VarBuilder;
use random::{Dice, Storage};
use serde_json::Value;
use write_with_distilgpt2::model::config::Config;
use write_with_distilgpt2::model::gpt2::Gpt2;
use write_with_distilgpt2::model::matrix::WeightType;

#[cfg(target_arch = "wasm32")]
wasm_bindgen_test::wasm_bindgen_test_configure!(run_in_browser);

const N_MODELS: u64 = 40;
const DEVIATIONS: f64 = 6.0;

/// Root mean square of the error that a product of `n_in` terms adds to an output, relative to the outputs'.
fn noise(weight_type: WeightType, storage: Storage, n_in: usize) -> f64 {
    match (weight_type, storage) {
        // Sums in another order: each of their additions rounds by at most half an epsilon.
        (WeightType::F32, _) => f64::from(f32::EPSILON) / 2.0 * (n_in as f64).sqrt(),
        // Activations rounded to int16: steps of 1/32767 of a row's largest, which is about 4 times its root mean square.
        // Rounding is off by a step over the root of 12.
        (WeightType::Q8, Storage::I8) => 4.0 / 32767.0 / 12_f64.sqrt(),
        // Weights rounded to int8: steps of 1/127 of a group's largest, which is about the root of 3 times the root mean
        // square of evenly spread weights.
        (WeightType::Q8, _) => 3_f64.sqrt() / 127.0 / 12_f64.sqrt(),
    }
}

/// The reference with the weights of a model, and how close to it another must be.
struct Oracle {
    model: reference::Gpt2,
    /// Of a logit, relative to the root mean square of its row.
    tolerance: f64,
}

impl Oracle {
    fn new(config: &reference::Config, file: &[u8], noise: f64) -> Oracle {
        Oracle {
            model: load(config, GgmlDType::F32, file),
            tolerance: DEVIATIONS * noise * ((4 * config.n_layer + 2) as f64).sqrt(),
        }
    }

    /// Compares logits after the last tokens of `ids`, `(n, vocab_size)`, with the reference's.
    fn check(&self, found: &[f32], ids: &[u32]) {
        let expected = logits_of(&self.model, ids); // (t, vocab_size)
        self.check_rows(found, &expected[expected.len() - found.len()..]);
    }

    /// Compares two tables of logits, `(n, vocab_size)` both.
    fn check_rows(&self, found: &[f32], expected: &[f32]) {
        let vocab_size = self.model.config.vocab_size;
        for (found, expected) in found.chunks_exact(vocab_size).zip(expected.chunks_exact(vocab_size)) {
            let off = f64::from(common::max_difference(found, expected)) / root_mean_square(expected);
            assert!(
                off <= self.tolerance,
                "off by {off:.1e}, more than {:.1e}: {:?}",
                self.tolerance,
                self.model.config
            );
        }
    }
}

/// The engine and its oracle with the same random weights.
fn pair(dice: &mut Dice, config: &Value, storage: Storage, weight_type: WeightType) -> (Gpt2, Oracle) {
    let json = config.to_string();
    let for_oracle: reference::Config = serde_json::from_str(&json).unwrap();
    let file = random::file(dice, &for_oracle, storage);
    let config = Config::from_json(&json).unwrap();
    let model = common::load(&config, &file, file.len(), weight_type).unwrap();
    let readable = match storage {
        Storage::I8 => common::float32_file(&common::decoded(&file)),
        _ => file,
    };
    let noise = noise(weight_type, storage, config.n_embd.max(config.n_inner));
    let oracle = Oracle::new(&for_oracle, &readable, noise);
    (model, oracle)
}

fn load(config: &reference::Config, dtype: GgmlDType, file: &[u8]) -> reference::Gpt2 {
    let vb = VarBuilder::from_slice_safetensors(file, DType::F32, &Device::Cpu).unwrap();
    reference::Gpt2::load(config, dtype, vb).unwrap()
}

/// The reference's logits after each of `ids`, `(t, vocab_size)`.
fn logits_of(model: &reference::Gpt2, ids: &[u32]) -> Vec<f32> {
    let x = model.transformer(&row(ids), &mut model.empty_cache()).unwrap(); // (1, t, n_embd)
    numbers(&model.lm_head(&x).unwrap())
}

/// One text as a batch, `(1, t)`.
fn row(ids: &[u32]) -> Tensor {
    Tensor::new(ids, &Device::Cpu).unwrap().unsqueeze(0).unwrap()
}

fn numbers(tensor: &Tensor) -> Vec<f32> {
    tensor.flatten_all().unwrap().to_vec1().unwrap()
}

fn root_mean_square(values: &[f32]) -> f64 {
    let sum: f64 = values.iter().map(|x| f64::from(*x).powi(2)).sum();
    (sum / values.len() as f64).sqrt()
}
