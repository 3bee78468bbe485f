//! Blocks of rows: the unit in which matrices are packed, multiplied and shared out to threads.

/// Rows of a matrix that a product reads side by side: two vectors of four 32-bit sums.
pub const BLOCK_ROWS: usize = 8;

/// Rows of activations that share one reading of a block: as many as have their sums in registers.
pub const TILE_ROWS: usize = 4;

/// The least a thread takes: some microseconds of reading.
const GRAIN_BYTES: usize = 1 << 16;

/// The least number of blocks that a thread takes.
///
/// `row_bytes`: the size of one row of the matrix.
pub fn blocks_per_thread(row_bytes: usize) -> usize {
    GRAIN_BYTES.div_ceil(BLOCK_ROWS * row_bytes)
}
