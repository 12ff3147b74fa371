use seedbed_autodiff::{Float, Tensor};

use super::classes_of;

/// `e` to the mean surprise of the labels, −ln softmax(x)_label, over rows of the logits `[…, classes]`: how many equally likely classes it would be as hard to choose
/// among. NaN of nothing; +∞ where a label has no probability.
///
/// # Panics
/// If there is not one label a row, or a label is no class.
///
/// ```
/// use seedbed_autodiff::Tensor;
/// use seedbed_nn::metrics::perplexity;
/// assert!((perplexity(&Tensor::<f32>::zeros(&[7, 10]), &[3; 7]) - 10.0).abs() < 1e-12);
/// ```
#[track_caller]
pub fn perplexity<F: Float>(logits: &Tensor<F>, labels: &[usize]) -> f64 {
    classes_of("perplexity", logits, labels);
    logits.cast::<f64>().cross_entropy(labels).item().exp()
}

/// The expected calibration error (Guo et al., "On calibration of modern neural networks", 2017, equation 3): how far the probability of the class that is predicted lies from
/// the share of rows in which it is right, Σ |B|/n · |accuracy(B) − confidence(B)| over `bins` ranges `B` of confidence, (i/bins, (i + 1)/bins].
///
/// The class that is predicted is the first of the most probable ones. NaN of nothing, and where a logit is NaN.
///
/// # Panics
/// If there is not one label a row, a label is no class, or there are no bins. The paper has 15.
///
/// ```
/// use seedbed_autodiff::Tensor;
/// use seedbed_nn::metrics::expected_calibration_error;
/// // Sure to three quarters, and right in three of four.
/// let logits = Tensor::<f64>::new([3f64.ln(), 0.0].repeat(4), &[4, 2]);
/// assert!(expected_calibration_error(&logits, &[0, 0, 0, 1], 15) < 1e-15);
/// assert!((expected_calibration_error(&logits, &[0, 0, 0, 0], 15) - 0.25).abs() < 1e-15);
/// ```
#[track_caller]
pub fn expected_calibration_error<F: Float>(
    logits: &Tensor<F>,
    labels: &[usize],
    bins: usize,
) -> f64 {
    let classes = classes_of("expected_calibration_error", logits, labels);
    assert!(bins > 0, "expected_calibration_error: needs at least one bin");
    if logits.data().iter().any(|x| x.is_nan()) {
        return f64::NAN;
    }
    let probabilities = logits.cast::<f64>().reshape(&[labels.len(), classes]).softmax(-1);
    // Σ over the rows of a bin of (right − confidence).
    let mut gaps = vec![0.0; bins];
    for (row, &label) in probabilities.data().chunks_exact(classes).zip(labels) {
        let confidence = row.iter().fold(0.0, |m: f64, &p| m.max(p));
        let predicted = row.iter().position(|&p| p == confidence);
        let bin = ((confidence * bins as f64).ceil() as usize).clamp(1, bins) - 1;
        gaps[bin] += f64::from(u8::from(predicted == Some(label))) - confidence;
    }
    gaps.iter().map(|gap| gap.abs()).sum::<f64>() / labels.len() as f64
}
