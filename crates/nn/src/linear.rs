//! Linear maps.

use seedbed_autodiff::{Activation, Float, Rng, Tensor, module};

use crate::Init;

/// y = x W + b, over the last axis.
///
/// ```
/// use seedbed_autodiff::{Rng, Tensor};
/// use seedbed_nn::Linear;
///
/// let linear = Linear::<f32>::new(3, 5, &mut Rng::new(0));
/// assert_eq!(linear.forward(&Tensor::ones(&[7, 3])).shape(), [7, 5]);
/// ```
#[derive(Clone, Debug)]
pub struct Linear<F: Float = f32> {
    /// W, `[inputs, outputs]` (the transpose of PyTorch's).
    pub weight: Tensor<F>,
    /// b, `[outputs]`.
    pub bias: Option<Tensor<F>>,
}
module!(Linear<F> { weight, bias });

impl<F: Float> Linear<F> {
    /// Weights by Glorot's uniform rule, bias 0.
    #[track_caller]
    pub fn new(inputs: usize, outputs: usize, rng: &mut Rng) -> Self {
        Self::with_init(inputs, outputs, Init::default(), rng)
    }

    /// Weights by another rule, bias 0.
    #[track_caller]
    pub fn with_init(inputs: usize, outputs: usize, init: Init, rng: &mut Rng) -> Self {
        let weight = init.weight(&[inputs, outputs], rng);
        Self { weight, bias: Some(Tensor::zeros(&[outputs])) }
    }

    /// The same map without a bias.
    #[must_use]
    pub fn without_bias(self) -> Self {
        Self { bias: None, ..self }
    }

    /// `[…, inputs]` to `[…, outputs]`.
    ///
    /// # Panics
    /// If the last axis has not `inputs` elements.
    #[track_caller]
    pub fn forward(&self, x: &Tensor<F>) -> Tensor<F> {
        self.forward_with(x, Activation::Identity)
    }

    /// The map followed by an activation, in one op.
    ///
    /// # Panics
    /// If the last axis has not `inputs` elements.
    #[track_caller]
    pub fn forward_with(&self, x: &Tensor<F>, activation: Activation) -> Tensor<F> {
        x.linear(&self.weight, self.bias.as_ref(), activation)
    }
}
