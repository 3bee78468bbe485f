//! The product in plain Rust: the oracle of [`super::simd128`], and its stand-in where there is no SIMD.
//!
//! For each block of eight rows of weights and each row of `x`, it walks the block's groups in the order in which they lie
//! in memory. It multiplies in pairs, as the SIMD instruction does, so that both read the same bytes at the same step; in
//! int32 the order is of no consequence.

use super::activations::QuantizedRows;
use super::matrix::{Block, GROUP_LEN, Int8Matrix, PAIR, scale};
use crate::kernels::blocks::{BLOCK_ROWS, block_bias, blocks, write_block};
use crate::kernels::pool::columns::Columns;

/// Some columns of [`super::matmul`].
///
/// # Shapes
/// - `x`: `(t, n_in)`
/// - `w`: `(n_out, n_in)`
/// - `bias`: `(n_out,)`
/// - `out`: of `(t, n_out)`, columns that begin a block, overwritten
pub fn matmul(x: &QuantizedRows, w: &Int8Matrix, bias: Option<&[f32]>, mut out: Columns<f32>) {
    for (block, rows) in blocks(out.range()) {
        let bias = block_bias(bias, &rows);
        let mut out = out.narrow(rows);
        for t in 0..x.n_rows() {
            let sums = dot_block(x.values(t), w.block(block)); // (BLOCK_ROWS,)
            let y = std::array::from_fn(|r| sums[r] * x.scale(t) + bias[r]);
            write_block(out.row(t), &y);
        }
    }
}

/// One row of activations times the rows of one block.
///
/// # Shapes
/// - `x`: `(n_in,)`
/// - returns `(BLOCK_ROWS,)`
fn dot_block(x: &[i16], block: Block) -> [f32; BLOCK_ROWS] {
    let mut sums = [0.0; BLOCK_ROWS];
    let groups = x.as_chunks::<GROUP_LEN>().0;
    for ((x, values), scales) in groups.iter().zip(block.values).zip(block.scales) {
        let mut products = [0_i32; BLOCK_ROWS];
        let pairs = x.as_chunks::<PAIR>().0;
        for (x, values) in pairs.iter().zip(values.as_chunks::<{ BLOCK_ROWS * PAIR }>().0) {
            for (product, w) in products.iter_mut().zip(values.as_chunks::<PAIR>().0) {
                *product += i32::from(x[0]) * i32::from(w[0]) + i32::from(x[1]) * i32::from(w[1]);
            }
        }
        for ((sum, product), &bits) in sums.iter_mut().zip(products).zip(scales) {
            *sum += product as f32 * scale(bits);
        }
    }
    sums
}
