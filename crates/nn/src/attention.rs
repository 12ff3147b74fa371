//! Attention with several heads.

use seedbed_autodiff::{AttentionOptions, Float, Rng, Tensor, module};

use crate::{Linear, Rotary};

/// Attention with several heads (Vaswani et al., "Attention is all you need", 2017, section 3.2.2): queries, keys and values are linear maps of the inputs,
/// each head attends with its part of their width, and a last map mixes what the heads found.
///
/// The parts of a width that belong to one head lie side by side, as in PyTorch's `MultiheadAttention`, whose `in_proj_weight` is the transposes of
/// the weights of `query`, `key` and `value`, one below the other.
///
/// ```
/// use seedbed_autodiff::{AttentionOptions, Rng, Tensor};
/// use seedbed_nn::MultiHeadAttention;
///
/// let attention = MultiHeadAttention::<f32>::new(32, 4, &mut Rng::new(0));
/// let x = Tensor::ones(&[2, 10, 32]);
/// assert_eq!(attention.forward(&x, &AttentionOptions::causal()).shape(), [2, 10, 32]);
/// ```
#[derive(Clone, Debug)]
pub struct MultiHeadAttention<F: Float = f32> {
    /// `[width, width]`.
    pub query: Linear<F>,
    /// `[width, width]`.
    pub key: Linear<F>,
    /// `[width, width]`.
    pub value: Linear<F>,
    /// `[width, width]`.
    pub output: Linear<F>,
    /// How many.
    pub heads: usize,
    /// Turns queries and keys by their positions.
    pub rotary: Option<Rotary>,
}
module!(MultiHeadAttention<F> { query, key, value, output } config { heads, rotary });

impl<F: Float> MultiHeadAttention<F> {
    /// Weights by Glorot's uniform rule, biases 0.
    ///
    /// # Panics
    /// If the width does not split into the heads.
    #[track_caller]
    pub fn new(width: usize, heads: usize, rng: &mut Rng) -> Self {
        assert!(
            heads > 0 && width > 0 && width.is_multiple_of(heads),
            "MultiHeadAttention: a width of {width} does not split into {heads} heads"
        );
        let [query, key, value, output] = [(); 4].map(|()| Linear::new(width, width, rng));
        Self { query, key, value, output, heads, rotary: None }
    }

    /// The same maps without biases.
    #[must_use]
    pub fn without_bias(self) -> Self {
        let Self { query, key, value, output, .. } = self;
        let [query, key, value, output] = [query, key, value, output].map(Linear::without_bias);
        Self { query, key, value, output, ..self }
    }

    /// With positions that turn queries and keys ([`Rotary`]).
    #[must_use]
    pub fn with_rotary(self, rotary: Rotary) -> Self {
        Self { rotary: Some(rotary), ..self }
    }

    /// A sequence that attends to itself: `[…, time, width]` to the same shape. A mask broadcasts to `[batch, heads, time, time]`, where the leading axes
    /// together are the batch; see [`padding_mask`].
    ///
    /// # Panics
    /// If the shapes do not fit.
    #[track_caller]
    pub fn forward(&self, x: &Tensor<F>, options: &AttentionOptions<F>) -> Tensor<F> {
        self.forward_across(x, x, options)
    }

    /// Queries from `x` `[…, m, width]` over keys and values from `memory` `[…, n, width]`: `[…, m, width]`. The positions of queries and keys both count
    /// from 0.
    ///
    /// # Panics
    /// If the shapes do not fit.
    #[track_caller]
    pub fn forward_across(
        &self,
        x: &Tensor<F>,
        memory: &Tensor<F>,
        options: &AttentionOptions<F>,
    ) -> Tensor<F> {
        let fits = match (x.shape(), memory.shape()) {
            ([a @ .., _, _], [b @ .., _, _]) => a == b,
            _ => false,
        };
        assert!(
            fits,
            "MultiHeadAttention: needs […, m, width] and […, n, width], got {:?} and {:?}",
            x.shape(),
            memory.shape()
        );
        let turn = |x: Tensor<F>| match &self.rotary {
            Some(rotary) => rotary.forward(&x, 0),
            None => x,
        };
        let q = turn(self.to_heads(&self.query.forward(x)));
        let k = turn(self.to_heads(&self.key.forward(memory)));
        let v = self.to_heads(&self.value.forward(memory));
        let y = q.attention(&k, &v, options).permute(&[0, 2, 1, 3]);
        let mut shape = x.shape().to_vec();
        let width = shape.len() - 1;
        shape[width] = self.value.weight.shape()[1];
        self.output.forward(&y.reshape(&shape))
    }

    /// `[…, time, width]` to `[batch, heads, time, width / heads]`.
    #[track_caller]
    fn to_heads(&self, x: &Tensor<F>) -> Tensor<F> {
        let (batch, &[time, width]) = x.shape().split_last_chunk().expect("two axes at least");
        let batch: usize = batch.iter().product();
        x.reshape(&[batch, time, self.heads, width / self.heads]).permute(&[0, 2, 1, 3])
    }
}

/// The mask of sequences of these lengths in a batch whose rows are `time` long: `[batch, 1, 1, time]`, 1 at what is there and 0 at padding.
///
/// ```
/// use seedbed_nn::padding_mask;
/// let mask = padding_mask::<f32>(&[2, 0, 3], 3);
/// assert_eq!(mask.shape(), [3, 1, 1, 3]);
/// assert_eq!(mask.to_vec(), [1.0, 1.0, 0.0, 0.0, 0.0, 0.0, 1.0, 1.0, 1.0]);
/// ```
///
/// # Panics
/// If a sequence is longer than `time`.
#[track_caller]
pub fn padding_mask<F: Float>(lengths: &[usize], time: usize) -> Tensor<F> {
    if let Some(long) = lengths.iter().find(|&&length| length > time) {
        panic!("padding_mask: a sequence of {long} is longer than {time}");
    }
    let row =
        |&length: &usize| (0..time).map(move |i| if i < length { F::one() } else { F::zero() });
    Tensor::new(lengths.iter().flat_map(row).collect(), &[lengths.len(), 1, 1, time])
}
