//! An int8 matrix in the order in which the products read it, so that they walk one straight line through memory.

use half::bf16;

use crate::kernels::blocks::BLOCK_ROWS;
use crate::math;

/// Neighbours in a row that share a scale.
pub const GROUP_LEN: usize = 32;

/// Neighbours in a row that one 32-bit sum takes at a time.
pub const PAIR: usize = 2;

/// Bytes of one group of a block.
pub const GROUP_BYTES: usize = BLOCK_ROWS * GROUP_LEN;

/// `(n_out, n_in)` int8 with a bfloat16 scale per row and group.
pub struct Int8Matrix {
    n_out: usize,
    n_in: usize,
    /// `(n_blocks, n_groups, GROUP_LEN / PAIR, BLOCK_ROWS, PAIR)`; rows beyond `n_out` are zero
    values: Vec<i8>,
    /// `(n_blocks, n_groups, BLOCK_ROWS)`, the upper half of a float32
    scales: Vec<u16>,
}

impl Int8Matrix {
    /// A matrix without rows, with room for `n_out` of them.
    ///
    /// # Shapes
    /// - `n_in`: a multiple of [`GROUP_LEN`]
    pub fn with_capacity(n_out: usize, n_in: usize) -> Int8Matrix {
        assert!(n_in > 0 && n_in.is_multiple_of(GROUP_LEN), "n_in must be whole groups");
        let n_groups = n_out.div_ceil(BLOCK_ROWS) * (n_in / GROUP_LEN);
        Int8Matrix {
            n_out: 0,
            n_in,
            values: Vec::with_capacity(n_groups * GROUP_BYTES),
            scales: Vec::with_capacity(n_groups * BLOCK_ROWS),
        }
    }

    /// As many rows of nothing as are asked for: what a file is read into.
    pub fn zeros(n_out: usize, n_in: usize) -> Int8Matrix {
        assert!(n_in > 0 && n_in.is_multiple_of(GROUP_LEN), "n_in must be whole groups");
        let n_groups = n_out.div_ceil(BLOCK_ROWS) * (n_in / GROUP_LEN);
        Int8Matrix {
            n_out,
            n_in,
            values: vec![0; n_groups * GROUP_BYTES],
            scales: vec![0; n_groups * BLOCK_ROWS],
        }
    }

    /// Quantises and appends rows. All but the last call must bring whole blocks.
    ///
    /// # Shapes
    /// - `rows`: `(n_rows, n_in)`
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
                self.scales.extend(quantize_group(&group, &mut values));
                self.values.extend(values);
            }
        }
    }

    /// The matrix whose transpose is given, as a Conv1D stores it.
    ///
    /// # Shapes
    /// - `columns`: `(n_in, n_out)`
    /// - returns `(n_out, n_in)`
    pub fn from_columns(columns: &[f32], n_out: usize) -> Int8Matrix {
        let mut packed = Int8Matrix::zeros(n_out, columns.len() / n_out);
        let n_groups = packed.n_in / GROUP_LEN;
        // Group by group, so that what is read lies together.
        for (g, rows) in columns.chunks_exact(GROUP_LEN * n_out).enumerate() {
            for first in (0..n_out).step_by(BLOCK_ROWS) {
                let mut group = [[0.0; BLOCK_ROWS]; GROUP_LEN];
                for (values, row) in group.iter_mut().zip(rows.chunks_exact(n_out)) {
                    for (value, &x) in values.iter_mut().zip(&row[first..]) {
                        *value = x;
                    }
                }
                let i = first / BLOCK_ROWS * n_groups + g;
                let (values, _) = packed.values[i * GROUP_BYTES..]
                    .split_first_chunk_mut()
                    .expect("invariant: a whole group");
                let scales = quantize_group(&group, values);
                packed.scales[i * BLOCK_ROWS..][..BLOCK_ROWS].copy_from_slice(&scales);
            }
        }
        packed
    }

    /// A matrix that is quantised already.
    ///
    /// # Shapes
    /// - `n_in`: a multiple of [`GROUP_LEN`]
    /// - `value`: of a row and a place in it
    /// - `scale`: of a row and a group of it
    pub fn from_quantized(
        n_out: usize,
        n_in: usize,
        value: impl Fn(usize, usize) -> i8,
        scale: impl Fn(usize, usize) -> bf16,
    ) -> Int8Matrix {
        let mut packed = Int8Matrix::zeros(n_out, n_in);
        let n_groups = n_in / GROUP_LEN;
        let groups = (packed.values.as_chunks_mut::<GROUP_BYTES>().0.iter_mut())
            .zip(packed.scales.as_chunks_mut::<BLOCK_ROWS>().0);
        for (i, (values, scales)) in groups.enumerate() {
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

    /// Cuts the matrix in two, before row `n`, which must begin a block.
    ///
    /// # Shapes
    /// - returns `(n, n_in)` and `(n_out - n, n_in)`
    pub fn split(mut self, n: usize) -> (Int8Matrix, Int8Matrix) {
        assert!(
            n <= self.n_out && n.is_multiple_of(BLOCK_ROWS),
            "row {n} must begin a block"
        );
        let n_groups = n / BLOCK_ROWS * (self.n_in / GROUP_LEN);
        let rest = Int8Matrix {
            n_out: self.n_out - n,
            n_in: self.n_in,
            values: self.values.split_off(n_groups * GROUP_BYTES),
            scales: self.scales.split_off(n_groups * BLOCK_ROWS),
        };
        // What is cut off is a copy: without this its room would be held twice.
        self.values.shrink_to_fit();
        self.scales.shrink_to_fit();
        self.n_out = n;
        (self, rest)
    }

    pub fn n_out(&self) -> usize {
        self.n_out
    }

    pub fn n_in(&self) -> usize {
        self.n_in
    }

    /// Values and scales of the `BLOCK_ROWS` rows from `block * BLOCK_ROWS` on.
    ///
    /// # Shapes
    /// - returns `(n_groups, GROUP_BYTES)` and `(n_groups, BLOCK_ROWS)`
    pub fn block(&self, block: usize) -> (&[i8], &[u16]) {
        let n_groups = self.n_in / GROUP_LEN;
        let values = &self.values[block * n_groups * GROUP_BYTES..][..n_groups * GROUP_BYTES];
        let scales = &self.scales[block * n_groups * BLOCK_ROWS..][..n_groups * BLOCK_ROWS];
        (values, scales)
    }

    /// Row `row` in float32: what an embedding is.
    ///
    /// # Shapes
    /// - `out`: `(n_in,)`, overwritten
    pub fn dequantize_row(&self, row: usize, out: &mut [f32]) {
        assert!(row < self.n_out, "row {row} of {}", self.n_out);
        let (values, scales) = self.block(row / BLOCK_ROWS);
        let r = row % BLOCK_ROWS;
        for (i, x) in out.iter_mut().enumerate() {
            let (group, i) = (i / GROUP_LEN, i % GROUP_LEN);
            let value = values[group * GROUP_BYTES + place(r, i)];
            *x = f32::from(value) * scale(scales[group * BLOCK_ROWS + r]);
        }
    }

    /// The bytes of values and scales: what a file holds of the matrix.
    pub fn parts(&mut self) -> [&mut [u8]; 2] {
        [
            bytemuck::cast_slice_mut(&mut self.values),
            bytemuck::cast_slice_mut(&mut self.scales),
        ]
    }
}

/// Where in a group of a block the `i`th value of the `r`th row is.
fn place(r: usize, i: usize) -> usize {
    i / PAIR * BLOCK_ROWS * PAIR + r * PAIR + i % PAIR
}

/// A scale in float32.
pub fn scale(bits: u16) -> f32 {
    f32::from_bits(u32::from(bits) << 16)
}

/// A group whose values are all below this counts as zero: 127 divided by less is no float32.
const SMALLEST: f32 = 1e-35;

/// Quantises a group of each of a block's rows, and returns their scales.
///
/// # Shapes
/// - `group`: `(GROUP_LEN, BLOCK_ROWS)`
/// - `values`: `(GROUP_LEN / PAIR, BLOCK_ROWS, PAIR)`, overwritten
fn quantize_group(group: &[[f32; BLOCK_ROWS]; GROUP_LEN], values: &mut [i8; GROUP_BYTES]) -> [u16; BLOCK_ROWS] {
    // Without their signs, floats are ordered as their bits are, and what is no number comes last.
    let mut largest = [0_u32; BLOCK_ROWS];
    for row in group {
        for (largest, x) in largest.iter_mut().zip(row) {
            *largest = (*largest).max(x.abs().to_bits());
        }
    }
    let scales = largest.map(|bits| group_scale(f32::from_bits(bits)));
    for (pair, values) in group
        .as_chunks::<PAIR>()
        .0
        .iter()
        .zip(values.as_chunks_mut::<{ PAIR * BLOCK_ROWS }>().0)
    {
        for r in 0..BLOCK_ROWS {
            for i in 0..PAIR {
                values[r * PAIR + i] = math::rounded_bits(pair[i][r] * scales[r].1) as i8;
            }
        }
    }
    scales.map(|(scale, _)| scale.to_bits())
}

/// The scale of a group whose largest value is `max`, and what its values are multiplied by before they are rounded.
/// A value that is not a number makes the scale, and so every product with it, not a number: nothing is hidden.
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
