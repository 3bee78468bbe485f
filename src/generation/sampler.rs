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
