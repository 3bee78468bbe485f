//! Attention against its formula in float64. Runs natively, and in the browser on SIMD.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;
use write_with_distilgpt2::kernels::attention::{PAGE_LEN, Pages, attention};

#[cfg(target_arch = "wasm32")]
wasm_bindgen_test::wasm_bindgen_test_configure!(run_in_browser);

/// `n` values uniform in [-largest, largest].
fn values(rng: &mut ChaCha8Rng, n: usize, largest: f32) -> Vec<f32> {
    let mut value = || (rng.next_u32() as f32 / u32::MAX as f32 * 2.0 - 1.0) * largest;
    (0..n).map(|_| value()).collect()
}

/// The slots that one row attends to: the number of leading ones, and a list of further ones.
type Seen = (usize, Vec<usize>);

/// The shape and scale of a case.
#[derive(Debug, Clone, Copy)]
struct Heads {
    n_head: usize,
    head_dim: usize,
    scale: f32,
}

impl Heads {
    /// Runs the kernel on queries `(t, n_head * head_dim)` and keys and values `(n_slots, 2, n_head * head_dim)`.
    fn attention(self, q: &[f32], kv: &[f32], seen: &[Seen]) -> Vec<f32> {
        let Heads {
            n_head,
            head_dim,
            scale,
        } = self;
        let pages = Pages { n_head, head_dim };
        let slots = kv.chunks_exact(2 * n_head * head_dim);
        let mut paged = vec![f32::NAN; slots.len().div_ceil(PAGE_LEN) * pages.page_size()];
        for (slot, numbers) in slots.enumerate() {
            let (keys, values) = numbers.split_at(n_head * head_dim);
            for head in 0..n_head {
                for d in 0..head_dim {
                    paged[pages.key(slot, head, d)] = keys[head * head_dim + d];
                    paged[pages.value(slot, head, d)] = values[head * head_dim + d];
                }
            }
        }
        let mut found = vec![f32::NAN; q.len()];
        let seen = |row: usize| (seen[row].0, seen[row].1.as_slice());
        attention(q, &paged, pages, scale, seen, &mut found);
        found
    }
}

/// `softmax(q kᵀ * scale) v`, straight from the formula.
fn expected(q: &[f32], kv: &[f32], seen: &[Seen], heads: Heads) -> Vec<f64> {
    let Heads {
        n_head,
        head_dim,
        scale,
    } = heads;
    let n_embd = n_head * head_dim;
    let mut out = Vec::new();
    for (q, (n_first, list)) in q.chunks_exact(n_embd).zip(seen) {
        let slots: Vec<usize> = (0..*n_first).chain(list.iter().copied()).collect();
        for head in 0..n_head {
            let at =
                |slot: usize, part: usize, d: usize| f64::from(kv[(2 * slot + part) * n_embd + head * head_dim + d]);
            let score = |&slot: &usize| -> f64 {
                let products = (0..head_dim).map(|d| f64::from(q[head * head_dim + d]) * at(slot, 0, d));
                products.sum::<f64>() * f64::from(scale)
            };
            let scores: Vec<f64> = slots.iter().map(score).collect();
            let max = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let weights: Vec<f64> = scores.iter().map(|score| (score - max).exp()).collect();
            let total: f64 = weights.iter().sum();
            for d in 0..head_dim {
                let weighted = slots
                    .iter()
                    .zip(&weights)
                    .map(|(&slot, weight)| weight * at(slot, 1, d));
                out.push(weighted.sum::<f64>() / total);
            }
        }
    }
    out
}

fn assert_exact(rng: &mut ChaCha8Rng, seen: &[Seen], heads: Heads, largest_query: f32) {
    let n_embd = heads.n_head * heads.head_dim;
    let n_slots = (seen.iter())
        .map(|(n_first, list)| list.iter().map(|slot| slot + 1).fold(*n_first, usize::max))
        .max()
        .unwrap();
    let q = values(rng, seen.len() * n_embd, largest_query);
    let kv = values(rng, n_slots * 2 * n_embd, 1.0);
    let found = heads.attention(&q, &kv, seen);
    for (i, (&found, expected)) in found.iter().zip(expected(&q, &kv, seen, heads)).enumerate() {
        let error = (f64::from(found) - expected).abs();
        assert!(error < 2e-5, "{i}: {found}, not {expected}; {heads:?}, {seen:?}");
    }
}

/// Three branches with interleaved slots after a trunk of `trunk_len`; the second ended early.
fn branches(trunk_len: usize) -> Vec<Seen> {
    let slot = |i: usize| trunk_len + i;
    vec![
        (trunk_len, [0, 3, 5, 7].map(slot).to_vec()),
        (trunk_len, [1, 4].map(slot).to_vec()),
        (trunk_len, [2, 6, 8].map(slot).to_vec()),
    ]
}

#[test]
fn attention_follows_its_formula() {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    for head_dim in [1, 3, 4, 5, 16, 64] {
        let heads = Heads {
            n_head: 3,
            head_dim,
            scale: 1.0 / (head_dim as f32).sqrt(),
        };
        for past_len in [0, 1, 3, 30, 31, 32, 63, 100] {
            let trunk: Vec<Seen> = (1..=4).map(|row| (past_len + row, Vec::new())).collect();
            assert_exact(&mut rng, &trunk, heads, 1.0);
            assert_exact(&mut rng, &branches(past_len + 1), heads, 1.0);
        }
        // An unseen page before one that is seen in part.
        assert_exact(&mut rng, &[(0, vec![40])], heads, 1.0);
    }
}

/// The online softmax must track the largest score from page to page.
#[test]
fn scores_far_apart_leave_one_key_and_no_overflow() {
    let mut rng = ChaCha8Rng::seed_from_u64(2);
    let heads = Heads {
        n_head: 2,
        head_dim: 64,
        scale: 1.0,
    };
    let n_slots = 200;
    for largest_query in [10.0, 1e4, 1e30] {
        let kv = values(&mut rng, n_slots * 256, 1e-3);
        let q = values(&mut rng, 128, largest_query);
        // One key points in the direction of the query; no other score comes near its own.
        for likeliest in [0, 31, 32, 150, 199] {
            let mut kv_of_one = kv.clone();
            for (d, q) in q.iter().enumerate() {
                kv_of_one[likeliest * 256 + d] = q / largest_query;
            }
            let found = heads.attention(&q, &kv_of_one, &[(n_slots, Vec::new())]);
            let value = &kv_of_one[likeliest * 256 + 128..][..128];
            for (found, expected) in found.iter().zip(value) {
                assert!((found - expected).abs() < 1e-6, "{found}, not {expected}");
            }
        }
    }
}

#[test]
fn nan_and_infinity_are_not_hidden() {
    let heads = Heads {
        n_head: 1,
        head_dim: 4,
        scale: 1.0,
    };
    for damaged in [f32::NAN, f32::INFINITY] {
        for i in [0, 4 + 1, 8 * 40] {
            let mut kv = vec![0.5; 8 * 50];
            kv[i] = damaged;
            let found = heads.attention(&[1.0; 4], &kv, &[(50, Vec::new())]);
            assert!(found.iter().any(|x| !x.is_finite()), "{damaged} at {i}: {found:?}");
        }
    }
}
