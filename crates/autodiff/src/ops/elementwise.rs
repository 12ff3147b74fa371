//! One row an elementwise op: the machinery behind the tables in `unary.rs` and `binary.rs`.
//!
//! A row says the value and the derivative once. The derivative is compiled twice: over tensors,
//! differentiable again, for when an outer transform watches; and over [`Lane`](crate::kernels::simd::Lane)s, one vectorised pass over the
//! memory of the incoming gradient, for when nobody does.

use std::fmt::Debug;

use smallvec::smallvec;

use crate::kernels::pointwise::{self, Pointwise, View};
use crate::levels::debug_nan_is_on;
use crate::shape::Dims;
use crate::{Ctx, Float, Grads, Op, Tensor, shape};

/// A row of one argument: `Pointwise<F, 1>` is the value, `Pointwise<F, 3>` the gradient from `[g, x, y]`.
pub(crate) trait Unary<F: Float>:
    Pointwise<F, 1> + Pointwise<F, 3> + Debug + 'static
{
    /// The op's name in messages.
    const NAME: &'static str;

    /// The gradient, in tensor ops.
    fn gradient(self, x: &Tensor<F>, y: &Tensor<F>, g: &Tensor<F>) -> Tensor<F>;
}

/// A row of two arguments that broadcast: the value.
pub(crate) trait Binary<F: Float>: Pointwise<F, 2> + Debug + 'static {
    /// The op's name in messages.
    const NAME: &'static str;
    /// The gradient of the first argument from `[g, a, b, y]`.
    type Left: Pointwise<F, 4> + Default;
    /// The gradient of the second argument from `[g, a, b, y]`.
    type Right: Pointwise<F, 4> + Default;

    /// The gradient of the first argument, in tensor ops, before it is summed to its shape.
    fn left(a: &Tensor<F>, b: &Tensor<F>, y: &Tensor<F>, g: &Tensor<F>) -> Tensor<F>;

    /// The gradient of the second argument.
    fn right(a: &Tensor<F>, b: &Tensor<F>, y: &Tensor<F>, g: &Tensor<F>) -> Tensor<F>;
}

/// The op of a [`Unary`] row.
#[derive(Debug)]
pub(crate) struct UnaryOp<K>(K);

impl<F: Float, K: Unary<F>> Op<F> for UnaryOp<K> {
    fn name(&self) -> &'static str {
        K::NAME
    }

    fn vjp(&self, c: &Ctx<'_, F>, mut g: Tensor<F>) -> Grads<F> {
        let (x, y) = (c.x(0), c.y());
        smallvec![Some(if c.recording() {
            self.0.gradient(x, y, &g)
        } else if let Some(g_data) = g.unique_data() {
            pointwise::map_in_place::<F, K, 3, 2>(self.0, g_data, [x.data(), y.data()]);
            g
        } else {
            of_slices(self.0, [g.data(), x.data(), y.data()], y.shape())
        })]
    }
}

/// An op through which the gradient passes as it is.
#[derive(Debug)]
pub(crate) struct PassThrough(pub(crate) &'static str);

impl<F: Float> Op<F> for PassThrough {
    fn name(&self) -> &'static str {
        self.0
    }

    fn vjp(&self, _: &Ctx<'_, F>, g: Tensor<F>) -> Grads<F> {
        smallvec![Some(g)]
    }
}

/// The op of a [`Binary`] row.
#[derive(Debug)]
struct BinaryOp<K>(K);

impl<F: Float, K: Binary<F>> Op<F> for BinaryOp<K> {
    fn name(&self) -> &'static str {
        K::NAME
    }

    fn vjp(&self, c: &Ctx<'_, F>, g: Tensor<F>) -> Grads<F> {
        let (a, b, y) = (c.x(0), c.x(1), c.y());
        if c.recording() {
            return smallvec![
                c.needs(0).then(|| K::left(a, b, y, &g).sum_to(a.shape())),
                c.needs(1).then(|| K::right(a, b, y, &g).sum_to(b.shape())),
            ];
        }
        // The last gradient that is computed may take over the memory of `g`.
        let kept = c.needs(1).then(|| g.clone());
        let left = c.needs(0).then(|| spread_gradient(K::Left::default(), a, b, y, g));
        let right = kept.map(|g| spread_gradient(K::Right::default(), a, b, y, g));
        smallvec![left.map(|t| t.sum_to(a.shape())), right.map(|t| t.sum_to(b.shape()))]
    }
}

/// A gradient of a binary op in the shape of its output.
fn spread_gradient<F: Float, K: Pointwise<F, 4>>(
    rule: K,
    a: &Tensor<F>,
    b: &Tensor<F>,
    y: &Tensor<F>,
    mut g: Tensor<F>,
) -> Tensor<F> {
    let rest = [operand(a), operand(b), operand(y)];
    if let Some(data) = g.unique_data() {
        pointwise::broadcast_in_place::<F, K, 4, 3>(rule, y.shape(), data, rest);
        return g;
    }
    let [a, b, y] = rest;
    Tensor::new(pointwise::broadcast(rule, y.shape, [operand(&g), a, b, y]), y.shape)
}

pub(crate) fn operand<F: Float>(x: &Tensor<F>) -> View<'_, F> {
    View { data: x.data(), shape: x.shape() }
}

/// The value of a function of equally long slices.
pub(crate) fn of_slices<F: Float, K: Pointwise<F, N>, const N: usize>(
    rule: K,
    x: [&[F]; N],
    shape: &[usize],
) -> Tensor<F> {
    let [y] = pointwise::map(rule, x);
    Tensor::new(y, shape)
}

/// The value of `rule`, recorded as `op`.
#[track_caller]
pub(crate) fn map<F: Float, K: Pointwise<F, 1>, O: Op<F> + 'static>(
    rule: K,
    op: O,
    x: &Tensor<F>,
) -> Tensor<F> {
    Tensor::record(op, &[x], of_slices(rule, [x.data()], x.shape()))
}

/// As [`map`], in the memory of `x` where nobody else sees it.
#[track_caller]
pub(crate) fn map_owned<F: Float, K: Pointwise<F, 1>, O: Op<F> + 'static>(
    rule: K,
    op: O,
    mut x: Tensor<F>,
) -> Tensor<F> {
    match constant_data(&mut x) {
        Some(data) => {
            pointwise::map_in_place::<F, K, 1, 0>(rule, data, []);
            Tensor::record(op, &[], x)
        }
        None => map(rule, op, &x),
    }
}

/// A row over a tensor.
#[track_caller]
pub(crate) fn unary<F: Float, K: Unary<F>>(row: K, x: &Tensor<F>) -> Tensor<F> {
    map(row, UnaryOp(row), x)
}

/// A row over a tensor that is given away.
#[track_caller]
pub(crate) fn unary_owned<F: Float, K: Unary<F>>(row: K, x: Tensor<F>) -> Tensor<F> {
    map_owned(row, UnaryOp(row), x)
}

/// A rule whose gradient is zero everywhere: its value is a constant.
#[track_caller]
pub(crate) fn piecewise_constant<F: Float, K: Pointwise<F, 1>>(
    rule: K,
    name: &'static str,
    x: &Tensor<F>,
) -> Tensor<F> {
    let value = of_slices(rule, [x.data()], x.shape());
    Tensor::record(PassThrough(name), &[], value)
}

/// A row over two tensors.
#[track_caller]
pub(crate) fn binary<F: Float, K: Binary<F>>(row: K, a: &Tensor<F>, b: &Tensor<F>) -> Tensor<F> {
    let value = zip(row, K::NAME, a, b);
    Tensor::record(BinaryOp(row), &[a, b], value)
}

/// The value of a rule over two tensors that broadcast.
#[track_caller]
pub(crate) fn zip<F: Float, K: Pointwise<F, 2>>(
    rule: K,
    name: &'static str,
    a: &Tensor<F>,
    b: &Tensor<F>,
) -> Tensor<F> {
    if a.shape() == b.shape() {
        return of_slices(rule, [a.data(), b.data()], a.shape());
    }
    let shape = shape::broadcast(name, a.shape(), b.shape());
    shape::room::<F>(name, &shape);
    Tensor::new(pointwise::broadcast(rule, &shape, [operand(a), operand(b)]), &shape)
}

/// As [`zip`], in the memory of `a` or `b` where that is a constant which nobody else sees and has the shape of the
/// result. `Err` gives both back.
pub(crate) fn zip_owned<F: Float, K: Pointwise<F, 2>, R: Pointwise<F, 2>>(
    rule: K,
    reversed: R,
    mut a: Tensor<F>,
    mut b: Tensor<F>,
) -> Result<Tensor<F>, (Tensor<F>, Tensor<F>)> {
    if a.0.level != 0 || b.0.level != 0 {
        return Err((a, b));
    }
    if shape::broadcasts_to(b.shape(), a.shape()) {
        let shape = Dims::from_slice(a.shape());
        if let Some(data) = constant_data(&mut a) {
            pointwise::broadcast_in_place::<F, K, 2, 1>(rule, &shape, data, [operand(&b)]);
            return Ok(a);
        }
    }
    if shape::broadcasts_to(a.shape(), b.shape()) {
        let shape = Dims::from_slice(b.shape());
        if let Some(data) = constant_data(&mut b) {
            pointwise::broadcast_in_place::<F, R, 2, 1>(reversed, &shape, data, [operand(&a)]);
            return Ok(b);
        }
    }
    Err((a, b))
}

/// The elements of a constant that nobody else sees.
fn constant_data<F: Float>(x: &mut Tensor<F>) -> Option<&mut [F]> {
    // Whoever looks for a NaN has to see what went in.
    if x.0.level == 0 && !debug_nan_is_on() { x.unique_data() } else { None }
}

/// Defines a [`Unary`] row as a type.
macro_rules! unary_row {
    (
        $Row:ident { $($p:ident: $P:ty),* } $name:expr, work $work:literal,
        |$x:ident| $value:expr, |$u:ident, $y:ident, $g:ident| $gradient:expr
    ) => {
        #[derive(Clone, Copy, Debug)]
        struct $Row {
            $($p: $P,)*
        }

        impl<F: $crate::Float> $crate::kernels::pointwise::Pointwise<F, 1> for $Row {
            const WORK: usize = $work;
            #[inline(always)]
            fn at<const FMA: bool>(
                self,
                [$x]: [$crate::kernels::simd::Lane<F, FMA>; 1],
            ) -> [$crate::kernels::simd::Lane<F, FMA>; 1] {
                let Self { $($p),* } = self;
                [$value]
            }

            seedbed_kernels::compiled_here!($Row, 1, 1);
        }

        impl<F: $crate::Float> $crate::kernels::pointwise::Pointwise<F, 3> for $Row {
            const WORK: usize = $work;
            #[inline(always)]
            // A row may clone, which tensors need and lanes do not.
            #[allow(unused_variables, clippy::clone_on_copy)]
            fn at<const FMA: bool>(
                self,
                [$g, $u, $y]: [$crate::kernels::simd::Lane<F, FMA>; 3],
            ) -> [$crate::kernels::simd::Lane<F, FMA>; 1] {
                let Self { $($p),* } = self;
                [$gradient]
            }

            seedbed_kernels::compiled_here!($Row, 3, 1);
        }

        impl<F: $crate::Float> $crate::ops::elementwise::Unary<F> for $Row {
            const NAME: &'static str = $name;
            #[allow(unused_variables)]
            fn gradient(
                self,
                $u: &$crate::Tensor<F>,
                $y: &$crate::Tensor<F>,
                $g: &$crate::Tensor<F>,
            ) -> $crate::Tensor<F> {
                let Self { $($p),* } = self;
                $gradient
            }
        }
    };
}

/// Defines methods of one argument, one row each: `pub fn name(x, parameters) = value, |x, y, g| gradient;`.
macro_rules! unary {
    (work $work:literal; $(
        $(#[$meta:meta])*
        pub fn $name:ident($x:ident $(, $p:ident: $P:ty)*) = $value:expr,
            |$u:ident, $y:ident, $g:ident| $gradient:expr;
    )*) => {
        impl<F: $crate::Float> $crate::Tensor<F> { $(
            $(#[$meta])*
            #[must_use]
            #[track_caller]
            pub fn $name(&self $(, $p: $P)*) -> Self {
                unary_row! {
                    Row { $($p: $P),* } stringify!($name), work $work,
                    |$x| $value, |$u, $y, $g| $gradient
                }
                $crate::ops::elementwise::unary(Row { $($p),* }, self)
            }
        )* }
    };
}

/// Defines methods of two arguments that broadcast, one row each:
/// `pub fn name(a, b) = value, |a, b, y, g| gradient of a, gradient of b;`.
macro_rules! binary {
    (work $work:literal; $(
        $(#[$meta:meta])*
        pub fn $name:ident($p:ident, $q:ident) = $value:expr,
            |$a:ident, $b:ident, $y:ident, $g:ident| $left:expr, $right:expr;
    )*) => {
        impl<F: $crate::Float> $crate::Tensor<F> { $(
            $(#[$meta])*
            #[must_use]
            #[track_caller]
            pub fn $name(&self, other: impl $crate::Operand<F>) -> Self {
                seedbed_kernels::pointwise! {
                    Row {} work $work, |$p, $q| [$value];
                    Left {} work $work, |$g, $a, $b, $y| [$left];
                    Right {} work $work, |$g, $a, $b, $y| [$right];
                }

                impl<F: $crate::Float> $crate::ops::elementwise::Binary<F> for Row {
                    const NAME: &'static str = stringify!($name);
                    type Left = Left;
                    type Right = Right;
                    #[allow(unused_variables)]
                    fn left(
                        $a: &$crate::Tensor<F>,
                        $b: &$crate::Tensor<F>,
                        $y: &$crate::Tensor<F>,
                        $g: &$crate::Tensor<F>,
                    ) -> $crate::Tensor<F> {
                        $left
                    }
                    #[allow(unused_variables)]
                    fn right(
                        $a: &$crate::Tensor<F>,
                        $b: &$crate::Tensor<F>,
                        $y: &$crate::Tensor<F>,
                        $g: &$crate::Tensor<F>,
                    ) -> $crate::Tensor<F> {
                        $right
                    }
                }

                $crate::ops::elementwise::binary(Row {}, self, &other.tensor())
            }
        )* }
    };
}
