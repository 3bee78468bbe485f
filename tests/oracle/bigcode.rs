//! candle-transformers' GPT-BigCode with a GPT-2's weights: with one head, an independent implementation of the same
//! function.

use candle_core::{DType, Device};
use candle_nn::VarBuilder;
use candle_transformers::models::bigcode::{self, GPTBigCode};

use super::reference::Config;

/// Loads a GPT-2 of one head as BigCode, whose matrices are `(n_out, n_in)` where Conv1D's are `(n_in, n_out)`.
pub fn load(config: &Config, file: &[u8]) -> GPTBigCode {
    let tensors = candle_core::safetensors::load_buffer(file, &Device::Cpu).unwrap();
    let renamed = tensors.into_iter().map(|(name, tensor)| {
        let tensor = match name.starts_with("h.") && tensor.rank() == 2 {
            true => tensor.t().unwrap().contiguous().unwrap(), // (n_out, n_in)
            false => tensor,
        };
        (format!("transformer.{name}"), tensor)
    });
    let vb = VarBuilder::from_tensors(renamed.collect(), DType::F32, &Device::Cpu);
    let config = bigcode::Config {
        vocab_size: config.vocab_size,
        max_position_embeddings: config.n_positions,
        num_hidden_layers: config.n_layer,
        hidden_size: config.n_embd,
        layer_norm_epsilon: config.layer_norm_epsilon,
        n_inner: config.n_inner,
        num_attention_heads: 1,
        multi_query: true,
        use_cache: true,
    };
    GPTBigCode::load(vb, config).unwrap()
}
