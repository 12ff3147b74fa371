//! Elementwise loops: a function of numbers applied to slices, with broadcasting, in place or into new memory.
//!
//! A function is compiled into one loop over slices of equal length. All else (splitting over
//! threads, spreading a broadcast operand, working in place) moves data in blocks that stay in the
//! first-level cache, and is compiled once for all functions.

use std::mem::MaybeUninit;

use smallvec::SmallVec;

use super::par;
use super::simd::{self, Kernel};
use crate::simd::Lane;
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
    fn run(self, rule: K, out: [&mut [MaybeUninit<F>]; M], x: [&[F]; N]) {
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

/// Elements a task takes at once; fixed, so that no result depends on the number of threads.
const CHUNK: usize = 1 << 13;

/// Elements of an operand that are spread or copied at once: they stay in the first-level cache.
const BLOCK: usize = 256;

/// One operand of a broadcasting loop.
#[derive(Clone, Copy, Debug)]
pub struct View<'a, F> {
    /// Its elements in row-major order.
    pub data: &'a [F],
    /// Its shape, which broadcasts to the output's as in NumPy.
    pub shape: &'a [usize],
}

/// The function of equally long slices, into new memory.
///
/// # Panics
/// If the slices differ in length.
#[track_caller]
pub fn map<F: Float, K: Pointwise<F, N, M>, const N: usize, const M: usize>(
    rule: K,
    x: [&[F]; N],
) -> [Vec<F>; M] {
    let len = length(&x);
    let mut all = [const { Vec::new() }; M];
    let out = all.each_mut().map(|out| {
        out.reserve_exact(len);
        &mut out.spare_capacity_mut()[..len]
    });
    fill(rule, len, out, x);
    for out in &mut all {
        // SAFETY: `fill` has written every element.
        unsafe { out.set_len(len) };
    }
    all
}

/// [`map`] into memory that is there already: nothing is allocated.
///
/// # Panics
/// If the slices differ in length.
#[track_caller]
pub fn map_into<F: Float, K: Pointwise<F, N, M>, const N: usize, const M: usize>(
    rule: K,
    out: [&mut [F]; M],
    x: [&[F]; N],
) {
    let len = length(&x);
    assert!(
        out.iter().all(|out| out.len() == len),
        "pointwise: results and operands differ in length"
    );
    // SAFETY: loops write initialised elements only.
    fill(rule, len, out.map(|out| unsafe { as_uninit(out) }), x);
}

/// The length that all operands have.
#[track_caller]
fn length<F, const N: usize>(x: &[&[F]; N]) -> usize {
    const { assert!(N > 0, "a function of nothing") };
    let len = x[0].len();
    assert!(x.iter().all(|x| x.len() == len), "pointwise: operands differ in length");
    len
}

/// The function over equally long slices of `len` elements, into memory of which every element is written.
fn fill<F: Float, K: Pointwise<F, N, M>, const N: usize, const M: usize>(
    rule: K,
    len: usize,
    out: [&mut [MaybeUninit<F>]; M],
    x: [&[F]; N],
) {
    let work = len.saturating_mul(K::WORK);
    if !par::should_parallelize(work) {
        return K::compiled().run(rule, out, x);
    }
    let mut out = out.map(|out| out.chunks_mut(CHUNK));
    let mut next = || out.each_mut().map(|chunks| chunks.next().expect("as long as the operands"));
    let mut tasks: Vec<_> = (0..len.div_ceil(CHUNK)).map(|_| Some(next())).collect();
    par::chunks_mut(&mut tasks, 1, work, |i, task| {
        let range = i * CHUNK..len.min((i + 1) * CHUNK);
        let out = task[0].take().expect("every task is run once");
        K::compiled().run(rule, out, x.map(|x| &x[range.clone()]));
    });
}

/// The function of `first` and as long slices, into `first`.
///
/// # Panics
/// If the slices differ in length.
#[track_caller]
pub fn map_in_place<F: Float, K: Pointwise<F, N>, const N: usize, const M: usize>(
    rule: K,
    first: &mut [F],
    rest: [&[F]; M],
) {
    assert!(rest.iter().all(|x| x.len() == first.len()), "pointwise: operands differ in length");
    in_place(first, K::WORK, rest, &loop_of(rule));
}

/// [`map_in_place`] on this thread, for what is a piece of work already.
pub fn map_in_place_here<F: Float, K: Pointwise<F, N>, const N: usize, const M: usize>(
    rule: K,
    first: &mut [F],
    rest: [&[F]; M],
) {
    // SAFETY: loops write initialised elements only.
    in_place_here(unsafe { as_uninit(first) }, rest, &loop_of(rule));
}

/// The function of operands that broadcast to `shape`, into new memory.
pub fn broadcast<F: Float, K: Pointwise<F, N>, const N: usize>(
    rule: K,
    shape: &[usize],
    x: [View<'_, F>; N],
) -> Vec<F> {
    if x.iter().all(|x| x.shape == shape) {
        let [y] = map(rule, x.map(|x| x.data));
        return y;
    }
    let len = shape.iter().product();
    collect(len, |out| {
        blocks(out, K::WORK, x.map(|x| Source::of(x, shape)), &loop_of(rule));
    })
}

/// The function of `first`, which has the output's `shape`, and operands that broadcast to it, into `first`.
pub fn broadcast_in_place<F: Float, K: Pointwise<F, N>, const N: usize, const M: usize>(
    rule: K,
    shape: &[usize],
    first: &mut [F],
    rest: [View<'_, F>; M],
) {
    if rest.iter().all(|x| x.shape == shape) {
        return in_place(first, K::WORK, rest.map(|x| x.data), &loop_of(rule));
    }
    let rest = rest.map(|x| Source::of(x, shape));
    // SAFETY: loops write initialised elements only.
    blocks(unsafe { as_uninit(first) }, K::WORK, in_place_sources(rest), &loop_of(rule));
}

/// A vector of `len` elements, all of which `fill` writes.
fn collect<F>(len: usize, fill: impl FnOnce(&mut [MaybeUninit<F>])) -> Vec<F> {
    let mut out = Vec::with_capacity(len);
    fill(&mut out.spare_capacity_mut()[..len]);
    // SAFETY: every function that is passed here writes every element of its output.
    unsafe { out.set_len(len) };
    out
}

/// The inner loop of a function.
struct Loop<'a, F, K, const N: usize, const M: usize> {
    rule: K,
    out: [&'a mut [MaybeUninit<F>]; M],
    x: [&'a [F]; N],
}

impl<F: Float, K: Pointwise<F, N, M>, const N: usize, const M: usize> Kernel
    for Loop<'_, F, K, N, M>
{
    type Out = ();

    #[inline(always)]
    fn run<const FMA: bool>(mut self) {
        let n = self.out.first().map_or(0, |out| out.len());
        assert!(self.out.iter().all(|out| out.len() == n), "pointwise: results differ in length");
        assert!(self.x.iter().all(|x| x.len() == n), "pointwise: operands differ in length");
        for i in 0..n {
            let mut x = [Lane(F::zero()); N];
            for (lane, x) in x.iter_mut().zip(self.x) {
                // SAFETY: `i < n`, which is the length of every operand.
                *lane = Lane(unsafe { *x.get_unchecked(i) });
            }
            let y = self.rule.at::<FMA>(x);
            for (out, y) in self.out.iter_mut().zip(y) {
                // SAFETY: `i < n`, the length of every output.
                unsafe { out.get_unchecked_mut(i) }.write(y.0);
            }
        }
    }
}

type SliceLoop<'a, F, const N: usize> = dyn Fn(&mut [MaybeUninit<F>], [&[F]; N]) + Sync + 'a;

fn loop_of<F: Float, K: Pointwise<F, N>, const N: usize>(
    rule: K,
) -> impl Fn(&mut [MaybeUninit<F>], [&[F]; N]) + Sync {
    move |out, x| K::compiled().run(rule, [out], x)
}

/// Where a block of an operand comes from.
enum Source<'a, F> {
    /// The output itself: the loop works in place.
    Output,
    /// As long as the output.
    Slice(&'a [F]),
    /// Spread over the output.
    Spread(&'a [F], Layout),
}

/// Output axes from the last to the first, neighbours merged where the operand allows it: their length and
/// the operand's stride, 0 where it is broadcast.
type Layout = SmallVec<[(usize, usize); 4]>;

impl<'a, F> Source<'a, F> {
    fn of(x: View<'a, F>, shape: &[usize]) -> Self {
        if x.shape == shape {
            return Source::Slice(x.data);
        }
        let mut layout = Layout::new();
        let mut stride = 1;
        for (back, &n) in shape.iter().rev().enumerate() {
            let own = x.shape.len().checked_sub(back + 1).map_or(1, |axis| x.shape[axis]);
            debug_assert!(own == n || own == 1, "{:?} does not broadcast to {shape:?}", x.shape);
            let step = if own == 1 { 0 } else { stride };
            stride *= own;
            match layout.last_mut() {
                _ if n == 1 => {}
                Some((len, inner)) if *inner * *len == step => *len *= n,
                _ => layout.push((n, step)),
            }
        }
        Source::Spread(x.data, layout)
    }
}

fn in_place_sources<F, const N: usize, const M: usize>(
    rest: [Source<'_, F>; M],
) -> [Source<'_, F>; N] {
    const { assert!(N == M + 1, "the first operand is the output") };
    let mut rest = rest.into_iter();
    std::array::from_fn(|i| {
        if i == 0 { Source::Output } else { rest.next().expect("one source an operand") }
    })
}

/// Runs `inner` over `first` and as long slices, into `first`. Nothing needs to be spread, so that this costs a small op
/// less than [`blocks`].
fn in_place<F: Float, const N: usize, const M: usize>(
    first: &mut [F],
    work: usize,
    rest: [&[F]; M],
    inner: &SliceLoop<'_, F, N>,
) {
    let work = first.len() * work;
    // SAFETY: loops write initialised elements only.
    par::chunks_mut(unsafe { as_uninit(first) }, CHUNK, work, |i, chunk| {
        let rest = rest.map(|x| &x[i * CHUNK..][..chunk.len()]);
        in_place_here(chunk, rest, inner);
    });
}

/// [`in_place`] on this thread; `first` is initialised (`as_uninit`).
fn in_place_here<F: Float, const N: usize, const M: usize>(
    first: &mut [MaybeUninit<F>],
    rest: [&[F]; M],
    inner: &SliceLoop<'_, F, N>,
) {
    const { assert!(N == M + 1, "the first operand is the output") };
    let mut buffer = [const { MaybeUninit::<F>::uninit() }; BLOCK];
    for (j, block) in first.chunks_mut(BLOCK).enumerate() {
        let own = &mut buffer[..block.len()];
        own.copy_from_slice(block);
        // SAFETY: a loop in place starts from initialised memory.
        let mut x = [unsafe { assume_init(own) }; N];
        for (x, rest) in x[1..].iter_mut().zip(rest) {
            *x = &rest[j * BLOCK..][..block.len()];
        }
        inner(block, x);
    }
}

/// Runs `inner` over the output block by block, the operands brought to the block's shape.
fn blocks<F: Float, const N: usize>(
    out: &mut [MaybeUninit<F>],
    work: usize,
    sources: [Source<'_, F>; N],
    inner: &SliceLoop<'_, F, N>,
) {
    par::chunks_mut(out, CHUNK, out.len() * work, |i, chunk| {
        let mut buffers = [[const { MaybeUninit::<F>::uninit() }; BLOCK]; N];
        for (j, block) in chunk.chunks_mut(BLOCK).enumerate() {
            let start = i * CHUNK + j * BLOCK;
            let mut x: [&[F]; N] = [&[]; N];
            for ((x, source), buffer) in x.iter_mut().zip(&sources).zip(&mut buffers) {
                let buffer = &mut buffer[..block.len()];
                *x = match source {
                    Source::Slice(data) => &data[start..][..block.len()],
                    Source::Output => {
                        buffer.copy_from_slice(block);
                        // SAFETY: a loop in place starts from initialised memory (`as_uninit`).
                        unsafe { assume_init(buffer) }
                    }
                    Source::Spread(data, layout) => {
                        spread(data, layout, start, buffer);
                        // SAFETY: `spread` fills the whole buffer.
                        unsafe { assume_init(buffer) }
                    }
                };
            }
            inner(block, x);
        }
    });
}

/// Writes elements `start..` of the spread operand.
fn spread<F: Copy>(data: &[F], layout: &Layout, start: usize, out: &mut [MaybeUninit<F>]) {
    let mut at = start;
    let mut out = out;
    let &(inner, step) = layout.first().unwrap_or(&(usize::MAX, 0));
    while !out.is_empty() {
        let (mut outer, within) = (at / inner, at % inner);
        let mut offset = within * step;
        for &(len, stride) in layout.iter().skip(1) {
            offset += outer % len * stride;
            outer /= len;
        }
        let n = out.len().min(inner - within);
        let (run, rest) = std::mem::take(&mut out).split_at_mut(n);
        if step == 0 {
            run.fill(MaybeUninit::new(data[offset]));
        } else {
            for (o, &x) in run.iter_mut().zip(&data[offset..][..n]) {
                o.write(x);
            }
        }
        (out, at) = (rest, at + n);
    }
}

/// Initialised memory as the output of a loop.
///
/// # Safety
/// Whoever gets it writes initialised elements only.
unsafe fn as_uninit<F>(x: &mut [F]) -> &mut [MaybeUninit<F>] {
    // SAFETY: `MaybeUninit<F>` has the layout of `F`, and the caller promises the rest.
    unsafe { &mut *(std::ptr::from_mut(x) as *mut [MaybeUninit<F>]) }
}

/// # Safety
/// Every element is initialised.
unsafe fn assume_init<F>(x: &[MaybeUninit<F>]) -> &[F] {
    // SAFETY: the layouts agree, and the caller promises the rest.
    unsafe { &*(std::ptr::from_ref(x) as *const [F]) }
}

/// As [`map`], with the instructions of the target's baseline.
#[cfg(test)]
pub(crate) fn map_baseline<F: Float, K: Pointwise<F, N>, const N: usize>(
    rule: K,
    x: [&[F]; N],
) -> Vec<F> {
    collect(x[0].len(), |out| Loop { rule, out: [out], x }.run::<false>())
}

#[cfg(test)]
mod tests;
