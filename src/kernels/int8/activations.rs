//! Activations as the int8 products take them: int16 with one float32 scale per row.
//!
//! Each row is read twice, for its extremes and for its values, which stay in the nearest cache between the two. int16
//! costs no time, since a product waits for its weights, and is more exact: with int8 and a scale per group the likeliest
//! token changed at 1.1 to 2.2 % of 10,000 positions, with int16 at 0.7 %.

use crate::kernels::pool;
use crate::math;

/// The int16 value of a row's largest activation.
const LARGEST: f32 = 32767.0;

/// A row of smaller values becomes zeros: [`LARGEST`] divided by one of them could overflow float32.
const SMALLEST: f32 = 1e-33;

/// The least number of rows that a thread takes.
const GRAIN_ROWS: usize = 4;

/// Rows of int16 values with their scales: a value times its row's scale is the activation.
#[derive(Default)]
pub struct QuantizedRows {
    n_in: usize,
    /// `(n_rows, n_in)`
    values: Vec<i16>,
    /// `(n_rows,)`
    scales: Vec<f32>,
}

impl QuantizedRows {
    /// Quantises rows in place of those held so far; allocates only to grow.
    ///
    /// An infinity or NaN in a row makes its scale NaN, and so every product with it: no damage is hidden.
    ///
    /// # Shapes
    /// - `x`: `(n_rows, n_in)`
    ///
    /// # Panics
    /// If `x` is not a whole number of rows.
    pub fn set(&mut self, x: &[f32], n_in: usize) {
        assert!(n_in > 0 && x.len().is_multiple_of(n_in), "x must be whole rows");
        self.n_in = n_in;
        self.scales.resize(x.len() / n_in, 0.0);
        self.values.resize(x.len(), 0);
        pool::split_rows(
            &mut self.values,
            n_in,
            &mut self.scales,
            GRAIN_ROWS,
            &|first_row, values, scales| {
                let x = x[first_row * n_in..].chunks_exact(n_in);
                for ((x, values), scale) in x.zip(values.chunks_exact_mut(n_in)).zip(scales) {
                    let factor;
                    (*scale, factor) = row_scale(x);
                    for (value, x) in values.iter_mut().zip(x) {
                        *value = math::rounded_bits(x * factor) as i16;
                    }
                }
            },
        );
    }

    /// Forgets all but the last `n_rows` rows.
    ///
    /// # Panics
    /// If there are fewer.
    pub fn keep_last(&mut self, n_rows: usize) {
        let n_forgotten = self.n_rows() - n_rows;
        self.values.drain(..n_forgotten * self.n_in);
        self.scales.drain(..n_forgotten);
    }

    /// The number of rows.
    pub fn n_rows(&self) -> usize {
        self.scales.len()
    }

    /// The length of a row.
    pub fn n_in(&self) -> usize {
        self.n_in
    }

    /// The values of a row.
    ///
    /// # Shapes
    /// - returns `(n_in,)`
    pub fn values(&self, row: usize) -> &[i16] {
        &self.values[row * self.n_in..][..self.n_in]
    }

    /// The scale of a row.
    pub fn scale(&self, row: usize) -> f32 {
        self.scales[row]
    }
}

/// The scale of a row, and the factor that makes its values int16 before they are rounded.
fn row_scale(x: &[f32]) -> (f32, f32) {
    let (max, min) = (math::max(x), math::min(x));
    let largest = if max > -min { max } else { -min };
    if !math::sum(x).is_finite() {
        (f32::NAN, 0.0)
    } else if largest < SMALLEST {
        (0.0, 0.0)
    } else {
        (largest / LARGEST, LARGEST / largest)
    }
}
