//! Gradients are functions of functions: they nest to any order.

use seedbed::autodiff::{hvp, jvp, vjp};
use seedbed::prelude::*;

// ANCHOR: model
/// A model is a plain struct; `module!` writes the walk over its tensors.
#[derive(Clone, Debug)]
struct Neuron<F: Float = f32> {
    weight: Tensor<F>,
    bias: Tensor<F>,
}
module!(Neuron<F> { weight, bias });

impl<F: Float> Neuron<F> {
    fn forward(&self, x: &Tensor<F>) -> Tensor<F> {
        ((x * &self.weight).sum(-1) + &self.bias).tanh()
    }
}
// ANCHOR_END: model

fn main() {
    // ANCHOR: gradient
    let neuron =
        Neuron::<f64> { weight: Tensor::new(vec![0.5, -0.5], &[2]), bias: Tensor::scalar(0.1) };
    let x = Tensor::new(vec![1.0, 2.0, 3.0, 4.0], &[2, 2]);

    // The gradient is a `Neuron` again.
    let (loss, gradient) = value_and_grad(&neuron, |m| m.forward(&x).square().mean(..));
    println!("loss {loss}, gradient {gradient:?}");
    let better = neuron.zip_params(&gradient, |p, g| p - 0.01 * g);
    assert!(better.forward(&x).square().mean(..).item() < loss.item());
    // ANCHOR_END: gradient

    // ANCHOR: nested
    // The third derivative of x⁴ at 2 is 24 · 2.
    let third = grad(&Tensor::<f64>::scalar(2.0), |x| grad(x, |x| grad(x, |x| x.powi(4))));
    assert_eq!(third.item(), 48.0);
    // ANCHOR_END: nested

    // ANCHOR: products
    let (x, v) = (Tensor::<f64>::arange(3), Tensor::ones(&[3]));
    let (_, pull) = vjp(&x, |x| x.square());
    assert_eq!(pull(&v).to_vec(), [0.0, 2.0, 4.0]);
    assert_eq!(jvp(&x, &v, |x| x.square()).to_vec(), [0.0, 2.0, 4.0]);
    assert_eq!(hvp(&x, &v, |x| x.powi(3).sum(..)).to_vec(), [0.0, 6.0, 12.0]);
    // ANCHOR_END: products
}
