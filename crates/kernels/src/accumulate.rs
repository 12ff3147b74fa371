//! Gradients add up.

use crate::Float;

/// `sum += g`.
pub fn add_assign<F: Float>(sum: &mut [F], g: &[F]) {
    for (s, &g) in sum.iter_mut().zip(g) {
        *s += g;
    }
}
