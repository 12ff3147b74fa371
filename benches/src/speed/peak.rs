//! The machine's peak: a large matrix product on all threads.

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
