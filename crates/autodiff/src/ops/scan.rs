//! Running sums.

use smallvec::smallvec;

use crate::kernels::scan;
use crate::shape;
use crate::{Ctx, Float, Grads, Op, Tensor};

/// The transpose of a running sum is one that runs the other way.
#[derive(Debug)]
struct CumSum {
    axis: usize,
    reverse: bool,
}

impl<F: Float> Op<F> for CumSum {
    fn name(&self) -> &'static str {
        "cumsum"
    }

    fn vjp(&self, _: &Ctx<'_, F>, g: Tensor<F>) -> Grads<F> {
        smallvec![Some(g.running_sum(self.axis, !self.reverse))]
    }
}

/// Running sums.
impl<F: Float> Tensor<F> {
    /// The sums of each element and those before it along an axis.
    ///
    /// # Panics
    /// If the axis is out of range.
    ///
    /// ```
    /// use seedbed_autodiff::Tensor;
    /// assert_eq!(Tensor::<f32>::ones(&[3]).cumsum(0).to_vec(), [1.0, 2.0, 3.0]);
    /// ```
    #[track_caller]
    pub fn cumsum(&self, axis: isize) -> Self {
        self.running_sum(shape::axis("cumsum", axis, self.ndim()), false)
    }

    #[track_caller]
    fn running_sum(&self, axis: usize, reverse: bool) -> Self {
        let [_, n, inner] = shape::around(self.shape(), axis);
        let value = Self::new(scan::cumsum(self.data(), n, inner, reverse), self.shape());
        Self::record(CumSum { axis, reverse }, &[self], value)
    }
}
