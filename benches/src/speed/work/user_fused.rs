//! A fused op of a user's crate against the same in plain ops. The op is that of the example, word for word.

use std::hint::black_box;

use seedbed::autodiff::{Rng, Tensor, grad};

use super::normal;
use crate::speed::Work;

#[path = "../../../../crates/seedbed/examples/03_fused_op/swiglu.rs"]
mod swiglu;

/// Rows and columns of both arguments.
const SHAPE: [usize; 2] = [512, 1024];

/// The op `f`, forward and both gradients.
fn with_gradients(f: impl Fn(&Tensor, &Tensor) -> Tensor + Send + 'static) -> Work {
    let mut rng = Rng::new(1);
    let x = [0; 2].map(|_| normal(&SHAPE, &mut rng));
    Box::new(move || {
        black_box(grad(&x, |[a, b]: &[Tensor; 2]| f(a, b).sum(..)));
    })
}

/// As one fused op.
pub fn fused() -> Work {
    with_gradients(|a, b| Tensor::fused(swiglu::SwiGlu {}, [a, b]))
}

/// In plain ops.
pub fn plain() -> Work {
    with_gradients(|a, b| a * b.silu())
}
