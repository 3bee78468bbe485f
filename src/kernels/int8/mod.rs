//! Products with int8 weights and int16 activations: a scalar oracle and a SIMD version with the same bits.

pub mod activations;
pub mod matrix;
pub mod scalar;
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
pub mod simd128;

use activations::QuantizedRows;
use matrix::Int8Matrix;

use super::blocks::{BLOCK_ROWS, blocks_per_thread};
use super::pool;
use super::pool::shared::Shared;

/// `x wᵀ + bias`.
///
/// # Shapes
/// - `x`: `(t, n_in)`
/// - `w`: `(n_out, n_in)`
/// - `bias`: `(n_out,)`
/// - `out`: `(t, n_out)`, overwritten
pub fn matmul(x: &QuantizedRows, w: &Int8Matrix, bias: Option<&[f32]>, out: &mut [f32]) {
    assert_eq!(x.n_in(), w.n_in(), "x and w must agree in n_in");
    assert_eq!(out.len(), x.n_rows() * w.n_out(), "out must be (t, n_out)");
    assert!(bias.is_none_or(|bias| bias.len() == w.n_out()), "bias must be (n_out,)");
    let out = Shared::new(out);
    pool::split(w.n_out().div_ceil(BLOCK_ROWS), blocks_per_thread(w.n_in()), &|blocks| {
        // SAFETY: the pool's ranges are disjoint, and so are the columns that come from them.
        unsafe {
            #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
            simd128::matmul(x, w, bias, blocks, &out);
            #[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
            scalar::matmul(x, w, bias, blocks, &out);
        }
    });
}
