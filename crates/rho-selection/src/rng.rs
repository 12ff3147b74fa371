//! Random numbers that depend on nothing but a seed and a step, so that the state to save is two numbers.

use rand::RngCore;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

/// The generator of one step: ChaCha8 keyed by the seed, on a stream of its own.
pub(crate) fn step_rng(seed: u64, step: u64) -> ChaCha8Rng {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(step);
    rng
}

/// The few distributions that selection draws from.
pub(crate) struct Uniform<R>(pub(crate) R);

impl<R: RngCore> Uniform<R> {
    /// A number of [0, 1), a multiple of 2⁻⁵³.
    pub(crate) fn uniform(&mut self) -> f64 {
        (self.0.next_u64() >> 11) as f64 * (-53_f64).exp2()
    }

    /// A number of (0, 1].
    fn above_zero(&mut self) -> f64 {
        1.0 - self.uniform()
    }

    /// A whole number below `n`, without bias (Lemire 2019).
    pub(crate) fn below(&mut self, n: usize) -> usize {
        let n = n as u64;
        let reject = n.wrapping_neg() % n;
        loop {
            let wide = u128::from(self.0.next_u64()) * u128::from(n);
            if wide as u64 >= reject {
                return (wide >> 64) as usize;
            }
        }
    }

    /// A draw from the standard Gumbel distribution, −log(−log u).
    pub(crate) fn gumbel(&mut self) -> f64 {
        // u = 1 gives +∞; 2⁻⁵⁴ less is the nearest that does not.
        let u = self.above_zero().min(1.0 - f64::EPSILON / 2.0);
        -(-u.ln()).ln()
    }

    /// A draw from the standard normal distribution (Box & Muller).
    pub(crate) fn normal(&mut self) -> f64 {
        let radius = (-2.0 * self.above_zero().ln()).sqrt();
        radius * (std::f64::consts::TAU * self.uniform()).cos()
    }

    /// `k` different numbers below `n` in random order, each set as likely (Fisher & Yates, stopped early).
    pub(crate) fn choose(&mut self, n: usize, k: usize) -> Vec<usize> {
        let mut all: Vec<usize> = (0..n).collect();
        for i in 0..k {
            let j = i + self.below(n - i);
            all.swap(i, j);
        }
        all.truncate(k);
        all
    }
}
