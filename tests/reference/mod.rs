//! GPT-2 in candle tensors, after Radford et al. 2019; names and layout as transformers' modeling_gpt2.py.
//!
//! The model to read first: every step is one tensor operation. The engine in `src/` computes the same function faster, and
//! `tests/oracle/` compares the two. A batch has `b` texts of `t` tokens each, behind `past_len` tokens in the cache.

use candle_core::quantized::{GgmlDType, QMatMul, QTensor};
use candle_core::{Module, Result, Tensor};
use candle_nn::kv_cache::KvCache;
use candle_nn::ops::softmax_last_dim;
use candle_nn::{Activation, LayerNorm, VarBuilder};
use candle_transformers::utils::build_causal_mask;

mod config;
pub use config::Config;

/// A matrix `(n_out, n_in)` held as `dtype`: `F32`, or `Q8_0`, which is int8 in groups of 32.
fn matrix(weight: &Tensor, dtype: GgmlDType) -> Result<QMatMul> {
    QMatMul::from_qtensor(QTensor::quantize(&weight.contiguous()?, dtype)?)
}

/// `x Wᵀ` for `x` of `(b, t, n_in)`.
fn matmul(x: &Tensor, weight: &QMatMul) -> Result<Tensor> {
    let (b, t, n_in) = x.dims3()?;
    let y = weight.forward(&x.reshape((b * t, n_in))?)?; // (b * t, n_out)
    y.reshape((b, t, ())) // (b, t, n_out)
}

/// `Conv1D`: `x W + b`, with `W` stored as `(n_in, n_out)`.
struct Conv1D {
    weight: QMatMul, // (n_out, n_in)
    bias: Tensor,    // (n_out,)
}

impl Conv1D {
    fn load(n_in: usize, n_out: usize, dtype: GgmlDType, vb: VarBuilder) -> Result<Conv1D> {
        let weight = vb.get((n_in, n_out), "weight")?; // (n_in, n_out)
        Ok(Conv1D {
            weight: matrix(&weight.t()?, dtype)?,
            bias: vb.get(n_out, "bias")?,
        })
    }

    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        matmul(x, &self.weight)?.broadcast_add(&self.bias) // (b, t, n_out)
    }
}

fn layer_norm(config: &Config, vb: VarBuilder) -> Result<LayerNorm> {
    let (weight, bias) = (vb.get(config.n_embd, "weight")?, vb.get(config.n_embd, "bias")?); // (n_embd,) each
    Ok(LayerNorm::new(weight, bias, config.layer_norm_epsilon))
}

/// `GPT2Attention`: every token attends to itself and to those before it.
struct Attention {
    c_attn: Conv1D,
    c_proj: Conv1D,
    n_head: usize,
    scale: f64,
}

impl Attention {
    fn load(config: &Config, layer: usize, dtype: GgmlDType, vb: VarBuilder) -> Result<Attention> {
        let n_embd = config.n_embd;
        let mut scale = 1.0;
        if config.scale_attn_weights {
            scale /= ((n_embd / config.n_head) as f64).sqrt();
        }
        if config.scale_attn_by_inverse_layer_idx {
            scale /= (layer + 1) as f64;
        }
        Ok(Attention {
            c_attn: Conv1D::load(n_embd, 3 * n_embd, dtype, vb.pp("c_attn"))?,
            c_proj: Conv1D::load(n_embd, n_embd, dtype, vb.pp("c_proj"))?,
            n_head: config.n_head,
            scale,
        })
    }

    fn forward(&self, x: &Tensor, cache: &mut KvCache) -> Result<Tensor> {
        let (b, t, n_embd) = x.dims3()?;
        let past_len = cache.current_seq_len();
        let qkv = self.c_attn.forward(x)?; // (b, t, 3 * n_embd)
        let qkv = qkv.reshape((b, t, 3, self.n_head, n_embd / self.n_head))?; // (b, t, 3, n_head, head_dim)
        let heads = |i| qkv.narrow(2, i, 1)?.squeeze(2)?.transpose(1, 2)?.contiguous();
        let (q, k, v) = (heads(0)?, heads(1)?, heads(2)?); // (b, n_head, t, head_dim) each
        let (k, v) = cache.append(&k, &v)?; // (b, n_head, past_len + t, head_dim) each
        let scores = (q.matmul(&k.t()?)? * self.scale)?; // (b, n_head, t, past_len + t)
        let is_later = build_causal_mask(t, past_len, x.device())?; // (t, past_len + t)
        let never = Tensor::full(f32::NEG_INFINITY, scores.shape(), x.device())?; // (b, n_head, t, past_len + t)
        let scores = is_later.broadcast_as(scores.shape())?.where_cond(&never, &scores)?;
        let weights = softmax_last_dim(&scores)?; // (b, n_head, t, past_len + t)
        let y = weights.matmul(&v)?; // (b, n_head, t, head_dim)
        let y = y.transpose(1, 2)?.reshape((b, t, n_embd))?; // (b, t, n_embd)
        self.c_proj.forward(&y) // (b, t, n_embd)
    }
}

/// `GPT2MLP`.
struct Mlp {
    c_fc: Conv1D,
    c_proj: Conv1D,
    activation: Activation,
}

impl Mlp {
    fn load(config: &Config, dtype: GgmlDType, vb: VarBuilder) -> Result<Mlp> {
        let n_inner = config.n_inner.unwrap_or(4 * config.n_embd);
        Ok(Mlp {
            c_fc: Conv1D::load(config.n_embd, n_inner, dtype, vb.pp("c_fc"))?,
            c_proj: Conv1D::load(n_inner, config.n_embd, dtype, vb.pp("c_proj"))?,
            activation: config.activation_function,
        })
    }

    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let y = self.c_fc.forward(x)?; // (b, t, n_inner)
        let y = self.activation.forward(&y)?; // (b, t, n_inner)
        self.c_proj.forward(&y) // (b, t, n_embd)
    }
}

/// `GPT2Block`: attention and MLP, each behind a LayerNorm and beside a residual connection.
struct Block {
    ln_1: LayerNorm,
    attn: Attention,
    ln_2: LayerNorm,
    mlp: Mlp,
}

impl Block {
    fn load(config: &Config, layer: usize, dtype: GgmlDType, vb: VarBuilder) -> Result<Block> {
        Ok(Block {
            ln_1: layer_norm(config, vb.pp("ln_1"))?,
            attn: Attention::load(config, layer, dtype, vb.pp("attn"))?,
            ln_2: layer_norm(config, vb.pp("ln_2"))?,
            mlp: Mlp::load(config, dtype, vb.pp("mlp"))?,
        })
    }

    fn forward(&self, x: &Tensor, cache: &mut KvCache) -> Result<Tensor> {
        let x = (x + self.attn.forward(&self.ln_1.forward(x)?, cache)?)?; // (b, t, n_embd)
        &x + self.mlp.forward(&self.ln_2.forward(&x)?)? // (b, t, n_embd)
    }
}

/// `GPT2LMHeadModel`.
pub struct Gpt2 {
    pub config: Config,
    wte: QMatMul, // (vocab_size, n_embd)
    wpe: Tensor,  // (n_positions, n_embd)
    h: Vec<Block>,
    ln_f: LayerNorm,
    lm_head: Option<QMatMul>, // (vocab_size, n_embd); tied to wte if None
}

impl Gpt2 {
    /// Takes the tensors out of `vb` under their names in the checkpoint, without the prefix `transformer.`.
    pub fn load(config: &Config, dtype: GgmlDType, vb: VarBuilder) -> Result<Gpt2> {
        let n_embd = config.n_embd;
        let rows = |name| matrix(&vb.get((config.vocab_size, n_embd), name)?, dtype); // (vocab_size, n_embd)
        Ok(Gpt2 {
            wte: rows("wte.weight")?,
            wpe: vb.get((config.n_positions, n_embd), "wpe.weight")?,
            h: (0..config.n_layer)
                .map(|i| Block::load(config, i, dtype, vb.pp(format!("h.{i}"))))
                .collect::<Result<_>>()?,
            ln_f: layer_norm(config, vb.pp("ln_f"))?,
            lm_head: match config.tie_word_embeddings {
                true => None,
                false => Some(rows("lm_head.weight")?),
            },
            config: config.clone(),
        })
    }

    /// A cache for each block, with the keys and values of no token.
    pub fn empty_cache(&self) -> Vec<KvCache> {
        let n_positions = self.config.n_positions;
        self.h.iter().map(|_| KvCache::new(2, n_positions)).collect() // they grow along dimension 2
    }

    /// `GPT2Model.forward`: the hidden state after each of `input_ids`, `(b, t)`.
    pub fn transformer(&self, input_ids: &Tensor, cache: &mut [KvCache]) -> Result<Tensor> {
        let (_, t) = input_ids.dims2()?;
        let past_len = cache[0].current_seq_len();
        let position_embeds = self.wpe.narrow(0, past_len, t)?; // (t, n_embd)
        let mut x = self.wte.embedding(input_ids)?.broadcast_add(&position_embeds)?; // (b, t, n_embd)
        for (block, cache) in self.h.iter().zip(cache) {
            x = block.forward(&x, cache)?; // (b, t, n_embd)
        }
        self.ln_f.forward(&x) // (b, t, n_embd)
    }

    /// The logits of every token of the vocabulary, out of hidden states `(b, t, n_embd)`.
    pub fn lm_head(&self, x: &Tensor) -> Result<Tensor> {
        matmul(x, self.lm_head.as_ref().unwrap_or(&self.wte)) // (b, t, vocab_size)
    }
}
