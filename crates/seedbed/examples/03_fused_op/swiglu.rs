//! A fused op of a crate of your own, in safe code.

use seedbed::autodiff::{Fused, FusedCtx};
use seedbed::kernels::pointwise;
use seedbed::prelude::*;

// ANCHOR: op
pointwise! {
    /// a · silu(b) = a · b · σ(b): the gate of SwiGLU (Shazeer 2020).
    pub SwiGlu {} work 12, |a, b| [a * b * b.sigmoid()];
    /// ∂/∂a = b σ(b), ∂/∂b = a σ(b) (1 + b (1 − σ(b))), each times the gradient of the value.
    Slopes {} work 16, |g, a, b| [
        g * b * b.sigmoid(),
        g * a * b.sigmoid() * (1.0 + b * (1.0 - b.sigmoid())),
    ];
}

impl<F: Float> Fused<F, 2> for SwiGlu {
    type Saved = ();

    fn name(&self) -> &'static str {
        "swiglu"
    }

    /// What it is.
    fn reference(&self, [a, b]: [&Tensor<F>; 2]) -> Tensor<F> {
        a * b.silu()
    }

    /// How it is computed: one pass over the data, with vector instructions, on all threads.
    fn forward(&self, [a, b]: [&Tensor<F>; 2]) -> (Tensor<F>, ()) {
        let [y] = pointwise::map(*self, [a.data(), b.data()]);
        (Tensor::new(y, a.shape()), ())
    }

    /// Both gradients, in one pass as well; the first takes over the memory of `g`.
    fn vjp(&self, c: &FusedCtx<'_, F, (), 2>, g: Tensor<F>) -> [Option<Tensor<F>>; 2] {
        let [a, b] = [c.x(0), c.x(1)];
        let slopes = pointwise::map_owned(Slopes {}, g.into_vec(), [a.data(), b.data()]);
        slopes.map(|d| Some(Tensor::new(d, a.shape())))
    }
}
// ANCHOR_END: op
