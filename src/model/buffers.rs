//! The memory of a forward pass, kept between passes so that none allocates. A pass reads `t` rows and gives the output of
//! the last `n_wanted`.

use super::kv_cache::Row;
use super::linear::QuantizedInput;

/// The buffers of [`Gpt2`](super::gpt2::Gpt2).
#[derive(Default)]
pub struct Buffers {
    /// `(t,)`: where the cache has made room for the new tokens
    pub rows: Vec<Row>,
    /// `(t, n_embd)`, after the last block `(n_wanted, n_embd)`: the residual stream
    pub x: Vec<f32>,
    pub block: BlockBuffers,
    /// `(n_wanted, n_embd)`: the output of `ln_f`
    pub hidden: Vec<f32>,
    /// `(n_wanted, n_embd)`: `hidden` as the head multiplies it
    pub quantized: QuantizedInput,
    /// `(n_wanted, vocab_size)`
    pub logits: Vec<f32>,
}

/// The buffers that all blocks share.
#[derive(Default)]
pub struct BlockBuffers {
    /// `(t, n_embd)`: the output of `ln_1`, then of `ln_2`
    pub normed: Vec<f32>,
    pub sublayer: SublayerBuffers,
}

/// The buffers of attention and MLP. They share the two that both need, so that more of them stay in the cache.
#[derive(Default)]
pub struct SublayerBuffers {
    /// The input of each projection as it multiplies it
    pub quantized: QuantizedInput,
    /// `(t, 2, n_embd)`
    pub key_value: Vec<f32>,
    /// `(n_wanted, n_embd)`
    pub query: Vec<f32>,
    /// `(n_wanted, n_head, head_dim)`: the values of each head, weighted by its scores
    pub heads: Vec<f32>,
    /// `(n_wanted, n_inner)`: the MLP before and after its nonlinearity
    pub inner: Vec<f32>,
    /// `(n_wanted, n_embd)`: the output, to be added to the residual stream
    pub output: Vec<f32>,
}
