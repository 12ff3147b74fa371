//! Elementwise loops: a function of numbers applied to slices, with broadcasting, in place or into new memory.
//!
//! A function is compiled into one loop over slices of equal length. All else (splitting over
//! threads, spreading a broadcast operand, working in place) moves data in blocks that stay in the
//! first-level cache, and is compiled once for all functions.

use std::mem::MaybeUninit;
use std::ops::Range;

use crate::simd::{self, Kernel, Lane};
use crate::{Float, buffers, par};

mod broadcast;
mod function;

pub use broadcast::{View, broadcast, broadcast_in_place};
pub use function::{CompiledLoop, Loops, Pointwise};

/// Elements a task takes at once; fixed, so that no result depends on the number of threads.
const CHUNK: usize = 1 << 13;

/// Elements of an operand that are spread or copied at once: they stay in the first-level cache.
const BLOCK: usize = 256;

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
        *out = buffers::reserve(len);
        &mut out.spare_capacity_mut()[..len]
    });
    by_chunks(len, K::WORK, out, |range, out| {
        K::compiled().run(rule, out, x.map(|x| &x[range.clone()]));
    });
    for out in &mut all {
        // SAFETY: every element was written.
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
    let out = out.map(|out| unsafe { as_uninit(out) });
    by_chunks(len, K::WORK, out, |range, out| {
        K::compiled().run(rule, out, x.map(|x| &x[range.clone()]));
    });
}

/// [`map`] with the memory of the first operand, which takes up the first result: less memory is touched.
///
/// ```
/// use seedbed_kernels::pointwise;
/// pointwise! {
///     SumAndDifference {} work 2, |a, b| [a + b, a - b];
/// }
/// let [sum, difference] = pointwise::map_owned(SumAndDifference {}, vec![3.0, 4.0], [&[1.0, 2.0]]);
/// assert_eq!((sum, difference), (vec![4.0, 6.0], vec![2.0, 2.0]));
/// ```
///
/// # Panics
/// If the slices differ in length.
#[track_caller]
pub fn map_owned<F: Float, K, const N: usize, const M: usize, const REST: usize>(
    rule: K,
    first: Vec<F>,
    rest: [&[F]; REST],
) -> [Vec<F>; M]
where
    K: Pointwise<F, N, M>,
{
    const { assert!(N == REST + 1 && M > 0, "the first operand is given away, for a result") };
    let len = first.len();
    assert!(rest.iter().all(|x| x.len() == len), "pointwise: operands differ in length");
    let mut all = [const { Vec::new() }; M];
    all[0] = first;
    let out = all.each_mut().map(|out| {
        if out.capacity() == 0 {
            *out = buffers::reserve(len);
        }
        // Its elements, which are numbers, stay where they are.
        out.clear();
        &mut out.spare_capacity_mut()[..len]
    });
    by_chunks(len, K::WORK, out, |range, out| {
        // The first output holds the elements of the first operand.
        simd::dispatch(OwnedLoop { rule, out, rest: rest.map(|x| &x[range.clone()]) });
    });
    for out in &mut all {
        // SAFETY: every element was written.
        unsafe { out.set_len(len) };
    }
    all
}

/// The inner loop of a function whose first operand stands where the first result goes.
struct OwnedLoop<'a, F, K, const N: usize, const M: usize, const REST: usize> {
    rule: K,
    /// The first of them is initialised.
    out: [&'a mut [MaybeUninit<F>]; M],
    rest: [&'a [F]; REST],
}

impl<F: Float, K, const N: usize, const M: usize, const REST: usize> Kernel
    for OwnedLoop<'_, F, K, N, M, REST>
where
    K: Pointwise<F, N, M>,
{
    type Out = ();

    #[inline(always)]
    fn run<const FMA: bool>(mut self) {
        let n = self.out[0].len();
        assert!(self.out.iter().all(|out| out.len() == n), "pointwise: results differ in length");
        assert!(self.rest.iter().all(|x| x.len() == n), "pointwise: operands differ in length");
        for i in 0..n {
            // SAFETY: `i < n`, which is the length of every operand and output; the first output is initialised.
            unsafe {
                let mut x = [Lane(self.out[0].get_unchecked(i).assume_init()); N];
                for (lane, x) in x[1..].iter_mut().zip(self.rest) {
                    *lane = Lane(*x.get_unchecked(i));
                }
                let y = self.rule.at::<FMA>(x);
                for (out, y) in self.out.iter_mut().zip(y) {
                    out.get_unchecked_mut(i).write(y.0);
                }
            }
        }
    }
}

/// Calls `f` with ranges that cover `len` elements and the outputs there, on several threads where `work` an element makes it worth while.
fn by_chunks<F: Float, const M: usize>(
    len: usize,
    work: usize,
    out: [&mut [MaybeUninit<F>]; M],
    f: impl Fn(Range<usize>, [&mut [MaybeUninit<F>]; M]) + Send + Sync,
) {
    let work = len.saturating_mul(work);
    if !par::should_parallelize(work) {
        return f(0..len, out);
    }
    let mut out = out.map(|out| out.chunks_mut(CHUNK));
    let mut next = || out.each_mut().map(|chunks| chunks.next().expect("as long as the operands"));
    let mut tasks: Vec<_> = (0..len.div_ceil(CHUNK)).map(|_| Some(next())).collect();
    par::chunks_mut(&mut tasks, 1, work, |i, task| {
        let out = task[0].take().expect("every task is run once");
        f(i * CHUNK..len.min((i + 1) * CHUNK), out);
    });
}

/// The length that all operands have.
#[track_caller]
fn length<F, const N: usize>(x: &[&[F]; N]) -> usize {
    const { assert!(N > 0, "a function of nothing") };
    let len = x[0].len();
    assert!(x.iter().all(|x| x.len() == len), "pointwise: operands differ in length");
    len
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

/// A vector of `len` elements.
///
/// # Safety
/// `fill` writes all of them.
unsafe fn collect<F: Float>(len: usize, fill: impl FnOnce(&mut [MaybeUninit<F>])) -> Vec<F> {
    let mut out = buffers::reserve(len);
    fill(&mut out.spare_capacity_mut()[..len]);
    // SAFETY: the caller's promise.
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
    // SAFETY: a loop writes every element.
    unsafe { collect(x[0].len(), |out| Loop { rule, out: [out], x }.run::<false>()) }
}

#[cfg(test)]
mod tests;
