use seedbed_autodiff::{Float, Tensor, module};

/// Normalisation by the root of the mean square of the last axis (Zhang & Sennrich, "Root mean square layer normalization", 2019, equation 4): `w x/√(mean(x²) + ε)`. Unlike [`LayerNorm`](super::LayerNorm) it
/// neither takes the mean away nor adds a shift.
///
/// ```
/// use seedbed_autodiff::Tensor;
/// use seedbed_nn::RmsNorm;
/// let y = RmsNorm::<f64>::new(2).forward(&Tensor::new(vec![3.0, -3.0], &[1, 2]));
/// assert!((y.data()[0] - 1.0).abs() < 1e-6 && (y.data()[1] + 1.0).abs() < 1e-6);
/// ```
#[derive(Clone, Debug)]
pub struct RmsNorm<F: Float = f32> {
    /// Gain `[channels]`, 1 at first.
    pub weight: Tensor<F>,
    /// Added to the mean square.
    pub eps: f64,
}
module!(RmsNorm<F> { weight } config { eps });

impl<F: Float> RmsNorm<F> {
    /// For inputs `[…, channels]`, with ε = 10⁻⁵.
    #[track_caller]
    pub fn new(channels: usize) -> Self {
        Self { weight: Tensor::ones(&[channels]), eps: super::EPS }
    }

    /// Every row divided by its root mean square, times the gain.
    ///
    /// # Panics
    /// If the last axis has not `channels` elements.
    #[track_caller]
    pub fn forward(&self, x: &Tensor<F>) -> Tensor<F> {
        assert!(
            x.shape().last() == Some(&self.weight.len()),
            "RmsNorm: the input has the shape {:?}, the gain {:?}",
            x.shape(),
            self.weight.shape()
        );
        let mean_square = x.square().mean_keepdim(-1);
        x * (mean_square + self.eps).rsqrt() * &self.weight
    }
}
