//! The model: one hidden layer and one logit.

use seedbed_autodiff::{Float, Rng, Tensor, module};
use seedbed_nn::{Activation, Checked, Init, Linear};

use crate::TemplateModelConfig;

/// z = tanh(x W₁ + b₁) w₂ + b₂.
#[derive(Clone, Debug)]
pub struct TemplateModel<F: Float = f32> {
    /// W₁, `[inputs, hidden]`, and b₁, `[hidden]`.
    pub hidden: Linear<F>,
    /// w₂, `[hidden, 1]`, and b₂, `[1]`.
    pub output: Linear<F>,
}
module!(TemplateModel<F> { hidden, output });

impl<F: Float> TemplateModel<F> {
    /// Normal weights with variance 1 / fan-in, zero biases.
    pub fn new(config: &Checked<TemplateModelConfig>, rng: &mut Rng) -> Self {
        let init = Init::LecunNormal;
        Self {
            hidden: Linear::with_init(config.inputs, config.hidden, init, rng),
            output: Linear::with_init(config.hidden, 1, init, rng),
        }
    }

    /// The logits z of a batch: `[n, inputs]` to `[n, 1]`.
    ///
    /// # Panics
    /// If `x` is not of that shape.
    #[track_caller]
    pub fn forward(&self, x: &Tensor<F>) -> Tensor<F> {
        self.output.forward(&self.hidden.forward_with(x, Activation::Tanh))
    }

    /// The mean binary cross-entropy of the logits, log(1 + eᶻ) − y z; `y` is `[n, 1]` of zeros and ones.
    ///
    /// # Panics
    /// If the shapes of `x` or `y` differ from these.
    #[track_caller]
    pub fn loss(&self, x: &Tensor<F>, y: &Tensor<F>) -> Tensor<F> {
        self.forward(x).bce_with_logits(y)
    }

    /// The share of rows on the right side: z > 0 where y = 1.
    ///
    /// # Panics
    /// If the shape of `x` is not `[n, inputs]`, or `y` has not n elements.
    #[track_caller]
    pub fn accuracy(&self, x: &Tensor<F>, y: &Tensor<F>) -> f64 {
        let z = self.forward(x);
        assert_eq!(z.len(), y.len(), "accuracy: one label for each row of x is needed");
        let right = |(z, y): (&F, &F)| (*z > F::zero()) == (*y > F::of(0.5));
        z.data().iter().zip(y.data()).filter(|&pair| right(pair)).count() as f64 / y.len() as f64
    }
}
