//! The threads that the kernels share their work with, and the ways to share it.
//!
//! Every way is a loop over disjoint ranges: a kernel writes what belongs to its range and reads the rest, so that the
//! result has the same bits for any number of threads. The unsafe code that lets threads write into one slice is here
//! and in [`columns`]; kernels need none.

pub mod columns;
pub mod threads;

use std::ops::Range;

use columns::Columns;
use threads::Pool;

/// The pool of this engine.
pub static POOL: Pool = Pool::new();

/// Calls `job` for disjoint ranges that together are `0..n_items`; see [`Pool::split`].
///
/// `grain`: ranges start at multiples of it; that many items should be worth a microsecond at least.
///
/// # Panics
/// If a helper has panicked.
pub fn split(n_items: usize, grain: usize, job: &(dyn Fn(Range<usize>) + Sync)) {
    POOL.split(n_items, grain, job);
}

/// [`split`] for the columns of a matrix: `job` takes its columns of every row.
///
/// # Shapes
/// - `matrix`: `(n_rows, n_columns)`
///
/// # Panics
/// If `matrix` has another length, or a helper has panicked.
pub fn split_columns<T: Send>(
    matrix: &mut [T],
    (n_rows, n_columns): (usize, usize),
    grain: usize,
    job: &(dyn Fn(Columns<T>) + Sync),
) {
    let matrix = Columns::all(matrix, (n_rows, n_columns));
    split(n_columns, grain, &|range| {
        // SAFETY: the pool's ranges are disjoint, and nothing is written but through their parts.
        job(unsafe { matrix.part(range) });
    });
}

/// [`split`] for the items of a slice: `job` takes the index of its first item, and its items.
///
/// # Panics
/// If a helper has panicked.
pub fn split_mut<T: Send>(items: &mut [T], grain: usize, job: &(dyn Fn(usize, &mut [T]) + Sync)) {
    let n_items = items.len();
    split_columns(items, (1, n_items), grain, &|mut items| {
        let start = items.range().start;
        job(start, items.row(0));
    });
}

/// A job that computes rows of a matrix and one item beside each: the number of its first row, its rows and their items.
pub type RowsJob<'a, A, B> = &'a (dyn Fn(usize, &mut [A], &mut [B]) + Sync);

/// [`split`] for the rows of a matrix and one item beside each.
///
/// # Shapes
/// - `matrix`: `(n_rows, n_columns)`
/// - `items`: `(n_rows,)`
///
/// # Panics
/// If `matrix` is not as many whole rows as there are `items`, or a helper has panicked.
pub fn split_rows<A: Send, B: Send>(
    matrix: &mut [A],
    n_columns: usize,
    items: &mut [B],
    grain: usize,
    job: RowsJob<A, B>,
) {
    let n_rows = items.len();
    assert_eq!(
        matrix.len(),
        n_rows * n_columns,
        "the matrix must be {n_rows} x {n_columns}"
    );
    let (n_values, items) = (matrix.len(), Columns::all(items, (1, n_rows)));
    let matrix = Columns::all(matrix, (1, n_values));
    split(n_rows, grain, &|rows| {
        let values = rows.start * n_columns..rows.end * n_columns;
        // SAFETY: the pool's ranges are disjoint, and nothing is written but through their parts.
        let (mut matrix, mut items) = unsafe { (matrix.part(values), items.part(rows.clone())) };
        job(rows.start, matrix.row(0), items.row(0));
    });
}
