//! DeferredProducts that wait for others of their kind.
//!
//! A weight W that is used at every step of a long sequence has the gradient Σₜ xₜᵀ · gₜ. One step's product passes over the whole of W's gradient for
//! a row or a few of xₜ and gₜ: it is bound by memory. So the rows are collected, and one product is made of many.

use crate::fused::gemm_onto;
use crate::kernels::gemm::Mat;
use crate::{Float, Tensor};

/// Rows of a product that may wait; with more, a product of its own is nearly as fast.
pub(crate) const FEW: usize = 16;
/// Rows that wait together at most: what is collected stays in cache.
const MANY: usize = 128;

/// Rows of A and B, whose product Aᵀ · B is wanted.
pub(crate) struct DeferredProducts<F> {
    a: Vec<F>,
    b: Vec<F>,
    /// The lengths of the rows.
    dims: [usize; 2],
}

impl<F: Float> DeferredProducts<F> {
    pub(crate) fn new(dims: [usize; 2]) -> Self {
        Self { a: Vec::new(), b: Vec::new(), dims }
    }

    /// Adds rows.
    pub(crate) fn push(&mut self, [a, b]: [&[F]; 2]) {
        let [k, n] = self.dims;
        debug_assert_eq!(a.len() / k, b.len() / n, "as many rows of both");
        self.a.extend_from_slice(a);
        self.b.extend_from_slice(b);
    }

    fn rows(&self) -> usize {
        self.a.len() / self.dims[0]
    }

    /// Whether it is time for the product.
    pub(crate) fn are_many(&self) -> bool {
        self.rows() >= MANY
    }

    /// The product, added to a sum.
    pub(crate) fn onto(self, sum: Option<Tensor<F>>) -> Tensor<F> {
        let [k, n] = self.dims;
        let (a, b) = (Mat::new(&self.a, k).t(), Mat::new(&self.b, n));
        let product = |sum| gemm_onto([k, n, self.rows()], a, b, sum);
        match sum {
            Some(sum) if sum.is_recorded() => sum + product(None),
            sum => product(sum),
        }
    }
}
