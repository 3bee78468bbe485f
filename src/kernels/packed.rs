//! An int8 matrix in the order in which the products read it, so that they walk one straight line through memory.

use super::GROUP_LEN;
use super::quantize::group_scale;

/// Rows that are read side by side: two vectors of four 32-bit sums.
pub const BLOCK_ROWS: usize = 8;

/// Neighbours in a row that one 32-bit sum takes at a time.
pub const PAIR: usize = 2;

/// Bytes of one group of a block.
pub const GROUP_BYTES: usize = BLOCK_ROWS * GROUP_LEN;

/// `(n_out, n_in)` int8 with a float32 scale per row and group.
pub struct PackedMatrix {
    n_out: usize,
    n_in: usize,
    /// `(n_blocks, n_groups, GROUP_LEN / PAIR, BLOCK_ROWS, PAIR)`; rows beyond `n_out` are zero
    values: Vec<i8>,
    /// `(n_blocks, n_groups, BLOCK_ROWS)`
    scales: Vec<f32>,
}

impl PackedMatrix {
    /// A matrix without rows, with room for `n_out` of them.
    ///
    /// # Shapes
    /// - `n_in`: a multiple of [`GROUP_LEN`]
    pub fn with_capacity(n_out: usize, n_in: usize) -> PackedMatrix {
        assert!(n_in > 0 && n_in.is_multiple_of(GROUP_LEN), "n_in must be whole groups");
        let n_groups = n_out.div_ceil(BLOCK_ROWS) * (n_in / GROUP_LEN);
        PackedMatrix {
            n_out: 0,
            n_in,
            values: Vec::with_capacity(n_groups * GROUP_BYTES),
            scales: Vec::with_capacity(n_groups * BLOCK_ROWS),
        }
    }

    /// Quantises and appends `n_rows` rows, given by `value(row, column)`. All but the last call must bring whole blocks.
    pub fn push_rows(&mut self, n_rows: usize, value: impl Fn(usize, usize) -> f32) {
        assert_eq!(self.n_out % BLOCK_ROWS, 0, "only the last block may be short");
        self.n_out += n_rows;
        for first in (0..n_rows).step_by(BLOCK_ROWS) {
            for group in (0..self.n_in).step_by(GROUP_LEN) {
                let start = self.values.len();
                self.values.resize(start + GROUP_BYTES, 0);
                let packed = &mut self.values[start..];
                for r in 0..BLOCK_ROWS {
                    let row = first + r;
                    if row >= n_rows {
                        self.scales.push(0.0);
                        continue;
                    }
                    let (scale, factor) = group_scale((0..GROUP_LEN).map(|i| value(row, group + i)));
                    self.scales.push(scale);
                    for i in 0..GROUP_LEN {
                        let quantized = (value(row, group + i) * factor).round_ties_even() as i8;
                        packed[i / PAIR * BLOCK_ROWS * PAIR + r * PAIR + i % PAIR] = quantized;
                    }
                }
            }
        }
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
    pub fn block(&self, block: usize) -> (&[i8], &[f32]) {
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
            let value = values[group * GROUP_BYTES + i / PAIR * BLOCK_ROWS * PAIR + r * PAIR + i % PAIR];
            *x = f32::from(value) * scales[group * BLOCK_ROWS + r];
        }
    }

    pub fn size_bytes(&self) -> usize {
        self.values.len() + self.scales.len() * size_of::<f32>()
    }
}
