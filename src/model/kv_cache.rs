//! Keys and values of the positions seen so far: a trunk that holds the prompt, and the branches that continue it.

use crate::config::Config;
use crate::error::{Error, Result};
use crate::kernels::attention::{PAGE_LEN, Pages};

/// Per layer a key and a value for every token that the model has read, float32, in pages; see [`Pages`].
///
/// Slots are filled in the order in which tokens are read. The trunk takes the first of them; branches, which are read
/// side by side, take what follows in turn, so that none copies what they share.
pub struct KvCache {
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
    pub slot: usize,
    pub position: usize,
    pub branch: Option<usize>,
}

impl KvCache {
    /// Takes address space for all `n_positions` at once, so that no step allocates; the system gives memory as pages are filled.
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

    /// Positions of the trunk.
    pub fn len(&self) -> usize {
        self.trunk_len
    }

    pub fn is_empty(&self) -> bool {
        self.trunk_len == 0
    }

    /// Forgets all branches, and the trunk from `len` on. A `len` beyond what is held leaves the trunk as it is.
    pub fn truncate(&mut self, len: usize) {
        self.trunk_len = self.trunk_len.min(len);
        self.branches.clear();
        self.n_slots = self.trunk_len;
    }

    /// Begins `n` branches at the end of the trunk, in place of those before, each with room for `n_tokens`.
    pub fn branch(&mut self, n: usize, n_tokens: usize) {
        self.truncate(self.trunk_len);
        self.branches.resize_with(n, || Vec::with_capacity(n_tokens));
        let n_pages = (self.trunk_len + n * n_tokens).div_ceil(PAGE_LEN);
        for layer in &mut self.layers {
            layer.reserve_exact((n_pages * self.pages.page_size()).saturating_sub(layer.len()));
        }
    }

    /// Positions of a branch, the trunk's included.
    pub fn branch_len(&self, branch: usize) -> usize {
        self.trunk_len + self.branches[branch].len()
    }

    /// Makes `branch` a part of the trunk and forgets the others.
    pub fn adopt(&mut self, branch: usize) {
        let slots = std::mem::take(&mut self.branches[branch]);
        let Pages { n_head, head_dim } = self.pages;
        for (target, &source) in (self.trunk_len..).zip(&slots) {
            for head in 0..n_head {
                for d in 0..head_dim {
                    for at in [Pages::key, Pages::value] {
                        let (source, target) = (at(&self.pages, source, head, d), at(&self.pages, target, head, d));
                        for layer in &mut self.layers {
                            layer[target] = layer[source];
                        }
                    }
                }
            }
        }
        self.trunk_len += slots.len();
        self.truncate(self.trunk_len);
    }

    /// Makes room for `n_tokens` tokens behind the trunk; no branch may be there.
    ///
    /// # Errors
    /// [`Error::ContextFull`]; the cache is unchanged.
    pub fn extend_trunk(&mut self, n_tokens: usize, rows: &mut Vec<Row>) -> Result<()> {
        assert!(self.branches.is_empty(), "a trunk with branches does not grow");
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

    /// Makes room for one token behind each of `branches`.
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

    /// Writes what a layer has computed for the newest rows.
    ///
    /// # Shapes
    /// - `kv`: `(t, 2, n_embd)` for the `(t,)` rows
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

    /// How keys and values lie in a layer.
    pub fn pages(&self) -> Pages {
        self.pages
    }

    /// All keys and values of a layer.
    pub fn layer(&self, layer: usize) -> &[f32] {
        &self.layers[layer]
    }

    /// The slots that `row` attends to: the first so many, and these.
    pub fn seen_by(&self, row: &Row) -> (usize, &[usize]) {
        match row.branch {
            None => (row.slot + 1, &[]),
            Some(branch) => (self.trunk_len, &self.branches[branch]),
        }
    }

    /// Bytes that the pages in use take.
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
