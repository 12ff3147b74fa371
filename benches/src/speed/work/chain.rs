//! `op-overhead`: a chain of tiny ops, where nothing but the engine's own work is left.

use std::hint::black_box;

use seedbed::autodiff::{Rng, grad};

use super::normal;
use crate::speed::Work;

pub(super) const NUMBERS: usize = 64;
pub(super) const ROUNDS: usize = 200;

/// Operations of the chain, and as many derivatives.
pub const OPS: f64 = (3 * ROUNDS) as f64;

/// 200 × (mul, add, tanh) on 64 numbers, and the gradient.
pub fn chain() -> Work {
    let mut rng = Rng::new(1);
    let [x, a, b] = [0; 3].map(|_| normal(&[NUMBERS], &mut rng));
    Box::new(move || {
        let gradient =
            grad(&x, |x| (0..ROUNDS).fold(x.clone(), |h, _| (h * &a + &b).tanh()).sum(..));
        black_box(gradient);
    })
}
