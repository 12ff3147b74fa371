//! Layers one after the other.

mod layer;

pub use layer::{Layer, Window};

use seedbed_autodiff::{Float, Rng, Tensor, module};

use crate::BatchStatistics;

/// Layers of any kind, one after the other.
///
/// What training does otherwise (dropout, statistics of the batch) is asked for explicitly: [`forward`](Self::forward) is inference,
/// [`forward_train`](Self::forward_train) training. For anything that is not a chain, write a struct with
/// [`module!`](seedbed_autodiff::module) instead.
///
/// ```
/// use seedbed_autodiff::{Activation, Rng, Tensor, value_and_grad_aux};
/// use seedbed_nn::{BatchNorm, Conv2d, Dropout, Layer, Linear, Sequential};
///
/// let rng = &mut Rng::new(0);
/// let mut net = Sequential::<f32>::new()
///     .push(Conv2d::same(1, 4, [3, 3], rng).without_bias())
///     .push(BatchNorm::new(4))
///     .push(Activation::Relu)
///     .push(Layer::max_pool2d([2, 2]))
///     .push(Layer::Flatten)
///     .push(Dropout::new(0.2))
///     .push(Linear::new(4 * 4 * 4, 10, rng));
/// let (x, labels) = (Tensor::normal(&[2, 8, 8, 1], 0.0, 1.0, rng), [3, 7]);
///
/// let (_loss, statistics, _gradient) = value_and_grad_aux(&net, |net| {
///     let (logits, statistics) = net.forward_train(&x, rng);
///     (logits.cross_entropy(&labels), statistics)
/// });
/// net.update(&statistics); // the running statistics of batch normalisation
/// assert_eq!(net.forward(&x).shape(), [2, 10]);
/// ```
#[derive(Clone, Debug, Default)]
pub struct Sequential<F: Float = f32> {
    /// In order.
    pub layers: Vec<Layer<F>>,
}
module!(Sequential<F> { layers });

impl<F: Float> Sequential<F> {
    /// The identity.
    pub fn new() -> Self {
        Self { layers: Vec::new() }
    }

    /// With another layer at the end.
    #[must_use]
    pub fn push(mut self, layer: impl Into<Layer<F>>) -> Self {
        self.layers.push(layer.into());
        self
    }

    /// Inference.
    ///
    /// # Panics
    /// If shapes do not fit.
    #[track_caller]
    pub fn forward(&self, x: &Tensor<F>) -> Tensor<F> {
        let mut x = x.clone();
        for layer in &self.layers {
            x = layer.forward(&x);
        }
        x
    }

    /// Training: dropout draws from `rng`, batch normalisation uses the statistics of the batch and returns them for
    /// [`update`](Self::update).
    ///
    /// # Panics
    /// If shapes do not fit.
    #[track_caller]
    pub fn forward_train(
        &self,
        x: &Tensor<F>,
        rng: &mut Rng,
    ) -> (Tensor<F>, Vec<BatchStatistics<F>>) {
        let (mut x, mut statistics) = (x.clone(), Vec::new());
        for layer in &self.layers {
            x = layer.forward_train(&x, rng, &mut statistics);
        }
        (x, statistics)
    }

    /// Takes the statistics of a batch, as [`forward_train`](Self::forward_train) gave them, into the running ones.
    ///
    /// # Panics
    /// If they are not as many as there are batch normalisations.
    #[track_caller]
    pub fn update(&mut self, statistics: &[BatchStatistics<F>]) {
        let mut rest = statistics.iter();
        let taken = self.layers.iter_mut().all(|layer| layer.update(&mut rest));
        assert!(
            taken && rest.next().is_none(),
            "Sequential::update: {} statistics are not one for each batch normalisation",
            statistics.len()
        );
    }
}

impl<F: Float> FromIterator<Layer<F>> for Sequential<F> {
    fn from_iter<I: IntoIterator<Item = Layer<F>>>(layers: I) -> Self {
        Self { layers: layers.into_iter().collect() }
    }
}
