//! Kernel rows without convolutions: a square product, `tanh`, softmax with cross-entropy.

use std::hint::black_box;

use seedbed::autodiff::Rng;

use super::normal;
use crate::speed::Work;

const TANH: usize = 1 << 16;

/// `tanh` of 65,536 numbers.
pub fn tanh() -> Work {
    let x = normal(&[TANH], &mut Rng::new(1));
    Box::new(move || drop(black_box(x.tanh())))
}
