//! Provisional: the least that the transforms need.

use smallvec::smallvec;

use crate::shape::{self, Axes};
use crate::{Ctx, Float, Grads, Op, Tensor};

fn zip<F: Float>(
    a: &Tensor<F>,
    b: &Tensor<F>,
    shape: &[usize],
    f: impl Fn(F, F) -> F,
) -> Tensor<F> {
    let (sa, sb) =
        (shape::broadcast_strides(a.shape(), shape), shape::broadcast_strides(b.shape(), shape));
    let data = (0..shape::len(shape))
        .map(|mut i| {
            let (mut ia, mut ib) = (0, 0);
            for d in (0..shape.len()).rev() {
                let j = i % shape[d];
                i /= shape[d];
                ia += j * sa[d];
                ib += j * sb[d];
            }
            f(a.data()[ia], b.data()[ib])
        })
        .collect();
    Tensor::new(data, shape)
}

#[derive(Debug)]
struct SumTo;
impl<F: Float> Op<F> for SumTo {
    fn name(&self) -> &'static str {
        "sum_to"
    }
    fn vjp(&self, c: &Ctx<'_, F>, g: Tensor<F>) -> Grads<F> {
        smallvec![Some(g.broadcast_to(c.x(0).shape()))]
    }
}
#[derive(Debug)]
struct BroadcastTo;
impl<F: Float> Op<F> for BroadcastTo {
    fn name(&self) -> &'static str {
        "broadcast_to"
    }
    fn vjp(&self, c: &Ctx<'_, F>, g: Tensor<F>) -> Grads<F> {
        smallvec![Some(g.sum_to(c.x(0).shape()))]
    }
}

impl<F: Float> Tensor<F> {
    /// Sum over axes.
    #[track_caller]
    pub fn sum(&self, axes: impl Axes) -> Self {
        let axes = axes.resolve("sum", self.ndim());
        assert!(axes.len() == self.ndim(), "provisional: all axes");
        self.sum_to(&[])
    }
    /// The transpose of `broadcast_to`.
    #[track_caller]
    pub fn sum_to(&self, shape: &[usize]) -> Self {
        if self.shape() == shape {
            return self.clone();
        }
        assert!(
            shape::broadcasts_to(shape, self.shape()),
            "sum_to: {:?} to {shape:?}",
            self.shape()
        );
        let st = shape::broadcast_strides(shape, self.shape());
        let mut out = vec![F::zero(); shape::len(shape)];
        for (i, &x) in self.data().iter().enumerate() {
            let (mut i, mut j) = (i, 0);
            for d in (0..self.ndim()).rev() {
                j += i % self.shape()[d] * st[d];
                i /= self.shape()[d];
            }
            out[j] += x;
        }
        Self::record(SumTo, &[self], Self::new(out, shape))
    }
    /// Repeats along axes of size 1.
    #[track_caller]
    pub fn broadcast_to(&self, shape: &[usize]) -> Self {
        if self.shape() == shape {
            return self.clone();
        }
        let value = zip(self, &Self::zeros(&[]), shape, |a, _| a);
        Self::record(BroadcastTo, &[self], value)
    }
}
