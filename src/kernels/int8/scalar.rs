//! The product without SIMD: the oracle for the other, and what runs where there is none.

use std::ops::Range;

use super::activations::QuantizedRows;
use super::matrix::{GROUP_BYTES, GROUP_LEN, Int8Matrix, PAIR, scale};
use crate::kernels::blocks::BLOCK_ROWS;
use crate::kernels::pool::shared::Shared;

/// The columns of [`super::matmul`] that come from `blocks`. Sums are exact within a group and added up in the order of the groups.
///
/// # Safety
/// No other thread may write these columns of `out`.
pub unsafe fn matmul(x: &QuantizedRows, w: &Int8Matrix, bias: Option<&[f32]>, blocks: Range<usize>, out: &Shared<f32>) {
    let n_out = w.n_out();
    for block in blocks {
        let first = block * BLOCK_ROWS;
        let n_rows = BLOCK_ROWS.min(n_out - first);
        for t in 0..x.n_rows() {
            let sums = dot_block(x.values(t), w.block(block)).map(|sum| sum * x.scale(t));
            // SAFETY: the caller answers for it.
            let out = unsafe { out.part(t * n_out + first..t * n_out + first + n_rows) };
            out.copy_from_slice(&sums[..n_rows]);
            if let Some(bias) = bias {
                for (y, bias) in out.iter_mut().zip(&bias[first..]) {
                    *y += bias;
                }
            }
        }
    }
}

/// One activation row times the rows of one block.
fn dot_block(x: &[i16], (values, scales): (&[i8], &[u16])) -> [f32; BLOCK_ROWS] {
    let mut sums = [0.0; BLOCK_ROWS];
    let groups = values.chunks_exact(GROUP_BYTES).zip(scales.chunks_exact(BLOCK_ROWS));
    for (x, (values, scales)) in x.chunks_exact(GROUP_LEN).zip(groups) {
        let mut products = [0_i32; BLOCK_ROWS];
        for (pair, values) in x.chunks_exact(PAIR).zip(values.chunks_exact(BLOCK_ROWS * PAIR)) {
            for (product, w) in products.iter_mut().zip(values.chunks_exact(PAIR)) {
                *product += i32::from(pair[0]) * i32::from(w[0]) + i32::from(pair[1]) * i32::from(w[1]);
            }
        }
        for ((sum, product), &bits) in sums.iter_mut().zip(products).zip(scales) {
            *sum += product as f32 * scale(bits);
        }
    }
    sums
}
