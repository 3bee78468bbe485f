//! The product with WebAssembly's 128-bit SIMD: the same sums as scalar.rs, bit for bit.

use core::arch::wasm32::*;

use super::GROUP_LEN;
use super::packed::{BLOCK_ROWS, GROUP_BYTES, PAIR, PackedMatrix};
use super::quantize::QuantizedRows;

/// Activation rows that share one reading of the weights: as many as sums fit into registers.
const TILE_ROWS: usize = 4;

/// See [`super::matmul`].
pub fn matmul(x: &QuantizedRows, w: &PackedMatrix, out: &mut [f32]) {
    let n_out = w.n_out();
    let mut tile = [[0.0; BLOCK_ROWS]; TILE_ROWS];
    // A block of weights is read from memory once and stays in the nearest cache for all rows of x.
    for (block, first) in (0..n_out).step_by(BLOCK_ROWS).enumerate() {
        let n_rows = BLOCK_ROWS.min(n_out - first);
        let mut t = 0;
        while t < x.n_rows() {
            let n_tile = match x.n_rows() - t {
                TILE_ROWS.. => dot_tile::<TILE_ROWS>(x, t, w.block(block), &mut tile),
                2 | 3 => dot_tile::<2>(x, t, w.block(block), &mut tile),
                _ => dot_tile::<1>(x, t, w.block(block), &mut tile),
            };
            for sums in &tile[..n_tile] {
                out[t * n_out + first..][..n_rows].copy_from_slice(&sums[..n_rows]);
                t += 1;
            }
        }
    }
}

/// `T` activation rows from `t` on times the rows of one block; returns `T`.
fn dot_tile<const T: usize>(
    x: &QuantizedRows,
    t: usize,
    (values, scales): (&[i8], &[f32]),
    tile: &mut [[f32; BLOCK_ROWS]; TILE_ROWS],
) -> usize {
    const { assert!(T <= TILE_ROWS && BLOCK_ROWS == 8 && PAIR == 2) };
    let x_values: [&[i16]; T] = std::array::from_fn(|i| x.values(t + i));
    let x_scales: [&[f32]; T] = std::array::from_fn(|i| x.scales(t + i));
    let mut sums = [[f32x4_splat(0.0); 2]; T];
    let groups = values.chunks_exact(GROUP_BYTES).zip(scales.chunks_exact(BLOCK_ROWS));
    for (group, (values, scales)) in groups.enumerate() {
        let x_groups: [&[i16]; T] = std::array::from_fn(|i| &x_values[i][group * GROUP_LEN..][..GROUP_LEN]);
        let mut products = [[i32x4_splat(0); 2]; T];
        for pair in 0..GROUP_LEN / PAIR {
            // SAFETY: values has GROUP_BYTES = 16 bytes for each pair, x_groups GROUP_LEN = 2 values for each; loads may be unaligned.
            unsafe {
                let w = values.as_ptr().add(pair * BLOCK_ROWS * PAIR);
                let low = i16x8_load_extend_i8x8(w); // rows 0 to 3, two neighbours of each
                let high = i16x8_load_extend_i8x8(w.add(8)); // rows 4 to 7
                for i in 0..T {
                    let x = v128_load32_splat(x_groups[i].as_ptr().add(pair * PAIR).cast()); // the same two for every row
                    products[i][0] = i32x4_add(products[i][0], i32x4_dot_i16x8(low, x));
                    products[i][1] = i32x4_add(products[i][1], i32x4_dot_i16x8(high, x));
                }
            }
        }
        // SAFETY: scales has BLOCK_ROWS = 8 values.
        let (low, high) = unsafe {
            let scales: *const v128 = scales.as_ptr().cast();
            (v128_load(scales), v128_load(scales.add(1)))
        };
        for i in 0..T {
            let x_scale = f32x4_splat(x_scales[i][group]);
            for (half, scale) in [low, high].into_iter().enumerate() {
                let product = f32x4_convert_i32x4(products[i][half]);
                sums[i][half] = f32x4_add(sums[i][half], f32x4_mul(product, f32x4_mul(scale, x_scale)));
            }
        }
    }
    for (out, sums) in tile.iter_mut().zip(sums) {
        // SAFETY: out has BLOCK_ROWS = 8 values.
        unsafe {
            let out: *mut v128 = out.as_mut_ptr().cast();
            v128_store(out, sums[0]);
            v128_store(out.add(1), sums[1]);
        }
    }
    T
}
