//! int8 against float32 on held-out prose, with and without outlier channels: same top token, same perplexity.
//! Runs in the browser with a visitor's SIMD kernels; natively, the scalar oracle would take minutes.
#![cfg(target_arch = "wasm32")]

mod common;

use js_sys::{Function, Promise, Reflect};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::JsFuture;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};
use write_with_distilgpt2::math::argmax;
use write_with_distilgpt2::model::config::Config;
use write_with_distilgpt2::model::gpt2::Gpt2;
use write_with_distilgpt2::model::kv_cache::KvCache;
use write_with_distilgpt2::model::matrix::WeightType;
use write_with_distilgpt2::text::codec::Codec;
use write_with_distilgpt2::weights::checkpoint::CheckpointReader;

wasm_bindgen_test_configure!(run_in_browser);

const TOKENIZER: &[u8] = include_bytes!("../www/models/gpt2-tokenizer/tokenizer.json");
const CONFIG: &str = include_str!("../www/models/pocket-gpt2/config.json");
const WEIGHTS: &[u8] = include_bytes!("../www/models/pocket-gpt2/model.safetensors");
const HELD_OUT: &str = include_str!("fixtures/held_out.txt");

const MIN_POSITIONS: usize = 10_000;
/// Half of the model's context: a pass over a full one would leave a slow machine's browser unresponsive for too long.
const WINDOW_LEN: usize = 256;
/// The file's int8 weights are used unchanged, so only activations are rounded.
const MIN_SAME_TOP_AS_IT_IS: f64 = 0.999;
/// Loading rounds float32 weights to int8, here those after the LayerNorms. Rounded to nearest and without outliers,
/// these matrices keep 97.7 % of the top tokens (in PyTorch; all weights together 97.1 %, tools/train/README.md).
/// Outliers may cost no more than that.
const MIN_SAME_TOP_WITH_OUTLIERS: f64 = 0.975;
const MAX_PERPLEXITY_CHANGE: f64 = 0.005;

/// Like GPT-2's LayerNorms, which have a few channels with gains orders of magnitude above the others.
const OUTLIER_CHANNELS: usize = 6;
const OUTLIER_FACTOR: f32 = 100.0;

#[wasm_bindgen_test]
async fn int8_keeps_the_top_token_and_the_perplexity() {
    let outliers = with_outliers();
    let mut models = [WEIGHTS, &outliers].map(|file| build(file, WeightType::Q8));
    let mut reference = build(WEIGHTS, WeightType::F32);
    let mut scores = models.each_ref().map(|_| Score::default());
    for ids in held_out_ids().chunks(WINDOW_LEN) {
        let expected = Reading::new(ids, logits(&mut reference, ids));
        for (model, score) in models.iter_mut().zip(&mut scores) {
            next_task().await;
            score.add(&Reading::new(ids, logits(model, ids)), &expected);
        }
        next_task().await;
    }
    scores[0].check("as it is", MIN_SAME_TOP_AS_IT_IS);
    scores[1].check("with outliers", MIN_SAME_TOP_WITH_OUTLIERS);
}

#[wasm_bindgen_test]
fn outlier_channels_do_not_change_the_function() {
    let ids = &held_out_ids()[..64];
    let (mut plain, mut outliers) = (
        build(WEIGHTS, WeightType::F32),
        build(&with_outliers(), WeightType::F32),
    );
    let difference = common::max_difference(logits(&mut outliers, ids), logits(&mut plain, ids));
    assert!(difference < 1e-3, "logits are off by {difference}");
}

/// A model's answer to a window of tokens.
struct Reading {
    /// `(t,)`: the likeliest token after each.
    tops: Vec<u32>,
    /// `(t - 1,)`: the negative log-likelihood of each but the first.
    nats: Vec<f64>,
}

impl Reading {
    /// - `ids`: `(t,)`
    /// - `logits`: `(t, vocab_size)`, after each of `ids`
    fn new(ids: &[u32], logits: &[f32]) -> Reading {
        let rows = logits.chunks_exact(logits.len() / ids.len());
        Reading {
            tops: rows.clone().map(argmax).collect(),
            nats: rows.zip(&ids[1..]).map(|(row, &next)| surprise(row, next)).collect(),
        }
    }
}

/// How close int8 is to float32.
#[derive(Default)]
struct Score {
    n_positions: usize,
    n_same_top: usize,
    n_predicted: usize,
    /// The negative log-likelihood of the predicted tokens in int8 minus that in float32.
    nats: f64,
}

impl Score {
    fn add(&mut self, found: &Reading, expected: &Reading) {
        self.n_positions += found.tops.len();
        self.n_same_top += found.tops.iter().zip(&expected.tops).filter(|(a, b)| a == b).count();
        self.n_predicted += found.nats.len();
        self.nats += found.nats.iter().sum::<f64>() - expected.nats.iter().sum::<f64>();
    }

    fn check(&self, name: &str, min_same_top: f64) {
        let same_top = self.n_same_top as f64 / self.n_positions as f64;
        let perplexity_change = (self.nats / self.n_predicted as f64).exp() - 1.0;
        let found = format!("{name}: same top token {same_top:.4}, perplexity {perplexity_change:+.5}");
        assert!(
            self.n_positions >= MIN_POSITIONS,
            "{} positions are too few",
            self.n_positions
        );
        assert!(same_top >= min_same_top, "{found}");
        assert!(perplexity_change.abs() <= MAX_PERPLEXITY_CHANGE, "{found}");
    }
}

/// Lets the page respond to its driver, which gives up on a page that is silent for minutes.
async fn next_task() {
    let promise = Promise::new(&mut |resolve, _| {
        let set_timeout: Function = Reflect::get(&js_sys::global(), &"setTimeout".into()).unwrap().into();
        set_timeout.call1(&JsValue::NULL, &resolve).unwrap();
    });
    JsFuture::from(promise).await.unwrap();
}

fn held_out_ids() -> Vec<u32> {
    Codec::from_json(TOKENIZER, 50257).unwrap().encode(HELD_OUT).unwrap()
}

/// Minus the natural logarithm of the probability of `token`.
fn surprise(logits: &[f32], token: u32) -> f64 {
    let max = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let sum: f64 = logits.iter().map(|x| f64::from((x - max).exp())).sum();
    f64::from(max - logits[token as usize]) + sum.ln()
}

fn build(file: &[u8], weight_type: WeightType) -> Gpt2 {
    let config = Config::from_json(CONFIG).unwrap();
    let mut reader = CheckpointReader::new(&config, weight_type).unwrap();
    reader.push(file).unwrap();
    Gpt2::new(config, reader.finish().unwrap()).unwrap()
}

/// The logits after each of `ids`, from an empty cache.
fn logits<'a>(model: &'a mut Gpt2, ids: &[u32]) -> &'a [f32] {
    let mut cache = KvCache::new(model.config());
    model.forward_all(ids, &mut cache).unwrap() // (t, vocab_size)
}

/// The bundled model with the gains and biases of a few channels of ln_1 and ln_2 multiplied and the rows of the next
/// Conv1D divided: the same function, with outliers in the activations like GPT-2's. The file is float32, as GPT-2's
/// is; int8 values that were not divided round back exactly.
fn with_outliers() -> Vec<u8> {
    let config = Config::from_json(CONFIG).unwrap();
    let mut tensors = common::decoded(WEIGHTS);
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    for layer in 0..config.n_layer {
        for (norm, conv1d) in [("ln_1", "attn.c_attn"), ("ln_2", "mlp.c_fc")] {
            for channel in sample(&mut rng, config.n_embd, OUTLIER_CHANNELS) {
                let (shape, rows) = tensors.get_mut(&format!("h.{layer}.{conv1d}.weight")).unwrap(); // (n_embd, n_out)
                let row = &mut rows[channel * shape[1]..][..shape[1]];
                row.iter_mut().for_each(|w| *w /= OUTLIER_FACTOR);
                for part in ["weight", "bias"] {
                    let (_, vector) = tensors.get_mut(&format!("h.{layer}.{norm}.{part}")).unwrap(); // (n_embd,)
                    vector[channel] *= OUTLIER_FACTOR;
                }
            }
        }
    }
    common::float32_file(&tensors)
}

/// `k` distinct numbers below `n`.
fn sample(rng: &mut ChaCha8Rng, n: usize, k: usize) -> Vec<usize> {
    let mut numbers: Vec<usize> = (0..n).collect();
    for i in 0..k {
        numbers.swap(i, i + rng.next_u32() as usize % (n - i));
    }
    numbers.truncate(k);
    numbers
}
