//! Random GPT-2s: config.json with any shape and any switches, and a model.safetensors to match.

use half::{bf16, f16};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use serde_json::{Value, json};
use std::ops::RangeInclusive;

use super::common::{StoredTensor, safetensors};
use super::reference::Config;

/// Neighbours that share a scale where weights are int8.
const GROUP_LEN: usize = 32;

/// How model.safetensors stores the weights.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Storage {
    F32,
    F16,
    BF16,
    /// int8 matrices with bfloat16 scales beside them; vectors stay float32.
    I8,
}

/// All that is random, out of a seed.
pub struct Dice(ChaCha8Rng);

impl Dice {
    pub fn new(seed: u64) -> Dice {
        Dice(ChaCha8Rng::seed_from_u64(seed))
    }

    pub fn within(&mut self, range: RangeInclusive<usize>) -> usize {
        range.start() + self.0.next_u32() as usize % (range.end() - range.start() + 1)
    }

    pub fn one_of<T: Clone>(&mut self, choices: &[T]) -> T {
        choices[self.within(0..=choices.len() - 1)].clone()
    }

    pub fn coin(&mut self) -> bool {
        self.one_of(&[false, true])
    }

    /// A number between `-largest` and `largest`.
    pub fn value(&mut self, largest: f32) -> f32 {
        (self.0.next_u32() as f32 / u32::MAX as f32 * 2.0 - 1.0) * largest
    }

    pub fn ids(&mut self, n: usize, vocab_size: usize) -> Vec<u32> {
        (0..n).map(|_| self.within(0..=vocab_size - 1) as u32).collect()
    }
}

/// config.json; `in_groups`: widths are multiples of 32, as int8 needs them.
pub fn config(dice: &mut Dice, in_groups: bool) -> Value {
    let unit = if in_groups { GROUP_LEN } else { 1 };
    // A LayerNorm over very few values blows rounding up: two of them it turns into -1 and 1.
    let mut width = |n: RangeInclusive<usize>| unit * dice.within(n.start().div_ceil(unit)..=n.end() / unit);
    let (n_embd, n_inner) = (width(6..=96), width(6..=200));
    let divisors: Vec<usize> = (1..=8).filter(|n| n_embd % n == 0).collect();
    let context = dice.one_of(&["n_positions", "n_ctx"]);
    let n_inner = dice.one_of(&[json!(n_inner), Value::Null]);
    json!({
        "n_layer": dice.within(1..=4),
        "n_head": dice.one_of(&divisors),
        "n_embd": n_embd,
        "n_inner": n_inner,
        "vocab_size": dice.within(9..=300),
        context: dice.within(1..=70),
        "activation_function": dice.one_of(&["gelu_new", "gelu", "relu", "silu", "swish"]),
        "layer_norm_epsilon": dice.one_of(&[1e-6, 1e-5, 1e-2]),
        "scale_attn_weights": dice.coin(),
        "scale_attn_by_inverse_layer_idx": dice.coin(),
        "reorder_and_upcast_attn": dice.coin(),
        "tie_word_embeddings": dice.coin(),
    })
}

/// model.safetensors with weights that leave the residual stream about as large as it was.
pub fn file(dice: &mut Dice, config: &Config, storage: Storage) -> Vec<u8> {
    let mut stored: Vec<StoredTensor> = Vec::new();
    for (name, shape) in tensors(config) {
        let n: usize = shape.iter().product();
        let is_matrix = shape.len() == 2;
        let is_conv1d = is_matrix && name.starts_with("h.");
        // A sum of n_in products is as large as one input.
        let mut largest = if is_conv1d { (3.0 / shape[0] as f32).sqrt() } else { 0.5 };
        if name.ends_with("c_attn.weight") && !config.scale_attn_weights {
            // And a score as large as if it were scaled: a softmax of larger ones would blow rounding up.
            largest /= ((config.n_embd / config.n_head) as f32).powf(0.25);
        }
        if storage == Storage::I8 && is_matrix {
            let scale_shape = match is_conv1d {
                true => vec![shape[0].div_ceil(GROUP_LEN), shape[1]],
                false => vec![shape[0], shape[1].div_ceil(GROUP_LEN)],
            };
            let scales = (0..scale_shape.iter().product())
                .flat_map(|_| bf16::from_f32((largest + dice.value(largest / 2.0)) / 127.0).to_le_bytes())
                .collect();
            let values = (0..n).map(|_| dice.within(1..=255) as u8 ^ 128).collect(); // from -127 to 127
            stored.push((format!("{name}.scale"), "BF16", scale_shape, scales));
            stored.push((name, "I8", shape, values));
            continue;
        }
        let mean = if name.contains("ln_") && name.ends_with("weight") {
            1.0
        } else {
            0.0
        };
        let values = (0..n).map(|_| mean + dice.value(largest));
        let (dtype, bytes) = match storage {
            Storage::F16 => ("F16", values.flat_map(|x| f16::from_f32(x).to_le_bytes()).collect()),
            Storage::BF16 => ("BF16", values.flat_map(|x| bf16::from_f32(x).to_le_bytes()).collect()),
            Storage::F32 | Storage::I8 => ("F32", values.flat_map(f32::to_le_bytes).collect()),
        };
        stored.push((name, dtype, shape, bytes));
    }
    safetensors(&stored)
}

/// Names and shapes in the checkpoint.
fn tensors(config: &Config) -> Vec<(String, Vec<usize>)> {
    let (d, inner) = (config.n_embd, config.n_inner.unwrap_or(4 * config.n_embd));
    let mut tensors = vec![
        ("wte.weight".to_owned(), vec![config.vocab_size, d]),
        ("wpe.weight".to_owned(), vec![config.n_positions, d]),
    ];
    let mut both = |name: String, weight: &[usize]| {
        tensors.push((format!("{name}.weight"), weight.to_vec()));
        tensors.push((format!("{name}.bias"), vec![weight[weight.len() - 1]]));
    };
    for i in 0..config.n_layer {
        both(format!("h.{i}.ln_1"), &[d]);
        both(format!("h.{i}.attn.c_attn"), &[d, 3 * d]);
        both(format!("h.{i}.attn.c_proj"), &[d, d]);
        both(format!("h.{i}.ln_2"), &[d]);
        both(format!("h.{i}.mlp.c_fc"), &[d, inner]);
        both(format!("h.{i}.mlp.c_proj"), &[inner, d]);
    }
    both("ln_f".to_owned(), &[d]);
    if !config.tie_word_embeddings {
        tensors.push(("lm_head.weight".to_owned(), vec![config.vocab_size, d]));
    }
    tensors
}
