//! Losses and measures beside those of the engine.
//!
//! The engine's own are methods of [`Tensor`]: [`cross_entropy`](Tensor::cross_entropy) (and its
//! [per-sample](Tensor::cross_entropy_each), [smoothed](Tensor::smooth_cross_entropy_each) and
//! [soft](Tensor::soft_cross_entropy_each) forms), [`bce_with_logits`](Tensor::bce_with_logits), [`mse`](Tensor::mse).
//! [`CrossEntropy`] adds classes of different weight and labels that do not count. Measures are in [`metrics`](crate::metrics).

mod binary;
mod classes;

pub use binary::{bce_with_positive_weights, bce_with_positive_weights_each, focal, focal_each};
pub use classes::CrossEntropy;

use seedbed_autodiff::{Float, Tensor};

/// The mean absolute error.
///
/// It is NaN where both numbers are the same infinity, as in PyTorch: how far two of them are apart is not known. What is masked is left out before.
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
/// The gradient of an infinite error is δ, as that of any large one.
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
    // A δ beyond the element type's range: no error is larger.
    let delta = delta.min(F::max_value().f64());
    let within = error.clamp(0.0, delta);
    // A sum, not the product δ(d − δ/2): an infinite d would be multiplied by the gradient 0 of `within`.
    (within.square() * 0.5 + (error - within) * delta).mean(..)
}

/// The mean over rows of the Kullback–Leibler divergence Σ p (ln p − ln q) of distributions given by their logits `[…, classes]`: of `q`
/// from `p`.
///
/// A class that `p` masks, with the logit −∞, adds nothing, whatever `q` says of it: p ln p is 0 at p = 0. One that `q` alone
/// masks makes the divergence infinite.
///
/// # Panics
/// If the shapes differ.
///
/// ```
/// use seedbed_autodiff::Tensor;
/// use seedbed_nn::loss::kl_divergence;
/// let p = Tensor::<f64>::new(vec![0.0, 0.0, f64::NEG_INFINITY], &[1, 3]);
/// let q = Tensor::new(vec![0.0, 0.0, 0.0], &[1, 3]);
/// assert!((kl_divergence(&p, &q).item() - 1.5_f64.ln()).abs() < 1e-12);
/// ```
#[track_caller]
pub fn kl_divergence<F: Float>(p: &Tensor<F>, q: &Tensor<F>) -> Tensor<F> {
    same_shape("kl_divergence", p, q);
    let log_p = p.log_softmax(-1);
    // Chosen before the product: 0 · ∞ is no number. A NaN is not −∞ and stays.
    let possible = log_p.ne(f64::NEG_INFINITY);
    let difference = possible.select(&log_p - q.log_softmax(-1), 0.0);
    (log_p.exp() * difference).sum(-1).mean(..)
}

/// The share of rows of the logits `[…, classes]` whose largest is at the label: the first of equal ones. A row with a NaN in it is
/// never right, wherever the NaN stands. NaN of nothing.
///
/// # Panics
/// If there is not one label a row, or a label of no class.
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
    if let Some(label) = labels.iter().find(|&&label| label >= classes) {
        panic!("accuracy: label {label}, but there are {classes} classes");
    }
    let hits = logits.data().chunks_exact(classes).zip(labels).filter(|&(row, &label)| {
        let best =
            (0..row.len()).rev().fold(0, |best, i| if row[i] >= row[best] { i } else { best });
        best == label && !row.iter().any(|x| x.is_nan())
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
    use seedbed_autodiff::{GradCheck, Rng, check_grads, value_and_grad};

    #[test]
    fn equal_infinities_have_no_distance() {
        let inf = f64::INFINITY;
        let of = |f: fn(&Tensor<f64>, &Tensor<f64>) -> Tensor<f64>, x: f64, y: f64| {
            f(&Tensor::full(&[1], x), &Tensor::full(&[1], y)).item()
        };
        for f in [l1, |x: &Tensor<f64>, y: &Tensor<f64>| huber(x, y, 1.0)] {
            for x in [inf, -inf] {
                assert!(of(f, x, x).is_nan());
                assert_eq!((of(f, x, -x), of(f, x, 1.0), of(f, 1.0, x)), (inf, inf, inf));
            }
        }
    }

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
    fn a_masked_class_adds_nothing_to_a_divergence_and_has_no_gradient() {
        let inf = f64::INFINITY;
        let p = Tensor::<f64>::new(vec![0.3, -inf, -0.2, 1.0], &[1, 4]);
        let without = |x: &Tensor<f64>| Tensor::concat(&[&x.slice(1, 0..1), &x.slice(1, 2..4)], 1);
        for masked in [-inf, 0.5, -3.0] {
            let q = Tensor::<f64>::new(vec![-0.5, masked, 0.1, 0.0], &[1, 4]);
            // p without the class, q as it is: its probabilities need not add up over the others.
            let log_q = without(&q.log_softmax(-1));
            let log_p = without(&p).log_softmax(-1);
            let want = (log_p.exp() * (&log_p - log_q)).sum(..).item();
            let (value, gradient) =
                value_and_grad(&(p.clone(), q.clone()), |(p, q)| kl_divergence(p, q));
            assert!((value.item() - want).abs() < 1e-15, "{value:?} {want}");
            assert!(gradient.0.data().iter().chain(gradient.1.data()).all(|g| g.is_finite()));
            assert_eq!(gradient.0.data()[1], 0.0);
        }
        let q = Tensor::<f64>::new(vec![-inf, 0.0, 0.1, 0.0], &[1, 4]);
        assert_eq!(kl_divergence(&p, &q).item(), inf, "what p holds for possible and q does not");
        let nan = Tensor::<f64>::new(vec![f64::NAN, -inf, 0.1, 0.0], &[1, 4]);
        assert!(kl_divergence(&nan, &p).item().is_nan() && kl_divergence(&p, &nan).item().is_nan());
    }

    #[test]
    fn the_gradient_of_an_infinite_error_is_that_of_a_large_one() {
        let x = Tensor::<f32>::new(vec![f32::INFINITY, -f32::INFINITY, 0.5, 9.0], &[4]);
        let (value, gradient) = value_and_grad(&x, |x| huber(x, &Tensor::zeros(&[4]), 2.0));
        assert_eq!(value.item(), f32::INFINITY);
        assert_eq!(gradient.to_vec(), [0.5, -0.5, 0.125, 0.5]);
        let mse = huber(&Tensor::<f32>::full(&[1], 3.0), &Tensor::zeros(&[1]), 1e300);
        assert_eq!(mse.item(), 4.5, "a delta that f32 cannot hold");
    }

    #[test]
    fn accuracy_counts_the_first_of_equals_and_no_row_with_nan() {
        let logits = Tensor::<f32>::new(vec![1.0, 1.0, f32::NAN, 0.0, 0.0, 2.0], &[3, 2]);
        assert_eq!(accuracy(&logits, &[0, 0, 1]), 2.0 / 3.0);
        assert!(accuracy(&Tensor::<f32>::zeros(&[0, 2]), &[]).is_nan());
        for row in [[0.1, f32::NAN, 0.9], [f32::NAN, 0.1, 0.9], [0.1, 0.9, f32::NAN], [f32::NAN; 3]]
        {
            let logits = Tensor::new(row.to_vec(), &[1, 3]);
            assert_eq!([0, 1, 2].map(|label| accuracy(&logits, &[label])), [0.0; 3], "{row:?}");
        }
        // Masks are ordinary.
        let masked = Tensor::<f32>::new(vec![f32::NEG_INFINITY, -1.0, f32::NEG_INFINITY], &[1, 3]);
        assert_eq!(accuracy(&masked, &[1]), 1.0);
    }
}
