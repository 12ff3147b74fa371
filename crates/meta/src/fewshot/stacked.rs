//! A multilayer perceptron that many tasks may have a copy of, all in one tensor.

use seedbed_autodiff::{Float, Rng, Tensor, module};
use seedbed_nn::Init;

/// A linear layer; with tasks, one for each of them.
#[derive(Clone, Debug)]
pub struct StackedLinear<F: Float = f32> {
    /// `[inputs, outputs]`, or `[tasks, inputs, outputs]`.
    pub weight: Tensor<F>,
    /// `[1, outputs]`, or `[tasks, 1, outputs]`.
    pub bias: Tensor<F>,
}
module!(StackedLinear<F> { weight, bias });

/// Linear layers with ReLU after each but the last. Its parameters may have a first axis of tasks; then so have its inputs, and every task
/// has weights of its own.
///
/// ```
/// use seedbed_autodiff::{Module, Rng, Tensor};
/// use seedbed_meta::fewshot::StackedMlp;
/// use seedbed_nn::Init;
///
/// let mlp = StackedMlp::<f32>::new(&[1, 40, 1], |_| Init::HeNormal, &mut Rng::new(0));
/// assert_eq!(mlp.forward(&Tensor::zeros(&[10, 1])).shape(), [10, 1]);
/// let of_tasks = mlp.map_params(|x| Tensor::stack(&[x, x, x], 0));
/// assert_eq!(of_tasks.forward(&Tensor::zeros(&[3, 10, 1])).shape(), [3, 10, 1]);
/// ```
#[derive(Clone, Debug)]
pub struct StackedMlp<F: Float = f32> {
    /// From the input to the output.
    pub layers: Vec<StackedLinear<F>>,
}
module!(StackedMlp<F> { layers });

impl<F: Float> StackedMlp<F> {
    /// Layers between neighbouring `sizes`, without an axis of tasks; `init` says how the weights of a layer, counted from 0, are drawn.
    /// Biases are 0.
    ///
    /// # Panics
    /// If there are fewer than two sizes.
    #[track_caller]
    pub fn new(sizes: &[usize], init: impl Fn(usize) -> Init, rng: &mut Rng) -> Self {
        assert!(sizes.len() >= 2, "StackedMlp: needs the sizes of input and output, got {sizes:?}");
        let layers = sizes.windows(2).enumerate().map(|(layer, size)| StackedLinear {
            weight: init(layer).weight(size, rng),
            bias: Tensor::zeros(&[1, size[1]]),
        });
        Self { layers: layers.collect() }
    }

    /// `[n, first size]` to `[n, last size]`, or with tasks `[tasks, n, first size]` to `[tasks, n, last size]`.
    ///
    /// # Panics
    /// If the shapes do not fit.
    #[track_caller]
    pub fn forward(&self, x: &Tensor<F>) -> Tensor<F> {
        let last = self.layers.len() - 1;
        let mut x = x.clone();
        for (i, StackedLinear { weight, bias }) in self.layers.iter().enumerate() {
            x = x.matmul(weight) + bias;
            if i < last {
                x = x.relu();
            }
        }
        x
    }
}
