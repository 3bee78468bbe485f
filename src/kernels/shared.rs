//! A slice that several threads write, each its own part.

use std::marker::PhantomData;
use std::ops::Range;

use super::pool;

/// [`pool::split`] for the items of a slice: `job` is given where its part begins, and the part.
pub fn split_mut<T: Send>(items: &mut [T], grain: usize, job: &(dyn Fn(usize, &mut [T]) + Sync)) {
    let shared = Shared::new(items);
    pool::split(shared.len, grain, &|range| {
        // SAFETY: the pool's ranges are disjoint.
        job(range.start, unsafe { shared.part(range) });
    });
}

/// A slice whose parts are borrowed each for itself.
pub struct Shared<'a, T> {
    items: *mut T,
    len: usize,
    lifetime: PhantomData<&'a mut [T]>,
}

// SAFETY: items are reached by `part` alone, and its callers see to it that no two threads have the same.
unsafe impl<T: Send> Sync for Shared<'_, T> {}

impl<'a, T> Shared<'a, T> {
    pub fn new(items: &'a mut [T]) -> Shared<'a, T> {
        Shared {
            items: items.as_mut_ptr(),
            len: items.len(),
            lifetime: PhantomData,
        }
    }

    /// # Safety
    /// No part that overlaps this one may be in use while it is.
    #[allow(clippy::mut_from_ref)] // What the type is for.
    pub unsafe fn part(&self, range: Range<usize>) -> &mut [T] {
        assert!(
            range.start <= range.end && range.end <= self.len,
            "{range:?} of {}",
            self.len
        );
        // SAFETY: it lies within the slice, and the caller answers for the overlap.
        unsafe { std::slice::from_raw_parts_mut(self.items.add(range.start), range.len()) }
    }
}
