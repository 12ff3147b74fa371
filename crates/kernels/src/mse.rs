//! The sum of squared differences, in one pass.

use super::par;
use super::rows::{Lanes, WIDTH};
use super::simd::{self, Kernel};
use super::sums::{self, in_blocks};
use crate::Float;
use crate::simd::Lane;

/// Elements that one task sums; fixed, so that no result depends on the number of threads.
const CHUNK: usize = 1 << 13;

/// Σ (x − y)².
pub fn squared_distance<F: Float>(x: &[F], y: &[F]) -> F {
    let parts = par::map(x.len().div_ceil(CHUNK), x.len() * 2, |i| {
        let range = i * CHUNK..x.len().min((i + 1) * CHUNK);
        simd::dispatch(Distance(&x[range.clone()], &y[range]))
    });
    sums::sum(&parts)
}

struct Distance<'a, F>(&'a [F], &'a [F]);

impl<F: Float> Kernel for Distance<'_, F> {
    type Out = F;

    #[inline(always)]
    fn run<const FMA: bool>(self) -> F {
        let zero = F::zero();
        let [sum] = in_blocks!(self.0.len(), |block| {
            let mut sum = Lanes::<F, FMA>::splat(zero);
            for at in block.step_by(WIDTH) {
                let d = Lanes::load(self.0, at, zero) - Lanes::load(self.1, at, zero);
                sum = d.zip(sum, |d: Lane<F, FMA>, sum| d.mul_add(d, sum));
            }
            [sum.sum()]
        });
        sum
    }
}
