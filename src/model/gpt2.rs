//! GPT-2, after Radford et al. 2019; names and tensor layout as transformers' modeling_gpt2.py.
//!
//! A pass reads `t` new tokens behind those whose keys and values the cache holds. Of the last block's output only the last
//! `n_wanted` rows are computed: one for the next token, `t` for all logits, none to fill only the cache.

use super::buffers::{BlockBuffers, Buffers, SublayerBuffers};
use super::config::Config;
use super::kv_cache::{KvCache, Row};
use super::layer_norm::LayerNorm;
use super::linear::{Linear, add};
use super::matrix::WeightType;
use super::weight_source::WeightSource;
use crate::error::{Error, Result};
use crate::kernels::activation::Activation;
use crate::kernels::attention::attention;

/// The first projection of [`Attention`], `(3 * n_embd, n_embd)`, cut in two: every row needs a key and a value, but only
/// the wanted ones need a query.
struct CAttn {
    query: Linear,
    key_value: Linear,
}

/// `GPT2Attention`: masked multi-head self-attention over the cache.
struct Attention {
    layer_idx: usize,
    /// The factor on the scores before the softmax.
    scale: f32,
    c_attn: CAttn,
    c_proj: Linear,
}

impl Attention {
    fn load(weights: &mut impl WeightSource, name: &str, layer_idx: usize, config: &Config) -> Result<Attention> {
        let n_embd = config.n_embd;
        let c_attn = Linear::load(weights, &format!("{name}.c_attn"), 3 * n_embd, n_embd)?;
        let (query, key_value) = c_attn.split(n_embd);
        Ok(Attention {
            layer_idx,
            scale: config.attention_scale(layer_idx),
            c_attn: CAttn { query, key_value },
            c_proj: Linear::load(weights, &format!("{name}.c_proj"), n_embd, n_embd)?,
        })
    }

    /// Turns `x`, `(t, n_embd)`, into the output of its last `n_wanted` rows, `(n_wanted, n_embd)`; all rows enter the cache.
    fn forward<'a>(
        &self,
        x: &[f32],
        rows: &[Row],
        n_wanted: usize,
        cache: &mut KvCache,
        b: &'a mut SublayerBuffers,
    ) -> &'a [f32] {
        let CAttn { query, key_value } = &self.c_attn;
        let (n_embd, n_unwanted) = (x.len() / rows.len(), rows.len() - n_wanted);
        let kv = key_value.forward(x, &mut b.quantized, &mut b.key_value); // (t, 2, n_embd)
        cache.write(self.layer_idx, rows, kv);
        let (x, rows) = (&x[n_unwanted * n_embd..], &rows[n_unwanted..]); // (n_wanted, n_embd)
        let q = query.forward_last(x, &mut b.quantized, &mut b.query); // (n_wanted, n_embd)
        b.heads.resize(q.len(), 0.0);
        let (kv, pages) = (cache.layer(self.layer_idx), cache.pages());
        let seen = |row: usize| cache.seen_by(&rows[row]);
        attention(q, kv, pages, self.scale, seen, &mut b.heads); // (n_wanted, n_embd)
        self.c_proj.forward(&b.heads, &mut b.quantized, &mut b.output) // (n_wanted, n_embd)
    }

    fn parts(&mut self) -> impl Iterator<Item = &mut [u8]> {
        let CAttn { query, key_value } = &mut self.c_attn;
        (query.parts().into_iter())
            .chain(key_value.parts())
            .chain(self.c_proj.parts())
    }
}

/// `GPT2MLP`: two projections with a nonlinearity between them.
struct Mlp {
    c_fc: Linear,
    act: Activation,
    c_proj: Linear,
}

impl Mlp {
    fn load(weights: &mut impl WeightSource, name: &str, config: &Config) -> Result<Mlp> {
        let (n_embd, n_inner) = (config.n_embd, config.n_inner);
        Ok(Mlp {
            c_fc: Linear::load(weights, &format!("{name}.c_fc"), n_inner, n_embd)?,
            act: config.activation_function,
            c_proj: Linear::load(weights, &format!("{name}.c_proj"), n_embd, n_inner)?,
        })
    }

    /// Turns `x`, `(t, n_embd)`, into the output, `(t, n_embd)`.
    fn forward<'a>(&self, x: &[f32], b: &'a mut SublayerBuffers) -> &'a [f32] {
        let inner = self.c_fc.forward(x, &mut b.quantized, &mut b.inner); // (t, n_inner)
        self.act.apply(inner); // (t, n_inner)
        self.c_proj.forward(inner, &mut b.quantized, &mut b.output) // (t, n_embd)
    }

    fn parts(&mut self) -> impl Iterator<Item = &mut [u8]> {
        self.c_fc.parts().into_iter().chain(self.c_proj.parts())
    }
}

/// `GPT2Block`: attention and MLP, each behind a LayerNorm and added to the residual stream.
struct Block {
    ln_1: LayerNorm,
    attn: Attention,
    ln_2: LayerNorm,
    mlp: Mlp,
}

impl Block {
    fn load(weights: &mut impl WeightSource, layer_idx: usize, config: &Config) -> Result<Block> {
        let name = |part| format!("h.{layer_idx}.{part}");
        let (n_embd, epsilon) = (config.n_embd, config.layer_norm_epsilon);
        Ok(Block {
            ln_1: LayerNorm::load(weights, &name("ln_1"), n_embd, epsilon)?,
            attn: Attention::load(weights, &name("attn"), layer_idx, config)?,
            ln_2: LayerNorm::load(weights, &name("ln_2"), n_embd, epsilon)?,
            mlp: Mlp::load(weights, &name("mlp"), config)?,
        })
    }

    /// Turns `x`, `(t, n_embd)`, in place into the output of its last `n_wanted` rows, `(n_wanted, n_embd)`.
    fn forward(&self, x: &mut Vec<f32>, rows: &[Row], n_wanted: usize, cache: &mut KvCache, b: &mut BlockBuffers) {
        // x = x + attn(ln_1(x))
        let y = self.ln_1.forward(x, &mut b.normed); // (t, n_embd)
        let y = self.attn.forward(y, rows, n_wanted, cache, &mut b.sublayer); // (n_wanted, n_embd)
        x.drain(..x.len() - y.len()); // (n_wanted, n_embd)
        add(x, y); // (n_wanted, n_embd)

        // x = x + mlp(ln_2(x))
        let y = self.ln_2.forward(x, &mut b.normed); // (n_wanted, n_embd)
        let y = self.mlp.forward(y, &mut b.sublayer); // (n_wanted, n_embd)
        add(x, y); // (n_wanted, n_embd)
    }

    fn parts(&mut self) -> impl Iterator<Item = &mut [u8]> {
        (self.ln_1.parts().into_iter())
            .chain(self.attn.parts())
            .chain(self.ln_2.parts())
            .chain(self.mlp.parts())
    }
}

/// `GPT2LMHeadModel`: the transformer and its language modelling head.
pub struct Gpt2 {
    config: Config,
    wte: Linear,
    /// `(n_positions, n_embd)`
    wpe: Vec<f32>,
    h: Vec<Block>,
    ln_f: LayerNorm,
    /// `None` if the head is tied to `wte`.
    lm_head: Option<Linear>,
    size_bytes: usize,
    buffers: Buffers,
}

impl Gpt2 {
    /// Builds the model that `config` describes from `weights`.
    ///
    /// # Errors
    /// Those of `weights`: a tensor is missing or has another shape.
    pub fn new(config: Config, mut weights: impl WeightSource) -> Result<Gpt2> {
        let weights = &mut weights;
        let (n_embd, vocab_size) = (config.n_embd, config.vocab_size);
        let lm_head = match weights.contains("lm_head.weight") {
            true => Some(Linear::load_no_bias(weights, "lm_head", vocab_size, n_embd)?),
            false => None,
        };
        let mut model = Gpt2 {
            wte: Linear::load_no_bias(weights, "wte", vocab_size, n_embd)?,
            wpe: weights.vector("wpe.weight", config.n_positions * n_embd)?,
            h: (0..config.n_layer)
                .map(|i| Block::load(weights, i, &config))
                .collect::<Result<_>>()?,
            ln_f: LayerNorm::load(weights, "ln_f", n_embd, config.layer_norm_epsilon)?,
            lm_head,
            config,
            size_bytes: 0,
            buffers: Buffers::default(),
        };
        model.size_bytes = model.parts().iter().map(|part| part.len()).sum();
        Ok(model)
    }

    /// Reads `input_ids` into the trunk of the cache and computes no logits: for every part of a prompt but the last.
    ///
    /// # Shapes
    /// As [`Gpt2::forward`].
    ///
    /// # Errors
    /// As [`Gpt2::forward`].
    pub fn read(&mut self, input_ids: &[u32], cache: &mut KvCache) -> Result<()> {
        self.check(input_ids)?;
        cache.extend_trunk(input_ids.len(), &mut self.buffers.rows)?;
        self.transformer(input_ids, cache, 0);
        Ok(())
    }

    /// Runs the model over `input_ids`, behind the trunk of the cache, and returns the logits after the last one.
    ///
    /// # Shapes
    /// - `input_ids`: `(t,)` token ids, `t >= 1`
    /// - `cache`: `past_len` positions on entry, `past_len + t` on return
    /// - returns `(vocab_size,)` float32, before temperature and softmax
    ///
    /// # Errors
    /// [`Error::NoToken`] if `t` is 0, [`Error::TokenId`] for an id outside the vocabulary, [`Error::ContextFull`] if
    /// `past_len + t > n_positions`; the cache is unchanged.
    ///
    /// # Source
    /// `GPT2LMHeadModel.forward`, transformers `modeling_gpt2.py`.
    pub fn forward(&mut self, input_ids: &[u32], cache: &mut KvCache) -> Result<&[f32]> {
        self.check(input_ids)?;
        cache.extend_trunk(input_ids.len(), &mut self.buffers.rows)?;
        self.transformer(input_ids, cache, 1);
        Ok(self.logits())
    }

    /// As [`Gpt2::forward`], with the logits after every token.
    ///
    /// # Shapes
    /// - returns `(t, vocab_size)`
    ///
    /// # Errors
    /// As [`Gpt2::forward`].
    pub fn forward_all(&mut self, input_ids: &[u32], cache: &mut KvCache) -> Result<&[f32]> {
        self.check(input_ids)?;
        cache.extend_trunk(input_ids.len(), &mut self.buffers.rows)?;
        self.transformer(input_ids, cache, input_ids.len());
        Ok(self.logits())
    }

    /// Reads one token behind each of `branches` of the cache, and returns the logits after each.
    ///
    /// # Shapes
    /// - `input_ids`: `(t,)`, one token for each of the `(t,)` branches
    /// - returns `(t, vocab_size)`
    ///
    /// # Errors
    /// As [`Gpt2::forward`].
    ///
    /// # Panics
    /// If there are not as many tokens as branches.
    pub fn forward_branches(&mut self, input_ids: &[u32], branches: &[usize], cache: &mut KvCache) -> Result<&[f32]> {
        assert_eq!(input_ids.len(), branches.len(), "one token for each branch");
        self.check(input_ids)?;
        cache.extend_branches(branches, &mut self.buffers.rows)?;
        self.transformer(input_ids, cache, input_ids.len());
        Ok(self.logits())
    }

    /// The embeddings, then the output of each block, the last one after `ln_f`.
    ///
    /// # Shapes
    /// - returns `n_layer + 1` times `(t, n_embd)`
    ///
    /// # Errors
    /// As [`Gpt2::forward`].
    ///
    /// # Source
    /// `output_hidden_states` of transformers' models.
    pub fn hidden_states(&mut self, input_ids: &[u32], cache: &mut KvCache) -> Result<Vec<Vec<f32>>> {
        self.check(input_ids)?;
        cache.extend_trunk(input_ids.len(), &mut self.buffers.rows)?;
        self.embed(input_ids);
        let b = &mut self.buffers;
        let mut states = Vec::with_capacity(self.h.len() + 1);
        for block in &self.h {
            states.push(b.x.clone()); // (t, n_embd)
            block.forward(&mut b.x, &b.rows, b.rows.len(), cache, &mut b.block); // (t, n_embd)
        }
        states.push(self.ln_f.forward(&b.x, &mut b.hidden).to_vec()); // (t, n_embd)
        Ok(states)
    }

    /// The model's shape and switches.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The form in which the matrices are kept.
    pub fn weight_type(&self) -> WeightType {
        self.wte.weight_type()
    }

    /// Whether the head is a matrix of its own, not tied to `wte`.
    pub fn has_head(&self) -> bool {
        self.lm_head.is_some()
    }

    /// The bytes of all weights, always in the same order: the content of a packed file.
    pub fn parts(&mut self) -> Vec<&mut [u8]> {
        let mut parts = self.wte.parts();
        parts.push(bytemuck::cast_slice_mut(&mut self.wpe));
        parts.extend(self.h.iter_mut().flat_map(Block::parts));
        parts.extend(self.ln_f.parts());
        parts.extend(self.lm_head.iter_mut().flat_map(Linear::parts));
        parts
    }

    /// Memory of the weights, in bytes.
    pub fn size_bytes(&self) -> usize {
        self.size_bytes
    }

    fn check(&self, input_ids: &[u32]) -> Result<()> {
        if input_ids.is_empty() {
            return Err(Error::NoToken("the model was given no tokens to read"));
        }
        let vocab_size = self.config.vocab_size;
        match input_ids.iter().find(|&&id| id as usize >= vocab_size) {
            Some(&id) => Err(Error::TokenId { id, vocab_size }),
            None => Ok(()),
        }
    }

    /// `GPT2Model.forward` over the tokens that the cache has made room for.
    fn transformer(&mut self, input_ids: &[u32], cache: &mut KvCache, n_wanted: usize) {
        self.embed(input_ids); // (t, n_embd)
        let b = &mut self.buffers;
        for (i, block) in self.h.iter().enumerate() {
            let is_last = i + 1 == self.h.len();
            let n_wanted = if is_last { n_wanted } else { b.rows.len() };
            block.forward(&mut b.x, &b.rows, n_wanted, cache, &mut b.block); // (n_wanted, n_embd)
        }
        self.ln_f.forward(&b.x, &mut b.hidden); // (n_wanted, n_embd)
    }

    fn embed(&mut self, input_ids: &[u32]) {
        let n_embd = self.config.n_embd;
        let Buffers { rows, x, .. } = &mut self.buffers;
        x.resize(input_ids.len() * n_embd, 0.0); // (t, n_embd)
        for ((&id, row), x) in input_ids.iter().zip(rows).zip(x.chunks_exact_mut(n_embd)) {
            self.wte.row(id, x); // (n_embd,)
            add(x, &self.wpe[row.position * n_embd..][..n_embd]); // (n_embd,)
        }
    }

    /// A score for every token of the vocabulary, from each row of the hidden states.
    fn logits(&mut self) -> &[f32] {
        let b = &mut self.buffers;
        let lm_head = self.lm_head.as_ref().unwrap_or(&self.wte);
        lm_head.forward(&b.hidden, &mut b.quantized, &mut b.logits) // (n_wanted, vocab_size)
    }
}
