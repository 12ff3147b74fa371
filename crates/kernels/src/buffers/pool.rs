//! Small slices that were given back, kept for those who ask next.

use std::cell::RefCell;
use std::thread::LocalKey;

use crate::Float;
use crate::float::ByElement;

/// Sizes are multiples of so many bytes …
const STEP: usize = 64;
/// … up to this many.
const LARGEST: usize = 4096;
/// The bytes that a thread keeps at most.
const MOST: usize = 1 << 20;

/// What a thread keeps.
pub(super) struct Pool<F> {
    /// By size.
    sizes: [Size<F>; LARGEST / STEP],
    bytes: usize,
}

/// Slices of one size.
struct Size<F> {
    kept: Vec<Vec<F>>,
    /// How many more were taken than given. No more are kept: slices that come from elsewhere would heap up where more of them are dropped than
    /// are asked for.
    lent: usize,
}

impl<F> Pool<F> {
    const fn new() -> Self {
        Self { sizes: [const { Size { kept: Vec::new(), lent: 0 } }; LARGEST / STEP], bytes: 0 }
    }
}

thread_local! {
    static SINGLE: RefCell<Pool<f32>> = const { RefCell::new(Pool::new()) };
    static DOUBLE: RefCell<Pool<f64>> = const { RefCell::new(Pool::new()) };
}

/// A pool for each element type.
struct Pools;

impl ByElement for Pools {
    type Of<F: Float> = &'static LocalKey<RefCell<Pool<F>>>;
}

fn pool<F: Float>() -> &'static LocalKey<RefCell<Pool<F>>> {
    F::pick::<Pools>(&SINGLE, &DOUBLE)
}

/// An empty vector with room for `len` elements, if they are few.
#[inline]
pub(super) fn take<F: Float>(len: usize) -> Option<Vec<F>> {
    if len == 0 || len > LARGEST / size_of::<F>() {
        return None;
    }
    let class = (len * size_of::<F>()).div_ceil(STEP) - 1;
    let bytes = (class + 1) * STEP;
    let kept = pool::<F>().try_with(|pool| {
        let pool = &mut *pool.borrow_mut();
        let size = &mut pool.sizes[class];
        size.lent += 1;
        let kept = size.kept.pop()?;
        pool.bytes -= bytes;
        Some(kept)
    });
    // A thread that ends has no pool any more.
    Some(kept.ok().flatten().unwrap_or_else(|| Vec::with_capacity(bytes / size_of::<F>())))
}

/// Keeps the memory of a vector, if it is of one of the sizes and there is room.
#[inline]
pub(super) fn give<F: Float>(mut slice: Vec<F>) {
    let bytes = slice.capacity() * size_of::<F>();
    if bytes == 0 || bytes > LARGEST || !bytes.is_multiple_of(STEP) {
        return;
    }
    slice.clear();
    // A thread that ends has no pool any more: the vector is dropped.
    let _ = pool::<F>().try_with(|pool| {
        let pool = &mut *pool.borrow_mut();
        let size = &mut pool.sizes[bytes / STEP - 1];
        if size.lent > 0 && pool.bytes + bytes <= MOST {
            size.lent -= 1;
            pool.bytes += bytes;
            size.kept.push(slice);
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many slices of this size the thread keeps.
    fn kept(len: usize) -> usize {
        SINGLE.with_borrow(|pool| pool.sizes[(4 * len).div_ceil(STEP) - 1].kept.len())
    }

    #[test]
    fn what_was_taken_is_kept_when_it_comes_back_and_nothing_else_is() {
        std::thread::spawn(|| {
            let slice = take::<f32>(20).unwrap();
            assert!(slice.is_empty() && slice.capacity() == 32);
            assert_eq!(kept(20), 0);
            give(slice);
            assert_eq!(kept(20), 1);
            // One of the same size from elsewhere.
            give(vec![1.0_f32; 32]);
            assert_eq!(kept(20), 1);
            // Any size of the same class may have it.
            assert_eq!(take::<f32>(32).unwrap().capacity(), 32);
            assert_eq!(kept(20), 0);
        })
        .join()
        .unwrap();
    }

    #[test]
    fn large_and_empty_slices_are_not_its_business() {
        assert!(take::<f64>(0).is_none() && take::<f64>(LARGEST / 8 + 1).is_none());
        give(Vec::<f64>::new());
        give(vec![0.0_f64; LARGEST]);
    }

    #[test]
    fn a_thread_keeps_no_more_than_its_share() {
        std::thread::spawn(|| {
            let many: Vec<_> = (0..600).map(|_| take::<f64>(LARGEST / 8).unwrap()).collect();
            many.into_iter().for_each(give);
            assert_eq!(DOUBLE.with_borrow(|pool| pool.bytes), MOST);
        })
        .join()
        .unwrap();
    }
}
