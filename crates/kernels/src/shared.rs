//! A slice that several pieces of work write, each to a part of its own.

use std::marker::PhantomData;
use std::ops::Range;
use std::slice;

/// A borrowed slice behind a pointer that may be copied to other threads. It knows its length: a part outside of it panics.
pub(crate) struct SharedMut<'a, T> {
    start: *mut T,
    len: usize,
    borrow: PhantomData<&'a mut [T]>,
}

// SAFETY: whoever uses a part promises that nobody else does, which is what sending `&mut [T]` asks for.
unsafe impl<T: Send> Send for SharedMut<'_, T> {}
// SAFETY: as above.
unsafe impl<T: Send> Sync for SharedMut<'_, T> {}

impl<T> Clone for SharedMut<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for SharedMut<'_, T> {}

impl<'a, T> SharedMut<'a, T> {
    /// The whole of `slice`.
    pub(crate) fn new(slice: &'a mut [T]) -> Self {
        SharedMut { start: slice.as_mut_ptr(), len: slice.len(), borrow: PhantomData }
    }

    /// The first `len` places of new memory, which nobody has written yet.
    ///
    /// # Panics
    /// If there is no room for them.
    pub(crate) fn of_new(memory: &'a mut Vec<T>, len: usize) -> Self {
        assert!(memory.is_empty() && len <= memory.capacity(), "no room for {len} elements");
        SharedMut { start: memory.as_mut_ptr(), len, borrow: PhantomData }
    }

    /// Where this part begins.
    ///
    /// # Panics
    /// If it does not lie within the slice.
    #[inline]
    pub(crate) fn at(self, part: Range<usize>) -> *mut T {
        let Range { start, end } = part;
        assert!(start <= end && end <= self.len, "{start}..{end} of {} elements", self.len);
        // SAFETY: the offset lies within the slice.
        unsafe { self.start.add(start) }
    }

    /// This part.
    ///
    /// # Safety
    /// It is initialised, and nobody else uses it.
    ///
    /// # Panics
    /// If it does not lie within the slice.
    #[inline]
    pub(crate) unsafe fn part(self, part: Range<usize>) -> &'a mut [T] {
        let len = part.len();
        // SAFETY: the part lies within the slice, and the caller promises the rest.
        unsafe { slice::from_raw_parts_mut(self.at(part), len) }
    }

    /// The `i`-th chunk of `chunk_len` elements; the last one may be shorter.
    ///
    /// # Safety
    /// As for [`part`](Self::part).
    ///
    /// # Panics
    /// If there are fewer chunks.
    #[inline]
    pub(crate) unsafe fn chunk(self, i: usize, chunk_len: usize) -> &'a mut [T] {
        let start = i.checked_mul(chunk_len).expect("a chunk within the slice");
        let end = start.saturating_add(chunk_len).min(self.len);
        // SAFETY: the caller's promise.
        unsafe { self.part(start..end) }
    }
}

#[cfg(test)]
mod tests {
    use std::panic::catch_unwind;

    use super::*;

    #[test]
    fn parts_lie_within_the_slice() {
        let mut all = [0, 1, 2, 3, 4, 5, 6];
        let shared = SharedMut::new(&mut all);
        // SAFETY: one part is used at a time.
        unsafe {
            shared.part(2..4).fill(9);
            assert_eq!(shared.chunk(0, 3), [0, 1, 9]);
            assert_eq!(shared.chunk(2, 3), [6]);
            assert_eq!(shared.part(7..7), []);
        }
        let refused =
            |f: fn(SharedMut<'_, i32>)| catch_unwind(|| f(SharedMut::new(&mut [1, 2, 3]))).is_err();
        assert!(refused(|s| _ = s.at(2..4)));
        assert!(refused(|s| _ = s.at(4..4)));
        #[expect(clippy::reversed_empty_ranges, reason = "it is refused")]
        let reversed = refused(|s| _ = s.at(2..1));
        assert!(reversed);
        for chunk_len in [3, usize::MAX] {
            let chunk = || {
                let mut all = [1, 2, 3];
                // SAFETY: it panics before it gives a part.
                _ = unsafe { SharedMut::new(&mut all).chunk(2, chunk_len) };
            };
            assert!(catch_unwind(chunk).is_err());
        }
        assert!(catch_unwind(|| _ = SharedMut::<u8>::of_new(&mut Vec::new(), 1)).is_err());
    }
}
