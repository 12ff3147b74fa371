use seedbed_autodiff::{Float, Tensor};

use super::same_shape;

/// The mean of [`bce_with_positive_weights_each`].
///
/// # Panics
/// If the shapes differ, or the weights do not broadcast to them.
#[track_caller]
pub fn bce_with_positive_weights<F: Float>(
    logits: &Tensor<F>,
    targets: &Tensor<F>,
    weights: &Tensor<F>,
) -> Tensor<F> {
    bce_with_positive_weights_each(logits, targets, weights).mean(..)
}

/// The binary cross-entropy of every logit `x` with its target `t` of [0, 1], positives weighted by `w`: −w t ln σ(x) − (1 − t) ln(1 − σ(x)).
///
/// A weight above 1 makes up for positives that are rare (negatives per positive are usual). The weights broadcast to the logits: one for all, or one for each
/// class of the last axis. It is PyTorch's `BCEWithLogitsLoss` with `pos_weight`.
///
/// # Panics
/// If the shapes differ, or the weights do not broadcast to them.
///
/// ```
/// use seedbed_autodiff::Tensor;
/// use seedbed_nn::loss::bce_with_positive_weights_each;
/// let (x, t) = (Tensor::<f64>::zeros(&[2]), Tensor::new(vec![1.0, 0.0], &[2]));
/// let losses = bce_with_positive_weights_each(&x, &t, &Tensor::scalar(3.0));
/// assert_eq!(losses.to_vec(), [3.0 * 2f64.ln(), 2f64.ln()]);
/// ```
#[track_caller]
pub fn bce_with_positive_weights_each<F: Float>(
    logits: &Tensor<F>,
    targets: &Tensor<F>,
    weights: &Tensor<F>,
) -> Tensor<F> {
    same_shape("bce_with_positive_weights", logits, targets);
    let weights = weights.broadcast_to(logits.shape());
    let negative = (1.0 - targets).mul_no_nan((-logits).log_sigmoid());
    -(weights * targets).mul_no_nan(logits.log_sigmoid()) - negative
}

/// The mean of [`focal_each`].
///
/// # Panics
/// As [`focal_each`].
#[track_caller]
pub fn focal<F: Float>(
    logits: &Tensor<F>,
    targets: &Tensor<F>,
    gamma: f64,
    alpha: Option<f64>,
) -> Tensor<F> {
    focal_each(logits, targets, gamma, alpha).mean(..)
}

/// The focal loss of every logit with its target (Lin et al., "Focal loss for dense object detection", 2017, equation 5): −αₜ (1 − pₜ)^γ ln pₜ, where
/// pₜ is the probability of what is right and αₜ is α for positives and 1 − α for negatives (1 without α).
///
/// What is right and sure already counts little, so that many easy negatives do not drown few positives; the paper takes γ = 2 and α = ¼. A target between 0 and 1 has that
/// share of the loss of a positive. Computed from logarithms, it is accurate for logits of any size.
///
/// # Panics
/// If the shapes differ, γ is negative or not finite, or α lies outside of [0, 1].
///
/// ```
/// use seedbed_autodiff::Tensor;
/// use seedbed_nn::loss::focal_each;
/// let (x, t) = (Tensor::<f64>::zeros(&[1]), Tensor::ones(&[1]));
/// assert_eq!(focal_each(&x, &t, 0.0, None).item(), 2f64.ln());
/// assert!((focal_each(&x, &t, 2.0, Some(0.25)).item() - 0.25 * 0.25 * 2f64.ln()).abs() < 1e-16);
/// ```
#[track_caller]
pub fn focal_each<F: Float>(
    logits: &Tensor<F>,
    targets: &Tensor<F>,
    gamma: f64,
    alpha: Option<f64>,
) -> Tensor<F> {
    same_shape("focal", logits, targets);
    assert!(
        gamma >= 0.0 && gamma.is_finite(),
        "focal: gamma must be finite and not negative, got {gamma}"
    );
    let share = alpha.unwrap_or(0.5);
    assert!((0.0..=1.0).contains(&share), "focal: alpha must lie in [0, 1], got {share}");
    let (of_one, of_zero) = if alpha.is_some() { (share, 1.0 - share) } else { (1.0, 1.0) };
    let (log_p, log_q) = (logits.log_sigmoid(), (-logits).log_sigmoid());
    // (1 − p)^γ ln p for a positive, p^γ ln(1 − p) for a negative.
    let part = |right: &Tensor<F>, wrong: &Tensor<F>| (wrong * gamma).exp().mul_no_nan(right);
    let positive = (targets * of_one).mul_no_nan(part(&log_p, &log_q));
    let negative = ((1.0 - targets) * of_zero).mul_no_nan(part(&log_q, &log_p));
    -positive - negative
}

#[cfg(test)]
mod tests {
    use super::*;
    use seedbed_autodiff::{GradCheck, Rng, check_grads, grad};

    fn draw(seed: u64, low: f64, high: f64) -> Tensor<f64> {
        Tensor::uniform(&[3, 2], low, high, &mut Rng::new(seed))
    }

    #[test]
    fn gradients_are_right() {
        let x = [draw(1, -3.0, 3.0), draw(2, 0.0, 1.0)];
        let weights = Tensor::new(vec![0.5, 4.0], &[2]);
        let weighted = |x: &[Tensor<f64>]| bce_with_positive_weights(&x[0], &x[1], &weights);
        check_grads(GradCheck::default(), &x, weighted);
        for (gamma, alpha) in [(0.0, None), (2.0, Some(0.25)), (1.5, None)] {
            check_grads(GradCheck::default(), &x, |x| focal(&x[0], &x[1], gamma, alpha));
        }
    }

    #[test]
    fn without_weights_and_focus_they_are_the_engines() {
        let (x, t) = (draw(3, -30.0, 30.0), draw(4, 0.0, 1.0));
        let want = x.bce_with_logits_each(&t);
        let weighted = bce_with_positive_weights_each(&x, &t, &Tensor::ones(&[]));
        for got in [weighted, focal_each(&x, &t, 0.0, None)] {
            for (a, b) in got.data().iter().zip(want.data()) {
                assert!((a - b).abs() <= 1e-14 * (1.0 + b), "{a}, {b}");
            }
        }
    }

    #[test]
    fn large_logits_give_finite_losses_and_gradients() {
        let x = Tensor::<f32>::new(vec![1e30, -1e30, 90.0, -90.0], &[4]);
        let t = Tensor::new(vec![1.0, 1.0, 0.0, 1.0], &[4]);
        assert_eq!(focal_each(&x, &t, 2.0, None).to_vec(), [0.0, 1e30, 90.0, 90.0]);
        assert_eq!(grad(&x, |x| focal(x, &t, 2.0, None)).to_vec(), [0.0, -0.25, 0.25, -0.25]);
        let w = Tensor::scalar(2.0);
        let g = grad(&x, |x| bce_with_positive_weights(x, &t, &w)).to_vec();
        assert_eq!(g, [0.0, -0.5, 0.25, -0.5]);
        let perfect = Tensor::<f32>::new(vec![f32::INFINITY, f32::NEG_INFINITY], &[2]);
        let t = Tensor::new(vec![1.0, 0.0], &[2]);
        assert_eq!(focal_each(&perfect, &t, 2.0, None).to_vec(), [0.0, 0.0]);
        assert_eq!(bce_with_positive_weights_each(&perfect, &t, &w).to_vec(), [0.0, 0.0]);
    }

    #[test]
    #[should_panic(expected = "focal: alpha must lie in [0, 1], got 2")]
    fn shares_are_checked() {
        let _ = focal(&Tensor::<f32>::zeros(&[1]), &Tensor::zeros(&[1]), 1.0, Some(2.0));
    }
}
