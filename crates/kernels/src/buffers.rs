//! Memory for large slices.
//!
//! A training step makes and drops large slices, of the same sizes over and over. The GNU C library at first gives such memory back to the operating
//! system, which has to map and clear it again page by page: for 2 MB that takes several times as long as a sum of two such
//! slices. Whoever makes a large slice asks for it here, so that the library keeps the memory of the process.

use std::hint::black_box;
use std::mem::MaybeUninit;
use std::sync::Once;

use crate::{Float, par};

mod pool;

/// Elements that a task fills.
const CHUNK: usize = 1 << 14;
/// Slices of fewer bytes never leave the process.
const LARGE: usize = 1 << 16;
/// The library learns from what is given back: that slices of up to this many bytes come and go, so that they belong on the heap; and that
/// the heap may have twice as much unused. It believes no more than 32 MiB.
const LESSON: usize = 31 << 20;

/// An empty vector with room for `len` elements.
pub fn reserve<F: Float>(len: usize) -> Vec<F> {
    keep_memory::<F>(len);
    pool::take(len).unwrap_or_else(|| Vec::with_capacity(len))
}

/// Takes a vector that is no longer needed: the memory of a small one is kept for this thread's next.
///
/// ```
/// use seedbed_kernels::buffers;
/// let x = buffers::reserve::<f32>(16);
/// let memory = x.as_ptr();
/// buffers::give_back(x);
/// assert_eq!(buffers::reserve::<f32>(16).as_ptr(), memory);
/// ```
#[inline]
pub fn give_back<F: Float>(slice: Vec<F>) {
    pool::give(slice);
}

/// `len` elements `x`.
pub fn filled<F: Copy + Send + Sync>(len: usize, x: F) -> Vec<F> {
    keep_memory::<F>(len);
    if !par::should_parallelize(len) {
        return vec![x; len];
    }
    let mut out = Vec::with_capacity(len);
    par::chunks_mut(&mut out.spare_capacity_mut()[..len], CHUNK, len, |_, chunk| {
        chunk.fill(MaybeUninit::new(x));
    });
    // SAFETY: every element was written.
    unsafe { out.set_len(len) };
    out
}

/// `len` zeros.
pub fn zeros<F: Float>(len: usize) -> Vec<F> {
    filled(len, F::zero())
}

/// Has the C library keep memory once the first large slice is asked for. Elsewhere it does nothing that lasts.
#[inline]
fn keep_memory<F>(len: usize) {
    static ONCE: Once = Once::new();
    if len >= LARGE / size_of::<F>() {
        // None of it is touched, so that the operating system gives nothing either.
        ONCE.call_once(|| drop(black_box(Vec::<u8>::with_capacity(LESSON))));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slices_have_what_was_asked_for() {
        for n in [0, 1, 3 * LARGE + 1] {
            assert!(reserve::<f64>(n).is_empty() && reserve::<f64>(n).capacity() >= n);
            assert_eq!(zeros::<f32>(n), vec![0.0; n]);
            assert_eq!(filled(n, 2.5), vec![2.5; n]);
        }
    }
}
