//! The arithmetic, ours: matrix products with weights packed for the way they are read, attention, and what lies between.

pub mod activation;
pub mod attention;
mod f32x4;
pub mod float;
pub mod layer_norm;
pub mod math;
pub mod packed;
pub mod pool;
pub mod quantize;
pub mod scalar;
pub mod shared;
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
pub mod simd128;

use packed::{BLOCK_ROWS, PackedMatrix};
use quantize::QuantizedRows;
use shared::Shared;

/// Bytes of weights that a thread takes at least: some microseconds' worth.
const GRAIN_BYTES: usize = 1 << 16;

/// Blocks of weights, of rows of `row_bytes`, that a thread takes at least.
fn blocks_per_thread(row_bytes: usize) -> usize {
    GRAIN_BYTES.div_ceil(BLOCK_ROWS * row_bytes)
}

/// `x wᵀ + bias` with int8 weights.
///
/// # Shapes
/// - `x`: `(t, n_in)`
/// - `w`: `(n_out, n_in)`
/// - `bias`: `(n_out,)`
/// - `out`: `(t, n_out)`, overwritten
pub fn matmul(x: &QuantizedRows, w: &PackedMatrix, bias: Option<&[f32]>, out: &mut [f32]) {
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
