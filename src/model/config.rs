//! config.json as Hugging Face writes it for GPT-2; defaults as transformers' configuration_gpt2.py.

use crate::error::{Error, Result};
use crate::json::{self, Parameter};
use crate::kernels::activation::Activation;

/// The shape of a GPT-2 and the switches that change its function.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// Number of tokens in the vocabulary.
    pub vocab_size: usize,
    /// Longest text in tokens; `n_ctx` if config.json has no `n_positions`.
    pub n_positions: usize,
    /// Width of the residual stream.
    pub n_embd: usize,
    /// Number of blocks, at least 1.
    pub n_layer: usize,
    /// Number of attention heads, a divisor of `n_embd`.
    pub n_head: usize,
    /// Width of the MLP; `4 * n_embd` if config.json has none.
    pub n_inner: usize,
    /// The function between the two projections of the MLP.
    pub activation_function: Activation,
    /// Added to the variance in every LayerNorm, between 0 and 1.
    pub layer_norm_epsilon: f64,
    /// Whether attention scores are divided by the square root of the head's width.
    pub scale_attn_weights: bool,
    /// Whether attention scores are also divided by the layer's number, counted from 1.
    pub scale_attn_by_inverse_layer_idx: bool,
    /// Whether the head is the token embedding itself.
    pub tie_word_embeddings: bool,
    /// The token that ends a text; `None` if it is not in the vocabulary.
    pub eos_token_id: Option<u32>,
    /// The token that begins a text; `None` if it is not in the vocabulary.
    pub bos_token_id: Option<u32>,
}

/// Bounds on single sizes. Beyond them a damaged file would ask for all memory.
const MAX_WIDTH: u64 = 1 << 20;
const MAX_LAYERS: u64 = 1 << 10;
/// Bound on the number of parameters, and of numbers in the cache: addressable in 32 bits, and more than GPT-2 XL has.
const MAX_NUMBERS: u64 = i32::MAX as u64;

impl Config {
    /// Reads and validates config.json.
    ///
    /// # Errors
    /// [`Error::Config`] names the key, its value and the values that are accepted.
    ///
    /// # Source
    /// `GPT2Config`, transformers `configuration_gpt2.py`. Keys that do not change the function are ignored.
    pub fn from_json(json: &str) -> Result<Config> {
        Config::read(json).map_err(Error::Config)
    }

    fn read(json: &str) -> std::result::Result<Config, String> {
        let file = json::object(json)?;
        let get = |key| {
            (file.get(key))
                .filter(|value| !value.is_null())
                .map(|value| Parameter { key, value })
        };
        let size = |key, default, max| match get(key) {
            Some(parameter) => parameter.integer(1, max).map(|size| size as usize),
            None => Ok(default),
        };
        let flag = |key, default| get(key).map_or(Ok(default), |parameter| parameter.boolean());
        let first_id = |key| match get(key) {
            Some(parameter) => parameter.token_ids().map(|ids| ids.first().copied()),
            None => Ok(None),
        };

        if let Some(model_type) = get("model_type").filter(|p| p.string() != Ok("gpt2")) {
            return model_type.refused("\"gpt2\"");
        }
        if flag("add_cross_attention", false)? {
            return Err("add_cross_attention true is not supported: there is no encoder to attend to".into());
        }
        if get("quantization_config").is_some() {
            return Err("quantization_config is not supported; use the float checkpoint".into());
        }
        // Asks for scores in float32, as they always are here, scaled in another order, which only rounds differently.
        flag("reorder_and_upcast_attn", false)?;

        let n_embd = size("n_embd", 768, MAX_WIDTH)?;
        let n_ctx = size("n_ctx", 1024, MAX_WIDTH)?;
        let vocab_size = size("vocab_size", 50257, MAX_WIDTH)?;
        // transformers writes GPT-2's 50256 even into models of smaller vocabularies, which never produce it.
        let in_vocabulary = |id: &u32| (*id as usize) < vocab_size;
        let config = Config {
            vocab_size,
            n_positions: size("n_positions", n_ctx, MAX_WIDTH)?,
            n_embd,
            n_layer: size("n_layer", 12, MAX_LAYERS)?,
            n_head: size("n_head", 12, MAX_WIDTH)?,
            n_inner: size("n_inner", 4 * n_embd, MAX_WIDTH)?,
            activation_function: get("activation_function")
                .map_or(Ok(Activation::NewGelu), |parameter| activation(&parameter))?,
            layer_norm_epsilon: get("layer_norm_epsilon").map_or(Ok(1e-5), |parameter| {
                parameter.number("between 0 and 1", |x| x > 0.0 && x < 1.0)
            })?,
            scale_attn_weights: flag("scale_attn_weights", true)?,
            scale_attn_by_inverse_layer_idx: flag("scale_attn_by_inverse_layer_idx", false)?,
            tie_word_embeddings: flag("tie_word_embeddings", true)?,
            eos_token_id: first_id("eos_token_id")?.filter(in_vocabulary),
            bos_token_id: first_id("bos_token_id")?.filter(in_vocabulary),
        };
        if !config.n_embd.is_multiple_of(config.n_head) {
            return Err(format!(
                "n_embd {} must be a multiple of n_head {}",
                config.n_embd, config.n_head
            ));
        }
        let n_cached = 2 * config.n_layer as u64 * (config.n_positions as u64) * (config.n_embd as u64);
        if config.n_parameters().max(n_cached) > MAX_NUMBERS {
            return Err(format!(
                "a model of {} parameters with {n_cached} numbers to cache is too large; at most {MAX_NUMBERS} of either are supported",
                config.n_parameters()
            ));
        }
        Ok(config)
    }

    /// Number of parameters. A tied head counts once.
    pub fn n_parameters(&self) -> u64 {
        let (d, inner) = (self.n_embd as u64, self.n_inner as u64);
        let block = 4 * d + (3 * d * d + 3 * d) + (d * d + d) + (2 * d * inner + inner + d);
        let n_embeddings = if self.tie_word_embeddings { 1 } else { 2 };
        let embeddings = n_embeddings * self.vocab_size as u64 * d + self.n_positions as u64 * d;
        embeddings + self.n_layer as u64 * block + 2 * d
    }

    /// Width of one attention head.
    pub fn head_dim(&self) -> usize {
        self.n_embd / self.n_head
    }

    /// The factor on the attention scores of a layer, counted from 0, before the softmax.
    pub fn attention_scale(&self, layer_idx: usize) -> f32 {
        let mut scale = 1.0;
        if self.scale_attn_weights {
            scale /= (self.head_dim() as f64).sqrt();
        }
        if self.scale_attn_by_inverse_layer_idx {
            scale /= (layer_idx + 1) as f64;
        }
        scale as f32
    }
}

/// Hugging Face's names; its `gelu` is the exact one.
fn activation(parameter: &Parameter) -> std::result::Result<Activation, String> {
    match parameter.string()? {
        "gelu_new" => Ok(Activation::NewGelu),
        "gelu" => Ok(Activation::Gelu),
        "relu" => Ok(Activation::Relu),
        "silu" | "swish" => Ok(Activation::Silu),
        _ => parameter.refused("gelu_new, gelu, relu or silu"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_file_is_gpt2_small() {
        let config = Config::from_json("{}").unwrap();
        assert_eq!(
            (
                config.vocab_size,
                config.n_positions,
                config.n_embd,
                config.n_layer,
                config.n_head
            ),
            (50257, 1024, 768, 12, 12)
        );
        assert_eq!(config.n_inner, 3072);
        assert!(config.tie_word_embeddings && config.scale_attn_weights);
    }

    #[test]
    fn n_ctx_stands_in_for_n_positions_and_not_the_other_way_round() {
        let positions = |json| Config::from_json(json).unwrap().n_positions;
        assert_eq!(positions(r#"{"n_ctx": 77}"#), 77);
        assert_eq!(positions(r#"{"n_ctx": 77, "n_positions": 55}"#), 55);
    }

    #[test]
    fn what_is_not_supported_is_refused_by_name() {
        for (json, named) in [
            (r#"{"model_type": "llama"}"#, "llama"),
            (r#"{"activation_function": "mish"}"#, "mish"),
            (r#"{"n_embd": 10, "n_head": 3}"#, "n_head 3"),
            (r#"{"n_layer": 0}"#, "n_layer"),
            (r#"{"vocab_size": 99999999999}"#, "vocab_size"),
            (r#"{"layer_norm_epsilon": 0}"#, "layer_norm_epsilon"),
            (r#"{"add_cross_attention": true}"#, "add_cross_attention"),
            (r#"{"quantization_config": {}}"#, "quantization_config"),
            (
                r#"{"n_head": "twelve"}"#,
                "n_head must be an integer from 1 to 1048576, got \"twelve\"",
            ),
            (
                r#"{"scale_attn_weights": 1}"#,
                "scale_attn_weights must be true or false, got 1",
            ),
            (r#"{"eos_token_id": "x"}"#, "eos_token_id"),
            (r#"{"n_embd": 1048576, "n_head": 1}"#, "too large"),
            (r#"{"n_positions": 1048576, "n_layer": 1024}"#, "too large"),
            ("", "EOF"),
            ("[]", "must be a JSON object"),
        ] {
            let error = Config::from_json(json).unwrap_err();
            assert_eq!(error.code(), "config", "{json}");
            assert!(error.to_string().contains(named), "{json}: {error}");
        }
    }
}
