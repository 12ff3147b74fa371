//! Orders. Values are gathered at the places found, and have its derivative.

use super::reduce_fold::indices;
use crate::kernels::sort;
use crate::shape::{self, Dims};
use crate::{Float, Indices, Tensor};

/// Orders. NaN counts as larger than everything else.
impl<F: Float> Tensor<F> {
    /// The elements along an axis in ascending order, and where they came from. Equal elements stay in their order; NaN come last.
    ///
    /// # Panics
    /// If the axis is out of range.
    ///
    /// ```
    /// use seedbed_autodiff::Tensor;
    /// let (values, at) = Tensor::<f32>::new(vec![3.0, 1.0, 2.0], &[3]).sort(0);
    /// assert_eq!(values.to_vec(), [1.0, 2.0, 3.0]);
    /// assert_eq!(at.as_slice(), Some(&[1, 2, 0][..]));
    /// ```
    #[track_caller]
    pub fn sort(&self, axis: isize) -> (Self, Indices) {
        let axis = shape::axis("sort", axis, self.ndim());
        let at = self.places(axis);
        (self.gathered(axis, &at, false), at)
    }

    /// Where the elements along an axis stand in ascending order: `x.gather(axis, &x.argsort(axis))` is sorted.
    ///
    /// # Panics
    /// If the axis is out of range.
    ///
    /// ```
    /// use seedbed_autodiff::Tensor;
    /// let x = Tensor::<f32>::new(vec![3.0, 1.0, 2.0], &[3]);
    /// assert_eq!(x.argsort(0).as_slice(), Some(&[1, 2, 0][..]));
    /// ```
    #[track_caller]
    pub fn argsort(&self, axis: isize) -> Indices {
        self.places(shape::axis("argsort", axis, self.ndim()))
    }

    /// The `k` largest elements along an axis, the largest first, and where they came from. Of equal elements the first are taken.
    ///
    /// # Panics
    /// If the axis is out of range or shorter than `k`.
    ///
    /// ```
    /// use seedbed_autodiff::Tensor;
    /// let (values, at) = Tensor::<f32>::new(vec![3.0, 1.0, 5.0], &[3]).topk(0, 2);
    /// assert_eq!(values.to_vec(), [5.0, 3.0]);
    /// assert_eq!(at.as_slice(), Some(&[2, 0][..]));
    /// ```
    #[track_caller]
    pub fn topk(&self, axis: isize, k: usize) -> (Self, Indices) {
        let axis = shape::axis("topk", axis, self.ndim());
        let [_, n, inner] = shape::around(self.shape(), axis);
        assert!(k <= n, "topk: k = {k} is more than axis {axis} of shape {:?} has", self.shape());
        let mut shape = Dims::from_slice(self.shape());
        shape[axis] = k;
        let at = indices(sort::top(self.data(), k, n, inner), &shape);
        (self.gathered(axis, &at, false), at)
    }

    fn places(&self, axis: usize) -> Indices {
        let [_, n, inner] = shape::around(self.shape(), axis);
        indices(sort::argsort(self.data(), n, inner), self.shape())
    }
}
