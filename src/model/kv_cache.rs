//! Keys and values of the positions seen so far, preallocated, with the rollback that candle-nn's cache lacks.

use candle_core::{DType, Device, Tensor};

use crate::config::Config;
use crate::error::{Error, Result};

/// One key and one value tensor per layer, each `(n_head, n_positions, head_dim)` float32, filled up to `len`.
pub struct KvCache {
    layers: Vec<(Tensor, Tensor)>,
    len: usize,
    n_positions: usize,
}

impl KvCache {
    /// Allocates room for all `n_positions` at once, so that no step allocates for it.
    ///
    /// # Errors
    /// [`Error::Tensor`] if candle refuses. Where there is no memory the process, or the worker, ends.
    pub fn new(config: &Config) -> Result<KvCache> {
        let shape = (config.n_head, config.n_positions, config.head_dim());
        let zeros = || Tensor::zeros(shape, DType::F32, &Device::Cpu);
        let layers = (0..config.n_layer)
            .map(|_| Ok((zeros()?, zeros()?)))
            .collect::<Result<_>>()?;
        Ok(KvCache {
            layers,
            len: 0,
            n_positions: config.n_positions,
        })
    }

    /// Positions held.
    pub fn len(&self) -> usize {
        self.len
    }

    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Forgets all positions from `len` on. A `len` beyond what is held changes nothing.
    pub fn truncate(&mut self, len: usize) {
        self.len = self.len.min(len);
    }

    /// Checks that `n_tokens` more positions fit.
    ///
    /// # Errors
    /// [`Error::ContextFull`]
    pub fn reserve(&self, n_tokens: usize) -> Result<()> {
        if self.len + n_tokens <= self.n_positions {
            return Ok(());
        }
        Err(Error::ContextFull {
            past_len: self.len,
            n_tokens,
            n_positions: self.n_positions,
        })
    }

    /// Writes `k` and `v` behind what layer `layer` holds and returns all of it.
    ///
    /// # Shapes
    /// - `k`, `v`: `(n_head, t, head_dim)`, contiguous
    /// - returns two views `(n_head, len + t, head_dim)`
    ///
    /// `len` grows by [`KvCache::advance`] once every layer is written, so that a failure in between changes nothing.
    pub fn append(&mut self, layer: usize, k: &Tensor, v: &Tensor) -> Result<(Tensor, Tensor)> {
        let (keys, values) = &self.layers[layer];
        keys.slice_set(k, 1, self.len)?;
        values.slice_set(v, 1, self.len)?;
        let total_len = self.len + k.dim(1)?;
        Ok((keys.narrow(1, 0, total_len)?, values.narrow(1, 0, total_len)?))
    }

    /// Counts the `n_tokens` positions that every layer has been given.
    pub fn advance(&mut self, n_tokens: usize) {
        self.len += n_tokens;
    }

    pub fn size_bytes(&self) -> usize {
        self.layers
            .iter()
            .map(|(k, _)| 2 * k.elem_count() * size_of::<f32>())
            .sum()
    }
}
