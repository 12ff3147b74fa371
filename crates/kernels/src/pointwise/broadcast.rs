//! Operands that broadcast, as in NumPy.

use std::mem::MaybeUninit;

use smallvec::SmallVec;

use super::{
    BLOCK, CHUNK, Pointwise, SliceLoop, as_uninit, assume_init, collect, in_place, loop_of, map,
};
use crate::{Float, par};

/// One operand of a broadcasting loop.
#[derive(Clone, Copy, Debug)]
pub struct View<'a, F> {
    /// Its elements in row-major order.
    pub data: &'a [F],
    /// Its shape, which broadcasts to the output's as in NumPy.
    pub shape: &'a [usize],
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
    // SAFETY: `blocks` covers the output, and the loop writes every element of a block.
    unsafe {
        collect(len, |out| {
            blocks(out, K::WORK, x.map(|x| Source::of(x, shape)), &loop_of(rule));
        })
    }
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
