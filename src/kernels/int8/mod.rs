//! Products of int16 activations with int8 weights: `y = x wᵀ + bias`.
//!
//! Weights are int8 in groups of 32 along a row, each with a bfloat16 scale; a row of activations is int16 with one scale.
//! Within a group products are summed in int32, exactly; the group's sum is then converted, multiplied by the group's
//! scale and added to a float32 sum, group after group. That order is fixed, so that [`scalar`] and [`simd128`] agree in
//! every bit, and so do any number of threads.
//!
//! Decoding a token reads every weight once and is bound by memory: int8 is a quarter of float32's bytes. int16
//! activations cost nothing there, and lose less than int8 would.

pub mod activations;
pub mod matrix;
pub mod scalar;
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
pub mod simd128;

use activations::QuantizedRows;
use matrix::Int8Matrix;
#[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
use scalar::matmul as matmul_columns;
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
use simd128::matmul as matmul_columns;

use super::blocks::rows_per_thread;
use super::pool;

/// `x wᵀ + bias`, shared out to the pool's threads.
///
/// # Shapes
/// - `x`: `(t, n_in)`
/// - `w`: `(n_out, n_in)`
/// - `bias`: `(n_out,)`
/// - `out`: `(t, n_out)`, overwritten
///
/// # Panics
/// If a shape is another.
pub fn matmul(x: &QuantizedRows, w: &Int8Matrix, bias: Option<&[f32]>, out: &mut [f32]) {
    assert_eq!(x.n_in(), w.n_in(), "x and w must agree in n_in");
    assert!(bias.is_none_or(|bias| bias.len() == w.n_out()), "bias must be (n_out,)");
    let shape = (x.n_rows(), w.n_out());
    pool::split_columns(out, shape, rows_per_thread(w.n_in()), &|out| {
        matmul_columns(x, w, bias, out);
    });
}
