//! Functions of numbers, and the loops that they are compiled into.

use std::mem::MaybeUninit;

use super::Loop;
use crate::simd::{self, Lane};
use crate::{ByElement, Float};

/// An elementwise function of `N` numbers with `M` results.
///
/// ```
/// use seedbed_kernels::Float;
/// use seedbed_kernels::pointwise::{self, Pointwise};
/// use seedbed_kernels::simd::Lane;
///
/// /// Polar coordinates: (√(x² + y²), x² + y²).
/// #[derive(Clone, Copy)]
/// struct Length;
///
/// impl<F: Float> Pointwise<F, 2, 2> for Length {
///     const WORK: usize = 8;
///     #[inline(always)]
///     fn at<const FMA: bool>(self, [x, y]: [Lane<F, FMA>; 2]) -> [Lane<F, FMA>; 2] {
///         let square = x * x + y * y;
///         [square.sqrt(), square]
///     }
/// }
///
/// let [length, square] = pointwise::map(Length, [&[3.0, 5.0], &[4.0, 12.0]]);
/// assert_eq!((length, square), (vec![5.0, 13.0], vec![25.0, 169.0]));
/// ```
///
/// [`pointwise!`](crate::pointwise!) writes such a type in one line.
pub trait Pointwise<F: Float, const N: usize, const M: usize = 1>: Copy + Send + Sync {
    /// About how many scalar operations it costs, to judge whether a second thread pays: 1 for a sum or a product, 10 for an exponential.
    const WORK: usize;

    /// The function. Implementations are `#[inline(always)]`.
    fn at<const FMA: bool>(self, x: [Lane<F, FMA>; N]) -> [Lane<F, FMA>; M];

    /// The loop over slices that this function is compiled into.
    ///
    /// By default it is compiled where it is used. A crate that offers its functions to others can have their loops compiled
    /// once, in itself: [`pointwise!`](crate::pointwise!) does it.
    #[inline(always)]
    fn compiled() -> CompiledLoop<F, Self, N, M> {
        CompiledLoop::new()
    }
}

/// The loop of a [`Pointwise`] function over equally long slices, on the calling thread.
///
/// Nobody else can make one, so that it can be trusted with memory that is not initialised: it fills all of its outputs.
pub struct CompiledLoop<F, K, const N: usize, const M: usize>(LoopFn<F, K, N, M>);

type LoopFn<F, K, const N: usize, const M: usize> = fn(K, [&mut [MaybeUninit<F>]; M], [&[F]; N]);

impl<F: Float, K: Pointwise<F, N, M>, const N: usize, const M: usize> CompiledLoop<F, K, N, M> {
    /// The loop of `K`, compiled where this is called.
    #[inline(always)]
    #[allow(
        clippy::new_without_default,
        reason = "a loop has no default: it is the one of its function"
    )]
    pub const fn new() -> Self {
        Self(|rule, out, x| simd::dispatch(Loop { rule, out, x }))
    }

    #[inline(always)]
    pub(super) fn run(self, rule: K, out: [&mut [MaybeUninit<F>]; M], x: [&[F]; N]) {
        (self.0)(rule, out, x);
    }
}

impl<F, K, const N: usize, const M: usize> Clone for CompiledLoop<F, K, N, M> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<F, K, const N: usize, const M: usize> Copy for CompiledLoop<F, K, N, M> {}

/// [`CompiledLoop`] for either element type.
#[doc(hidden)]
pub struct Loops<K, const N: usize, const M: usize>(std::marker::PhantomData<K>);

impl<K, const N: usize, const M: usize> ByElement for Loops<K, N, M> {
    type Of<F: Float> = CompiledLoop<F, K, N, M>;
}

/// Writes types with a [`Pointwise`] function each, and has their loops compiled once, where this stands:
/// `Name { parameters } work …, |inputs| [results];`.
///
/// ```
/// use seedbed_kernels::pointwise;
///
/// pointwise! {
///     /// a · silu(b) = a · b · σ(b).
///     pub(crate) SwiGlu {} work 12, |a, b| [a * b * b.sigmoid()];
///     /// The gradients of a and b, from that of the value.
///     pub(crate) Slopes {} work 16, |g, a, b| [
///         g * b * b.sigmoid(),
///         g * a * b.sigmoid() * (1.0 + b * (1.0 - b.sigmoid())),
///     ];
///     /// x · scale.
///     pub(crate) Scale { scale: f64 } work 1, |x| [x * scale];
/// }
///
/// let [y] = pointwise::map(SwiGlu {}, [&[2.0_f32], &[0.0]]);
/// assert_eq!(y, [0.0]);
/// let [da, db] = pointwise::map(Slopes {}, [&[1.0_f32], &[2.0], &[0.0]]);
/// assert_eq!((da[0], db[0]), (0.0, 1.0));
/// assert_eq!(pointwise::map(Scale { scale: 3.0 }, [&[2.0_f64]]), [[6.0]]);
/// ```
#[macro_export]
macro_rules! pointwise {
    ($(
        $(#[$meta:meta])*
        $vis:vis $Rule:ident { $($p:ident: $P:ty),* } work $work:expr, |$($x:ident),*| [$($value:expr),* $(,)?];
    )*) => { $(
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, Default)]
        $vis struct $Rule {
            $($p: $P,)*
        }

        impl<F: $crate::Float>
            $crate::pointwise::Pointwise<
                F,
                { [$(stringify!($x)),*].len() },
                { [$(stringify!($value)),*].len() },
            > for $Rule
        {
            const WORK: usize = $work;

            #[inline(always)]
            #[allow(unused_variables)]
            fn at<const FMA: bool>(
                self,
                [$($x),*]: [$crate::simd::Lane<F, FMA>; { [$(stringify!($x)),*].len() }],
            ) -> [$crate::simd::Lane<F, FMA>; { [$(stringify!($value)),*].len() }] {
                let Self { $($p),* } = self;
                [$($value),*]
            }

            $crate::compiled_here!(
                $Rule,
                { [$(stringify!($x)),*].len() },
                { [$(stringify!($value)),*].len() }
            );
        }
    )* };
}

/// Inside of an `impl<F: Float> Pointwise<F, N, M> for Rule` of a type that is not generic: compiles the loops for both element
/// types in this crate, not again in every crate that uses them.
#[macro_export]
macro_rules! compiled_here {
    ($Rule:ty, $N:expr, $M:expr) => {
        #[inline(always)]
        fn compiled() -> $crate::pointwise::CompiledLoop<F, Self, { $N }, { $M }> {
            static F32: $crate::pointwise::CompiledLoop<f32, $Rule, { $N }, { $M }> =
                $crate::pointwise::CompiledLoop::new();
            static F64: $crate::pointwise::CompiledLoop<f64, $Rule, { $N }, { $M }> =
                $crate::pointwise::CompiledLoop::new();
            F::pick::<$crate::pointwise::Loops<$Rule, { $N }, { $M }>>(F32, F64)
        }
    };
}
