//! In-place updates of many tensors at once: one parallel region, one pass over the memory.

use super::par;
use super::simd::{self, Kernel};
use crate::Float;

/// Elements a task takes at once; fixed, so that no result depends on the number of threads.
const CHUNK: usize = 1 << 13;

/// Elements that are loaded before any is stored, so that the compiler need not ask whether the slices overlap.
const BLOCK: usize = 32;

/// A function of one number, `G` numbers to read and `S` numbers of state.
pub trait Update<F: Float, const G: usize, const S: usize>: Copy + Send + Sync {
    /// About how many scalar operations it costs.
    const WORK: usize;

    /// The new number and state. Implementations are `#[inline(always)]`.
    fn at(self, x: F, g: [F; G], state: [F; S]) -> (F, [F; S]);
}

/// What a rule is applied to: equally long slices.
pub struct Part<'a, F, R, const G: usize, const S: usize> {
    /// The function.
    pub rule: R,
    /// The elements to change.
    pub x: &'a mut [F],
    /// What is read.
    pub g: [&'a [F]; G],
    /// State that is changed along.
    pub state: [&'a mut [F]; S],
}

/// Applies every part's rule to its elements.
pub fn apply<F: Float, R: Update<F, G, S>, const G: usize, const S: usize>(
    parts: Vec<Part<'_, F, R, G, S>>,
) {
    let elements: usize = parts.iter().map(|p| p.x.len()).sum();
    let work = elements * R::WORK;
    if !par::should_parallelize(work) {
        for part in parts {
            simd::dispatch(Loop(part));
        }
        return;
    }
    let mut tasks: Vec<_> = parts.into_iter().flat_map(chunks).map(Some).collect();
    par::chunks_mut(&mut tasks, 1, work, |_, task| {
        simd::dispatch(Loop(task[0].take().expect("every task is run once")));
    });
}

/// The part in pieces of [`CHUNK`] elements.
fn chunks<F, R: Copy, const G: usize, const S: usize>(
    part: Part<'_, F, R, G, S>,
) -> impl Iterator<Item = Part<'_, F, R, G, S>> {
    let Part { rule, x, g, state } = part;
    let mut g = g.map(|g| g.chunks(CHUNK));
    let mut state = state.map(|s| s.chunks_mut(CHUNK));
    x.chunks_mut(CHUNK).map(move |x| Part {
        rule,
        x,
        g: g.each_mut().map(|g| g.next().expect("as long as the parameter")),
        state: state.each_mut().map(|s| s.next().expect("as long as the parameter")),
    })
}

/// The inner loop of a rule.
struct Loop<'a, F, R, const G: usize, const S: usize>(Part<'a, F, R, G, S>);

impl<F: Float, R: Update<F, G, S>, const G: usize, const S: usize> Kernel for Loop<'_, F, R, G, S> {
    type Out = ();

    #[inline(always)]
    fn run<const FMA: bool>(self) {
        let mut part = self.0;
        let whole = part.x.len() / BLOCK * BLOCK;
        for i in (0..whole).step_by(BLOCK) {
            block::<F, R, G, S, BLOCK>(&mut part, i);
        }
        for i in whole..part.x.len() {
            block::<F, R, G, S, 1>(&mut part, i);
        }
    }
}

/// The rule on `N` elements from the `i`-th.
#[inline(always)]
fn block<F: Float, R: Update<F, G, S>, const G: usize, const S: usize, const N: usize>(
    part: &mut Part<'_, F, R, G, S>,
    i: usize,
) {
    let mut x: [F; N] = load(part.x, i);
    let g: [[F; N]; G] = std::array::from_fn(|k| load(part.g[k], i));
    let mut state: [[F; N]; S] = std::array::from_fn(|k| load(part.state[k], i));
    for j in 0..N {
        let (at, s) = part.rule.at(
            x[j],
            std::array::from_fn(|k| g[k][j]),
            std::array::from_fn(|k| state[k][j]),
        );
        x[j] = at;
        for k in 0..S {
            state[k][j] = s[k];
        }
    }
    part.x[i..i + N].copy_from_slice(&x);
    for (out, state) in part.state.iter_mut().zip(&state) {
        out[i..i + N].copy_from_slice(state);
    }
}

#[inline(always)]
fn load<F: Float, const N: usize>(from: &[F], i: usize) -> [F; N] {
    from[i..i + N].try_into().expect("a slice of N elements")
}

/// The sum of the squares of all elements, in `f64`.
pub fn sum_of_squares<F: Float>(slices: &[&[F]]) -> f64 {
    let chunks: Vec<&[F]> = slices.iter().flat_map(|s| s.chunks(CHUNK)).collect();
    let work = chunks.iter().map(|c| c.len()).sum();
    // Added in the order of the chunks: the same bits on any number of threads.
    par::map(chunks.len(), work, |i| simd::dispatch(SumOfSquares(chunks[i]))).into_iter().sum()
}

struct SumOfSquares<'a, F>(&'a [F]);

impl<F: Float> Kernel for SumOfSquares<'_, F> {
    type Out = f64;

    #[inline(always)]
    fn run<const FMA: bool>(self) -> f64 {
        let mut lanes = [0.0; 16];
        let (blocks, rest) = self.0.as_chunks::<16>();
        for block in blocks {
            for (lane, x) in lanes.iter_mut().zip(block) {
                *lane += x.f64() * x.f64();
            }
        }
        for (lane, x) in lanes.iter_mut().zip(rest) {
            *lane += x.f64() * x.f64();
        }
        lanes.iter().sum()
    }
}
