//! The reference model of the tests, `tests/reference/`, for JavaScript: the bench's rows for candle.

#[path = "../../../tests/reference/mod.rs"]
mod reference;

use candle_core::quantized::GgmlDType;
use candle_core::{D, DType, Device, Error, IndexOp, Result, Tensor};
use candle_nn::VarBuilder;
use candle_nn::kv_cache::KvCache;
use candle_transformers::generation::{LogitsProcessor, Sampling};
use reference::{Config, Gpt2};
use wasm_bindgen::prelude::*;

/// GPT-2 with the last prompt in its cache.
#[wasm_bindgen]
pub struct Candle {
    model: Gpt2,
    /// The last prompt, and its keys and values.
    prompt: (Vec<u32>, Vec<KvCache>),
    /// The same with the tokens that were written behind it.
    cache: Vec<KvCache>,
}

#[wasm_bindgen]
impl Candle {
    /// Loads config.json and model.safetensors; `dtype` is "f32" or "q8_0".
    #[wasm_bindgen(constructor)]
    pub fn new(config: &str, weights: &[u8], dtype: &str) -> std::result::Result<Candle, JsError> {
        Ok(Candle::load(config, weights, dtype)?)
    }

    /// Reads a prompt, where it goes on from the last one only what is new, and returns the likeliest next token.
    pub fn prefill(&mut self, ids: &[u32]) -> std::result::Result<u32, JsError> {
        Ok(self.read_prompt(ids).and_then(|logits| likeliest(&logits))?)
    }

    /// Reads one more token and returns the likeliest next one.
    pub fn decode(&mut self, id: u32) -> std::result::Result<u32, JsError> {
        let read = read(&self.model, &[id], (1, 1), &mut self.cache); // (1, vocab_size)
        Ok(read.and_then(|logits| likeliest(&logits.i(0)?))?)
    }

    /// Writes `n` alternatives of `n_tokens` tokens side by side, and returns how many tokens they have together.
    pub fn alternatives(
        &mut self,
        ids: &[u32],
        n: usize,
        n_tokens: usize,
        temperature: f64,
        top_k: usize,
        seed: u64,
    ) -> std::result::Result<usize, JsError> {
        let sampling = Sampling::TopK { k: top_k, temperature };
        Ok(self.write_alternatives(ids, n, n_tokens, LogitsProcessor::from_sampling(seed, sampling))?)
    }
}

impl Candle {
    fn load(config: &str, weights: &[u8], dtype: &str) -> Result<Candle> {
        let config: Config = serde_json::from_str(config).map_err(Error::wrap)?;
        let dtype = match dtype {
            "f32" => GgmlDType::F32,
            "q8_0" => GgmlDType::Q8_0,
            _ => candle_core::bail!("dtype must be \"f32\" or \"q8_0\", got {dtype:?}"),
        };
        let vb = VarBuilder::from_slice_safetensors(weights, DType::F32, &Device::Cpu)?;
        let model = Gpt2::load(&config, dtype, vb)?;
        Ok(Candle {
            prompt: (Vec::new(), model.empty_cache()),
            cache: model.empty_cache(),
            model,
        })
    }

    /// Returns the logits after a prompt, `(vocab_size,)`.
    fn read_prompt(&mut self, ids: &[u32]) -> Result<Tensor> {
        let (prompt, cache) = &self.prompt;
        // A clone has the same memory and a length of its own: going back to a prompt costs nothing.
        let (cache, new) = match ids.strip_prefix(prompt.as_slice()) {
            Some(new) if !new.is_empty() => (cache.clone(), new),
            _ => (self.model.empty_cache(), ids),
        };
        self.cache = cache;
        let logits = read(&self.model, new, (1, new.len()), &mut self.cache)?; // (1, vocab_size)
        self.prompt = (ids.to_vec(), self.cache.clone());
        logits.i(0)
    }

    fn write_alternatives(
        &mut self,
        ids: &[u32],
        n: usize,
        n_tokens: usize,
        mut sampler: LogitsProcessor,
    ) -> Result<usize> {
        let logits = self.read_prompt(ids)?; // (vocab_size,)
        let mut last_ids = (0..n).map(|_| sampler.sample(&logits)).collect::<Result<Vec<_>>>()?;
        let mut cache = (self.cache.iter().map(|cache| copies(cache, n, n_tokens))).collect::<Result<Vec<_>>>()?;
        let mut n_written = last_ids.len();
        for _ in 1..n_tokens {
            let logits = read(&self.model, &last_ids, (n, 1), &mut cache)?; // (n, vocab_size)
            last_ids = (0..n).map(|i| sampler.sample(&logits.i(i)?)).collect::<Result<_>>()?;
            n_written += last_ids.len();
        }
        Ok(n_written)
    }
}

/// Reads `ids`, `shape` of them, and returns the logits after the last of each text, `(b, vocab_size)`.
fn read(model: &Gpt2, ids: &[u32], shape: (usize, usize), cache: &mut [KvCache]) -> Result<Tensor> {
    let ids = Tensor::from_slice(ids, shape, &Device::Cpu)?; // (b, t)
    let x = model.transformer(&ids, cache)?; // (b, t, n_embd)
    let last = x.narrow(1, shape.1 - 1, 1)?; // (b, 1, n_embd)
    model.lm_head(&last)?.squeeze(1) // (b, vocab_size)
}

fn likeliest(logits: &Tensor) -> Result<u32> {
    logits.argmax(D::Minus1)?.to_scalar()
}

/// `n` copies of one text's keys and values, with room for `n_tokens` more.
fn copies(cache: &KvCache, n: usize, n_tokens: usize) -> Result<KvCache> {
    let mut repeated = KvCache::new(2, cache.current_seq_len() + n_tokens);
    if let (Some(k), Some(v)) = (cache.k()?, cache.v()?) {
        repeated.append(&k.repeat((n, 1, 1, 1))?, &v.repeat((n, 1, 1, 1))?)?; // (n, n_head, past_len, head_dim) each
    }
    Ok(repeated)
}
