//! The sum of squared differences, in one pass.

use super::lane::Lane;
use super::par;
use super::rows::{Block, WIDTH};
use super::simd::{self, Job};
use crate::Float;

/// Elements that one task sums; fixed, so that no result depends on the number of threads.
const CHUNK: usize = 1 << 13;

/// Σ (x − y)².
pub(crate) fn squared_distance<F: Float>(x: &[F], y: &[F]) -> F {
    let sums = par::map(x.len().div_ceil(CHUNK), x.len() * 2, |i| {
        let range = i * CHUNK..x.len().min((i + 1) * CHUNK);
        simd::dispatch(Distance(&x[range.clone()], &y[range]))
    });
    sums.into_iter().sum()
}

struct Distance<'a, F>(&'a [F], &'a [F]);

impl<F: Float> Job for Distance<'_, F> {
    type Out = F;

    #[inline(always)]
    fn run<const FMA: bool>(self) -> F {
        let zero = F::zero();
        let mut sum = Block::<F, FMA>::splat(zero);
        for at in (0..self.0.len()).step_by(WIDTH) {
            let d = Block::load(self.0, at, zero) - Block::load(self.1, at, zero);
            sum = d.zip(sum, |d: Lane<F, FMA>, sum| d.mul_add(d, sum));
        }
        sum.sum()
    }
}
