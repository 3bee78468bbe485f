//! The keys and values of the tokens read so far: a trunk that holds the prompt, and branches that continue it.

use crate::error::{Error, Result};
use crate::kernels::attention::{PAGE_LEN, Pages};
use crate::model::config::Config;

/// A key and a value per layer for every token that the model has read, float32, in pages; see [`Pages`].
///
/// Slots are filled in the order in which tokens are read. The trunk has the first of them. Branches, which are read side
/// by side, take turns at those that follow, so that the trunk they share is never copied.
pub struct KvCache {
    /// For each layer, its pages.
    layers: Vec<Vec<f32>>,
    pages: Pages,
    n_positions: usize,
    n_slots: usize,
    trunk_len: usize,
    /// The slots of each branch beyond the trunk.
    branches: Vec<Vec<usize>>,
}

/// A token that the cache has made room for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row {
    /// Where its keys and values lie; see [`Pages`].
    pub slot: usize,
    /// Its place in the text, counted from 0.
    pub position: usize,
    /// Its branch, `None` in the trunk.
    pub branch: Option<usize>,
}

impl KvCache {
    /// An empty cache for the model that `config` describes.
    ///
    /// It reserves address space for all `n_positions` at once, so that no pass allocates; the system gives memory as pages
    /// are filled.
    pub fn new(config: &Config) -> KvCache {
        let pages = Pages {
            n_head: config.n_head,
            head_dim: config.head_dim(),
        };
        let n_pages = config.n_positions.div_ceil(PAGE_LEN);
        KvCache {
            layers: (0..config.n_layer)
                .map(|_| Vec::with_capacity(n_pages * pages.page_size()))
                .collect(),
            pages,
            n_positions: config.n_positions,
            n_slots: 0,
            trunk_len: 0,
            branches: Vec::new(),
        }
    }

    /// Number of tokens in the trunk.
    pub fn len(&self) -> usize {
        self.trunk_len
    }

    /// Whether the trunk has no tokens.
    pub fn is_empty(&self) -> bool {
        self.trunk_len == 0
    }

    /// Forgets all branches, and the trunk from position `len` on. A trunk of at most `len` tokens stays as it is.
    pub fn truncate(&mut self, len: usize) {
        self.trunk_len = self.trunk_len.min(len);
        self.branches.clear();
        self.n_slots = self.trunk_len;
    }

    /// Begins `n` branches at the end of the trunk, each with room for `n_tokens`, and forgets those before.
    pub fn branch(&mut self, n: usize, n_tokens: usize) {
        self.truncate(self.trunk_len);
        self.branches.resize_with(n, || Vec::with_capacity(n_tokens));
        let n_pages = (self.trunk_len + n * n_tokens).div_ceil(PAGE_LEN);
        for layer in &mut self.layers {
            layer.reserve_exact((n_pages * self.pages.page_size()).saturating_sub(layer.len()));
        }
    }

    /// Number of tokens in a branch and the trunk before it.
    pub fn branch_len(&self, branch: usize) -> usize {
        self.trunk_len + self.branches[branch].len()
    }

    /// Makes `branch` a part of the trunk and forgets the others.
    pub fn adopt(&mut self, branch: usize) {
        let slots = std::mem::take(&mut self.branches[branch]);
        for layer in &mut self.layers {
            for (target, &source) in (self.trunk_len..).zip(&slots) {
                copy_slot(layer, &self.pages, source, target);
            }
        }
        self.trunk_len += slots.len();
        self.truncate(self.trunk_len);
    }

    /// Makes room for `n_tokens` more tokens in the trunk, and puts their rows into `rows`.
    ///
    /// # Errors
    /// [`Error::ContextFull`]; the cache is unchanged.
    ///
    /// # Panics
    /// If there are branches: their slots lie where the trunk would grow.
    pub fn extend_trunk(&mut self, n_tokens: usize, rows: &mut Vec<Row>) -> Result<()> {
        assert!(self.branches.is_empty(), "a trunk with branches cannot grow");
        self.check_room(self.trunk_len, n_tokens)?;
        rows.clear();
        rows.extend((self.trunk_len..self.trunk_len + n_tokens).map(|position| Row {
            slot: position,
            position,
            branch: None,
        }));
        self.trunk_len += n_tokens;
        self.grow(n_tokens);
        Ok(())
    }

    /// Makes room for one more token in each of `branches`, and puts their rows into `rows`.
    ///
    /// # Errors
    /// [`Error::ContextFull`]; the cache is unchanged.
    pub fn extend_branches(&mut self, branches: &[usize], rows: &mut Vec<Row>) -> Result<()> {
        for &branch in branches {
            self.check_room(self.branch_len(branch), 1)?;
        }
        rows.clear();
        for (i, &branch) in branches.iter().enumerate() {
            let slot = self.n_slots + i;
            rows.push(Row {
                slot,
                position: self.branch_len(branch),
                branch: Some(branch),
            });
            self.branches[branch].push(slot);
        }
        self.grow(branches.len());
        Ok(())
    }

    /// Writes the keys and values that a layer has computed for `rows`.
    ///
    /// # Shapes
    /// - `rows`: `(t,)`
    /// - `kv`: `(t, 2, n_embd)`
    pub fn write(&mut self, layer: usize, rows: &[Row], kv: &[f32]) {
        let Pages { n_head, head_dim } = self.pages;
        let layer = &mut self.layers[layer];
        for (row, kv) in rows.iter().zip(kv.chunks_exact(2 * n_head * head_dim)) {
            let (k, v) = kv.split_at(n_head * head_dim);
            for (head, (k, v)) in k.chunks_exact(head_dim).zip(v.chunks_exact(head_dim)).enumerate() {
                let keys = layer[self.pages.key(row.slot, head, 0)..].iter_mut();
                for (key, &k) in keys.step_by(PAGE_LEN).zip(k) {
                    *key = k;
                }
                layer[self.pages.value(row.slot, head, 0)..][..head_dim].copy_from_slice(v);
            }
        }
    }

    /// The order of keys and values in a layer.
    pub fn pages(&self) -> Pages {
        self.pages
    }

    /// All keys and values of a layer, in pages.
    pub fn layer(&self, layer: usize) -> &[f32] {
        &self.layers[layer]
    }

    /// The slots that `row` attends to: so many from the first on, and those of a list.
    pub fn seen_by(&self, row: &Row) -> (usize, &[usize]) {
        match row.branch {
            None => (row.slot + 1, &[]),
            Some(branch) => (self.trunk_len, &self.branches[branch]),
        }
    }

    /// Memory of the pages in use, in bytes.
    pub fn size_bytes(&self) -> usize {
        self.layers.iter().map(|layer| layer.len() * size_of::<f32>()).sum()
    }

    fn grow(&mut self, n_rows: usize) {
        self.n_slots += n_rows;
        let len = self.n_slots.div_ceil(PAGE_LEN) * self.pages.page_size();
        for layer in &mut self.layers {
            if layer.len() < len {
                layer.resize(len, 0.0);
            }
        }
    }

    fn check_room(&self, past_len: usize, n_tokens: usize) -> Result<()> {
        if past_len + n_tokens <= self.n_positions {
            return Ok(());
        }
        Err(Error::ContextFull {
            past_len,
            n_tokens,
            n_positions: self.n_positions,
        })
    }
}

/// Copies keys and values of one slot to another.
fn copy_slot(layer: &mut [f32], pages: &Pages, source: usize, target: usize) {
    let Pages { n_head, head_dim } = *pages;
    for head in 0..n_head {
        for d in 0..head_dim {
            layer[pages.key(target, head, d)] = layer[pages.key(source, head, d)];
        }
        let value = pages.value(source, head, 0);
        layer.copy_within(value..value + head_dim, pages.value(target, head, 0));
    }
}
