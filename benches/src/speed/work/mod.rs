//! The work of the speed rows, in one place for the scoreboard, Criterion and the memory probe.
//!
//! The sizes are those of `benches/peers/sizes.py`; inputs are random, never zeros.

pub mod chain;
pub mod convolution;
pub mod dense;
pub mod mlp;

use seedbed::autodiff::{Rng, Tensor};

/// Standard normal numbers.
fn normal(shape: &[usize], rng: &mut Rng) -> Tensor {
    Tensor::normal(shape, 0.0, 1.0, rng)
}
