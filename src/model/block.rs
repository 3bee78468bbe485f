//! One layer of GPT-2; names as transformers' modeling_gpt2.py.

use super::kv_cache::{KvCache, Row};
use super::linear::{Input, Linear, WeightType, add};
use super::weights::LoadedWeights;
use crate::config::Config;
use crate::kernels::activation::Activation;
use crate::kernels::attention::attention;
use crate::kernels::layer_norm::layer_norm;

/// What a forward pass writes on its way; kept, so that no pass allocates. `t` rows are read, the last `n` of them wanted.
pub struct Scratch {
    pub rows: Vec<Row>,
    /// `(t, n_embd)`: the residual stream
    pub x: Vec<f32>,
    /// `(t, n_embd)`: what a LayerNorm, an attention or a projection gives
    pub y: Vec<f32>,
    /// `(n, n_embd)`
    pub q: Vec<f32>,
    /// `(t, 2, n_embd)`
    pub kv: Vec<f32>,
    /// `(n, n_inner)`
    pub inner: Vec<f32>,
    /// `(n, vocab_size)`
    pub logits: Vec<f32>,
    pub input: Input,
}

impl Scratch {
    pub fn new(weight_type: WeightType) -> Scratch {
        Scratch {
            rows: Vec::new(),
            x: Vec::new(),
            y: Vec::new(),
            q: Vec::new(),
            kv: Vec::new(),
            inner: Vec::new(),
            logits: Vec::new(),
            input: Input::new(weight_type),
        }
    }
}

/// `GPT2Block`: attention and MLP, each behind a LayerNorm and a residual connection.
pub struct Block {
    layer: usize,
    /// What the scores are multiplied by before the softmax.
    attention_scale: f32,
    activation: Activation,
    ln_1: LayerNorm,
    /// The first third of `c_attn`.
    query: Linear,
    /// The rest of it: what the cache holds.
    key_value: Linear,
    attn_c_proj: Linear,
    ln_2: LayerNorm,
    c_fc: Linear,
    mlp_c_proj: Linear,
}

impl Block {
    pub fn new(config: &Config, layer: usize, weights: &mut LoadedWeights) -> Block {
        let name = |part: &str| format!("h.{layer}.{part}");
        let (ln_1, c_attn) = behind_norm(config, weights, &name("ln_1"), &name("attn.c_attn"));
        let (ln_2, c_fc) = behind_norm(config, weights, &name("ln_2"), &name("mlp.c_fc"));
        let mut conv1d = |name: String| {
            let bias = weights.float(&format!("{name}.bias"));
            weights.linear(&name, Some(bias))
        };
        let (query, key_value) = c_attn.split(config.n_embd);
        Block {
            layer,
            attention_scale: attention_scale(config, layer),
            activation: config.activation_function,
            ln_1,
            query,
            key_value,
            attn_c_proj: conv1d(name("attn.c_proj")),
            ln_2,
            c_fc,
            mlp_c_proj: conv1d(name("mlp.c_proj")),
        }
    }

    /// Turns `scratch.x`, `(t, n_embd)`, into the block's output after the last `n_wanted` rows, `(n_wanted, n_embd)`.
    pub fn forward(&self, scratch: &mut Scratch, cache: &mut KvCache, n_wanted: usize) {
        let Scratch {
            rows,
            x,
            y,
            q,
            kv,
            inner,
            input,
            ..
        } = scratch;
        let (t, n_embd) = (rows.len(), self.ln_1.gain.len());
        self.ln_1.forward(x, y); // (t, n_embd)
        input.set(y, n_embd);
        kv.resize(t * 2 * n_embd, 0.0);
        self.key_value.forward(input, kv); // (t, 2, n_embd)
        cache.write(self.layer, rows, kv);
        if n_wanted < t {
            x.drain(..(t - n_wanted) * n_embd); // (n_wanted, n_embd)
            input.set(&y[(t - n_wanted) * n_embd..], n_embd);
            y.truncate(n_wanted * n_embd);
        }
        if n_wanted == 0 {
            return;
        }
        q.resize(n_wanted * n_embd, 0.0);
        self.query.forward(input, q); // (n_wanted, n_embd)
        let seen = |row: usize| cache.seen_by(&rows[t - n_wanted + row]);
        attention(q, cache.layer(self.layer), cache.pages(), self.attention_scale, seen, y); // (n_wanted, n_embd)
        input.set(y, n_embd);
        self.attn_c_proj.forward(input, y); // (n_wanted, n_embd)
        add(x, y);
        self.ln_2.forward(x, y); // (n_wanted, n_embd)
        input.set(y, n_embd);
        let n_inner = self.c_fc.n_out();
        inner.resize(n_wanted * n_inner, 0.0);
        self.c_fc.forward(input, inner); // (n_wanted, n_inner)
        self.activation.apply(inner);
        input.set(inner, n_inner);
        self.mlp_c_proj.forward(input, y); // (n_wanted, n_embd)
        add(x, y);
    }

    pub fn parts(&mut self) -> impl Iterator<Item = &mut [u8]> {
        (self.ln_1.parts().into_iter())
            .chain(self.query.parts())
            .chain(self.key_value.parts())
            .chain(self.attn_c_proj.parts())
            .chain(self.ln_2.parts())
            .chain(self.c_fc.parts())
            .chain(self.mlp_c_proj.parts())
    }

    pub fn matrices(&self) -> [&Linear; 5] {
        [
            &self.query,
            &self.key_value,
            &self.attn_c_proj,
            &self.c_fc,
            &self.mlp_c_proj,
        ]
    }
}

/// A LayerNorm and the matrix that takes what it gives, whose inputs it scales where the matrix asks for it.
fn behind_norm(config: &Config, weights: &mut LoadedWeights, norm: &str, conv1d: &str) -> (LayerNorm, Linear) {
    let mut norm = LayerNorm::new(config, norm, weights);
    let bias = weights.float(&format!("{conv1d}.bias"));
    let (linear, scales) = weights.linear_behind_norm(conv1d, bias);
    if let Some(scales) = scales {
        norm.scale(&scales);
    }
    (norm, linear)
}

/// What the scores are multiplied by before the softmax.
fn attention_scale(config: &Config, layer: usize) -> f32 {
    let mut scale = 1.0;
    if config.scale_attn_weights {
        scale /= (config.head_dim() as f64).sqrt();
    }
    if config.scale_attn_by_inverse_layer_idx {
        scale /= (layer + 1) as f64;
    }
    scale as f32
}

/// Normalises each row, then scales and shifts it.
pub struct LayerNorm {
    /// `(n_embd,)`, as is the bias
    gain: Vec<f32>,
    bias: Vec<f32>,
    epsilon: f32,
}

impl LayerNorm {
    pub fn new(config: &Config, name: &str, weights: &mut LoadedWeights) -> LayerNorm {
        LayerNorm {
            gain: weights.float(&format!("{name}.weight")),
            bias: weights.float(&format!("{name}.bias")),
            epsilon: config.layer_norm_epsilon as f32,
        }
    }

    /// Multiplies what it gives, `(t, n_embd)`, by `scales`, `(n_embd,)`.
    fn scale(&mut self, scales: &[f32]) {
        for values in [&mut self.gain, &mut self.bias] {
            for (value, scale) in values.iter_mut().zip(scales) {
                *value *= scale;
            }
        }
    }

    pub fn parts(&mut self) -> [&mut [u8]; 2] {
        [&mut self.gain, &mut self.bias].map(|values| bytemuck::cast_slice_mut(values))
    }

    pub fn forward(&self, x: &[f32], y: &mut Vec<f32>) {
        y.resize(x.len(), 0.0);
        layer_norm(x, &self.gain, &self.bias, self.epsilon, y);
    }
}
