//! The machine's peak: a large matrix product on all threads.

use super::Work;

/// Rows and columns of the product: large enough that packing and borders no longer show.
const SIDE: usize = 1024;

/// Floating-point operations of [`work`].
pub(crate) const FLOPS: f64 = 2.0 * (SIDE * SIDE * SIDE) as f64;

/// The product.
pub(crate) fn work() -> Work {
    super::matrixmultiply::product(SIDE)
}
