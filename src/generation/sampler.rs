//! Picks the next token: pure functions, and a seeded generator that is the same on every machine.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use crate::kernels::math;

/// The coins of one sequence.
pub struct Coins(ChaCha8Rng);

impl Coins {
    /// Every sequence of a seed has coins of its own, so that none depends on how many are asked for.
    pub fn new(seed: u64, sequence: usize) -> Coins {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(sequence as u64);
        Coins(rng)
    }

    /// The next coin, evenly from [0, 1).
    pub fn flip(&mut self) -> f64 {
        // 53 bits are what a float64 holds exactly.
        (self.0.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// Turns logits into weights that are proportional to the probabilities, in place; a removed token's is 0.
///
/// # Shapes
/// - `logits`: `(vocab_size,)`, at least one above minus infinity, none NaN
pub fn weights(logits: &mut [f32]) {
    let max = math::max(logits);
    for logit in logits.iter_mut() {
        *logit = math::exp(*logit - max);
    }
}

/// The token on which `coin` falls when the tokens share [0, 1) by their weights, in the order of their ids.
///
/// # Shapes
/// - `weights`: `(vocab_size,)`, at least one above 0
/// - `coin`: from [0, 1)
pub fn sample(weights: &[f32], coin: f64) -> u32 {
    let total: f64 = weights.iter().map(|&weight| f64::from(weight)).sum();
    let mut sum = 0.0;
    let mut last = 0;
    for (id, &weight) in weights.iter().enumerate().filter(|(_, weight)| **weight > 0.0) {
        sum += f64::from(weight);
        last = id as u32;
        if sum > coin * total {
            return last;
        }
    }
    last // Rounding may leave the sum just below the coin.
}

/// The likeliest token, the first of equals; 0 if none is above minus infinity.
pub fn argmax(logits: &[f32]) -> u32 {
    let max = math::max(logits);
    logits.iter().position(|&logit| logit == max).unwrap_or(0) as u32
}

/// What is to be subtracted from a logit for the natural logarithm of its probability.
/// Minus infinity if all are removed, infinity if a logit is, NaN if one is no number.
pub fn log_sum_exp(logits: &[f32]) -> f64 {
    /// Few enough to be added in float32.
    const CHUNK: usize = 1024;
    let max = math::max(logits);
    if max.is_infinite() && !logits.iter().any(|logit| logit.is_nan()) {
        return f64::from(max);
    }
    let mut exps = [0.0; CHUNK];
    let mut total = 0.0;
    for chunk in logits.chunks(CHUNK) {
        for (y, x) in exps.iter_mut().zip(chunk) {
            *y = math::exp(x - max);
        }
        total += f64::from(math::sum(&exps[..chunk.len()]));
    }
    f64::from(max) + total.ln()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_coin_decides() {
        let probabilities = [0.0, 0.25, 0.0, 0.75, 0.0];
        for (coin, id) in [(0.0, 1), (0.24, 1), (0.25, 3), (0.9999999, 3)] {
            assert_eq!(sample(&probabilities, coin), id, "{coin}");
        }
    }

    #[test]
    fn rounding_never_picks_a_removed_token() {
        assert_eq!(sample(&[0.3, 0.3, 0.0], 0.999), 1);
    }

    #[test]
    fn weights_give_nothing_to_what_is_removed() {
        let mut logits = [1.0, f32::NEG_INFINITY, 1.0, 0.0];
        weights(&mut logits);
        assert_eq!(logits[..3], [1.0, 0.0, 1.0]);
        assert!((logits[3] - (-1.0_f32).exp()).abs() < 1e-6);
    }

    #[test]
    fn argmax_takes_the_first_of_equals() {
        assert_eq!(argmax(&[0.0, 2.0, 2.0]), 1);
        assert_eq!(argmax(&[f32::NEG_INFINITY; 2]), 0);
    }

    #[test]
    fn log_sum_exp_normalises() {
        let logits: Vec<f32> = (0..5000).map(|i| (i % 97) as f32 / 10.0).collect();
        let exact: f64 = logits.iter().map(|&x| f64::from(x).exp()).sum();
        assert!((log_sum_exp(&logits) - exact.ln()).abs() < 1e-6);
        assert!((log_sum_exp(&[f32::NEG_INFINITY, 3.0]) - 3.0).abs() < 1e-6);
        assert!(log_sum_exp(&[1.0, f32::NAN, f32::INFINITY]).is_nan());
        assert!(log_sum_exp(&[f32::NEG_INFINITY, f32::NAN]).is_nan());
        assert_eq!(log_sum_exp(&[1.0, f32::INFINITY]), f64::INFINITY);
        assert_eq!(log_sum_exp(&[f32::NEG_INFINITY; 3]), f64::NEG_INFINITY);
    }

    /// The streams are part of what a seed means: these values must never change.
    #[test]
    fn coins_depend_on_seed_and_sequence_and_on_nothing_else() {
        let flips = |seed, sequence| {
            let mut coins = Coins::new(seed, sequence);
            [coins.flip(), coins.flip()]
        };
        assert_eq!(flips(1, 0), flips(1, 0));
        assert_eq!(flips(7, 3), [0.18154186395125538, 0.09286437521737823]);
        assert_ne!(flips(1, 0), flips(1, 1));
        assert_ne!(flips(1, 0), flips(2, 0));
        for sequence in 0..100 {
            assert!(flips(7, sequence).iter().all(|coin| (0.0..1.0).contains(coin)));
        }
    }
}
