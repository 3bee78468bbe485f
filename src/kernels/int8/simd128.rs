//! The product with WebAssembly's 128-bit SIMD: the same sums as scalar.rs, bit for bit.

use core::arch::wasm32::*;
use std::ops::Range;

use super::activations::QuantizedRows;
use super::matrix::{GROUP_BYTES, GROUP_LEN, Int8Matrix, PAIR};
use crate::kernels::blocks::{BLOCK_ROWS, TILE_ROWS};
use crate::kernels::pool::shared::Shared;

/// See [`super::scalar::matmul`].
///
/// # Safety
/// No other thread may write these columns of `out`.
pub unsafe fn matmul(x: &QuantizedRows, w: &Int8Matrix, bias: Option<&[f32]>, blocks: Range<usize>, out: &Shared<f32>) {
    // A block of weights is read from memory once and stays in the nearest cache for all rows of x.
    for block in blocks {
        let mut t = 0;
        while t < x.n_rows() {
            // SAFETY: the caller answers for it.
            t += unsafe {
                match x.n_rows() - t {
                    TILE_ROWS.. => dot_tile::<TILE_ROWS>(x, t, w, bias, block, out),
                    3 => dot_tile::<3>(x, t, w, bias, block, out),
                    2 => dot_tile::<2>(x, t, w, bias, block, out),
                    _ => dot_tile::<1>(x, t, w, bias, block, out),
                }
            };
        }
    }
}

/// The compiler unrolls no loop that holds an intrinsic.
macro_rules! unroll {
    ($i:ident, $($value:literal)*, $body:block) => { $({ let $i = $value; $body })* };
}

/// Adds what one pair of neighbours gives: `T` activation rows times eight rows of weights.
///
/// # Safety
/// `values` has 16 bytes for the pair, every row of `x` 2 values.
#[inline(always)]
unsafe fn add_pair<const T: usize>(values: &[i8], x: &[&[i16]; T], pair: usize, products: &mut [[v128; 2]; T]) {
    // SAFETY: the caller answers for the bounds; loads may be unaligned.
    unsafe {
        let w = values.as_ptr().add(pair * BLOCK_ROWS * PAIR);
        let low = i16x8_load_extend_i8x8(w); // rows 0 to 3, two neighbours of each
        let high = i16x8_load_extend_i8x8(w.add(8)); // rows 4 to 7
        for (x, [low_sum, high_sum]) in x.iter().zip(products) {
            let x = v128_load32_splat(x.as_ptr().add(pair * PAIR).cast()); // the same two for every row
            *low_sum = i32x4_add(*low_sum, i32x4_dot_i16x8(low, x));
            *high_sum = i32x4_add(*high_sum, i32x4_dot_i16x8(high, x));
        }
    }
}

/// `T` activation rows from `t` on times the rows of one block; returns `T`.
///
/// # Safety
/// As [`matmul`].
#[inline(always)]
unsafe fn dot_tile<const T: usize>(
    x: &QuantizedRows,
    t: usize,
    w: &Int8Matrix,
    bias: Option<&[f32]>,
    block: usize,
    out: &Shared<f32>,
) -> usize {
    const { assert!(T <= TILE_ROWS && BLOCK_ROWS == 8 && PAIR == 2 && GROUP_LEN == 32) };
    let (values, scales) = w.block(block);
    let x_values: [&[i16]; T] = std::array::from_fn(|i| x.values(t + i));
    let mut sums = [[f32x4_splat(0.0); 2]; T];
    let groups = values.chunks_exact(GROUP_BYTES).zip(scales.chunks_exact(BLOCK_ROWS));
    for (group, (values, scales)) in groups.enumerate() {
        let x_groups: [&[i16]; T] = std::array::from_fn(|i| &x_values[i][group * GROUP_LEN..][..GROUP_LEN]);
        let mut products = [[i32x4_splat(0); 2]; T];
        if T == 1 {
            // A single row waits for memory: without a branch between them more loads are under way.
            unroll!(pair, 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15, {
                // SAFETY: as below.
                unsafe { add_pair(values, &x_groups, pair, &mut products) };
            });
        } else {
            for pair in 0..GROUP_LEN / PAIR {
                // SAFETY: values has GROUP_BYTES = 16 bytes for each pair, every row of x_groups GROUP_LEN = 2 values.
                unsafe { add_pair(values, &x_groups, pair, &mut products) };
            }
        }
        // SAFETY: scales has BLOCK_ROWS = 8 values.
        let scales = unsafe {
            let low = i32x4_load_extend_u16x4(scales.as_ptr());
            let high = i32x4_load_extend_u16x4(scales.as_ptr().add(4));
            [i32x4_shl(low, 16), i32x4_shl(high, 16)]
        };
        for i in 0..T {
            for half in 0..2 {
                let product = f32x4_convert_i32x4(products[i][half]);
                sums[i][half] = f32x4_add(sums[i][half], f32x4_mul(product, scales[half]));
            }
        }
    }
    let n_out = w.n_out();
    let first = block * BLOCK_ROWS;
    let mut bias_block = [0.0; BLOCK_ROWS];
    if let Some(bias) = bias {
        let n_rows = BLOCK_ROWS.min(n_out - first);
        bias_block[..n_rows].copy_from_slice(&bias[first..first + n_rows]);
    }
    // SAFETY: it has BLOCK_ROWS = 8 values.
    let bias = unsafe {
        [
            v128_load(bias_block.as_ptr().cast()),
            v128_load(bias_block[4..].as_ptr().cast()),
        ]
    };
    for (i, sums) in sums.into_iter().enumerate() {
        let scale = f32x4_splat(x.scale(t + i));
        let sums = [0, 1].map(|half| f32x4_add(f32x4_mul(sums[half], scale), bias[half]));
        let start = (t + i) * n_out + first;
        // SAFETY: the caller answers for the part; a whole block is BLOCK_ROWS = 8 values.
        unsafe {
            if first + BLOCK_ROWS <= n_out {
                let out: *mut v128 = out.part(start..start + BLOCK_ROWS).as_mut_ptr().cast();
                v128_store(out, sums[0]);
                v128_store(out.add(1), sums[1]);
            } else {
                let sums: [f32; BLOCK_ROWS] = std::mem::transmute(sums);
                out.part(start..(t + i + 1) * n_out)
                    .copy_from_slice(&sums[..n_out - first]);
            }
        }
    }
    T
}
