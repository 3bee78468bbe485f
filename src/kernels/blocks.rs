//! Blocks of rows: the unit in which matrices are packed, multiplied and shared out to threads.
//!
//! A product reads [`BLOCK_ROWS`] rows of weights side by side, so that one value of `x`, once it is in a register, meets
//! all of them; and it takes [`TILE_ROWS`] rows of `x` at a time, so that one reading of the block serves all of these. A
//! block is read from memory once and stays in the nearest cache for every tile.

use std::ops::Range;

/// Rows of a matrix that a product reads side by side: two vectors of four 32-bit sums.
pub const BLOCK_ROWS: usize = 8;

/// Rows of activations that share one reading of a block: as many as have their sums in registers.
pub const TILE_ROWS: usize = 4;

/// The least that a thread takes: some microseconds of reading.
const GRAIN_BYTES: usize = 1 << 16;

/// The least number of rows that a thread takes, whole blocks.
///
/// `row_bytes`: the size of one row.
pub fn rows_per_thread(row_bytes: usize) -> usize {
    GRAIN_BYTES.div_ceil(BLOCK_ROWS * row_bytes) * BLOCK_ROWS
}

/// The blocks that hold `rows`, each with its own rows, of which the matrix's last block may have fewer.
///
/// # Panics
/// If `rows` starts within a block.
pub fn blocks(rows: Range<usize>) -> impl Iterator<Item = (usize, Range<usize>)> {
    assert!(
        rows.start.is_multiple_of(BLOCK_ROWS),
        "row {} must begin a block",
        rows.start
    );
    let end = rows.end;
    rows.step_by(BLOCK_ROWS)
        .map(move |first| (first / BLOCK_ROWS, first..end.min(first + BLOCK_ROWS)))
}

/// The bias of a block's rows, zero where there is none.
///
/// # Shapes
/// - `bias`: `(n_out,)`
pub fn block_bias(bias: Option<&[f32]>, rows: &Range<usize>) -> [f32; BLOCK_ROWS] {
    let mut block = [0.0; BLOCK_ROWS];
    if let Some(bias) = bias {
        block[..rows.len()].copy_from_slice(&bias[rows.clone()]);
    }
    block
}

/// Writes a block's results; a matrix's last block may have fewer.
///
/// # Shapes
/// - `out`: `(n_rows,)`, `n_rows <= BLOCK_ROWS`, overwritten
#[inline(always)]
pub fn write_block(out: &mut [f32], results: &[f32; BLOCK_ROWS]) {
    // A copy of fixed length is two stores, one of any length is a call.
    match out.as_mut_array() {
        Some(whole) => *whole = *results,
        None => out.copy_from_slice(&results[..out.len()]),
    }
}
