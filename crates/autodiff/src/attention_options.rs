//! What attention looks at.

use crate::{Float, Tensor};

/// What a query sees in [`Tensor::attention`]; by default everything, at the scale 1/√depth.
///
/// ```
/// use seedbed_autodiff::{AttentionOptions, Tensor};
/// // Sequences of 3 and of 1 in a batch of length 3: the rest is padding.
/// let padding = Tensor::new(vec![1.0, 1.0, 1.0, 1.0, 0.0, 0.0], &[2, 1, 3]);
/// let options = AttentionOptions { causal: true, visible: Some(padding), ..Default::default() };
/// let x = Tensor::<f32>::ones(&[2, 3, 8]);
/// assert_eq!(x.attention(&x, &x, &options).shape(), [2, 3, 8]);
/// ```
#[derive(Clone, Debug)]
pub struct AttentionOptions<F: Float = f32> {
    /// Whether query i of m sees keys up to i + n − m only, of n keys: the queries are the last ones, so that with as many keys none sees what comes after it.
    /// (PyTorch's `is_causal` counts from the first key, which is the same where m = n.)
    pub causal: bool,
    /// A mask that broadcasts to `[…, m, n]`, in which 0 hides a key from a query: what a comparison gives. It is a constant.
    pub visible: Option<Tensor<F>>,
    /// What the scores are multiplied by; 1/√depth without it.
    pub scale: Option<f64>,
}

impl<F: Float> Default for AttentionOptions<F> {
    fn default() -> Self {
        Self { causal: false, visible: None, scale: None }
    }
}

impl<F: Float> AttentionOptions<F> {
    /// Every query sees the keys up to its own place.
    pub fn causal() -> Self {
        Self { causal: true, ..Self::default() }
    }

    /// Everything that the mask does not hide with a 0 is seen.
    pub fn masked(visible: Tensor<F>) -> Self {
        Self { visible: Some(visible), ..Self::default() }
    }
}
