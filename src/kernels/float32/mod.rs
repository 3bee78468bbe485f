//! Products with float32 weights, `y = x wᵀ + bias`, and the vector of four that they share with attention.
//!
//! For each block of eight rows of weights and each tile of up to four rows of `x`, the product walks the block column by
//! column, in the order in which they lie in memory. Eight sums for each row of `x` stay in registers: a column of weights
//! is read once, and multiplied with each value of `x`, spread over a vector. A sum adds its products in the order of the
//! columns, one rounding for each product and one for each addition, so that the bits are the same everywhere.

pub mod matrix;
pub mod scalar;
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
pub mod simd128;

use matrix::Float32Matrix;
#[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
pub use scalar::F32x4;
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
pub use simd128::F32x4;

use super::blocks::{BLOCK_ROWS, TILE_ROWS, block_bias, blocks, rows_per_thread, write_block};
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
pub fn matmul(x: &[f32], w: &Float32Matrix, bias: Option<&[f32]>, out: &mut [f32]) {
    let (n_in, n_out) = (w.n_in(), w.n_out());
    assert!(x.len().is_multiple_of(n_in), "x must be (t, n_in)");
    assert!(bias.is_none_or(|bias| bias.len() == n_out), "bias must be (n_out,)");
    let shape = (x.len() / n_in, n_out);
    pool::split_columns(out, shape, rows_per_thread(n_in * size_of::<f32>()), &|mut out| {
        for (block, rows) in blocks(out.range()) {
            let (w, bias) = (w.block(block), block_bias(bias, &rows));
            let mut out = out.narrow(rows);
            for (tile, x) in x.chunks(TILE_ROWS * n_in).enumerate() {
                let write = |i, y: &_| write_block(out.row(tile * TILE_ROWS + i), y);
                match x.len() / n_in {
                    1 => multiply_tile::<1>(x, w, &bias, write),
                    2 => multiply_tile::<2>(x, w, &bias, write),
                    3 => multiply_tile::<3>(x, w, &bias, write),
                    _ => multiply_tile::<TILE_ROWS>(x, w, &bias, write),
                }
            }
        }
    });
}

/// Multiplies `T` rows of `x` with a block and writes the results of each.
///
/// # Shapes
/// - `x`: `(T, n_in)`
/// - `w`: `(n_in, BLOCK_ROWS)`
/// - `bias`: `(BLOCK_ROWS,)`
/// - `write(i, y)`: row `i` of `(T, BLOCK_ROWS)`
#[inline(always)]
fn multiply_tile<const T: usize>(
    x: &[f32],
    w: &[[f32; BLOCK_ROWS]],
    bias: &[f32; BLOCK_ROWS],
    mut write: impl FnMut(usize, &[f32; BLOCK_ROWS]),
) {
    let n_in = w.len();
    let x: [&[f32]; T] = std::array::from_fn(|t| &x[t * n_in..][..n_in]);
    let mut sums = [halves(bias).map(F32x4::load); T];
    for (i, w) in w.iter().enumerate() {
        let w = halves(w).map(F32x4::load);
        for (x, sums) in x.iter().zip(&mut sums) {
            // SAFETY: `i < n_in`, the length of each row of `x`. A check, which the compiler leaves in, costs a tenth.
            let x = F32x4::splat(unsafe { *x.get_unchecked(i) });
            *sums = [sums[0].add_product(w[0], x), sums[1].add_product(w[1], x)];
        }
    }
    for (t, sums) in sums.into_iter().enumerate() {
        let mut y = [0.0; BLOCK_ROWS];
        for (y, sums) in y.as_chunks_mut().0.iter_mut().zip(sums) {
            sums.store(y);
        }
        write(t, &y);
    }
}

/// The two vectors of a block's column.
#[inline(always)]
fn halves(column: &[f32; BLOCK_ROWS]) -> [&[f32; 4]; 2] {
    let [low, high] = bytemuck::cast_ref::<_, [[f32; 4]; 2]>(column);
    [low, high]
}
