//! A fused op of your own: a specification in tensor ops, and a fast path that is held against it.

use seedbed::autodiff::{Fused, FusedCtx, GradCheck, check_fused, check_grads};
use seedbed::prelude::*;

// ANCHOR: op
/// The Huber loss: quadratic near zero, linear beyond `delta`.
///
/// ℓ(e) = e²/2 if |e| ≤ δ, else δ (|e| − δ/2); the derivative is `e` clamped to ±δ.
#[derive(Clone, Copy, Debug)]
struct Huber {
    delta: f64,
}

impl<F: Float> Fused<F, 1> for Huber {
    type Saved = ();

    fn name(&self) -> &'static str {
        "huber"
    }

    /// What it is.
    fn reference(&self, [e]: [&Tensor<F>; 1]) -> Tensor<F> {
        let c = e.clamp(-self.delta, self.delta);
        &c * (e - 0.5 * &c)
    }

    /// How it is computed: one pass over the data.
    fn forward(&self, [e]: [&Tensor<F>; 1]) -> (Tensor<F>, ()) {
        let delta = F::of(self.delta);
        let half = F::of(0.5);
        let loss = |e: F| {
            let c = e.max(-delta).min(delta);
            c * (e - half * c)
        };
        (Tensor::new(e.data().iter().map(|&e| loss(e)).collect(), e.shape()), ())
    }

    /// The gradient, one pass as well.
    fn vjp(&self, c: &FusedCtx<'_, F, (), 1>, g: Tensor<F>) -> [Option<Tensor<F>>; 1] {
        let delta = F::of(self.delta);
        let pairs = c.x(0).data().iter().zip(g.data());
        let gradient = pairs.map(|(&e, &g)| g * e.max(-delta).min(delta)).collect();
        [Some(Tensor::new(gradient, g.shape()))]
    }
}
// ANCHOR_END: op

fn main() {
    // ANCHOR: check
    let e = Tensor::<f64>::new(vec![-3.0, -0.4, 0.2, 0.9, 2.5], &[5]);
    // Fast path and specification agree, and so do derivatives and differences, to third order.
    check_fused(|| Huber { delta: 1.0 }, [&e], 1e-12);
    check_grads(GradCheck::default(), std::slice::from_ref(&e), |x| {
        Tensor::fused(Huber { delta: 1.0 }, [&x[0]])
    });
    // ANCHOR_END: check
    let g = grad(&e, |e| Tensor::fused(Huber { delta: 1.0 }, [e]).sum(..));
    println!("{g}");
}
