//! int8 matrix products, ours: weights packed for the way they are read, activations quantised on the fly.

pub mod packed;
pub mod quantize;
pub mod scalar;
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
pub mod simd128;

use packed::PackedMatrix;
use quantize::QuantizedRows;

/// Values that share a scale, in weights and in activations.
pub const GROUP_LEN: usize = 32;

/// `x wᵀ + bias`.
///
/// # Shapes
/// - `x`: `(t, n_in)`
/// - `w`: `(n_out, n_in)`
/// - `bias`: `(n_out,)`
/// - `out`: `(t, n_out)`, overwritten
pub fn matmul(x: &QuantizedRows, w: &PackedMatrix, bias: Option<&[f32]>, out: &mut [f32]) {
    assert_eq!(x.n_in(), w.n_in(), "x and w must agree in n_in");
    assert_eq!(out.len(), x.n_rows() * w.n_out(), "out must be (t, n_out)");
    #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
    simd128::matmul(x, w, out);
    #[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
    scalar::matmul(x, w, out);
    if let Some(bias) = bias {
        for row in out.chunks_exact_mut(w.n_out()) {
            for (y, b) in row.iter_mut().zip(bias) {
                *y += b;
            }
        }
    }
}
