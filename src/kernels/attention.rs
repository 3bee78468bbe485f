//! Attention of new rows over the cache: `softmax(q kᵀ * scale) v` for every head.
//!
//! Keys and values lie in pages of 32 slots, and a head walks its pages once, in the order of the slots. In a page it
//! reads the keys in a straight line: the numbers of 32 keys lie side by side, so that 32 scores are summed at once and
//! stay in eight vectors. Then it reads the values in a straight line, one after another. The softmax runs along: it keeps
//! the largest score and the sum so far, and scales both and the output down when a page brings a larger score. So no
//! buffer for the scores of a whole text is needed, and keys and values are read from memory once.
//!
//! Heads of rows are shared out to the pool's threads: they write apart and read the same cache.

use super::float32::F32x4;
use super::pool::split_mut;
use crate::math::{self, exp};

/// Slots whose keys and values lie together, and whose scores the running softmax takes at once.
pub const PAGE_LEN: usize = 32;
/// Slots whose values share one reading and writing of the output.
const TILE_LEN: usize = 4;

/// Where keys and values lie: in pages of `(n_head, head_dim, PAGE_LEN)` keys and `(n_head, PAGE_LEN, head_dim)` values.
#[derive(Debug, Clone, Copy)]
pub struct Pages {
    /// Heads of a layer.
    pub n_head: usize,
    /// Numbers of a head's key, and of its value.
    pub head_dim: usize,
}

impl Pages {
    /// The length of a page, in numbers.
    pub fn page_size(&self) -> usize {
        2 * self.n_head * PAGE_LEN * self.head_dim
    }

    /// The index of number `d` of a slot's key for a head.
    pub fn key(&self, slot: usize, head: usize, d: usize) -> usize {
        slot / PAGE_LEN * self.page_size() + (head * self.head_dim + d) * PAGE_LEN + slot % PAGE_LEN
    }

    /// The index of number `d` of a slot's value for a head.
    pub fn value(&self, slot: usize, head: usize, d: usize) -> usize {
        let values = slot / PAGE_LEN * self.page_size() + self.page_size() / 2;
        values + (head * PAGE_LEN + slot % PAGE_LEN) * self.head_dim + d
    }
}

/// `softmax(q kᵀ * scale) v` for every head of every row.
///
/// # Shapes
/// - `q`: `(t, n_head * head_dim)`
/// - `kv`: `(n_pages, page_size)`, laid out by `pages`
/// - `seen(row)`: the slots that a row attends to: a number of first slots, and a rising list of further ones
/// - `out`: `(t, n_head * head_dim)`, overwritten
///
/// # Source
/// The running softmax: Milakov and Gimelshein 2018, as in FlashAttention.
pub fn attention<'a>(
    q: &[f32],
    kv: &[f32],
    pages: Pages,
    scale: f32,
    seen: impl Fn(usize) -> (usize, &'a [usize]) + Sync,
    out: &mut [f32],
) {
    let Pages { n_head, head_dim } = pages;
    // A head of a row is head_dim consecutive values: item i is head i % n_head of row i / n_head.
    split_mut(out, head_dim, &|first, out| {
        for (i, out) in out.chunks_exact_mut(head_dim).enumerate() {
            let item = first / head_dim + i;
            let q = &q[item * head_dim..][..head_dim];
            attend(q, kv, pages, item % n_head, scale, seen(item / n_head), out);
        }
    });
}

/// [`attention`] for one head of one row.
///
/// # Shapes
/// - `q`, `out`: `(head_dim,)`
fn attend(q: &[f32], kv: &[f32], pages: Pages, head: usize, scale: f32, seen: (usize, &[usize]), out: &mut [f32]) {
    let (n_first, mut list) = seen;
    let n_slots = list.last().map_or(n_first, |last| n_first.max(last + 1));
    out.fill(0.0);
    let (mut max, mut total) = (f32::NEG_INFINITY, 0.0);
    for first in (0..n_slots).step_by(PAGE_LEN) {
        let keys = &kv[pages.key(first, head, 0)..][..pages.head_dim * PAGE_LEN];
        let mut weights = scores(q, keys);
        for weight in &mut weights {
            *weight *= scale;
        }
        for (slot, weight) in (first..).zip(&mut weights).skip(n_first.saturating_sub(first)) {
            match list.split_first() {
                Some((next, rest)) if *next == slot => list = rest,
                _ => *weight = f32::NEG_INFINITY,
            }
        }
        let page_max = math::max(&weights);
        if page_max == f32::NEG_INFINITY {
            continue; // No slot of this page is seen.
        }
        if page_max > max {
            let correction = exp(max - page_max);
            max = page_max;
            total *= correction;
            for y in out.iter_mut() {
                *y *= correction;
            }
        }
        for weight in &mut weights {
            *weight = exp(*weight - max);
        }
        total += math::sum(&weights);
        let values = &kv[pages.value(first, head, 0)..][..PAGE_LEN * pages.head_dim];
        let n_seen = PAGE_LEN.min(n_slots - first);
        add_values(&weights[..n_seen], &values[..n_seen * pages.head_dim], out);
    }
    for y in out {
        *y /= total;
    }
}

/// The dot products of `q` with the keys of a page.
///
/// # Shapes
/// - `q`: `(head_dim,)`
/// - `keys`: `(head_dim, PAGE_LEN)`
/// - returns `(PAGE_LEN,)`
fn scores(q: &[f32], keys: &[f32]) -> [f32; PAGE_LEN] {
    let mut sums = [F32x4::splat(0.0); PAGE_LEN / 4];
    for (&q, keys) in q.iter().zip(keys.as_chunks::<PAGE_LEN>().0) {
        let q = F32x4::splat(q);
        for (sum, keys) in sums.iter_mut().zip(keys.as_chunks().0) {
            *sum = sum.add_product(q, F32x4::load(keys));
        }
    }
    let mut scores = [0.0; PAGE_LEN];
    for (sum, scores) in sums.into_iter().zip(scores.as_chunks_mut().0) {
        sum.store(scores);
    }
    scores
}

/// Adds the values of a page to `out`, each times its weight.
///
/// A slot that is not seen has the weight 0 and is skipped: its value is stale or was never written, and may be NaN.
///
/// # Shapes
/// - `weights`: `(n,)`
/// - `values`: `(n, head_dim)`
/// - `out`: `(head_dim,)`
fn add_values(weights: &[f32], values: &[f32], out: &mut [f32]) {
    let head_dim = out.len();
    let (tiles, rest) = weights.as_chunks::<TILE_LEN>();
    let (tile_values, rest_values) = values.split_at(tiles.len() * TILE_LEN * head_dim);
    for (weights, values) in tiles.iter().zip(tile_values.chunks_exact(TILE_LEN * head_dim)) {
        if weights.contains(&0.0) {
            add_one_by_one(weights, values, out);
        } else {
            add_tile(weights, values, out);
        }
    }
    add_one_by_one(rest, rest_values, out);
}

/// [`add_values`] without tiles.
fn add_one_by_one(weights: &[f32], values: &[f32], out: &mut [f32]) {
    for (&weight, values) in weights.iter().zip(values.chunks_exact(out.len())) {
        if weight != 0.0 {
            add_tile(&[weight], values, out);
        }
    }
}

/// [`add_values`] of `N` slots that are all seen: `out` is read and written once for all of them.
///
/// # Shapes
/// - `weights`: `(N,)`
/// - `values`: `(N, head_dim)`
/// - `out`: `(head_dim,)`
#[inline(always)]
fn add_tile<const N: usize>(weights: &[f32; N], values: &[f32], out: &mut [f32]) {
    /// Numbers of a head that one turn of the loop takes: four vectors, for fewer turns.
    const STRIDE: usize = 16;
    let head_dim = out.len();
    let values: [&[f32]; N] = std::array::from_fn(|i| &values[i * head_dim..][..head_dim]);
    let vectors = weights.map(F32x4::splat);
    let (out_chunks, out_rest) = out.as_chunks_mut::<STRIDE>();
    let n_chunks = out_chunks.len();
    let value_chunks: [&[[f32; STRIDE]]; N] = values.map(|values| &values.as_chunks().0[..n_chunks]);
    for (i, out) in out_chunks.iter_mut().enumerate() {
        // SAFETY: `i < n_chunks`, the length of each slice, which a check would compare again in every turn.
        let values: [&[[f32; 4]]; N] = value_chunks.map(|chunks| unsafe { chunks.get_unchecked(i) }.as_chunks().0);
        for (part, out) in out.as_chunks_mut().0.iter_mut().enumerate() {
            let mut sum = F32x4::load(out);
            for (vector, values) in vectors.iter().zip(values) {
                sum = sum.add_product(*vector, F32x4::load(&values[part]));
            }
            sum.store(out);
        }
    }
    for (d, out) in (n_chunks * STRIDE..).zip(out_rest) {
        for (weight, values) in weights.iter().zip(values) {
            *out += weight * values[d];
        }
    }
}
