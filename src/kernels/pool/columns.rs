//! A matrix that several threads write, each its own columns.

use std::marker::PhantomData;
use std::ops::Range;

/// Some columns of a matrix, to be written by one thread.
///
/// Two of these over one matrix have disjoint columns: no value has two writers, although each row is shared.
pub struct Columns<'a, T> {
    /// The matrix, `(n_rows, n_columns)`.
    values: *mut T,
    n_rows: usize,
    n_columns: usize,
    range: Range<usize>,
    lifetime: PhantomData<&'a mut [T]>,
}

// SAFETY: like `&mut [T]`, it is the only way to its values while it lives.
unsafe impl<T: Send> Send for Columns<'_, T> {}

// SAFETY: a shared reference reads nothing; only the unsafe `part` makes another way to the values from it.
unsafe impl<T: Send> Sync for Columns<'_, T> {}

impl<'a, T> Columns<'a, T> {
    /// All columns of a matrix.
    ///
    /// # Shapes
    /// - `matrix`: `(n_rows, n_columns)`, in the order of its rows
    ///
    /// # Panics
    /// If `matrix` has another length.
    pub fn all(matrix: &'a mut [T], (n_rows, n_columns): (usize, usize)) -> Columns<'a, T> {
        assert_eq!(
            matrix.len(),
            n_rows * n_columns,
            "the matrix must be {n_rows} x {n_columns}"
        );
        Columns {
            values: matrix.as_mut_ptr(),
            n_rows,
            n_columns,
            range: 0..n_columns,
            lifetime: PhantomData,
        }
    }

    /// A part of these columns, by their numbers in the matrix.
    ///
    /// # Safety
    /// No two parts may overlap that are in use at the same time.
    ///
    /// # Panics
    /// If `range` is not within these columns.
    pub unsafe fn part(&self, range: Range<usize>) -> Columns<'_, T> {
        let own = &self.range;
        assert!(
            own.start <= range.start && range.start <= range.end && range.end <= own.end,
            "columns {range:?} of {own:?}"
        );
        Columns {
            range,
            lifetime: PhantomData,
            ..*self
        }
    }

    /// The numbers of these columns in the matrix.
    pub fn range(&self) -> Range<usize> {
        self.range.clone()
    }

    /// Some of these columns, by their numbers in the matrix, while these wait.
    ///
    /// # Panics
    /// If `range` is not within these columns.
    pub fn narrow(&mut self, range: Range<usize>) -> Columns<'_, T> {
        // SAFETY: the part borrows these columns alone, so that no other is in use.
        unsafe { self.part(range) }
    }

    /// These columns of one row.
    ///
    /// # Shapes
    /// - returns `(range.len(),)`
    ///
    /// # Panics
    /// If the matrix has no such row.
    #[inline]
    pub fn row(&mut self, row: usize) -> &mut [T] {
        assert!(row < self.n_rows, "row {row} of {}", self.n_rows);
        let start = row * self.n_columns + self.range.start;
        // SAFETY: the row is within the matrix, the columns are within the row, and nobody else has them.
        unsafe { std::slice::from_raw_parts_mut(self.values.add(start), self.range.len()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_part_writes_its_own_columns() {
        let mut matrix = [0; 8]; // (2, 4)
        let columns = Columns::all(&mut matrix, (2, 4));
        // SAFETY: the parts are disjoint.
        let (mut left, mut right) = unsafe { (columns.part(0..1), columns.part(1..4)) };
        left.row(1).fill(1);
        right.row(0).fill(2);
        right.narrow(2..3).row(1).fill(3);
        assert_eq!(matrix, [0, 2, 2, 2, 1, 0, 3, 0]);
    }

    #[test]
    #[should_panic(expected = "columns 1..3 of 0..2")]
    fn columns_of_others_are_refused() {
        let mut matrix = [0; 8];
        let columns = Columns::all(&mut matrix, (2, 4));
        // SAFETY: it is the only part.
        let mut left = unsafe { columns.part(0..2) };
        left.narrow(1..3);
    }

    #[test]
    #[should_panic(expected = "row 2 of 2")]
    fn rows_beyond_the_last_are_refused() {
        Columns::all(&mut [0; 8], (2, 4)).row(2);
    }

    #[test]
    fn a_matrix_may_be_empty() {
        assert!(Columns::all(&mut [0; 0], (1, 0)).row(0).is_empty());
        assert_eq!(Columns::all(&mut [0; 0], (0, 4)).range(), 0..4);
    }
}
