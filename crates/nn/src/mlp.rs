//! The multilayer perceptron.

use seedbed_autodiff::{Activation, Float, Rng, Tensor, module};

use crate::{Init, Linear};

/// Linear layers with an activation after each but the last.
///
/// ```
/// use seedbed_autodiff::{Activation, Rng, Tensor};
/// use seedbed_nn::Mlp;
///
/// let mlp = Mlp::<f32>::new(&[784, 512, 512, 10], Activation::Relu, &mut Rng::new(0));
/// assert_eq!(mlp.forward(&Tensor::zeros(&[32, 784])).shape(), [32, 10]);
/// ```
#[derive(Clone, Debug)]
pub struct Mlp<F: Float = f32> {
    /// From the input to the output.
    pub layers: Vec<Linear<F>>,
    /// After each layer but the last.
    pub activation: Activation,
}
module!(Mlp<F> { layers } config { activation });

impl<F: Float> Mlp<F> {
    /// Layers between neighbouring `sizes`, from the inputs to the outputs. Layers before an activation of ReLU's kind have He's uniform
    /// weights, all others Glorot's; biases are 0.
    ///
    /// # Panics
    /// If there are fewer than two sizes.
    #[track_caller]
    pub fn new(sizes: &[usize], activation: Activation, rng: &mut Rng) -> Self {
        let hidden = match activation {
            Activation::Identity | Activation::Tanh | Activation::Sigmoid => Init::GlorotUniform,
            _ => Init::HeUniform,
        };
        let last = sizes.len().saturating_sub(2);
        Self::build(
            sizes,
            activation,
            |i| if i == last { Init::GlorotUniform } else { hidden },
            rng,
        )
    }

    /// The same with one rule for all weights.
    ///
    /// # Panics
    /// If there are fewer than two sizes.
    #[track_caller]
    pub fn with_init(sizes: &[usize], activation: Activation, init: Init, rng: &mut Rng) -> Self {
        Self::build(sizes, activation, |_| init, rng)
    }

    #[track_caller]
    fn build(
        sizes: &[usize],
        activation: Activation,
        init: impl Fn(usize) -> Init,
        rng: &mut Rng,
    ) -> Self {
        assert!(sizes.len() >= 2, "Mlp: needs the sizes of input and output, got {sizes:?}");
        let mut layers = Vec::with_capacity(sizes.len() - 1);
        for (i, s) in sizes.windows(2).enumerate() {
            layers.push(Linear::with_init(s[0], s[1], init(i), rng));
        }
        Self { layers, activation }
    }

    /// `[…, first size]` to `[…, last size]`.
    ///
    /// # Panics
    /// If the last axis has not the first size.
    #[track_caller]
    pub fn forward(&self, x: &Tensor<F>) -> Tensor<F> {
        let last = self.layers.len().saturating_sub(1);
        let mut x = x.clone();
        for (i, layer) in self.layers.iter().enumerate() {
            let activation = if i == last { Activation::Identity } else { self.activation };
            x = layer.forward_with(&x, activation);
        }
        x
    }
}
