//! config.json as Hugging Face writes it for GPT-2; defaults as transformers' configuration_gpt2.py.

use candle_nn::Activation;
use serde::Deserialize;

use crate::error::{Error, Result};

/// The shape of a GPT-2 and the switches that change what it computes.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    pub vocab_size: usize,
    pub n_positions: usize,
    pub n_embd: usize,
    pub n_layer: usize,
    pub n_head: usize,
    /// Width of the MLP; `4 * n_embd` where config.json has none.
    pub n_inner: usize,
    pub activation_function: Activation,
    pub layer_norm_epsilon: f64,
    pub scale_attn_weights: bool,
    pub scale_attn_by_inverse_layer_idx: bool,
    pub tie_word_embeddings: bool,
    pub eos_token_id: Option<u32>,
    pub bos_token_id: Option<u32>,
}

/// The file as it stands: every key that changes the function, each optional as in transformers.
#[derive(Deserialize)]
struct ConfigFile {
    model_type: Option<String>,
    vocab_size: Option<usize>,
    n_positions: Option<usize>,
    n_ctx: Option<usize>,
    n_embd: Option<usize>,
    n_layer: Option<usize>,
    n_head: Option<usize>,
    n_inner: Option<usize>,
    activation_function: Option<String>,
    layer_norm_epsilon: Option<f64>,
    scale_attn_weights: Option<bool>,
    scale_attn_by_inverse_layer_idx: Option<bool>,
    // Reorders the scaling and computes it in float32, which is what happens here in any case.
    #[serde(rename = "reorder_and_upcast_attn")]
    _reorder_and_upcast_attn: Option<bool>,
    tie_word_embeddings: Option<bool>,
    add_cross_attention: Option<bool>,
    quantization_config: Option<serde_json::Value>,
    eos_token_id: Option<u32>,
    bos_token_id: Option<u32>,
}

/// No published GPT-2 comes near these; past them a damaged file would ask for all memory.
const LARGEST: usize = 1 << 20;

impl Config {
    /// Reads and validates config.json.
    ///
    /// # Errors
    /// [`Error::Config`] names the key, its value and what would be accepted.
    ///
    /// # Source
    /// `GPT2Config`, transformers `configuration_gpt2.py`. Keys that do not change the function are ignored.
    pub fn from_json(json: &str) -> Result<Config> {
        let file: ConfigFile =
            serde_json::from_str(json).map_err(|error| Error::Config(error.to_string()))?;
        if let Some(model_type) = file.model_type.as_deref().filter(|&t| t != "gpt2") {
            return refuse(format!(
                "model_type {model_type:?} is not supported, only \"gpt2\" is"
            ));
        }
        if file.add_cross_attention == Some(true) {
            return refuse(
                "add_cross_attention true is not supported: there is no encoder to attend to"
                    .into(),
            );
        }
        if file.quantization_config.is_some() {
            return refuse("quantization_config is not supported; use the float checkpoint".into());
        }
        let n_embd = size("n_embd", file.n_embd.unwrap_or(768))?;
        let n_head = size("n_head", file.n_head.unwrap_or(12))?;
        if n_embd % n_head != 0 {
            return refuse(format!(
                "n_embd {n_embd} must be a multiple of n_head {n_head}"
            ));
        }
        let layer_norm_epsilon = file.layer_norm_epsilon.unwrap_or(1e-5);
        if !(layer_norm_epsilon > 0.0 && layer_norm_epsilon < 1.0) {
            return refuse(format!(
                "layer_norm_epsilon must be between 0 and 1, got {layer_norm_epsilon}"
            ));
        }
        let vocab_size = size("vocab_size", file.vocab_size.unwrap_or(50257))?;
        // transformers writes GPT-2's 50256 into models with smaller vocabularies, where it can never come up.
        let in_vocabulary = |id: &u32| (*id as usize) < vocab_size;
        Ok(Config {
            vocab_size,
            n_positions: size(
                "n_positions",
                file.n_positions.or(file.n_ctx).unwrap_or(1024),
            )?,
            n_embd,
            n_layer: size("n_layer", file.n_layer.unwrap_or(12))?,
            n_head,
            n_inner: size("n_inner", file.n_inner.unwrap_or(4 * n_embd))?,
            activation_function: activation(
                file.activation_function.as_deref().unwrap_or("gelu_new"),
            )?,
            layer_norm_epsilon,
            scale_attn_weights: file.scale_attn_weights.unwrap_or(true),
            scale_attn_by_inverse_layer_idx: file.scale_attn_by_inverse_layer_idx.unwrap_or(false),
            tie_word_embeddings: file.tie_word_embeddings.unwrap_or(true),
            eos_token_id: file.eos_token_id.filter(in_vocabulary),
            bos_token_id: file.bos_token_id.filter(in_vocabulary),
        })
    }

    /// Width of one attention head.
    pub fn head_dim(&self) -> usize {
        self.n_embd / self.n_head
    }
}

fn refuse<T>(what: String) -> Result<T> {
    Err(Error::Config(what))
}

fn size(key: &str, value: usize) -> Result<usize> {
    if (1..=LARGEST).contains(&value) {
        Ok(value)
    } else {
        refuse(format!("{key} must be 1 to {LARGEST}, got {value}"))
    }
}

/// Hugging Face's names; its `gelu` is the exact one, candle's enum agrees.
fn activation(name: &str) -> Result<Activation> {
    match name {
        "gelu_new" => Ok(Activation::NewGelu),
        "gelu" => Ok(Activation::Gelu),
        "relu" => Ok(Activation::Relu),
        "silu" | "swish" => Ok(Activation::Silu),
        _ => refuse(format!(
            "activation_function {name:?} is not supported; gelu_new, gelu, relu and silu are"
        )),
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
            (r#"{"n_head": "twelve"}"#, "twelve"),
            ("", "EOF"),
            ("[]", "expected"),
        ] {
            let error = Config::from_json(json).unwrap_err();
            assert_eq!(error.code(), "config", "{json}");
            assert!(error.to_string().contains(named), "{json}: {error}");
        }
    }
}
