use seedbed_autodiff::{Float, Tensor};

/// A softmax cross-entropy in which classes have different weights and some labels do not count.
///
/// With the weight `w` of a class, the smoothing ε and `K` classes, a row with the logits `x` and the label `y` has the loss
///
/// ```text
/// ℓ = −Σⱼ wⱼ tⱼ ln softmax(x)ⱼ        t = (1 − ε) one_hot(y) + ε/K
/// ```
///
/// and 0 if its label is the ignored one. The mean is `Σ ℓᵢ / Σ w_{yᵢ}` over the rows that count. Both are PyTorch's `CrossEntropyLoss`, except that
/// the mean over no rows is 0 here, with the gradient 0: a batch of nothing but padding does no harm.
///
/// ```
/// use seedbed_autodiff::{Tensor, grad};
/// use seedbed_nn::loss::CrossEntropy;
/// const PADDING: usize = usize::MAX;
/// let loss = CrossEntropy::default().ignoring(PADDING).weighted(&[1.0, 3.0]);
/// let logits = Tensor::<f64>::new(vec![0.0, 0.0, 5.0, 1.0, 0.0, 0.0], &[3, 2]);
/// let labels = [0, PADDING, 1];
/// assert_eq!(loss.each(&logits, &labels).to_vec(), [2f64.ln(), 0.0, 3.0 * 2f64.ln()]);
/// assert!((loss.mean(&logits, &labels).item() - 2f64.ln()).abs() < 1e-15);
/// assert_eq!(grad(&logits, |x| loss.mean(x, &labels)).to_vec()[2..4], [0.0, 0.0]);
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CrossEntropy {
    /// The label of rows that do not count. It may be one of the classes, or none.
    pub ignored: Option<usize>,
    /// A weight for each class; without them all are 1.
    pub weights: Option<Vec<f64>>,
    /// ε of label smoothing, in [0, 1].
    pub smoothing: f64,
}

impl CrossEntropy {
    /// Rows with this label do not count.
    #[must_use]
    pub fn ignoring(self, label: usize) -> Self {
        Self { ignored: Some(label), ..self }
    }

    /// A weight for each class, not negative.
    ///
    /// # Panics
    /// If one is negative or not finite.
    #[must_use]
    #[track_caller]
    pub fn weighted(self, weights: &[f64]) -> Self {
        check_weights(weights);
        Self { weights: Some(weights.to_vec()), ..self }
    }

    /// Labels that have the probability 1 − ε only.
    #[must_use]
    pub fn smoothed(self, smoothing: f64) -> Self {
        Self { smoothing, ..self }
    }

    /// The loss of every row of the logits `[…, classes]`, of shape `[…]`; 0, with the gradient 0, where the label is ignored, whatever the logits are.
    ///
    /// # Panics
    /// If there is not one label a row, a label that counts is no class, there is not one weight a class, a weight is negative or not finite, or the smoothing is outside
    /// of [0, 1].
    #[track_caller]
    pub fn each<F: Float>(&self, logits: &Tensor<F>, labels: &[usize]) -> Tensor<F> {
        self.losses(logits, labels).0
    }

    /// The weighted mean over the rows that count; 0 if there are none.
    ///
    /// # Panics
    /// As [`each`](Self::each).
    #[track_caller]
    pub fn mean<F: Float>(&self, logits: &Tensor<F>, labels: &[usize]) -> Tensor<F> {
        let (losses, weight) = self.losses(logits, labels);
        let sum = losses.sum(..);
        // A sum of nothing, or of rows without weight.
        if weight == 0.0 { sum } else { sum / weight }
    }

    /// The losses, and the weights of the labels together.
    #[track_caller]
    fn losses<F: Float>(&self, logits: &Tensor<F>, labels: &[usize]) -> (Tensor<F>, f64) {
        let counts: Vec<bool> = labels.iter().map(|&label| Some(label) != self.ignored).collect();
        let used: Vec<usize> =
            labels.iter().zip(&counts).map(|(&l, &counts)| if counts { l } else { 0 }).collect();
        let Some(classes) = logits.shape().last().copied() else {
            panic!("CrossEntropy: needs logits […, classes], got a scalar")
        };
        let ones = vec![1.0; classes];
        let weights = self.weights.as_deref().unwrap_or(&ones);
        check_weights(weights);
        assert!(
            weights.len() == classes,
            "CrossEntropy: there are {} weights, but the logits {:?} have {classes} classes",
            weights.len(),
            logits.shape()
        );
        let plain = logits.smooth_cross_entropy_each(&used, self.smoothing);
        let of_label =
            |(&label, &counts): (&usize, &bool)| if counts { weights[label] } else { 0.0 };
        let of_rows: Vec<f64> = used.iter().zip(&counts).map(of_label).collect();
        let total = of_rows.iter().sum();
        let tensor = |x: &[f64]| x.iter().map(|&x| F::of(x)).collect::<Vec<F>>();
        let shape = plain.shape().to_vec();
        // A product in which 0 is 0 whatever the other factor: rows that do not count may hold anything.
        if self.smoothing == 0.0 || self.weights.is_none() {
            return (Tensor::new(tensor(&of_rows), &shape).mul_no_nan(plain), total);
        }
        let targets = Tensor::one_hot(&used, classes) * (1.0 - self.smoothing)
            + self.smoothing / classes as f64;
        let targets = targets * Tensor::new(tensor(weights), &[classes]);
        let losses = logits.soft_cross_entropy_each(&targets.reshape(logits.shape()));
        let counts: Vec<f64> = counts.iter().map(|&counts| f64::from(u8::from(counts))).collect();
        (Tensor::new(tensor(&counts), &shape).mul_no_nan(losses), total)
    }
}

#[track_caller]
fn check_weights(weights: &[f64]) {
    if let Some(i) = weights.iter().position(|w| !(*w >= 0.0 && w.is_finite())) {
        panic!(
            "CrossEntropy: the weight of class {i} must be finite and not negative, got {}",
            weights[i]
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use seedbed_autodiff::{GradCheck, Rng, check_grads, grad};

    #[test]
    fn gradients_are_right() {
        let x = [Tensor::<f64>::normal(&[4, 3], 0.0, 1.0, &mut Rng::new(3))];
        let plain = CrossEntropy::default().ignoring(9);
        let all = [
            plain.clone(),
            plain.clone().smoothed(0.2),
            plain.clone().weighted(&[0.5, 0.0, 2.0]),
            plain.weighted(&[0.5, 1.5, 2.0]).smoothed(0.3),
        ];
        for loss in all {
            check_grads(GradCheck::default(), &x, |x| loss.mean(&x[0], &[0, 9, 2, 1]));
        }
    }

    #[test]
    fn without_options_it_is_the_engines() {
        let x = Tensor::<f32>::normal(&[2, 3, 5], 0.0, 2.0, &mut Rng::new(4));
        let labels = [0, 1, 2, 3, 4, 0];
        let loss = CrossEntropy::default();
        assert_eq!(loss.each(&x, &labels), x.cross_entropy_each(&labels));
        let (a, b) = (loss.mean(&x, &labels).item(), x.cross_entropy(&labels).item());
        assert!((a - b).abs() < 1e-6, "{a}, {b}");
        let even = loss.clone().weighted(&[1.0; 5]).smoothed(0.1).each(&x, &labels);
        let smooth = x.smooth_cross_entropy_each(&labels, 0.1);
        for (a, b) in even.data().iter().zip(smooth.data()) {
            assert!((a - b).abs() < 1e-5, "{a}, {b}");
        }
    }

    #[test]
    fn rows_that_do_not_count_may_hold_anything() {
        let (inf, nan) = (f32::INFINITY, f32::NAN);
        let x = Tensor::<f32>::new(vec![nan, 1.0, -inf, -inf, 1.0, 2.0], &[3, 2]);
        for loss in
            [CrossEntropy::default(), CrossEntropy::default().weighted(&[1.0, 2.0]).smoothed(0.1)]
        {
            let loss = loss.ignoring(7);
            let g = grad(&x, |x| loss.mean(x, &[7, 7, 0])).to_vec();
            assert_eq!(g[..4], [0.0; 4]);
            assert!(g[4] < 0.0 && g[5] > 0.0);
            assert!(loss.mean(&x, &[7, 7, 0]).item().is_finite());
        }
    }

    #[test]
    fn nothing_that_counts_is_no_loss_and_no_gradient() {
        let x = Tensor::<f64>::normal(&[2, 3], 0.0, 1.0, &mut Rng::new(5));
        let loss = CrossEntropy::default().ignoring(0);
        assert_eq!(loss.mean(&x, &[0, 0]).item(), 0.0);
        assert_eq!(grad(&x, |x| loss.mean(x, &[0, 0])).to_vec(), [0.0; 6]);
        assert_eq!(loss.mean(&Tensor::<f64>::zeros(&[0, 3]), &[]).item(), 0.0);
        let none = CrossEntropy::default().weighted(&[0.0, 0.0, 1.0]);
        assert_eq!(none.mean(&x, &[0, 1]).item(), 0.0);
    }

    #[test]
    #[should_panic(
        expected = "CrossEntropy: there are 2 weights, but the logits [1, 3] have 3 classes"
    )]
    fn weights_have_to_be_as_many_as_the_classes() {
        let _ =
            CrossEntropy::default().weighted(&[1.0; 2]).each(&Tensor::<f32>::zeros(&[1, 3]), &[0]);
    }

    #[test]
    #[should_panic(expected = "the weight of class 1 must be finite and not negative, got -1")]
    fn weights_are_not_negative() {
        let _ = CrossEntropy::default().weighted(&[1.0, -1.0]);
    }
}
