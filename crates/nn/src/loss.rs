//! Losses and measures beside those of the engine.
//!
//! The engine's own are methods of [`Tensor`]: [`cross_entropy`](Tensor::cross_entropy) (and its
//! [per-sample](Tensor::cross_entropy_each), [smoothed](Tensor::smooth_cross_entropy_each) and
//! [soft](Tensor::soft_cross_entropy_each) forms), [`bce_with_logits`](Tensor::bce_with_logits), [`mse`](Tensor::mse).

use seedbed_autodiff::{Float, Tensor};

/// The mean absolute error.
///
/// # Panics
/// If the shapes differ.
#[track_caller]
pub fn l1<F: Float>(x: &Tensor<F>, target: &Tensor<F>) -> Tensor<F> {
    same_shape("l1", x, target);
    (x - target).abs().mean(..)
}

/// The mean of Huber's loss (1964): d²/2 for errors d up to `delta`, δ(d − δ/2) beyond.
///
/// # Panics
/// If the shapes differ, or `delta` is not positive.
///
/// ```
/// use seedbed_autodiff::Tensor;
/// use seedbed_nn::loss::huber;
/// let (x, y) = (Tensor::<f64>::new(vec![0.5, 3.0], &[2]), Tensor::zeros(&[2]));
/// assert_eq!(huber(&x, &y, 1.0).item(), (0.125 + 2.5) / 2.0);
/// ```
#[track_caller]
pub fn huber<F: Float>(x: &Tensor<F>, target: &Tensor<F>, delta: f64) -> Tensor<F> {
    same_shape("huber", x, target);
    assert!(delta > 0.0, "huber: delta must be positive, got {delta}");
    let error = (x - target).abs();
    let within = error.clamp(0.0, delta);
    (&within * (error - &within * 0.5)).mean(..)
}

/// The mean over rows of the Kullback–Leibler divergence Σ p (ln p − ln q) of distributions given by their logits `[…, classes]`: of `q`
/// from `p`.
///
/// # Panics
/// If the shapes differ.
#[track_caller]
pub fn kl_divergence<F: Float>(p: &Tensor<F>, q: &Tensor<F>) -> Tensor<F> {
    same_shape("kl_divergence", p, q);
    let log_p = p.log_softmax(-1);
    (log_p.exp() * (&log_p - q.log_softmax(-1))).sum(-1).mean(..)
}

/// The share of rows of the logits `[…, classes]` whose largest is at the label. NaN of nothing.
///
/// # Panics
/// If there is not one label a row.
///
/// ```
/// use seedbed_autodiff::Tensor;
/// use seedbed_nn::loss::accuracy;
/// let logits = Tensor::<f32>::new(vec![0.1, 0.9, 0.8, 0.2], &[2, 2]);
/// assert_eq!(accuracy(&logits, &[1, 1]), 0.5);
/// ```
#[track_caller]
pub fn accuracy<F: Float>(logits: &Tensor<F>, labels: &[usize]) -> f64 {
    let classes = logits.shape().last().copied().unwrap_or(1).max(1);
    let rows = logits.len() / classes;
    assert!(
        rows == labels.len(),
        "accuracy: logits {:?} have {rows} rows, but there are {} labels",
        logits.shape(),
        labels.len()
    );
    let hits = logits.data().chunks_exact(classes).zip(labels).filter(|&(row, &label)| {
        // The first of equal ones; a NaN is never right.
        let best =
            (0..row.len()).rev().fold(0, |best, i| if row[i] >= row[best] { i } else { best });
        best == label && !row[best].is_nan()
    });
    hits.count() as f64 / rows as f64
}

#[track_caller]
fn same_shape<F: Float>(op: &str, x: &Tensor<F>, y: &Tensor<F>) {
    assert!(x.shape() == y.shape(), "{op}: shapes differ: {:?} and {:?}", x.shape(), y.shape());
}

#[cfg(test)]
mod tests {
    use super::*;
    use seedbed_autodiff::{GradCheck, Rng, check_grads};

    #[test]
    fn gradients_are_right() {
        let rng = &mut Rng::new(2);
        let x = [3.0, 0.2].map(|s| Tensor::<f64>::normal(&[3, 4], 0.0, s, rng));
        for f in [|x: &[_]| huber(&x[0], &x[1], 0.7), |x: &[_]| l1(&x[0], &x[1])] {
            check_grads(GradCheck { order: 1, ..Default::default() }, &x, f);
        }
        check_grads(GradCheck::default(), &x, |x| kl_divergence(&x[0], &x[1]));
    }

    #[test]
    fn divergence_is_zero_between_equals_and_positive_otherwise() {
        let rng = &mut Rng::new(1);
        let [p, q] = std::array::from_fn(|_| Tensor::<f64>::normal(&[5, 3], 0.0, 1.0, rng));
        assert!(kl_divergence(&p, &(&p + 7.0)).item().abs() < 1e-15);
        assert!(kl_divergence(&p, &q).item() > 0.1);
    }

    #[test]
    fn accuracy_counts_the_first_of_equals_and_no_nan() {
        let logits = Tensor::<f32>::new(vec![1.0, 1.0, f32::NAN, 0.0, 0.0, 2.0], &[3, 2]);
        assert_eq!(accuracy(&logits, &[0, 0, 1]), 2.0 / 3.0);
        assert!(accuracy(&Tensor::<f32>::zeros(&[0, 2]), &[]).is_nan());
    }
}
