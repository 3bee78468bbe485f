//! Attention of new rows over the cache, a head at a time, in one pass over keys and values and without a buffer for the scores.

use super::float32::F32x4;
use super::pool::split_mut;
use crate::math::{self, exp};

/// Tokens whose keys and values lie together, and between two corrections of the running softmax.
pub const PAGE_LEN: usize = 32;
/// Values that share one reading and writing of the output.
const TILE_LEN: usize = 4;
/// Vectors that hold the scores of a page.
const SCORES: usize = PAGE_LEN / 4;

/// Where keys and values lie: in pages of `(n_head, head_dim, PAGE_LEN)` keys and `(n_head, PAGE_LEN, head_dim)` values,
/// so that a head reads both in a straight line: the keys of a page side by side, its values one after another.
#[derive(Debug, Clone, Copy)]
pub struct Pages {
    pub n_head: usize,
    pub head_dim: usize,
}

impl Pages {
    /// Numbers in a page.
    pub fn page_size(&self) -> usize {
        2 * self.n_head * PAGE_LEN * self.head_dim
    }

    /// Where number `d` of a slot's key is for a head.
    pub fn key(&self, slot: usize, head: usize, d: usize) -> usize {
        slot / PAGE_LEN * self.page_size() + (head * self.head_dim + d) * PAGE_LEN + slot % PAGE_LEN
    }

    /// Where number `d` of a slot's value is for a head.
    pub fn value(&self, slot: usize, head: usize, d: usize) -> usize {
        let values = slot / PAGE_LEN * self.page_size() + self.page_size() / 2;
        values + (head * PAGE_LEN + slot % PAGE_LEN) * self.head_dim + d
    }
}

/// `softmax(q kᵀ * scale) v` for every head of every row.
///
/// # Shapes
/// - `q`: `(t, n_head * head_dim)`
/// - `kv`: keys and values, as `pages` says
/// - `scale`: what the scores are multiplied by before the softmax
/// - `seen(row)`: the slots that a row attends to: the first so many, and those of a list
/// - `out`: as `q`, overwritten
///
/// # Source
/// The running softmax is that of Milakov and Gimelshein 2018, as in FlashAttention.
pub fn attention<'a>(
    q: &[f32],
    kv: &[f32],
    pages: Pages,
    scale: f32,
    seen: impl Fn(usize) -> (usize, &'a [usize]) + Sync,
    out: &mut [f32],
) {
    let Pages { n_head, head_dim } = pages;
    // A head of a row is head_dim values of out in a line: item i is row i / n_head, head i % n_head.
    split_mut(out, head_dim, &|first, out| {
        for (i, out) in out.chunks_exact_mut(head_dim).enumerate() {
            let item = first / head_dim + i;
            let q = &q[item * head_dim..][..head_dim];
            attend(q, kv, pages, item % n_head, scale, seen(item / n_head), out);
        }
    });
}

/// One head of one row.
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
            continue; // Nothing of this page is seen.
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
fn scores(q: &[f32], keys: &[f32]) -> [f32; PAGE_LEN] {
    let mut sums = [F32x4::splat(0.0); SCORES];
    for (&q, keys) in q.iter().zip(keys.as_chunks::<PAGE_LEN>().0) {
        let q = F32x4::splat(q);
        for (i, sum) in sums.iter_mut().enumerate() {
            // SAFETY: keys has PAGE_LEN = 4 * SCORES values.
            *sum = sum.add_product(q, unsafe { F32x4::load(keys.as_ptr().add(4 * i)) });
        }
    }
    let mut scores = [0.0; PAGE_LEN];
    for (i, sum) in sums.into_iter().enumerate() {
        // SAFETY: scores has PAGE_LEN = 4 * SCORES values.
        unsafe { sum.store(scores.as_mut_ptr().add(4 * i)) };
    }
    scores
}

/// Adds the values of a page to `out`, each times its weight. A slot that is not seen has the weight 0, and is passed over:
/// nobody has written its value, or a text that was given up.
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

fn add_one_by_one(weights: &[f32], values: &[f32], out: &mut [f32]) {
    for (&weight, values) in weights.iter().zip(values.chunks_exact(out.len())) {
        if weight != 0.0 {
            add_tile(&[weight], values, out);
        }
    }
}

/// # Shapes
/// - `weights`: `(N,)`
/// - `values`: `(N, head_dim)`
/// - `out`: `(head_dim,)`
#[inline(always)]
fn add_tile<const N: usize>(weights: &[f32; N], values: &[f32], out: &mut [f32]) {
    /// Numbers that are read in one go: a loop that does more at a time turns less often.
    const STRIDE: usize = 16;
    let head_dim = out.len();
    assert_eq!(values.len(), N * head_dim);
    let whole = head_dim - head_dim % STRIDE;
    let vectors = weights.map(F32x4::splat);
    for start in (0..whole).step_by(STRIDE) {
        // SAFETY: out and each of the values have STRIDE numbers from start on.
        unsafe {
            let out = out.as_mut_ptr().add(start);
            let values: [*const f32; N] = std::array::from_fn(|i| values.as_ptr().add(i * head_dim + start));
            for part in 0..STRIDE / 4 {
                let mut sum = F32x4::load(out.add(4 * part));
                for i in 0..N {
                    sum = sum.add_product(vectors[i], F32x4::load(values[i].add(4 * part)));
                }
                sum.store(out.add(4 * part));
            }
        }
    }
    for d in whole..head_dim {
        for i in 0..N {
            out[d] += weights[i] * values[i * head_dim + d];
        }
    }
}
