//! Sampling: a pure function, and a seeded random number generator with the same stream on every machine.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// The random numbers of one sequence.
pub struct Coins(ChaCha8Rng);

impl Coins {
    /// The stream of sequence `sequence`. Each has its own, so that it does not depend on how many are requested.
    pub fn new(seed: u64, sequence: usize) -> Coins {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(sequence as u64);
        Coins(rng)
    }

    /// The next number, uniform in [0, 1).
    pub fn flip(&mut self) -> f64 {
        // The significand of a float64 has 53 bits.
        (self.0.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// Draws a token in proportion to its weight, by inverting the cumulative distribution at `coin`.
///
/// # Shapes
/// - `weights`: `(vocab_size,)`, at least one above 0
/// - `coin`: in [0, 1)
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
    last // Rounding can leave the sum just below the coin.
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

    /// Users rely on seeds to reproduce texts, so these values must never change.
    #[test]
    fn coins_depend_on_seed_and_sequence_alone() {
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
