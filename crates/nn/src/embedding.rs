//! Vectors of discrete things.

use seedbed_autodiff::{Float, Rng, Tensor, module};

use crate::Init;

/// A table of vectors, one for each of a number of things: words, classes, codes.
#[derive(Clone, Debug)]
pub struct Embedding<F: Float = f32> {
    /// `[count, width]`.
    pub weight: Tensor<F>,
}
module!(Embedding<F> { weight });

impl<F: Float> Embedding<F> {
    /// `count` vectors of `width` numbers from the standard normal distribution.
    #[track_caller]
    pub fn new(count: usize, width: usize, rng: &mut Rng) -> Self {
        Self::with_init(count, width, Init::Normal(1.0), rng)
    }

    /// The same with another rule for the initial values.
    #[track_caller]
    pub fn with_init(count: usize, width: usize, init: Init, rng: &mut Rng) -> Self {
        Self { weight: init.weight(&[count, width], rng) }
    }

    /// The vectors of these things: `[indices, width]`.
    ///
    /// # Panics
    /// If an index is out of range.
    ///
    /// ```
    /// use seedbed_autodiff::Rng;
    /// use seedbed_nn::Embedding;
    /// let embedding = Embedding::<f32>::new(10, 4, &mut Rng::new(0));
    /// assert_eq!(embedding.forward(&[3, 3, 7]).shape(), [3, 4]);
    /// ```
    #[track_caller]
    pub fn forward(&self, indices: &[usize]) -> Tensor<F> {
        self.weight.index_select(0, indices)
    }
}
