//! How modules read each other.

use seedbed_autodiff::{Activation, Float, Rng, Tensor, module};
use seedbed_nn::{Init, Linear};

use super::config::Communication;

/// Attention of modules to modules: σ(G a) ⊙ tanh(W a), where a is what the heads of a module read of all modules. Queries, keys and values have
/// maps of their own for each module, without bias; G and W are shared.
#[derive(Clone, Debug)]
pub struct Listen<F: Float = f32> {
    /// `[modules, units, heads·key]`.
    pub query: Tensor<F>,
    /// `[modules, units, heads·key]`.
    pub key: Tensor<F>,
    /// `[modules, units, heads·value]`.
    pub value: Tensor<F>,
    /// G, `heads·value` to `units`.
    pub gate: Linear<F>,
    /// W, `heads·value` to `units`.
    pub write: Linear<F>,
    /// How many heads there are.
    pub heads: usize,
}
module!(Listen<F> { query, key, value, gate, write } config { heads });

impl<F: Float> Listen<F> {
    pub(super) fn new(
        config: &Communication,
        [modules, units]: [usize; 2],
        init: Init,
        rng: &mut Rng,
    ) -> Self {
        let Communication { heads, key, value } = *config;
        let mut maps = |size: usize| init.weight(&[modules, units, heads * size], rng);
        let (query, key, values) = (maps(key), maps(key), maps(value));
        let mut shared = || Linear::with_init(heads * value, units, Init::TorchUniform, rng);
        Self { query, key, value: values, gate: shared(), write: shared(), heads }
    }

    /// What modules with the states `h` `[modules, batch, units]` hear, in the same shape; and how much each reads of each, the mean over heads,
    /// `[batch, modules, modules]`, as constants.
    pub(super) fn forward(&self, h: &Tensor<F>) -> (Tensor<F>, Tensor<F>) {
        let &[modules, batch, _] = h.shape() else { unreachable!("a state has three axes") };
        // [modules, batch, heads·size] to [batch, heads, modules, size].
        let heads = |weight: &Tensor<F>| {
            let size = weight.shape()[2] / self.heads;
            let all = h.matmul(weight).reshape(&[modules, batch, self.heads, size]);
            all.permute(&[1, 2, 0, 3])
        };
        let (query, key, value) = (heads(&self.query), heads(&self.key), heads(&self.value));
        let scale = 1.0 / (key.shape()[3] as f64).sqrt();
        let attention = (query.matmul_nt(&key) * scale).softmax(-1);
        let read = attention.matmul(&value).permute(&[2, 0, 1, 3]);
        let read = read.reshape(&[modules, batch, self.gate.weight.shape()[0]]);
        let heard = self.gate.forward_with(&read, Activation::Sigmoid)
            * self.write.forward_with(&read, Activation::Tanh);
        (heard, attention.stop_gradient().mean(1))
    }
}
