//! GPT-2, after Radford et al. 2019; names and tensor layout as transformers' modeling_gpt2.py.

use candle_core::{DType, Device, Module, Tensor};
use candle_nn::{Activation, LayerNorm, ops::softmax_last_dim};
use candle_transformers::utils::build_additive_causal_mask;

use super::kv_cache::KvCache;
use super::linear::{Linear, WeightType};
use super::weights::{LoadedWeights, Weights};
use crate::config::Config;
use crate::error::{Error, Result};

/// GPT-2 with its language modelling head.
pub struct Gpt2 {
    config: Config,
    weight_type: WeightType,
    wte: Linear,
    wpe: Tensor,
    h: Vec<Block>,
    ln_f: LayerNorm,
    /// `None` where the head is tied to `wte`.
    lm_head: Option<Linear>,
}

impl Gpt2 {
    /// Builds the model from the weights that [`Weights`] has read for the same `config`.
    ///
    /// # Errors
    /// [`Error::Safetensors`] if the weights are incomplete.
    pub fn new(config: Config, weight_type: WeightType, weights: Weights) -> Result<Gpt2> {
        let mut weights = weights.finish()?;
        let h = (0..config.n_layer)
            .map(|i| Block::new(&config, i, &mut weights))
            .collect::<Result<_>>()?;
        let lm_head = if weights.contains("lm_head.weight") {
            Some(weights.linear("lm_head.weight", None)?)
        } else {
            None
        };
        Ok(Gpt2 {
            wte: weights.linear("wte.weight", None)?,
            wpe: weights.float("wpe.weight"),
            h,
            ln_f: layer_norm(&config, "ln_f", &mut weights),
            lm_head,
            config,
            weight_type,
        })
    }

    /// Runs the model over `input_ids` and returns the logits after the last one.
    ///
    /// # Shapes
    /// - `input_ids`: `(t,)` token ids, `t >= 1`
    /// - `cache`: `past_len` positions on entry, `past_len + t` on return
    /// - returns `(vocab_size,)` float32, before temperature and softmax
    ///
    /// # Errors
    /// [`Error::NoToken`] if `t` is 0, [`Error::ContextFull`] if `past_len + t > n_positions`, [`Error::TokenId`] for an id
    /// outside the vocabulary;
    /// the cache is unchanged.
    ///
    /// # Source
    /// `GPT2LMHeadModel.forward`, transformers `modeling_gpt2.py`.
    pub fn forward(&self, input_ids: &[u32], cache: &mut KvCache) -> Result<Vec<f32>> {
        let hidden = self.last_hidden_state(input_ids, cache)?; // (t, n_embd)
        let last = hidden.narrow(0, input_ids.len() - 1, 1)?; // (1, n_embd)
        Ok(self.logits(&last)?.squeeze(0)?.to_vec1()?) // (vocab_size,)
    }

    /// Runs the blocks over `input_ids` and returns what `ln_f` makes of the last one's output.
    /// This is all that a prompt needs before its end.
    ///
    /// # Shapes
    /// As [`Gpt2::forward`]; returns `(t, n_embd)`.
    pub fn last_hidden_state(&self, input_ids: &[u32], cache: &mut KvCache) -> Result<Tensor> {
        let mut states = self.hidden_states(input_ids, cache)?;
        Ok(states.pop().expect("invariant: n_layer + 1 states"))
    }

    /// The hidden states that transformers calls `output_hidden_states`: the embeddings, then each block's output,
    /// the last after `ln_f`.
    ///
    /// # Shapes
    /// As [`Gpt2::forward`]; returns `n_layer + 1` tensors `(t, n_embd)`.
    pub fn hidden_states(&self, input_ids: &[u32], cache: &mut KvCache) -> Result<Vec<Tensor>> {
        let (t, past_len) = (input_ids.len(), cache.len());
        if t == 0 {
            return Err(Error::NoToken("the model was given no tokens to read"));
        }
        cache.reserve(t)?;
        if let Some(&id) = (input_ids.iter()).find(|&&id| id as usize >= self.config.vocab_size) {
            return Err(Error::TokenId {
                id,
                vocab_size: self.config.vocab_size,
            });
        }
        let positions = self.wpe.narrow(0, past_len, t)?; // (t, n_embd)
        let mut x = (self.wte.rows(input_ids)? + positions)?; // (t, n_embd)
        let mask = match t {
            1 => None, // The newest position sees all of them.
            _ => Some(
                build_additive_causal_mask(t, past_len, None, &Device::Cpu, DType::F32)?.squeeze(0)?, // (1, t, past_len + t)
            ),
        };
        let mut states = Vec::with_capacity(self.h.len() + 1);
        for block in &self.h {
            let y = block.forward(&x, mask.as_ref(), cache)?; // (t, n_embd)
            states.push(std::mem::replace(&mut x, y));
        }
        states.push(self.ln_f.forward(&x)?); // (t, n_embd)
        cache.advance(t);
        Ok(states)
    }

    /// The head: a score for every token of the vocabulary.
    ///
    /// # Shapes
    /// - `hidden`: `(t, n_embd)`, as [`Gpt2::last_hidden_state`] returns it
    /// - returns `(t, vocab_size)`
    pub fn logits(&self, hidden: &Tensor) -> Result<Tensor> {
        self.lm_head.as_ref().unwrap_or(&self.wte).forward(hidden)
    }

    pub fn config(&self) -> &Config {
        &self.config
    }

    pub fn weight_type(&self) -> WeightType {
        self.weight_type
    }

    /// Bytes of memory that the weights take.
    pub fn size_bytes(&self) -> usize {
        let floats = (self.wpe.elem_count() + (4 * self.h.len() + 2) * self.config.n_embd) * size_of::<f32>();
        let matrices = self.h.iter().flat_map(Block::matrices);
        let embeddings = [Some(&self.wte), self.lm_head.as_ref()].into_iter().flatten();
        floats + matrices.chain(embeddings).map(Linear::size_bytes).sum::<usize>()
    }
}

/// `GPT2Block`: attention and MLP, each behind a LayerNorm and a residual connection.
struct Block {
    ln_1: LayerNorm,
    attn: Attention,
    ln_2: LayerNorm,
    mlp: Mlp,
}

impl Block {
    fn new(config: &Config, layer: usize, weights: &mut LoadedWeights) -> Result<Block> {
        let name = |part: &str| format!("h.{layer}.{part}");
        let mut conv1d = |part: &str| {
            let bias = weights.float(&format!("{}.bias", name(part)));
            weights.linear(&format!("{}.weight", name(part)), Some(bias))
        };
        let attn = Attention {
            c_attn: conv1d("attn.c_attn")?,
            c_proj: conv1d("attn.c_proj")?,
            layer,
            n_head: config.n_head,
            head_dim: config.head_dim(),
            scale: attention_scale(config, layer),
        };
        let mlp = Mlp {
            c_fc: conv1d("mlp.c_fc")?,
            c_proj: conv1d("mlp.c_proj")?,
            activation: config.activation_function,
        };
        Ok(Block {
            ln_1: layer_norm(config, &name("ln_1"), weights),
            attn,
            ln_2: layer_norm(config, &name("ln_2"), weights),
            mlp,
        })
    }

    fn forward(&self, x: &Tensor, mask: Option<&Tensor>, cache: &mut KvCache) -> Result<Tensor> {
        let x = (x + self.attn.forward(&self.ln_1.forward(x)?, mask, cache)?)?; // (t, n_embd)
        Ok((&x + self.mlp.forward(&self.ln_2.forward(&x)?)?)?) // (t, n_embd)
    }

    fn matrices(&self) -> [&Linear; 4] {
        [&self.attn.c_attn, &self.attn.c_proj, &self.mlp.c_fc, &self.mlp.c_proj]
    }
}

/// What the scores are multiplied by before the softmax.
fn attention_scale(config: &Config, layer: usize) -> f64 {
    let mut scale = 1.0;
    if config.scale_attn_weights {
        scale /= (config.head_dim() as f64).sqrt();
    }
    if config.scale_attn_by_inverse_layer_idx {
        scale /= (layer + 1) as f64;
    }
    scale
}

fn layer_norm(config: &Config, name: &str, weights: &mut LoadedWeights) -> LayerNorm {
    let weight = weights.float(&format!("{name}.weight"));
    let bias = weights.float(&format!("{name}.bias"));
    LayerNorm::new(weight, bias, config.layer_norm_epsilon)
}

/// `GPT2Attention`: causal multi-head self-attention.
struct Attention {
    c_attn: Linear,
    c_proj: Linear,
    layer: usize,
    n_head: usize,
    head_dim: usize,
    scale: f64,
}

impl Attention {
    fn forward(&self, x: &Tensor, mask: Option<&Tensor>, cache: &mut KvCache) -> Result<Tensor> {
        let t = x.dim(0)?;
        let qkv = self.c_attn.forward(x)?; // (t, 3 * n_embd)
        let qkv = qkv.reshape((t, 3, self.n_head, self.head_dim))?.permute((1, 2, 0, 3))?; // (3, n_head, t, head_dim)
        let part = |i| -> Result<Tensor> { Ok(qkv.get(i)?.contiguous()?) }; // (n_head, t, head_dim)
        let (k, v) = cache.append(self.layer, &part(1)?, &part(2)?)?; // 2 x (n_head, past_len + t, head_dim)
        let q = (part(0)? * self.scale)?; // (n_head, t, head_dim)
        let mut scores = q.matmul(&k.t()?)?; // (n_head, t, past_len + t)
        if let Some(mask) = mask {
            scores = scores.broadcast_add(mask)?; // (n_head, t, past_len + t)
        }
        let y = softmax_last_dim(&scores)?.matmul(&v)?; // (n_head, t, head_dim)
        let y = y.transpose(0, 1)?.flatten_from(1)?.contiguous()?; // (t, n_embd)
        self.c_proj.forward(&y) // (t, n_embd)
    }
}

/// `GPT2MLP`.
struct Mlp {
    c_fc: Linear,
    c_proj: Linear,
    activation: Activation,
}

impl Mlp {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let x = self.c_fc.forward(x)?; // (t, n_inner)
        self.c_proj.forward(&self.activation.forward(&x)?) // (t, n_embd)
    }
}
