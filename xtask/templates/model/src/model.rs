//! The model: one hidden layer and one logit.

use seedbed_autodiff::{Float, Rng, Tensor, module};

use crate::Checked;

/// z = tanh(x W₁ + b₁) w₂ + b₂.
#[derive(Clone, Debug)]
pub struct TemplateModel<F: Float = f32> {
    /// W₁, `[inputs, hidden]`.
    pub w1: Tensor<F>,
    /// b₁, `[hidden]`.
    pub b1: Tensor<F>,
    /// w₂, `[hidden, 1]`.
    pub w2: Tensor<F>,
    /// b₂, `[1]`.
    pub b2: Tensor<F>,
}
module!(TemplateModel<F> { w1, b1, w2, b2 });

impl<F: Float> TemplateModel<F> {
    /// Random weights with variance 1 / fan-in (LeCun et al. 1998, “Efficient BackProp”, §4.6), zero biases.
    pub fn new(config: &Checked, rng: &mut Rng) -> Self {
        let (inputs, hidden) = (config.get().inputs, config.get().hidden);
        let mut weight = |fan_in: usize, fan_out: usize| {
            Tensor::normal(&[fan_in, fan_out], 0.0, (fan_in as f64).powf(-0.5), rng)
        };
        Self {
            w1: weight(inputs, hidden),
            b1: Tensor::zeros(&[hidden]),
            w2: weight(hidden, 1),
            b2: Tensor::zeros(&[1]),
        }
    }

    /// The logits z of a batch: `[n, inputs]` to `[n, 1]`.
    ///
    /// # Panics
    /// If `x` is not of that shape.
    #[track_caller]
    pub fn forward(&self, x: &Tensor<F>) -> Tensor<F> {
        let hidden = (x.matmul(&self.w1) + &self.b1).tanh();
        hidden.matmul(&self.w2) + &self.b2
    }

    /// The mean binary cross-entropy of the logits, log(1 + eᶻ) − y z; `y` is `[n, 1]` of zeros and ones.
    ///
    /// # Panics
    /// If the shapes of `x` or `y` differ from these.
    #[track_caller]
    pub fn loss(&self, x: &Tensor<F>, y: &Tensor<F>) -> Tensor<F> {
        let z = self.forward(x);
        assert_eq!(z.shape(), y.shape(), "loss: one label for each row of x is needed");
        (z.softplus() - y * &z).mean(..)
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
