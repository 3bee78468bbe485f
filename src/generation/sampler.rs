//! Picks the next token: pure functions, and a seeded generator that is the same on every machine.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

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

/// Turns logits into probabilities in place; a removed token's is 0.
///
/// # Shapes
/// - `logits`: `(vocab_size,)`, at least one above minus infinity, none NaN
pub fn softmax(logits: &mut [f32]) {
    let max = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let mut total = 0.0_f64;
    for logit in logits.iter_mut() {
        // After top-k nearly all are removed, and exp takes its time.
        *logit = if *logit == f32::NEG_INFINITY {
            0.0
        } else {
            (*logit - max).exp()
        };
        total += f64::from(*logit);
    }
    for probability in logits.iter_mut() {
        *probability = (f64::from(*probability) / total) as f32;
    }
}

/// The token on which `coin` falls when the tokens share [0, 1) by their probabilities, in the order of their ids.
///
/// # Shapes
/// - `probabilities`: `(vocab_size,)`, at least one above 0
/// - `coin`: from [0, 1)
pub fn sample(probabilities: &[f32], coin: f64) -> u32 {
    let mut sum = 0.0;
    let mut last = 0;
    for (id, &probability) in probabilities.iter().enumerate().filter(|(_, p)| **p > 0.0) {
        sum += f64::from(probability);
        last = id as u32;
        if coin < sum {
            return last;
        }
    }
    last // Rounding may leave the sum just below the coin.
}

/// The likeliest token, the first of equals.
pub fn argmax(logits: &[f32]) -> u32 {
    let mut best = 0;
    for (id, &logit) in logits.iter().enumerate() {
        if logit > logits[best] {
            best = id;
        }
    }
    best as u32
}

/// Natural logarithm of the probability that `logits` give to `id`.
pub fn log_probability(logits: &[f32], id: u32) -> f64 {
    let max = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let total: f64 = logits.iter().map(|&logit| f64::from((logit - max).exp())).sum();
    f64::from(logits[id as usize] - max) - total.ln()
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
    fn softmax_gives_nothing_to_what_is_removed() {
        let mut logits = [1.0, f32::NEG_INFINITY, 1.0];
        softmax(&mut logits);
        assert_eq!(logits, [0.5, 0.0, 0.5]);
    }

    #[test]
    fn argmax_takes_the_first_of_equals() {
        assert_eq!(argmax(&[0.0, 2.0, 2.0]), 1);
    }

    #[test]
    fn log_probability_is_that_of_softmax() {
        let logits = [0.5, -1.0, 3.0, f32::NEG_INFINITY];
        let mut probabilities = logits;
        softmax(&mut probabilities);
        for id in 0..3 {
            let expected = f64::from(probabilities[id as usize]).ln();
            assert!((log_probability(&logits, id) - expected).abs() < 1e-6);
        }
        assert_eq!(log_probability(&logits, 3), f64::NEG_INFINITY);
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
