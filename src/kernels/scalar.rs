//! The product without SIMD: the oracle for the others, and what runs where there is none.

use super::GROUP_LEN;
use super::packed::{BLOCK_ROWS, GROUP_BYTES, PAIR, PackedMatrix};
use super::quantize::QuantizedRows;

/// See [`super::matmul`]. Sums are exact within a group and added up in the order of the groups.
pub fn matmul(x: &QuantizedRows, w: &PackedMatrix, out: &mut [f32]) {
    let n_out = w.n_out();
    for (block, first) in (0..n_out).step_by(BLOCK_ROWS).enumerate() {
        let n_rows = BLOCK_ROWS.min(n_out - first);
        for t in 0..x.n_rows() {
            let sums = dot_block(x.values(t), x.scales(t), w.block(block));
            out[t * n_out + first..][..n_rows].copy_from_slice(&sums[..n_rows]);
        }
    }
}

/// One activation row times the rows of one block.
fn dot_block(x: &[i16], x_scales: &[f32], (values, scales): (&[i8], &[f32])) -> [f32; BLOCK_ROWS] {
    let mut sums = [0.0; BLOCK_ROWS];
    let w_groups = values.chunks_exact(GROUP_BYTES).zip(scales.chunks_exact(BLOCK_ROWS));
    let x_groups = x.chunks_exact(GROUP_LEN).zip(x_scales);
    for ((x, x_scale), (values, scales)) in x_groups.zip(w_groups) {
        let mut products = [0_i32; BLOCK_ROWS];
        for (pair, values) in x.chunks_exact(PAIR).zip(values.chunks_exact(BLOCK_ROWS * PAIR)) {
            for (product, w) in products.iter_mut().zip(values.chunks_exact(PAIR)) {
                *product += i32::from(pair[0]) * i32::from(w[0]) + i32::from(pair[1]) * i32::from(w[1]);
            }
        }
        for ((sum, product), scale) in sums.iter_mut().zip(products).zip(scales) {
            *sum += product as f32 * (scale * x_scale);
        }
    }
    sums
}
