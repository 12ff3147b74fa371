//! Circular convolution: attention is moved by each shift, as far as the shift has a share.

use seedbed_kernels::Float;
use seedbed_kernels::simd::Lane;
use seedbed_kernels::vector::multiply_add;

/// Which way a shift goes: `j` of S shifts is one by `j - S/2` places.
#[derive(Clone, Copy)]
pub(super) enum Direction {
    /// To the right.
    Forward,
    /// To the left, as gradients go.
    Back,
}

/// `outᵢ = Σⱼ sⱼ xᵢ₋ⱼ`, or `Σⱼ sⱼ xᵢ₊ⱼ`, on a ring, where `j` runs from −S/2. `around` is overwritten: x, and on either side what stands
/// there on the ring, so that each shift reads a window of it.
#[inline(always)]
pub(super) fn convolve<F: Float, const FMA: bool>(
    shares: &[F],
    x: &[F],
    direction: Direction,
    around: &mut Vec<F>,
    out: &mut [F],
) {
    let last = shares.len() - 1;
    let left = match direction {
        Direction::Forward => last - shares.len() / 2,
        Direction::Back => shares.len() / 2,
    };
    around.clear();
    around.extend_from_slice(&x[x.len() - left..]);
    around.extend_from_slice(x);
    around.extend_from_slice(&x[..last - left]);
    let mut at = 0;
    while at + 4 * 8 <= out.len() {
        blocks::<F, FMA, 4, 8>(shares, around, direction, at, out);
        at += 4 * 8;
    }
    while at + 8 <= out.len() {
        blocks::<F, FMA, 1, 8>(shares, around, direction, at, out);
        at += 8;
    }
    while at < out.len() {
        blocks::<F, FMA, 1, 1>(shares, around, direction, at, out);
        at += 1;
    }
}

/// `B` blocks of `K` outputs from `at` on, whose sums stay in registers.
#[inline(always)]
fn blocks<F: Float, const FMA: bool, const B: usize, const K: usize>(
    shares: &[F],
    around: &[F],
    direction: Direction,
    at: usize,
    out: &mut [F],
) {
    let mut sums = [[Lane::<F, FMA>(F::zero()); K]; B];
    for (j, &share) in shares.iter().enumerate() {
        let start = match direction {
            Direction::Forward => shares.len() - 1 - j,
            Direction::Back => j,
        };
        let window = &around[at + start..][..B * K];
        for b in 0..B {
            let window = window[b * K..].first_chunk::<K>().expect("a block");
            multiply_add::<F, FMA, K>(&mut sums[b], window, &[share; K]);
        }
    }
    for (b, sums) in sums.iter().enumerate() {
        let out = out[at + b * K..].first_chunk_mut::<K>().expect("a block");
        for i in 0..K {
            out[i] = sums[i].0;
        }
    }
}
