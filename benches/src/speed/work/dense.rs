//! Kernel rows without convolutions: a square product, `tanh`, softmax with cross-entropy.

use std::hint::black_box;

use seedbed::autodiff::{Rng, Tensor, value_and_grad};

use super::normal;
use crate::speed::Work;

/// Rows and columns of `gemm-512`.
pub const GEMM: usize = 512;
pub(super) const TANH: usize = 1 << 16;
pub(super) const ROWS: usize = 1024;
pub(super) const CLASSES: usize = 1000;

/// Floating-point operations of a product of `side × side` matrices.
pub const fn product_flops(side: usize) -> f64 {
    2.0 * (side * side * side) as f64
}

/// A product of two `side × side` matrices.
pub fn product(side: usize) -> Work {
    let mut rng = Rng::new(1);
    let [a, b] = [0; 2].map(|_| normal(&[side, side], &mut rng));
    Box::new(move || drop(black_box(a.matmul(&b))))
}

/// The product of `gemm-512`.
pub fn gemm() -> Work {
    product(GEMM)
}

/// `tanh` of 65,536 numbers.
pub fn tanh() -> Work {
    let x = normal(&[TANH], &mut Rng::new(1));
    Box::new(move || drop(black_box(x.tanh())))
}

/// The mean cross-entropy of 1,024 rows of 1,000 logits, and its gradient.
pub fn softmax_cross_entropy() -> Work {
    let mut rng = Rng::new(1);
    let logits = normal(&[ROWS, CLASSES], &mut rng);
    let labels: Vec<usize> = (0..ROWS).map(|_| rng.below(CLASSES)).collect();
    Box::new(move || {
        black_box(value_and_grad(&logits, |logits: &Tensor| logits.cross_entropy(&labels)));
    })
}
