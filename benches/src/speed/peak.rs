//! The machine's peaks: a large matrix product on all threads, and memory that all of them read.

use std::hint::black_box;

use rayon::prelude::*;

use super::Work;
use super::work::dense;

/// Rows and columns of the product: large enough that packing and borders no longer show.
const SIDE: usize = 1024;

/// Floating-point operations of [`work`].
pub(crate) const FLOPS: f64 = dense::product_flops(SIDE);

/// The product.
pub(crate) fn work() -> Work {
    dense::product(SIDE)
}

/// Bytes that [`memory`] reads: far more than caches hold.
pub(crate) const BYTES: f64 = (WORDS * 8) as f64;
const WORDS: usize = 1 << 25;

/// Adds up words of memory, each thread its own.
pub(crate) fn memory() -> Work {
    let words: Vec<u64> = (0..WORDS as u64).collect();
    Box::new(move || {
        let sum = |part: &[u64]| part.iter().fold(0_u64, |sum, &word| sum.wrapping_add(word));
        let sums: Vec<u64> = words.par_chunks(WORDS / 64).map(sum).collect();
        black_box(sums);
    })
}
