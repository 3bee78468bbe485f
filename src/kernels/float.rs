//! A float32 matrix, packed in blocks of rows as the int8 one is, and its product.

use super::f32x4::F32x4;
use super::packed::BLOCK_ROWS;
use super::shared::Shared;
use super::{blocks_per_thread, pool};

/// Rows of x that share one reading of the weights: as many as sums fit into registers.
const TILE_ROWS: usize = 4;

/// `(n_out, n_in)` float32.
pub struct FloatMatrix {
    n_out: usize,
    n_in: usize,
    /// `(n_blocks, n_in, BLOCK_ROWS)`; rows beyond `n_out` are zero
    values: Vec<f32>,
}

impl FloatMatrix {
    /// A matrix without rows, with room for `n_out` of them.
    pub fn with_capacity(n_out: usize, n_in: usize) -> FloatMatrix {
        FloatMatrix {
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
    pub fn from_columns(columns: &[f32], n_out: usize) -> FloatMatrix {
        let mut matrix = FloatMatrix::with_capacity(n_out, columns.len() / n_out);
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
    pub fn split(self, n: usize) -> (FloatMatrix, FloatMatrix) {
        let part = |rows: std::ops::Range<usize>| {
            let mut values = vec![0.0; rows.len() * self.n_in];
            for (row, values) in rows.clone().zip(values.chunks_exact_mut(self.n_in)) {
                self.row(row, values);
            }
            let mut part = FloatMatrix::with_capacity(rows.len(), self.n_in);
            part.push_rows(&values);
            part
        };
        (part(0..n), part(n..self.n_out))
    }

    pub fn n_out(&self) -> usize {
        self.n_out
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

    pub fn size_bytes(&self) -> usize {
        self.values.len() * size_of::<f32>()
    }

    /// `(n_in, BLOCK_ROWS)`
    fn block(&self, block: usize) -> &[f32] {
        &self.values[block * self.n_in * BLOCK_ROWS..][..self.n_in * BLOCK_ROWS]
    }
}

/// `x wᵀ + bias`, summed in the order of the columns: the same bits wherever it runs.
///
/// # Shapes
/// - `x`: `(t, n_in)`
/// - `w`: `(n_out, n_in)`
/// - `bias`: `(n_out,)`
/// - `out`: `(t, n_out)`, overwritten
pub fn matmul(x: &[f32], w: &FloatMatrix, bias: Option<&[f32]>, out: &mut [f32]) {
    let (n_in, n_out) = (w.n_in, w.n_out);
    assert!(x.len().is_multiple_of(n_in), "x must be (t, n_in)");
    assert_eq!(out.len(), x.len() / n_in * n_out, "out must be (t, n_out)");
    let out = Shared::new(out);
    pool::split(n_out.div_ceil(BLOCK_ROWS), blocks_per_thread(4 * n_in), &|blocks| {
        for block in blocks {
            let first = block * BLOCK_ROWS;
            let n_rows = BLOCK_ROWS.min(n_out - first);
            let mut start = [0.0; BLOCK_ROWS];
            if let Some(bias) = bias {
                start[..n_rows].copy_from_slice(&bias[first..first + n_rows]);
            }
            let weights = w.block(block);
            for (tile, x) in x.chunks(TILE_ROWS * n_in).enumerate() {
                let mut sums = [[0.0; BLOCK_ROWS]; TILE_ROWS];
                match x.len() / n_in {
                    1 => dot_tile::<1>(x, weights, &start, &mut sums),
                    2 => dot_tile::<2>(x, weights, &start, &mut sums),
                    3 => dot_tile::<3>(x, weights, &start, &mut sums),
                    _ => dot_tile::<TILE_ROWS>(x, weights, &start, &mut sums),
                }
                for (i, sums) in sums[..x.len() / n_in].iter().enumerate() {
                    let start = (tile * TILE_ROWS + i) * n_out + first;
                    // SAFETY: the pool's ranges are disjoint, and so are the columns that come from them.
                    unsafe { out.part(start..start + n_rows) }.copy_from_slice(&sums[..n_rows]);
                }
            }
        }
    });
}

/// `T` rows of x times the rows of one block, added to `start`.
///
/// # Shapes
/// - `x`: `(T, n_in)`
/// - `weights`: `(n_in, BLOCK_ROWS)`
#[inline(always)]
fn dot_tile<const T: usize>(
    x: &[f32],
    weights: &[f32],
    start: &[f32; BLOCK_ROWS],
    out: &mut [[f32; BLOCK_ROWS]; TILE_ROWS],
) {
    const { assert!(T <= TILE_ROWS && BLOCK_ROWS == 8) };
    let n_in = weights.len() / BLOCK_ROWS;
    assert_eq!(x.len(), T * n_in);
    // SAFETY: start, each column of weights and each row of out have BLOCK_ROWS = 8 values; x has T rows of n_in.
    unsafe {
        let start = [F32x4::load(start.as_ptr()), F32x4::load(start.as_ptr().add(4))];
        let mut sums = [start; T];
        for i in 0..n_in {
            let w = weights.as_ptr().add(i * BLOCK_ROWS);
            let w = [F32x4::load(w), F32x4::load(w.add(4))];
            for (t, sums) in sums.iter_mut().enumerate() {
                let x = F32x4::splat(*x.as_ptr().add(t * n_in + i));
                *sums = [sums[0].add_product(w[0], x), sums[1].add_product(w[1], x)];
            }
        }
        for (sums, out) in sums.into_iter().zip(out) {
            sums[0].store(out.as_mut_ptr());
            sums[1].store(out.as_mut_ptr().add(4));
        }
    }
}
