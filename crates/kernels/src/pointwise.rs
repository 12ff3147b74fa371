//! Elementwise loops: a rule applied to slices, with broadcasting, in place or into new memory.
//!
//! A rule is compiled into one loop, [`Loop`], over slices of equal length. All else (splitting over
//! threads, spreading a broadcast operand, working in place) moves data in blocks that stay in the
//! first-level cache, and is compiled once for all rules.

use std::mem::MaybeUninit;

use smallvec::SmallVec;

use super::par;
use super::simd::{self, Kernel};
use crate::simd::Lane;
use crate::{ByElement, Float};

/// An elementwise function of `N` numbers.
pub trait Pointwise<F: Float, const N: usize>: Copy + Send + Sync {
    /// About how many scalar operations it costs, to judge whether a second thread pays.
    const WORK: usize;

    /// The function. Implementations are `#[inline(always)]`.
    fn at<const FMA: bool>(self, x: [Lane<F, FMA>; N]) -> Lane<F, FMA>;

    /// The loop over slices that this function is compiled into.
    ///
    /// By default it is compiled where it is used. A crate that offers its functions to others can have their loops compiled
    /// once, in itself, by [`compiled_here!`](crate::compiled_here).
    #[inline(always)]
    fn compiled() -> CompiledLoop<F, Self, N> {
        CompiledLoop::new()
    }
}

/// The loop of a [`Pointwise`] function over equally long slices, on the calling thread.
///
/// Nobody else can make one, so that it can be trusted with memory that is not initialised: it fills all of its output.
pub struct CompiledLoop<F, K, const N: usize>(LoopFn<F, K, N>);

type LoopFn<F, K, const N: usize> = fn(K, &mut [MaybeUninit<F>], [&[F]; N]);

impl<F: Float, K: Pointwise<F, N>, const N: usize> CompiledLoop<F, K, N> {
    /// The loop of `K`, compiled where this is called.
    #[inline(always)]
    pub const fn new() -> Self {
        Self(|rule, out, x| simd::dispatch(Loop { rule, out, x }))
    }

    #[inline(always)]
    fn run(self, rule: K, out: &mut [MaybeUninit<F>], x: [&[F]; N]) {
        (self.0)(rule, out, x);
    }
}

impl<F: Float, K: Pointwise<F, N>, const N: usize> Default for CompiledLoop<F, K, N> {
    fn default() -> Self {
        Self::new()
    }
}

impl<F, K, const N: usize> Clone for CompiledLoop<F, K, N> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<F, K, const N: usize> Copy for CompiledLoop<F, K, N> {}

/// [`CompiledLoop`] for either element type.
#[doc(hidden)]
pub struct Loops<K, const N: usize>(std::marker::PhantomData<K>);

impl<K, const N: usize> ByElement for Loops<K, N> {
    type Of<F: Float> = CompiledLoop<F, K, N>;
}

/// Inside of an `impl<F: Float> Pointwise<F, N> for Rule` of a type that is not generic: compiles the loops for both element
/// types in this crate, not again in every crate that uses them.
#[macro_export]
macro_rules! compiled_here {
    ($Rule:ty, $N:expr) => {
        #[inline(always)]
        fn compiled() -> $crate::pointwise::CompiledLoop<F, Self, { $N }> {
            static F32: $crate::pointwise::CompiledLoop<f32, $Rule, { $N }> =
                $crate::pointwise::CompiledLoop::new();
            static F64: $crate::pointwise::CompiledLoop<f64, $Rule, { $N }> =
                $crate::pointwise::CompiledLoop::new();
            F::pick::<$crate::pointwise::Loops<$Rule, { $N }>>(F32, F64)
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

/// The rule over equally long slices, into new memory.
pub fn map<F: Float, K: Pointwise<F, N>, const N: usize>(rule: K, x: [&[F]; N]) -> Vec<F> {
    collect(x[0].len(), |out| map_into(rule, out, x))
}

/// The rule over equally long slices, into uninitialised memory, all of which it fills.
pub fn map_into<F: Float, K: Pointwise<F, N>, const N: usize>(
    rule: K,
    out: &mut [MaybeUninit<F>],
    x: [&[F]; N],
) {
    let work = out.len() * K::WORK;
    if par::should_parallelize(work) {
        chunks(out, work, x, &loop_of(rule));
    } else {
        K::compiled().run(rule, out, x);
    }
}

/// The rule over `first` and as long slices, into `first`.
pub fn map_in_place<F: Float, K: Pointwise<F, N>, const N: usize, const M: usize>(
    rule: K,
    first: &mut [F],
    rest: [&[F]; M],
) {
    assert!(rest.iter().all(|x| x.len() == first.len()), "kernel: operands differ in length");
    in_place(first, K::WORK, rest, &loop_of(rule));
}

/// [`map_in_place`] on this thread, for what is a piece of work already.
pub fn map_in_place_here<F: Float, K: Pointwise<F, N>, const N: usize, const M: usize>(
    rule: K,
    first: &mut [F],
    rest: [&[F]; M],
) {
    in_place_here(as_uninit(first), rest, &loop_of(rule));
}

/// The rule over operands that broadcast to `shape`, into new memory.
pub fn broadcast<F: Float, K: Pointwise<F, N>, const N: usize>(
    rule: K,
    shape: &[usize],
    x: [View<'_, F>; N],
) -> Vec<F> {
    if x.iter().all(|x| x.shape == shape) {
        return map(rule, x.map(|x| x.data));
    }
    let len = shape.iter().product();
    collect(len, |out| {
        blocks(out, K::WORK, x.map(|x| Source::of(x, shape)), &loop_of(rule));
    })
}

/// The rule over `first`, which has the output's `shape`, and operands that broadcast to it, into `first`.
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
    blocks(as_uninit(first), K::WORK, in_place_sources(rest), &loop_of(rule));
}

/// A vector of `len` elements, all of which `fill` writes.
fn collect<F>(len: usize, fill: impl FnOnce(&mut [MaybeUninit<F>])) -> Vec<F> {
    let mut out = Vec::with_capacity(len);
    fill(&mut out.spare_capacity_mut()[..len]);
    // SAFETY: every function that is passed here writes every element of its output.
    unsafe { out.set_len(len) };
    out
}

/// The inner loop of a rule.
struct Loop<'a, F, K, const N: usize> {
    rule: K,
    out: &'a mut [MaybeUninit<F>],
    x: [&'a [F]; N],
}

impl<F: Float, K: Pointwise<F, N>, const N: usize> Kernel for Loop<'_, F, K, N> {
    type Out = ();

    #[inline(always)]
    fn run<const FMA: bool>(self) {
        let n = self.out.len();
        for x in self.x {
            assert!(x.len() == n, "kernel: operands differ in length");
        }
        for i in 0..n {
            let mut x = [Lane(F::zero()); N];
            for (lane, x) in x.iter_mut().zip(self.x) {
                // SAFETY: `i < n`, which is the length of every operand.
                *lane = Lane(unsafe { *x.get_unchecked(i) });
            }
            let y = self.rule.at::<FMA>(x).0;
            // SAFETY: `i < n`, the length of the output.
            unsafe { self.out.get_unchecked_mut(i) }.write(y);
        }
    }
}

type SliceLoop<'a, F, const N: usize> = dyn Fn(&mut [MaybeUninit<F>], [&[F]; N]) + Sync + 'a;

fn loop_of<F: Float, K: Pointwise<F, N>, const N: usize>(
    rule: K,
) -> impl Fn(&mut [MaybeUninit<F>], [&[F]; N]) + Sync {
    move |out, x| K::compiled().run(rule, out, x)
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

/// Runs `inner` over equally long slices, spread over the threads.
///
/// Like [`blocks`], it takes the loop as `dyn`: the code that splits work over threads is large, and is
/// compiled once for all rules.
fn chunks<F: Float, const N: usize>(
    out: &mut [MaybeUninit<F>],
    work: usize,
    x: [&[F]; N],
    inner: &SliceLoop<'_, F, N>,
) {
    par::chunks_mut(out, CHUNK, work, |i, out| {
        inner(out, x.map(|x| &x[i * CHUNK..][..out.len()]));
    });
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
    par::chunks_mut(as_uninit(first), CHUNK, work, |i, chunk| {
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

/// Initialised memory as the output of a loop that works in place. The loops only ever write
/// initialised values there.
fn as_uninit<F>(x: &mut [F]) -> &mut [MaybeUninit<F>] {
    // SAFETY: `MaybeUninit<F>` has the layout of `F`, and nothing in this module writes an
    // uninitialised value.
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
pub fn map_baseline<F: Float, K: Pointwise<F, N>, const N: usize>(rule: K, x: [&[F]; N]) -> Vec<F> {
    collect(x[0].len(), |out| Loop { rule, out, x }.run::<false>())
}

#[cfg(test)]
mod tests;
