//! An int8 matrix, packed in the order in which the products read it.
//!
//! A product reads its weights from beginning to end, which memory serves fastest: block after block of eight rows, in a
//! block group after group of 32 columns, in a group pair after pair of columns, in a pair row after row. So 16 consecutive
//! bytes are two neighbours of each of eight rows, one step of the SIMD product:
//!
//! ```text
//! block 0, group 0:  r0c0 r0c1  r1c0 r1c1  …  r7c0 r7c1 | r0c2 r0c3  …  r7c2 r7c3 | …  r7c30 r7c31
//! block 0, group 1:  r0c32 r0c33  …
//! ```
//!
//! The scales have a vector of their own, in the same order, eight to a group. A shorter last block is padded with zeros.

use half::bf16;

use crate::kernels::blocks::BLOCK_ROWS;
use crate::math;

/// Neighbours in a row that share a scale.
pub const GROUP_LEN: usize = 32;

/// Neighbours in a row that one 32-bit sum takes at a time: the SIMD instruction adds products in twos.
pub const PAIR: usize = 2;

/// Bytes of one group of a block, `(GROUP_LEN / PAIR, BLOCK_ROWS, PAIR)`.
pub const GROUP_BYTES: usize = BLOCK_ROWS * GROUP_LEN;

/// A group of smaller values becomes zeros: 127 divided by one of them could overflow float32.
const SMALLEST: f32 = 1e-35;

/// `(n_out, n_in)` int8 with a bfloat16 scale per row and group.
pub struct Int8Matrix {
    n_out: usize,
    n_in: usize,
    /// `(n_blocks, n_groups)` groups; rows beyond `n_out` are zero
    values: Vec<[i8; GROUP_BYTES]>,
    /// `(n_blocks, n_groups, BLOCK_ROWS)` bfloat16: the upper half of a float32
    scales: Vec<[u16; BLOCK_ROWS]>,
}

/// [`BLOCK_ROWS`] rows of a matrix, group by group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Block<'a> {
    /// `(n_groups, GROUP_BYTES)`
    pub values: &'a [[i8; GROUP_BYTES]],
    /// `(n_groups, BLOCK_ROWS)` bfloat16
    pub scales: &'a [[u16; BLOCK_ROWS]],
}

impl Int8Matrix {
    /// A matrix without rows, with room for `n_out` of them.
    ///
    /// # Panics
    /// If `n_in` is not a multiple of [`GROUP_LEN`].
    pub fn with_capacity(n_out: usize, n_in: usize) -> Int8Matrix {
        let n_groups = n_groups(n_out, n_in);
        Int8Matrix {
            n_out: 0,
            n_in,
            values: Vec::with_capacity(n_groups),
            scales: Vec::with_capacity(n_groups),
        }
    }

    /// A matrix of zeros, for a file to be read into.
    ///
    /// # Panics
    /// If `n_in` is not a multiple of [`GROUP_LEN`].
    pub fn zeros(n_out: usize, n_in: usize) -> Int8Matrix {
        let n_groups = n_groups(n_out, n_in);
        Int8Matrix {
            n_out,
            n_in,
            values: bytemuck::zeroed_vec(n_groups),
            scales: bytemuck::zeroed_vec(n_groups),
        }
    }

    /// Quantises rows and appends them.
    ///
    /// # Shapes
    /// - `rows`: `(n_rows, n_in)`; `n_rows` a multiple of [`BLOCK_ROWS`] in all calls but the last
    ///
    /// # Panics
    /// If `rows` is not a whole number of rows, or follows a short block.
    pub fn push_rows(&mut self, rows: &[f32]) {
        assert!(rows.len().is_multiple_of(self.n_in), "whole rows");
        assert!(
            self.n_out.is_multiple_of(BLOCK_ROWS),
            "only the last block may be short"
        );
        self.n_out += rows.len() / self.n_in;
        for block in rows.chunks(BLOCK_ROWS * self.n_in) {
            for first in (0..self.n_in).step_by(GROUP_LEN) {
                let mut group = [[0.0; BLOCK_ROWS]; GROUP_LEN];
                for (r, row) in block.chunks_exact(self.n_in).enumerate() {
                    for (values, &x) in group.iter_mut().zip(&row[first..]) {
                        values[r] = x;
                    }
                }
                let mut values = [0; GROUP_BYTES];
                self.scales.push(quantize_group(&group, &mut values));
                self.values.push(values);
            }
        }
    }

    /// Quantises a matrix that is stored transposed, as Conv1D does.
    ///
    /// # Shapes
    /// - `columns`: `(n_in, n_out)`
    /// - returns `(n_out, n_in)`
    ///
    /// # Panics
    /// If `n_in` is not a multiple of [`GROUP_LEN`].
    pub fn from_columns(columns: &[f32], n_out: usize) -> Int8Matrix {
        let mut packed = Int8Matrix::zeros(n_out, columns.len() / n_out);
        let n_groups = packed.n_in / GROUP_LEN;
        // Group by group: 32 rows of `columns` are read while they are in a cache.
        for (g, rows) in columns.chunks_exact(GROUP_LEN * n_out).enumerate() {
            for first in (0..n_out).step_by(BLOCK_ROWS) {
                let mut group = [[0.0; BLOCK_ROWS]; GROUP_LEN];
                for (values, row) in group.iter_mut().zip(rows.chunks_exact(n_out)) {
                    for (value, &x) in values.iter_mut().zip(&row[first..]) {
                        *value = x;
                    }
                }
                let i = first / BLOCK_ROWS * n_groups + g;
                packed.scales[i] = quantize_group(&group, &mut packed.values[i]);
            }
        }
        packed
    }

    /// Packs a matrix that is already quantised.
    ///
    /// - `value(row, column)`
    /// - `scale(row, group)`
    ///
    /// # Panics
    /// If `n_in` is not a multiple of [`GROUP_LEN`].
    pub fn from_quantized(
        n_out: usize,
        n_in: usize,
        value: impl Fn(usize, usize) -> i8,
        scale: impl Fn(usize, usize) -> bf16,
    ) -> Int8Matrix {
        let mut packed = Int8Matrix::zeros(n_out, n_in);
        let n_groups = n_in / GROUP_LEN;
        for (i, (values, scales)) in packed.values.iter_mut().zip(&mut packed.scales).enumerate() {
            let (first_row, group) = (i / n_groups * BLOCK_ROWS, i % n_groups);
            for r in 0..BLOCK_ROWS.min(n_out - first_row) {
                scales[r] = scale(first_row + r, group).to_bits();
                for k in 0..GROUP_LEN {
                    values[place(r, k)] = value(first_row + r, group * GROUP_LEN + k);
                }
            }
        }
        packed
    }

    /// Cuts the matrix in two before row `n`.
    ///
    /// # Shapes
    /// - returns `(n, n_in)` and `(n_out - n, n_in)`
    ///
    /// # Panics
    /// If row `n` begins no block.
    pub fn split(mut self, n: usize) -> (Int8Matrix, Int8Matrix) {
        assert!(
            n <= self.n_out && n.is_multiple_of(BLOCK_ROWS),
            "row {n} must begin a block"
        );
        let n_groups = n / BLOCK_ROWS * (self.n_in / GROUP_LEN);
        let rest = Int8Matrix {
            n_out: self.n_out - n,
            n_in: self.n_in,
            values: self.values.split_off(n_groups),
            scales: self.scales.split_off(n_groups),
        };
        // `split_off` copies the rest, and leaves its room with the first part.
        self.values.shrink_to_fit();
        self.scales.shrink_to_fit();
        self.n_out = n;
        (self, rest)
    }

    /// The number of rows: outputs of a product.
    pub fn n_out(&self) -> usize {
        self.n_out
    }

    /// The length of a row: inputs of a product.
    pub fn n_in(&self) -> usize {
        self.n_in
    }

    /// The [`BLOCK_ROWS`] rows from `block * BLOCK_ROWS` on.
    pub fn block(&self, block: usize) -> Block<'_> {
        let n_groups = self.n_in / GROUP_LEN;
        let groups = block * n_groups..(block + 1) * n_groups;
        Block {
            values: &self.values[groups.clone()],
            scales: &self.scales[groups],
        }
    }

    /// Row `row` in float32, as an embedding looks it up.
    ///
    /// # Shapes
    /// - `out`: `(n_in,)`, overwritten
    ///
    /// # Panics
    /// If there is no such row.
    pub fn dequantize_row(&self, row: usize, out: &mut [f32]) {
        assert!(row < self.n_out, "row {row} of {}", self.n_out);
        let Block { values, scales } = self.block(row / BLOCK_ROWS);
        let r = row % BLOCK_ROWS;
        for (i, x) in out.iter_mut().enumerate() {
            let (group, i) = (i / GROUP_LEN, i % GROUP_LEN);
            *x = f32::from(values[group][place(r, i)]) * scale(scales[group][r]);
        }
    }

    /// The bytes of the values and of the scales, as a packed file holds them.
    pub fn parts(&mut self) -> [&mut [u8]; 2] {
        [
            bytemuck::cast_slice_mut(&mut self.values),
            bytemuck::cast_slice_mut(&mut self.scales),
        ]
    }
}

/// The groups of all blocks of a matrix.
fn n_groups(n_out: usize, n_in: usize) -> usize {
    assert!(n_in > 0 && n_in.is_multiple_of(GROUP_LEN), "n_in must be whole groups");
    n_out.div_ceil(BLOCK_ROWS) * (n_in / GROUP_LEN)
}

/// The index in a block's group of value `i` of row `r`.
fn place(r: usize, i: usize) -> usize {
    i / PAIR * BLOCK_ROWS * PAIR + r * PAIR + i % PAIR
}

/// A bfloat16 scale in float32.
pub fn scale(bits: u16) -> f32 {
    f32::from_bits(u32::from(bits) << 16)
}

/// Quantises one group of a block and returns the scales of its rows.
///
/// # Shapes
/// - `group`: `(GROUP_LEN, BLOCK_ROWS)`
/// - `values`: `(GROUP_LEN / PAIR, BLOCK_ROWS, PAIR)`, overwritten
fn quantize_group(group: &[[f32; BLOCK_ROWS]; GROUP_LEN], values: &mut [i8; GROUP_BYTES]) -> [u16; BLOCK_ROWS] {
    // Floats without their signs are ordered as their bits are, NaN last.
    let mut largest = [0_u32; BLOCK_ROWS];
    for row in group {
        for (largest, x) in largest.iter_mut().zip(row) {
            *largest = (*largest).max(x.abs().to_bits());
        }
    }
    let scales = largest.map(|bits| group_scale(f32::from_bits(bits)));
    let pairs = values.as_chunks_mut::<{ PAIR * BLOCK_ROWS }>().0;
    for (pair, values) in group.as_chunks::<PAIR>().0.iter().zip(pairs) {
        for r in 0..BLOCK_ROWS {
            for i in 0..PAIR {
                values[r * PAIR + i] = math::rounded_bits(pair[i][r] * scales[r].1) as i8;
            }
        }
    }
    scales.map(|(scale, _)| scale.to_bits())
}

/// The scale of a group whose largest value is `max`, and the factor that makes its values int8 before they are rounded.
/// NaN makes the scale NaN, and so every product with it: no damage is hidden.
fn group_scale(max: f32) -> (bf16, f32) {
    if max.is_nan() {
        (bf16::NAN, 0.0)
    } else if max < SMALLEST {
        (bf16::ZERO, 0.0)
    } else {
        // Rounded up, so that the largest value stays within 127.
        let bits = (max / 127.0).to_bits();
        let scale = bf16::from_bits((bits >> 16) as u16 + u16::from(bits & 0xFFFF != 0));
        (scale, 1.0 / scale.to_f32())
    }
}
