//! Multiply-adds in registers: what the cores of the machine give at a moment, whatever its memory does.

use std::hint::black_box;

use anyhow::{Context as _, Result};
use rayon::ThreadPoolBuilder;
use seedbed_kernels::simd::{Kernel, Lane, dispatch};

use super::Work;

/// Sums that are added to in turn: eight AVX vectors, as many as hide the latency of an addition.
const SUMS: usize = 64;
/// Multiply-adds of each sum: some milliseconds.
const STEPS: usize = 1 << 22;

struct MultiplyAdds;

impl Kernel for MultiplyAdds {
    type Out = f32;

    #[inline(always)]
    fn run<const FMA: bool>(self) -> f32 {
        let (decay, step) = (Lane::<f32, FMA>(black_box(0.999)), Lane(black_box(0.001)));
        let mut sums = [Lane::<f32, FMA>(1.0); SUMS];
        for _ in 0..STEPS {
            for sum in &mut sums {
                *sum = sum.mul_add(decay, step);
            }
        }
        sums.iter().map(|sum| sum.0).sum()
    }
}

/// The same multiply-adds on each of so many threads at once.
pub(crate) fn on_threads(threads: usize) -> Result<Work> {
    let pool = ThreadPoolBuilder::new().num_threads(threads).build().context("starting threads")?;
    Ok(Box::new(move || {
        pool.broadcast(|_| black_box(dispatch(MultiplyAdds)));
    }))
}
