//! Kernels with a specification.

use std::any::type_name;
use std::fmt::Debug;
use std::marker::PhantomData;

use crate::graph::{Ctx, Grads, Op};
use crate::levels::{self, no_grad};
use crate::tape::Tape;
use crate::{Float, Tensor};

/// A kernel with its specification.
///
/// [`reference`](Self::reference) says what the op is, in tensor ops; [`forward`](Self::forward) and [`vjp`](Self::vjp) are the
/// fast path, which [`check_fused`](crate::check_fused) holds against it. Derivatives of the derivative go through
/// the reference, so a fused op is differentiable to any order.
///
/// ```
/// use seedbed_autodiff::{Float, Fused, FusedCtx, Tensor};
///
/// /// `x²`, in one pass.
/// #[derive(Debug)]
/// struct Square;
///
/// impl<F: Float> Fused<F, 1> for Square {
///     type Saved = ();
///     fn name(&self) -> &'static str {
///         "square"
///     }
///     fn reference(&self, [x]: [&Tensor<F>; 1]) -> Tensor<F> {
///         x * x
///     }
///     fn forward(&self, [x]: [&Tensor<F>; 1]) -> (Tensor<F>, ()) {
///         (Tensor::new(x.data().iter().map(|&x| x * x).collect(), x.shape()), ())
///     }
///     fn vjp(&self, c: &FusedCtx<'_, F, (), 1>, g: Tensor<F>) -> [Option<Tensor<F>>; 1] {
///         [Some(c.x(0) * g * 2.0)]
///     }
/// }
///
/// let x = Tensor::<f64>::scalar(3.0);
/// assert_eq!(seedbed_autodiff::grad(&x, |x| Tensor::fused(Square, [x])).item(), 6.0);
/// ```
pub trait Fused<F: Float, const N: usize>: Debug + Send + Sync + 'static {
    /// What the forward pass keeps for the gradient; `()` if nothing.
    type Saved: Send + Sync + 'static;

    /// The op's name in messages.
    fn name(&self) -> &'static str;

    /// The specification, in tensor ops.
    fn reference(&self, x: [&Tensor<F>; N]) -> Tensor<F>;

    /// The value. Nothing is recorded here, so tensor ops are plain arithmetic.
    fn forward(&self, x: [&Tensor<F>; N]) -> (Tensor<F>, Self::Saved);

    /// The gradients of the inputs, given that of the output. Only called when nobody differentiates
    /// it again.
    fn vjp(&self, c: &FusedCtx<'_, F, Self::Saved, N>, g: Tensor<F>) -> [Option<Tensor<F>>; N];
}

/// What the gradient of a [`Fused`] op sees.
pub struct FusedCtx<'a, F: Float, S, const N: usize> {
    ctx: &'a Ctx<'a, F>,
    saved: &'a S,
}

impl<F: Float, S, const N: usize> FusedCtx<'_, F, S, N> {
    /// The `i`-th input.
    pub fn x(&self, i: usize) -> &Tensor<F> {
        self.ctx.x(i)
    }

    /// The output.
    pub fn y(&self) -> &Tensor<F> {
        self.ctx.y()
    }

    /// What the forward pass kept.
    pub fn saved(&self) -> &S {
        self.saved
    }

    /// Whether the `i`-th input wants a gradient.
    pub fn needs(&self, i: usize) -> bool {
        self.ctx.needs(i)
    }

    /// What has been accumulated by now of the gradient of the `i`-th input, to be added to in place: see [`Ctx::accumulated`].
    pub fn accumulated(&self, i: usize) -> Option<Tensor<F>> {
        self.ctx.accumulated(i)
    }

    /// Adds the product Aᵀ · B to the gradient of the `i`-th input, together with others of its kind: see [`Ctx::add_product`].
    pub fn add_product(&self, i: usize, rows: [&[F]; 2]) -> bool {
        self.ctx.add_product(i, rows)
    }

    /// [`accumulated`](Self::accumulated), or zeros where there is nothing to add to: either way a gradient of the `i`-th input that may be
    /// changed in place.
    pub fn gradient(&self, i: usize) -> Tensor<F> {
        self.accumulated(i).unwrap_or_else(|| Tensor::zeros(self.x(i).shape()))
    }
}

struct FusedOp<F, T, S, const N: usize> {
    op: T,
    saved: S,
    element: PhantomData<fn() -> F>,
}

impl<F, T: Debug, S, const N: usize> Debug for FusedOp<F, T, S, N> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?} over {}", self.op, type_name::<F>())
    }
}

impl<F: Float, T: Fused<F, N>, const N: usize> Op<F> for FusedOp<F, T, T::Saved, N> {
    fn name(&self) -> &'static str {
        self.op.name()
    }

    fn vjp(&self, c: &Ctx<'_, F>, g: Tensor<F>) -> Grads<F> {
        if c.recording() {
            // Somebody will differentiate this derivative: go through the specification. Every
            // argument is lifted afresh, because one tensor may be passed twice.
            let (y, tape) =
                Tape::record(c.inputs(), |x| self.op.reference(std::array::from_fn(|i| &x[i])));
            return tape.gradients(y, g).into();
        }
        let c = FusedCtx { ctx: c, saved: &self.saved };
        no_grad(|| self.op.vjp(&c, g)).into_iter().collect()
    }
}

impl<F: Float> Tensor<F> {
    /// Applies a [`Fused`] op.
    ///
    /// # Panics
    /// In debug builds, if the op itself holds a variable of an open transform: what an op depends on has to be among its inputs.
    #[track_caller]
    pub fn fused<T: Fused<F, N>, const N: usize>(op: T, x: [&Self; N]) -> Self {
        let (y, saved) = if cfg!(debug_assertions) {
            // A variable that the op holds itself would lose its gradient.
            let constants = x.map(|x| x.part(0, x.shape()));
            let _guard = levels::no_captures_guard(op.name());
            op.forward(constants.each_ref())
        } else {
            let _no_grad = levels::no_grad_guard();
            op.forward(x)
        };
        Self::record(FusedOp { op, saved, element: PhantomData }, &x, y)
    }

    /// Applies a [`Fused`] op whose output is several tensors one after the other, as one of rank 1, and cuts it into tensors of these shapes.
    /// Nothing is copied.
    ///
    /// # Panics
    /// If the output has another number of elements than the shapes together.
    ///
    /// ```
    /// use seedbed_autodiff::{Float, Fused, FusedCtx, Tensor};
    ///
    /// /// (x, 2x).
    /// #[derive(Debug)]
    /// struct OnceAndTwice;
    ///
    /// impl<F: Float> Fused<F, 1> for OnceAndTwice {
    ///     type Saved = ();
    ///     fn name(&self) -> &'static str {
    ///         "once_and_twice"
    ///     }
    ///     fn reference(&self, [x]: [&Tensor<F>; 1]) -> Tensor<F> {
    ///         Tensor::concat(&[x.flatten(), (2.0 * x).flatten()], 0)
    ///     }
    ///     fn forward(&self, x: [&Tensor<F>; 1]) -> (Tensor<F>, ()) {
    ///         (self.reference(x), ())
    ///     }
    ///     fn vjp(&self, c: &FusedCtx<'_, F, (), 1>, g: Tensor<F>) -> [Option<Tensor<F>>; 1] {
    ///         let parts = g.chunk(0, 2);
    ///         [Some((&parts[0] + 2.0 * &parts[1]).reshape(c.x(0).shape()))]
    ///     }
    /// }
    ///
    /// let x = Tensor::<f64>::new(vec![1.0, 2.0], &[1, 2]);
    /// let [once, twice] = Tensor::fused_parts(OnceAndTwice, [&x], [&[1, 2], &[2, 1]]);
    /// assert_eq!((once.shape(), twice.to_vec()), (&[1, 2][..], vec![2.0, 4.0]));
    /// ```
    #[track_caller]
    pub fn fused_parts<T: Fused<F, N>, const N: usize, const M: usize>(
        op: T,
        x: [&Self; N],
        shapes: [&[usize]; M],
    ) -> [Self; M] {
        let name = op.name();
        let all = Self::fused(op, x);
        let needed: usize = shapes.iter().map(|shape| shape.iter().product::<usize>()).sum();
        assert!(
            all.len() == needed,
            "{name}: the output has {} elements, the parts {shapes:?} have {needed}",
            all.len()
        );
        let mut start = 0;
        shapes.map(|shape| {
            let part = all.piece(name, start, shape);
            start += shape.iter().product::<usize>();
            part
        })
    }
}
