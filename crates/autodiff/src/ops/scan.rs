//! Running sums and products.

use smallvec::smallvec;

use crate::kernels::scan;
use crate::shape;
use crate::{Ctx, Float, Fused, FusedCtx, Grads, Op, Tensor};

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

/// The running product over the middle of three axes.
#[derive(Debug)]
struct CumProd;

impl<F: Float> Fused<F, 1> for CumProd {
    type Saved = ();

    fn name(&self) -> &'static str {
        "cumprod"
    }

    /// Products of ever longer ranges (Hillis and Steele 1986): differentiable to any order where factors are zero.
    fn reference(&self, [x]: [&Tensor<F>; 1]) -> Tensor<F> {
        let mut y = x.clone();
        let n = x.shape()[1] as isize;
        let mut range = 1;
        while range < n {
            let longer = y.slice(1, range..) * y.slice(1, ..n - range);
            y = Tensor::concat(&[y.slice(1, ..range), longer], 1);
            range *= 2;
        }
        y
    }

    fn forward(&self, [x]: [&Tensor<F>; 1]) -> (Tensor<F>, ()) {
        let &[_, n, inner] = x.shape() else { unreachable!("three axes") };
        (Tensor::new(scan::cumprod(x.data(), n, inner), x.shape()), ())
    }

    fn vjp(&self, c: &FusedCtx<'_, F, (), 1>, g: Tensor<F>) -> [Option<Tensor<F>>; 1] {
        let &[_, n, inner] = c.x(0).shape() else { unreachable!("three axes") };
        let gx = scan::cumprod_backward(c.x(0).data(), g.data(), n, inner);
        [Some(Tensor::new(gx, c.x(0).shape()))]
    }
}

/// Running sums and products.
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

    /// The products of each element and those before it along an axis. The gradient is right also where factors are zero.
    ///
    /// # Panics
    /// If the axis is out of range.
    ///
    /// ```
    /// use seedbed_autodiff::{Tensor, grad};
    /// let x = Tensor::<f32>::new(vec![2.0, 0.0, 4.0], &[3]);
    /// assert_eq!(x.cumprod(0).to_vec(), [2.0, 0.0, 0.0]);
    /// assert_eq!(grad(&x, |x| x.cumprod(0).sum(..)).to_vec(), [1.0, 10.0, 0.0]);
    /// ```
    #[track_caller]
    pub fn cumprod(&self, axis: isize) -> Self {
        let axis = shape::axis("cumprod", axis, self.ndim());
        let x = self.reshape(&shape::around(self.shape(), axis));
        Self::fused(CumProd, [&x]).reshape(self.shape())
    }

    #[track_caller]
    fn running_sum(&self, axis: usize, reverse: bool) -> Self {
        let [_, n, inner] = shape::around(self.shape(), axis);
        let value = Self::new(scan::cumsum(self.data(), n, inner, reverse), self.shape());
        Self::record(CumSum { axis, reverse }, &[self], value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Rng, check_fused};

    #[test]
    fn fast_equals_reference() {
        for (n, zeros) in [(0, &[][..]), (1, &[0]), (2, &[]), (7, &[2]), (9, &[0, 5, 6]), (20, &[])]
        {
            let mut data = Tensor::<f64>::uniform(&[2, n, 3], 0.5, 1.5, &mut Rng::new(4)).to_vec();
            zeros.iter().for_each(|&i| data[i * 3] = 0.0);
            let x = Tensor::new(data, &[2, n, 3]);
            check_fused(|| CumProd, [&x], 1e-13);
            check_fused(|| CumProd, [&x.cast::<f32>()], 2e-5);
        }
    }
}
