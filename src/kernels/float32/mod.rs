//! Products with float32 weights, and the vector of four that they share with attention.

pub mod matrix;
pub mod scalar;
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
pub mod simd128;

use matrix::Float32Matrix;
#[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
pub use scalar::F32x4;
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
pub use simd128::F32x4;

use super::blocks::{BLOCK_ROWS, TILE_ROWS, blocks_per_thread};
use super::pool;
use super::pool::shared::Shared;

/// `x wᵀ + bias`, summed in the order of the columns: the same bits wherever it runs.
///
/// # Shapes
/// - `x`: `(t, n_in)`
/// - `w`: `(n_out, n_in)`
/// - `bias`: `(n_out,)`
/// - `out`: `(t, n_out)`, overwritten
pub fn matmul(x: &[f32], w: &Float32Matrix, bias: Option<&[f32]>, out: &mut [f32]) {
    let (n_in, n_out) = (w.n_in(), w.n_out());
    assert!(x.len().is_multiple_of(n_in), "x must be (t, n_in)");
    assert_eq!(out.len(), x.len() / n_in * n_out, "out must be (t, n_out)");
    let out = Shared::new(out);
    pool::split(n_out.div_ceil(BLOCK_ROWS), blocks_per_thread(4 * n_in), &|blocks| {
        for block in blocks {
            let first = block * BLOCK_ROWS;
            let n_rows = BLOCK_ROWS.min(n_out - first);
            let mut start = [0.0; BLOCK_ROWS];
            if let Some(bias) = bias {
                start[..n_rows].copy_from_slice(&bias[first..first + n_rows]);
            }
            let weights = w.block(block);
            for (tile, x) in x.chunks(TILE_ROWS * n_in).enumerate() {
                let mut sums = [[0.0; BLOCK_ROWS]; TILE_ROWS];
                match x.len() / n_in {
                    1 => dot_tile::<1>(x, weights, &start, &mut sums),
                    2 => dot_tile::<2>(x, weights, &start, &mut sums),
                    3 => dot_tile::<3>(x, weights, &start, &mut sums),
                    _ => dot_tile::<TILE_ROWS>(x, weights, &start, &mut sums),
                }
                for (i, sums) in sums[..x.len() / n_in].iter().enumerate() {
                    let start = (tile * TILE_ROWS + i) * n_out + first;
                    // SAFETY: the pool's ranges are disjoint, and so are the columns that come from them.
                    unsafe { out.part(start..start + n_rows) }.copy_from_slice(&sums[..n_rows]);
                }
            }
        }
    });
}

/// `T` rows of x times the rows of one block, added to `start`.
///
/// # Shapes
/// - `x`: `(T, n_in)`
/// - `weights`: `(n_in, BLOCK_ROWS)`
#[inline(always)]
fn dot_tile<const T: usize>(
    x: &[f32],
    weights: &[f32],
    start: &[f32; BLOCK_ROWS],
    out: &mut [[f32; BLOCK_ROWS]; TILE_ROWS],
) {
    const { assert!(T <= TILE_ROWS && BLOCK_ROWS == 8) };
    let n_in = weights.len() / BLOCK_ROWS;
    assert_eq!(x.len(), T * n_in);
    // SAFETY: start, each column of weights and each row of out have BLOCK_ROWS = 8 values; x has T rows of n_in.
    unsafe {
        let start = [F32x4::load(start.as_ptr()), F32x4::load(start.as_ptr().add(4))];
        let mut sums = [start; T];
        for i in 0..n_in {
            let w = weights.as_ptr().add(i * BLOCK_ROWS);
            let w = [F32x4::load(w), F32x4::load(w.add(4))];
            for (t, sums) in sums.iter_mut().enumerate() {
                let x = F32x4::splat(*x.as_ptr().add(t * n_in + i));
                *sums = [sums[0].add_product(w[0], x), sums[1].add_product(w[1], x)];
            }
        }
        for (sums, out) in sums.into_iter().zip(out) {
            sums[0].store(out.as_mut_ptr());
            sums[1].store(out.as_mut_ptr().add(4));
        }
    }
}
