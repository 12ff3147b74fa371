//! Comparisons, which give tensors of zeros and ones, and the choice by such a mask.

use std::borrow::Cow;

use smallvec::smallvec;

use super::elementwise::{operand, zip};
use crate::kernels::pointwise;
use crate::{Ctx, Float, Grads, Op, Tensor, shape};

/// What an elementwise op takes beside the tensor it is called on: a tensor, a reference to one, or an
/// `f64`, which broadcasts.
pub trait Operand<F: Float> {
    /// The operand as a tensor.
    fn tensor(&self) -> Cow<'_, Tensor<F>>;
}

impl<F: Float> Operand<F> for Tensor<F> {
    fn tensor(&self) -> Cow<'_, Tensor<F>> {
        Cow::Borrowed(self)
    }
}

impl<F: Float> Operand<F> for &Tensor<F> {
    fn tensor(&self) -> Cow<'_, Tensor<F>> {
        Cow::Borrowed(self)
    }
}

impl<F: Float> Operand<F> for f64 {
    fn tensor(&self) -> Cow<'_, Tensor<F>> {
        Cow::Owned(Tensor::scalar(*self))
    }
}

macro_rules! comparisons {
    ($($(#[$meta:meta])* pub fn $name:ident;)*) => {
        /// Comparisons: 1 where they hold, 0 elsewhere, as a constant. Comparisons with NaN do not hold,
        /// except [`ne`](Self::ne).
        impl<F: Float> Tensor<F> { $(
            $(#[$meta])*
            ///
            /// # Panics
            /// If the shapes do not broadcast.
            #[must_use]
            #[track_caller]
            pub fn $name(&self, other: impl Operand<F>) -> Self {
                pointwise! { Row {} work 1, |a, b| [a.$name(b).number()]; }
                zip(Row {}, stringify!($name), self, &other.tensor())
            }
        )* }
    };
}

comparisons! {
    /// Where they are equal.
    pub fn eq;
    /// Where they differ.
    pub fn ne;
    /// Where this is less.
    pub fn lt;
    /// Where this is less or equal.
    pub fn le;
    /// Where this is greater.
    pub fn gt;
    /// Where this is greater or equal.
    pub fn ge;
}

pointwise! { Choice {} work 1, |mask, a, b| [mask.ne(0.0).select(a, b)]; }

impl<F: Float> Tensor<F> {
    /// Elements of `a` where this mask is not 0, of `b` where it is 0; all three broadcast. NumPy and PyTorch call it `where`.
    ///
    /// The gradient goes to the chosen elements alone; the mask has none.
    ///
    /// # Panics
    /// If the shapes do not broadcast.
    ///
    /// ```
    /// use seedbed_autodiff::Tensor;
    /// let x = Tensor::<f64>::new(vec![-1.0, 2.0], &[2]);
    /// assert_eq!(x.lt(0.0).select(0.5, &x).to_vec(), [0.5, 2.0]);
    /// ```
    #[doc(alias = "where")]
    #[must_use]
    #[track_caller]
    pub fn select(&self, a: impl Operand<F>, b: impl Operand<F>) -> Self {
        let (a, b) = (a.tensor(), b.tensor());
        let shape = shape::broadcast("select", a.shape(), b.shape());
        let shape = shape::broadcast("select", self.shape(), &shape);
        shape::room::<F>("select", &shape);
        let value =
            pointwise::broadcast(Choice {}, &shape, [operand(self), operand(&a), operand(&b)]);
        Self::record(Select, &[self, &a, &b], Tensor::new(value, &shape))
    }
}

#[derive(Debug)]
struct Select;

impl<F: Float> Op<F> for Select {
    fn name(&self) -> &'static str {
        "select"
    }

    fn vjp(&self, c: &Ctx<'_, F>, g: Tensor<F>) -> Grads<F> {
        let mask = c.x(0);
        smallvec![
            None,
            c.needs(1).then(|| mask.select(&g, 0.0).sum_to(c.x(1).shape())),
            c.needs(2).then(|| mask.select(0.0, &g).sum_to(c.x(2).shape())),
        ]
    }
}
