//! float32 to int8 with one scale per group: the largest value of a group becomes 127.

use super::GROUP_LEN;

/// A group whose values are all below this counts as zero: 127 divided by less is no float32.
const SMALLEST: f32 = 1e-35;

/// The scale of a group, and what its values are multiplied by before they are rounded.
/// A value that is not a number makes the scale, and so every product with it, not a number: nothing is hidden.
pub(super) fn group_scale(group: impl Iterator<Item = f32>) -> (f32, f32) {
    let larger = |max: f32, x: f32| if x.abs() > max || x.is_nan() { x.abs() } else { max };
    let max = group.fold(0.0, larger);
    if max.is_nan() {
        (max, 0.0)
    } else if max < SMALLEST {
        (0.0, 0.0)
    } else {
        (max / 127.0, 127.0 / max)
    }
}

/// Activations: int8 values held as int16, as the products take them, and their scales.
pub struct QuantizedRows {
    n_rows: usize,
    n_in: usize,
    /// `(n_rows, n_in)`, each from -127 to 127
    values: Vec<i16>,
    /// `(n_rows, n_in / GROUP_LEN)`
    scales: Vec<f32>,
}

impl QuantizedRows {
    /// # Shapes
    /// - `x`: `(n_rows, n_in)` float32, `n_in` a multiple of [`GROUP_LEN`]
    pub fn new(x: &[f32], n_in: usize) -> QuantizedRows {
        assert!(
            n_in > 0 && n_in.is_multiple_of(GROUP_LEN) && x.len().is_multiple_of(n_in),
            "x must be whole rows of whole groups"
        );
        let mut values = Vec::with_capacity(x.len());
        let mut scales = Vec::with_capacity(x.len() / GROUP_LEN);
        for group in x.chunks_exact(GROUP_LEN) {
            let (scale, factor) = group_scale(group.iter().copied());
            scales.push(scale);
            values.extend(group.iter().map(|x| (x * factor).round_ties_even() as i16));
        }
        QuantizedRows {
            n_rows: x.len() / n_in,
            n_in,
            values,
            scales,
        }
    }

    pub fn n_rows(&self) -> usize {
        self.n_rows
    }

    pub fn n_in(&self) -> usize {
        self.n_in
    }

    /// `(n_in,)`
    pub fn values(&self, row: usize) -> &[i16] {
        &self.values[row * self.n_in..][..self.n_in]
    }

    /// `(n_in / GROUP_LEN,)`
    pub fn scales(&self, row: usize) -> &[f32] {
        let n_groups = self.n_in / GROUP_LEN;
        &self.scales[row * n_groups..][..n_groups]
    }
}
