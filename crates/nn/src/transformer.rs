//! Layers of a transformer.

use seedbed_autodiff::{Activation, AttentionOptions, Float, Rng, Tensor, module};

use crate::{Dropout, LayerNorm, Linear, MultiHeadAttention};

/// A layer of a transformer with normalisation before each part, as in GPT-2 (Radford et al. 2019):
///
/// ```text
/// x ← x + attention(norm(x))
/// x ← x + W₂ gelu(W₁ norm(x))        W₁: width → 4 width
/// ```
///
/// ```
/// use seedbed_autodiff::{AttentionOptions, Rng, Tensor};
/// use seedbed_nn::TransformerBlock;
///
/// let block = TransformerBlock::<f32>::new(16, 2, &mut Rng::new(0));
/// let x = Tensor::ones(&[2, 5, 16]);
/// assert_eq!(block.forward(&x, &AttentionOptions::causal()).shape(), [2, 5, 16]);
/// ```
#[derive(Clone, Debug)]
pub struct TransformerBlock<F: Float = f32> {
    /// Before the attention.
    pub attention_norm: LayerNorm<F>,
    /// Between positions.
    pub attention: MultiHeadAttention<F>,
    /// Before the two maps.
    pub mlp_norm: LayerNorm<F>,
    /// W₁.
    pub up: Linear<F>,
    /// W₂.
    pub down: Linear<F>,
    /// Of what each part adds, while training.
    pub dropout: Dropout,
}
module!(TransformerBlock<F> { attention_norm, attention, mlp_norm, up, down } config { dropout });

impl<F: Float> TransformerBlock<F> {
    /// Without dropout.
    ///
    /// # Panics
    /// If the width does not split into the heads.
    #[track_caller]
    pub fn new(width: usize, heads: usize, rng: &mut Rng) -> Self {
        let attention = MultiHeadAttention::new(width, heads, rng);
        let up = Linear::new(width, 4 * width, rng);
        let down = Linear::new(4 * width, width, rng);
        let (attention_norm, mlp_norm) = (LayerNorm::new(width), LayerNorm::new(width));
        Self { attention_norm, attention, mlp_norm, up, down, dropout: Dropout { p: 0.0 } }
    }

    /// With dropout of what each part adds.
    ///
    /// # Panics
    /// Unless 0 ≤ p < 1.
    #[must_use]
    #[track_caller]
    pub fn with_dropout(self, p: f64) -> Self {
        Self { dropout: Dropout::new(p), ..self }
    }

    /// Inference on `[…, time, width]`.
    ///
    /// # Panics
    /// If the shapes do not fit.
    #[track_caller]
    pub fn forward(&self, x: &Tensor<F>, options: &AttentionOptions<F>) -> Tensor<F> {
        self.layer(x, options, |part| part)
    }

    /// The same in training, with dropout by `rng`.
    ///
    /// # Panics
    /// If the shapes do not fit.
    #[track_caller]
    pub fn forward_train(
        &self,
        x: &Tensor<F>,
        options: &AttentionOptions<F>,
        rng: &mut Rng,
    ) -> Tensor<F> {
        self.layer(x, options, |part| self.dropout.forward_train(&part, rng))
    }

    #[track_caller]
    fn layer(
        &self,
        x: &Tensor<F>,
        options: &AttentionOptions<F>,
        mut drop: impl FnMut(Tensor<F>) -> Tensor<F>,
    ) -> Tensor<F> {
        let x = x + drop(self.attention.forward(&self.attention_norm.forward(x), options));
        let hidden = self.up.forward_with(&self.mlp_norm.forward(&x), Activation::Gelu);
        let added = drop(self.down.forward(&hidden));
        x + added
    }
}
