//! The threads that the kernels share their work with, and the ways to share it.

pub mod shared;
pub mod threads;

use std::ops::Range;

use shared::Shared;
use threads::Pool;

/// The pool of this engine.
pub static POOL: Pool = Pool::new();

/// [`Pool::split`] on the engine's own pool.
///
/// # Panics
/// If a helper has panicked.
pub fn split(n_items: usize, grain: usize, job: &(dyn Fn(Range<usize>) + Sync)) {
    POOL.split(n_items, grain, job);
}

/// [`split`] for the items of a slice: `job` takes where its part begins, and the part.
///
/// # Panics
/// If a helper has panicked.
pub fn split_mut<T: Send>(items: &mut [T], grain: usize, job: &(dyn Fn(usize, &mut [T]) + Sync)) {
    let n_items = items.len();
    let shared = Shared::new(items);
    split(n_items, grain, &|range| {
        // SAFETY: the pool's ranges are disjoint.
        job(range.start, unsafe { shared.part(range) });
    });
}
