//! The product in WebAssembly's 128-bit SIMD, with the bits of [`super::scalar`].
//!
//! It reads a block of weights from beginning to end, 16 bytes at a time: a pair of neighbours of each of eight rows. They
//! are widened to int16 and multiplied with the same pair of `x` by `i32x4.dot_i16x8_s`, which adds its eight products in
//! twos: one instruction for four rows, two for the eight. Up to four rows of `x` share one widening.
//! One row alone waits for memory, several for the multiplier.

use core::arch::wasm32::*;

use super::activations::QuantizedRows;
use super::matrix::{Block, GROUP_BYTES, GROUP_LEN, Int8Matrix, PAIR};
use crate::kernels::blocks::{BLOCK_ROWS, TILE_ROWS, block_bias, blocks, write_block};
use crate::kernels::pool::columns::Columns;

/// Bytes of the pairs that one step reads of a block.
const PAIR_BYTES: usize = PAIR * BLOCK_ROWS;

/// The compiler unrolls no loop that holds an intrinsic.
macro_rules! unroll {
    ($i:ident, $($value:literal)*, $body:block) => { $({ let $i = $value; $body })* };
}

/// See [`super::scalar::matmul`].
pub fn matmul(x: &QuantizedRows, w: &Int8Matrix, bias: Option<&[f32]>, mut out: Columns<f32>) {
    for (block, rows) in blocks(out.range()) {
        let bias = block_bias(bias, &rows);
        let mut out = out.narrow(rows);
        let mut t = 0;
        while t < x.n_rows() {
            let write = |t, y: &_| write_block(out.row(t), y);
            t += match x.n_rows() - t {
                TILE_ROWS.. => multiply_tile::<TILE_ROWS>(x, t, w.block(block), &bias, write),
                3 => multiply_tile::<3>(x, t, w.block(block), &bias, write),
                2 => multiply_tile::<2>(x, t, w.block(block), &bias, write),
                _ => multiply_tile::<1>(x, t, w.block(block), &bias, write),
            };
        }
    }
}

/// Multiplies `T` rows of `x` from `t` on with a block and writes the results of each; returns `T`.
///
/// # Shapes
/// - `x`: `(n, n_in)`, `n >= t + T`
/// - `bias`: `(BLOCK_ROWS,)`
/// - `write(row, y)`: `y` `(BLOCK_ROWS,)`
#[inline(always)]
fn multiply_tile<const T: usize>(
    x: &QuantizedRows,
    t: usize,
    block: Block,
    bias: &[f32; BLOCK_ROWS],
    mut write: impl FnMut(usize, &[f32; BLOCK_ROWS]),
) -> usize {
    let x_groups: [&[[i16; GROUP_LEN]]; T] = std::array::from_fn(|i| x.values(t + i).as_chunks().0);
    let mut sums = [[f32x4_splat(0.0); 2]; T];
    for (group, (values, scales)) in block.values.iter().zip(block.scales).enumerate() {
        let x = std::array::from_fn(|i| &x_groups[i][group]);
        let products = dot_group::<T>(values, x); // (T, BLOCK_ROWS)
        let scales = widen_scales(scales);
        for (sums, products) in sums.iter_mut().zip(products) {
            for half in 0..2 {
                let product = f32x4_convert_i32x4(products[half]);
                sums[half] = f32x4_add(sums[half], f32x4_mul(product, scales[half]));
            }
        }
    }
    let bias: [v128; 2] = bytemuck::cast(*bias);
    for (i, sums) in sums.into_iter().enumerate() {
        let scale = f32x4_splat(x.scale(t + i));
        let y = [0, 1].map(|half| f32x4_add(f32x4_mul(sums[half], scale), bias[half]));
        write(t + i, &bytemuck::cast(y));
    }
    T
}

/// The exact dot products of one group: `T` rows of activations with eight rows of weights.
///
/// # Shapes
/// - `values`: `(GROUP_LEN / PAIR, BLOCK_ROWS, PAIR)`
/// - returns `(T, BLOCK_ROWS)` int32
#[inline(always)]
fn dot_group<const T: usize>(values: &[i8; GROUP_BYTES], x: [&[i16; GROUP_LEN]; T]) -> [[v128; 2]; T] {
    let mut products = [[i32x4_splat(0); 2]; T];
    let pairs = values.as_chunks::<PAIR_BYTES>().0;
    if T == 1 {
        // A single row waits for memory: without a branch between them more loads are under way.
        unroll!(pair, 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15, {
            add_pair(&pairs[pair], x, pair, &mut products);
        });
    } else {
        for (pair, values) in pairs.iter().enumerate() {
            add_pair(values, x, pair, &mut products);
        }
    }
    products
}

/// Adds the products of one pair of neighbours.
///
/// # Shapes
/// - `values`: `(BLOCK_ROWS, PAIR)`
/// - `products`: `(T, BLOCK_ROWS)` int32
#[inline(always)]
fn add_pair<const T: usize>(
    values: &[i8; PAIR_BYTES],
    x: [&[i16; GROUP_LEN]; T],
    pair: usize,
    products: &mut [[v128; 2]; T],
) {
    let [low, high] = bytemuck::cast_ref::<_, [[i8; 8]; 2]>(values);
    let (low, high) = (load_i8x8(low), load_i8x8(high)); // rows 0 to 3 and 4 to 7, two neighbours of each
    for (x, [low_sum, high_sum]) in x.iter().zip(products) {
        let x = i32x4_splat(bytemuck::cast(x.as_chunks::<PAIR>().0[pair])); // the same two for every row
        *low_sum = i32x4_add(*low_sum, i32x4_dot_i16x8(low, x));
        *high_sum = i32x4_add(*high_sum, i32x4_dot_i16x8(high, x));
    }
}

/// Eight int8 as int16, in the one instruction that reads and widens.
#[inline(always)]
fn load_i8x8(values: &[i8; 8]) -> v128 {
    // SAFETY: it reads eight bytes at any alignment, and `values` has eight.
    unsafe { i16x8_load_extend_i8x8(values.as_ptr()) }
}

/// Eight bfloat16 as float32: a bfloat16 is the upper half of one.
#[inline(always)]
fn widen_scales(scales: &[u16; BLOCK_ROWS]) -> [v128; 2] {
    let (zero, scales) = (u16x8_splat(0), bytemuck::cast(*scales));
    [
        u16x8_shuffle::<0, 8, 1, 9, 2, 10, 3, 11>(zero, scales),
        u16x8_shuffle::<4, 12, 5, 13, 6, 14, 7, 15>(zero, scales),
    ]
}
