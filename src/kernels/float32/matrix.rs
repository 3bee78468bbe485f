//! A float32 matrix, packed in the order in which its product reads it.
//!
//! Block after block of eight rows, and in each block column after column: eight consecutive values are one column of
//! the block, two vectors. A shorter last block is padded with zeros.

use crate::kernels::blocks::BLOCK_ROWS;

/// `(n_out, n_in)` float32.
pub struct Float32Matrix {
    n_out: usize,
    n_in: usize,
    /// `(n_blocks, n_in, BLOCK_ROWS)`; rows beyond `n_out` are zero
    values: Vec<[f32; BLOCK_ROWS]>,
}

impl Float32Matrix {
    /// A matrix without rows, with room for `n_out` of them.
    pub fn with_capacity(n_out: usize, n_in: usize) -> Float32Matrix {
        Float32Matrix {
            n_out: 0,
            n_in,
            values: Vec::with_capacity(n_out.div_ceil(BLOCK_ROWS) * n_in),
        }
    }

    /// Appends rows.
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
            for i in 0..self.n_in {
                let mut column = [0.0; BLOCK_ROWS];
                for (value, row) in column.iter_mut().zip(block.chunks_exact(self.n_in)) {
                    *value = row[i];
                }
                self.values.push(column);
            }
        }
    }

    /// Packs a matrix that is stored transposed, as Conv1D does.
    ///
    /// # Shapes
    /// - `columns`: `(n_in, n_out)`
    /// - returns `(n_out, n_in)`
    pub fn from_columns(columns: &[f32], n_out: usize) -> Float32Matrix {
        let mut matrix = Float32Matrix::with_capacity(n_out, columns.len() / n_out);
        matrix.n_out = n_out;
        for first in (0..n_out).step_by(BLOCK_ROWS) {
            let n_rows = BLOCK_ROWS.min(n_out - first);
            for row in columns.chunks_exact(n_out) {
                let mut column = [0.0; BLOCK_ROWS];
                column[..n_rows].copy_from_slice(&row[first..first + n_rows]);
                matrix.values.push(column);
            }
        }
        matrix
    }

    /// Cuts the matrix in two before row `n`.
    ///
    /// # Shapes
    /// - returns `(n, n_in)` and `(n_out - n, n_in)`
    ///
    /// # Panics
    /// If there are fewer than `n` rows.
    pub fn split(self, n: usize) -> (Float32Matrix, Float32Matrix) {
        let part = |rows: std::ops::Range<usize>| {
            let mut values = vec![0.0; rows.len() * self.n_in];
            for (row, values) in rows.clone().zip(values.chunks_exact_mut(self.n_in)) {
                self.row(row, values);
            }
            let mut part = Float32Matrix::with_capacity(rows.len(), self.n_in);
            part.push_rows(&values);
            part
        };
        (part(0..n), part(n..self.n_out))
    }

    /// The number of rows: outputs of a product.
    pub fn n_out(&self) -> usize {
        self.n_out
    }

    /// The length of a row: inputs of a product.
    pub fn n_in(&self) -> usize {
        self.n_in
    }

    /// Row `row`, as an embedding looks it up.
    ///
    /// # Shapes
    /// - `out`: `(n_in,)`, overwritten
    ///
    /// # Panics
    /// If there is no such row.
    pub fn row(&self, row: usize, out: &mut [f32]) {
        assert!(row < self.n_out, "row {row} of {}", self.n_out);
        for (x, column) in out.iter_mut().zip(self.block(row / BLOCK_ROWS)) {
            *x = column[row % BLOCK_ROWS];
        }
    }

    /// The bytes of the values.
    pub fn bytes_mut(&mut self) -> &mut [u8] {
        bytemuck::cast_slice_mut(&mut self.values)
    }

    /// The [`BLOCK_ROWS`] rows from `block * BLOCK_ROWS` on, column by column.
    ///
    /// # Shapes
    /// - returns `(n_in, BLOCK_ROWS)`
    pub fn block(&self, block: usize) -> &[[f32; BLOCK_ROWS]] {
        &self.values[block * self.n_in..][..self.n_in]
    }
}
