//! LayerNorm over the rows of a matrix.
//!
//! A row is read three times, for its mean, its variance and its result, and stays in the nearest cache between them. The
//! variance is summed from differences to the mean, not from squares, which would cancel where the mean is large.

use super::pool::split_mut;
use crate::math;

/// The least number of rows that a thread takes.
const GRAIN_ROWS: usize = 4;

/// `(x - mean) / sqrt(variance + epsilon) * gain + bias`, row by row.
///
/// # Shapes
/// - `x`: `(t, n)`
/// - `gain`, `bias`: `(n,)`
/// - `out`: `(t, n)`, overwritten
pub fn layer_norm(x: &[f32], gain: &[f32], bias: &[f32], epsilon: f32, out: &mut [f32]) {
    let n = gain.len();
    split_mut(out, GRAIN_ROWS * n, &|start, out| {
        for (x, out) in x[start..].chunks_exact(n).zip(out.chunks_exact_mut(n)) {
            let mean = math::sum(x) / n as f32;
            for (y, x) in out.iter_mut().zip(x) {
                *y = (x - mean) * (x - mean);
            }
            let scale = 1.0 / (math::sum(out) / n as f32 + epsilon).sqrt();
            for (((y, x), gain), bias) in out.iter_mut().zip(x).zip(gain).zip(bias) {
                *y = (x - mean) * scale * gain + bias;
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_normalised_each_for_itself() {
        let x = [1.0, 3.0, -5.0, -5.0];
        let mut out = [f32::NAN; 4];
        layer_norm(&x, &[2.0, 1.0], &[0.0, 10.0], 0.0, &mut out);
        assert_eq!(out[..2], [-2.0, 11.0]);
        layer_norm(&x, &[2.0, 1.0], &[0.5, 10.0], 1e-5, &mut out);
        assert_eq!(out[2..], [0.5, 10.0]);
    }
}
