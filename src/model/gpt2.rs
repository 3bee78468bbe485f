//! GPT-2, after Radford et al. 2019; names and tensor layout as transformers' modeling_gpt2.py.

use super::block::{Block, LayerNorm, Scratch};
use super::kv_cache::KvCache;
use super::linear::{Linear, WeightType, add};
use super::weights::{LoadedWeights, Weights, check_groups};
use crate::config::Config;
use crate::error::{Error, Result};

/// GPT-2 with its language modelling head.
pub struct Gpt2 {
    config: Config,
    weight_type: WeightType,
    wte: Linear,
    /// `(n_positions, n_embd)`
    wpe: Vec<f32>,
    h: Vec<Block>,
    ln_f: LayerNorm,
    /// `None` where the head is tied to `wte`.
    lm_head: Option<Linear>,
    scratch: Scratch,
}

impl Gpt2 {
    /// Builds the model from the weights that [`Weights`] has read for the same `config`.
    ///
    /// # Errors
    /// [`Error::Safetensors`] if the weights are incomplete.
    pub fn new(config: Config, weight_type: WeightType, weights: Weights) -> Result<Gpt2> {
        Ok(Gpt2::from_loaded(config, weight_type, weights.finish()?))
    }

    /// An int8 model of nothing, for a packed file to be read into; `has_head`: its head is not tied to `wte`.
    ///
    /// # Errors
    /// [`Error::Config`] if int8 cannot hold matrices of this shape.
    pub fn zeros(config: Config, has_head: bool) -> Result<Gpt2> {
        check_groups(&config)?;
        let weights = LoadedWeights::zeros(&config, has_head);
        Ok(Gpt2::from_loaded(config, WeightType::Q8, weights))
    }

    fn from_loaded(config: Config, weight_type: WeightType, mut weights: LoadedWeights) -> Gpt2 {
        let h = (0..config.n_layer)
            .map(|i| Block::new(&config, i, &mut weights))
            .collect();
        let lm_head = weights
            .contains("lm_head.weight")
            .then(|| weights.linear("lm_head", None));
        Gpt2 {
            wte: weights.linear("wte", None),
            wpe: weights.float("wpe.weight"),
            h,
            ln_f: LayerNorm::new(&config, "ln_f", &mut weights),
            lm_head,
            config,
            weight_type,
            scratch: Scratch::new(weight_type),
        }
    }

    /// Reads `input_ids` into the trunk of the cache, and nothing more: all that a prompt needs before its end.
    ///
    /// # Shapes, errors
    /// As [`Gpt2::forward`].
    pub fn read(&mut self, input_ids: &[u32], cache: &mut KvCache) -> Result<()> {
        self.enter(input_ids, cache)?;
        self.blocks(cache, 0);
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
    /// [`Error::NoToken`] if `t` is 0, [`Error::ContextFull`] if `past_len + t > n_positions`, [`Error::TokenId`] for an id
    /// outside the vocabulary;
    /// the cache is unchanged.
    ///
    /// # Source
    /// `GPT2LMHeadModel.forward`, transformers `modeling_gpt2.py`.
    pub fn forward(&mut self, input_ids: &[u32], cache: &mut KvCache) -> Result<&[f32]> {
        self.enter(input_ids, cache)?;
        self.blocks(cache, 1);
        Ok(self.head())
    }

    /// As [`Gpt2::forward`], with the logits after every token.
    ///
    /// # Shapes
    /// - returns `(t, vocab_size)`
    pub fn forward_all(&mut self, input_ids: &[u32], cache: &mut KvCache) -> Result<&[f32]> {
        self.enter(input_ids, cache)?;
        self.blocks(cache, input_ids.len());
        Ok(self.head())
    }

    /// Reads one token behind each of `branches` of the cache, and returns the logits after each.
    ///
    /// # Shapes
    /// - `input_ids`: `(t,)`, one token for each of the `(t,)` branches
    /// - returns `(t, vocab_size)`
    ///
    /// # Errors
    /// As [`Gpt2::forward`].
    pub fn forward_branches(&mut self, input_ids: &[u32], branches: &[usize], cache: &mut KvCache) -> Result<&[f32]> {
        assert_eq!(input_ids.len(), branches.len(), "a token for each branch");
        self.check(input_ids)?;
        cache.extend_branches(branches, &mut self.scratch.rows)?;
        self.embed(input_ids);
        self.blocks(cache, input_ids.len());
        Ok(self.head())
    }

    /// The hidden states that transformers calls `output_hidden_states`: the embeddings, then each block's output,
    /// the last after `ln_f`.
    ///
    /// # Shapes
    /// As [`Gpt2::forward`]; returns `n_layer + 1` times `(t, n_embd)`.
    pub fn hidden_states(&mut self, input_ids: &[u32], cache: &mut KvCache) -> Result<Vec<Vec<f32>>> {
        self.enter(input_ids, cache)?;
        let mut states = Vec::with_capacity(self.h.len() + 1);
        for i in 0..self.h.len() {
            states.push(self.scratch.x.clone());
            self.h[i].forward(&mut self.scratch, cache, input_ids.len());
        }
        self.ln_f.forward(&self.scratch.x, &mut self.scratch.y);
        states.push(self.scratch.y.clone());
        Ok(states)
    }

    pub fn config(&self) -> &Config {
        &self.config
    }

    pub fn weight_type(&self) -> WeightType {
        self.weight_type
    }

    pub fn has_head(&self) -> bool {
        self.lm_head.is_some()
    }

    /// The bytes of all weights of an int8 model, always in the same order: what a packed file holds.
    pub fn parts(&mut self) -> Vec<&mut [u8]> {
        let mut parts: Vec<_> = self.wte.parts().collect();
        parts.push(bytemuck::cast_slice_mut(&mut self.wpe));
        parts.extend(self.h.iter_mut().flat_map(Block::parts));
        parts.extend(self.ln_f.parts());
        parts.extend(self.lm_head.iter_mut().flat_map(Linear::parts));
        parts
    }

    /// Bytes of memory that the weights take.
    pub fn size_bytes(&self) -> usize {
        let floats = (self.wpe.len() + (4 * self.h.len() + 2) * self.config.n_embd) * size_of::<f32>();
        let matrices = self.h.iter().flat_map(Block::matrices);
        let embeddings = [Some(&self.wte), self.lm_head.as_ref()].into_iter().flatten();
        floats + matrices.chain(embeddings).map(Linear::size_bytes).sum::<usize>()
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

    /// Makes room in the trunk, and embeds.
    fn enter(&mut self, input_ids: &[u32], cache: &mut KvCache) -> Result<()> {
        self.check(input_ids)?;
        cache.extend_trunk(input_ids.len(), &mut self.scratch.rows)?;
        self.embed(input_ids);
        Ok(())
    }

    fn embed(&mut self, input_ids: &[u32]) {
        let n_embd = self.config.n_embd;
        let Scratch { rows, x, .. } = &mut self.scratch;
        x.resize(input_ids.len() * n_embd, 0.0);
        for ((&id, row), x) in input_ids.iter().zip(rows).zip(x.chunks_exact_mut(n_embd)) {
            self.wte.row(id, x);
            add(x, &self.wpe[row.position * n_embd..][..n_embd]);
        }
    }

    /// Runs the blocks. Of the last one's output only the last `n_wanted` rows are computed; keys and values are, for all.
    fn blocks(&mut self, cache: &mut KvCache, n_wanted: usize) {
        let (last, others) = self
            .h
            .split_last()
            .expect("invariant: config.json has at least one layer");
        let t = self.scratch.rows.len();
        for block in others {
            block.forward(&mut self.scratch, cache, t);
        }
        last.forward(&mut self.scratch, cache, n_wanted);
    }

    /// The head: a score for every token of the vocabulary, after every row that `blocks` has left.
    fn head(&mut self) -> &[f32] {
        let Scratch {
            x, y, input, logits, ..
        } = &mut self.scratch;
        self.ln_f.forward(x, y);
        input.set(y, self.config.n_embd);
        logits.resize(x.len() / self.config.n_embd * self.config.vocab_size, 0.0);
        self.lm_head.as_ref().unwrap_or(&self.wte).forward(input, logits);
        logits
    }
}
