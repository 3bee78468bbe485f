//! A slice that several threads write, each its own part.

use std::marker::PhantomData;
use std::ops::Range;

/// A slice whose parts are borrowed each for itself.
pub struct Shared<'a, T> {
    items: *mut T,
    len: usize,
    lifetime: PhantomData<&'a mut [T]>,
}

// SAFETY: items are reached by `part` alone, and its callers see to it that no two threads have the same.
unsafe impl<T: Send> Sync for Shared<'_, T> {}

impl<'a, T> Shared<'a, T> {
    /// Takes the slice for as long as its parts are in use.
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
