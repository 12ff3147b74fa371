//! The head parameters of an example: clipped, and those that change the memory through their activations. [`HeadOptions`] says where they stand.

use seedbed_kernels::Float;
use seedbed_kernels::rows::{map, map_in_place};
use seedbed_kernels::simd::Lane;

use crate::AddActivation;
use crate::memory::HeadOptions;

/// Cuts a slice into parts of these lengths.
pub(super) fn cut<F>(x: &mut [F], lengths: [usize; 3]) -> [&mut [F]; 3] {
    let (first, rest) = x.split_at_mut(lengths[0]);
    let (second, third) = rest.split_at_mut(lengths[1]);
    [first, second, third]
}

/// How many elements of an example say how all heads address, how many are e of all write heads, and how many their a.
pub(super) fn lengths(heads: HeadOptions) -> [usize; 3] {
    let [addressing, change] = heads.lengths();
    [addressing, change / 2, change / 2]
}

/// Nothing beyond ±clip.
#[inline(always)]
fn clipped<F: Float, const FMA: bool>(x: Lane<F, FMA>, clip: f64) -> Lane<F, FMA> {
    x.clamp(-clip, clip)
}

/// From raw parameters, where e and a of each write head stand together, to the parts that [`lengths`] says.
#[inline(always)]
pub(super) fn decode<F: Float, const FMA: bool>(heads: HeadOptions, raw: &[F], out: &mut [F]) {
    let (width, clip) = (heads.width, heads.clip);
    let [addressing, erase, add] = cut(out, lengths(heads));
    let (raw_addressing, raw_change) = raw.split_at(addressing.len());
    map::<F, FMA>(raw_addressing, addressing, |x| clipped(x, clip));
    let change = erase.chunks_exact_mut(width).zip(add.chunks_exact_mut(width));
    for (raw, (e, a)) in raw_change.chunks_exact(2 * width).zip(change) {
        map::<F, FMA>(&raw[..width], e, |x| clipped(x, clip).sigmoid());
        map::<F, FMA>(&raw[width..], a, |x| clipped(x, clip));
        if heads.add == AddActivation::Tanh {
            map_in_place::<F, FMA>(a, |x| x.tanh());
        }
    }
}

/// Adds the gradient of the raw parameters, given what they were decoded to and its gradient.
#[inline(always)]
pub(super) fn decode_gradient<F: Float, const FMA: bool>(
    heads: HeadOptions,
    [raw, decoded, d_decoded]: [&[F]; 3],
    d_raw: &mut [F],
) {
    let (width, clip) = (heads.width, heads.clip);
    let [split, changes, _] = lengths(heads);
    // Nothing gets through where a raw parameter was clipped.
    let add_unclipped = |d_raw: &mut [F], raw: &[F], d: &[F], y: &[F], slope: Slope| {
        for ((d_raw, &raw), (&d, &y)) in d_raw.iter_mut().zip(raw).zip(d.iter().zip(y)) {
            let (raw, d, y) = (Lane::<F, FMA>(raw), Lane(d), Lane(y));
            let d = match slope {
                Slope::One => d,
                Slope::Sigmoid => d * (y * (1.0 - y)),
                Slope::Tanh => d * (1.0 - y * y),
            };
            let d = clipped(raw, clip).eq(raw).select(d, 0.0);
            *d_raw = (Lane(*d_raw) + d).0;
        }
    };
    let (addressing, change) = decoded.split_at(split);
    let (d_addressing, d_change) = d_decoded.split_at(split);
    let (raw_addressing, raw_change) = raw.split_at(split);
    let (d_raw_addressing, d_raw_change) = d_raw.split_at_mut(split);
    add_unclipped(d_raw_addressing, raw_addressing, d_addressing, addressing, Slope::One);
    let of_add = match heads.add {
        AddActivation::Identity => Slope::One,
        AddActivation::Tanh => Slope::Tanh,
    };
    for h in 0..heads.writes {
        for (part, slope) in [(0, Slope::Sigmoid), (1, of_add)] {
            let at = (2 * h + part) * width..(2 * h + part + 1) * width;
            let from = part * changes + h * width..part * changes + (h + 1) * width;
            let (raw, d_raw) = (&raw_change[at.clone()], &mut d_raw_change[at]);
            add_unclipped(d_raw, raw, &d_change[from.clone()], &change[from], slope);
        }
    }
}

/// The slope of an activation with value y.
#[derive(Clone, Copy)]
enum Slope {
    One,
    Sigmoid,
    Tanh,
}
