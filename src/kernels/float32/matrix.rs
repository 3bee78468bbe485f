//! A float32 matrix in the order in which its product reads it.

use crate::kernels::blocks::BLOCK_ROWS;

/// `(n_out, n_in)` float32.
pub struct Float32Matrix {
    n_out: usize,
    n_in: usize,
    /// `(n_blocks, n_in, BLOCK_ROWS)`; rows beyond `n_out` are zero
    values: Vec<f32>,
}

impl Float32Matrix {
    /// A matrix without rows, with room for `n_out` of them.
    pub fn with_capacity(n_out: usize, n_in: usize) -> Float32Matrix {
        Float32Matrix {
            n_out: 0,
            n_in,
            values: Vec::with_capacity(n_out.next_multiple_of(BLOCK_ROWS) * n_in),
        }
    }

    /// Appends rows. All but the last call must bring whole blocks.
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
            for i in 0..self.n_in {
                let mut column = [0.0; BLOCK_ROWS];
                for (value, row) in column.iter_mut().zip(block.chunks_exact(self.n_in)) {
                    *value = row[i];
                }
                self.values.extend(column);
            }
        }
    }

    /// The matrix whose transpose is given, as a Conv1D stores it.
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
                matrix.values.extend(column);
            }
        }
        matrix
    }

    /// Cuts the matrix in two, before row `n`.
    ///
    /// # Shapes
    /// - returns `(n, n_in)` and `(n_out - n, n_in)`
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

    pub fn n_out(&self) -> usize {
        self.n_out
    }

    pub fn n_in(&self) -> usize {
        self.n_in
    }

    /// Row `row`: what an embedding is.
    ///
    /// # Shapes
    /// - `out`: `(n_in,)`, overwritten
    pub fn row(&self, row: usize, out: &mut [f32]) {
        assert!(row < self.n_out, "row {row} of {}", self.n_out);
        let block = self.block(row / BLOCK_ROWS).chunks_exact(BLOCK_ROWS);
        for (x, column) in out.iter_mut().zip(block) {
            *x = column[row % BLOCK_ROWS];
        }
    }

    /// The bytes of the values.
    pub fn bytes_mut(&mut self) -> &mut [u8] {
        bytemuck::cast_slice_mut(&mut self.values)
    }

    /// The rows from `block * BLOCK_ROWS` on, side by side.
    ///
    /// # Shapes
    /// - returns `(n_in, BLOCK_ROWS)`
    pub fn block(&self, block: usize) -> &[f32] {
        &self.values[block * self.n_in * BLOCK_ROWS..][..self.n_in * BLOCK_ROWS]
    }
}
