//! Softmax cross-entropy.

use super::rows_and_columns;
use crate::kernels::xent::{self, Saved, Target};
use crate::{Float, Fused, FusedCtx, Tensor};

/// ℓᵢ = −Σⱼ tᵢⱼ ln softmax(xᵢ)ⱼ with t = (1 − ε) one_hot(label) + ε/K.
#[derive(Debug)]
struct CrossEntropy {
    labels: Vec<usize>,
    smoothing: f64,
}

impl CrossEntropy {
    fn target<F: Float>(&self) -> Target<'_, F> {
        Target::Labels { labels: &self.labels, smoothing: F::of(self.smoothing) }
    }
}

impl<F: Float> Fused<F, 1> for CrossEntropy {
    type Saved = Saved<F>;

    fn name(&self) -> &'static str {
        "cross_entropy"
    }

    fn reference(&self, [x]: [&Tensor<F>; 1]) -> Tensor<F> {
        let classes = x.shape()[1];
        let one_hot = Tensor::one_hot(&self.labels, classes);
        let targets = one_hot * (1.0 - self.smoothing) + self.smoothing / classes as f64;
        weighted_surprise(&targets, x)
    }

    fn forward(&self, [x]: [&Tensor<F>; 1]) -> (Tensor<F>, Saved<F>) {
        let (losses, saved) = xent::forward(x.data(), x.shape()[1], self.target());
        (Tensor::new(losses, &[self.labels.len()]), saved)
    }

    fn vjp(&self, c: &FusedCtx<'_, F, Saved<F>, 1>, g: Tensor<F>) -> [Option<Tensor<F>>; 1] {
        let x = c.x(0);
        let gradient = xent::gradient(x.data(), self.target(), c.saved(), g.data());
        [Some(Tensor::new(gradient, x.shape()))]
    }
}

/// ℓᵢ = −Σⱼ tᵢⱼ ln softmax(xᵢ)ⱼ, with a gradient to x and to t.
#[derive(Debug)]
struct SoftCrossEntropy;

impl<F: Float> Fused<F, 2> for SoftCrossEntropy {
    type Saved = Saved<F>;

    fn name(&self) -> &'static str {
        "soft_cross_entropy"
    }

    fn reference(&self, [x, t]: [&Tensor<F>; 2]) -> Tensor<F> {
        weighted_surprise(t, x)
    }

    fn forward(&self, [x, t]: [&Tensor<F>; 2]) -> (Tensor<F>, Saved<F>) {
        let (losses, saved) = xent::forward(x.data(), x.shape()[1], Target::Dense(t.data()));
        (Tensor::new(losses, &x.shape()[..1]), saved)
    }

    fn vjp(&self, c: &FusedCtx<'_, F, Saved<F>, 2>, g: Tensor<F>) -> [Option<Tensor<F>>; 2] {
        let (x, t) = (c.x(0), c.x(1));
        let of_x = || xent::gradient(x.data(), Target::Dense(t.data()), c.saved(), g.data());
        let of_t = || xent::target_gradient(x.data(), t.data(), c.saved(), g.data());
        [
            c.needs(0).then(|| Tensor::new(of_x(), x.shape())),
            c.needs(1).then(|| Tensor::new(of_t(), x.shape())),
        ]
    }
}

/// −Σⱼ tⱼ ln softmax(x)ⱼ. Where the logit is −∞ and the target 0 the class is absent.
fn weighted_surprise<F: Float>(targets: &Tensor<F>, x: &Tensor<F>) -> Tensor<F> {
    let log_p = x.log_softmax(-1);
    let absent = log_p.eq(f64::NEG_INFINITY) * targets.eq(0.0);
    -(targets * absent.select(0.0, log_p)).sum(-1)
}

/// Classification losses.
///
/// A logit of −∞ masks its class, which then has probability 0: it adds nothing to the loss where its target is 0, and has no gradient there.
/// Where it is the label (or has a share of it, as with label smoothing), or where all classes are masked, the loss is infinite. The
/// gradient is finite in every case, and 0 in rows whose loss has no weight.
impl<F: Float> Tensor<F> {
    /// The mean softmax cross-entropy of logits `[…, classes]` with integer labels, one a row.
    ///
    /// # Panics
    /// As [`cross_entropy_each`](Self::cross_entropy_each).
    ///
    /// ```
    /// use seedbed_autodiff::Tensor;
    /// let logits = Tensor::<f64>::zeros(&[5, 10]);
    /// let loss = logits.cross_entropy(&[0, 1, 2, 3, 4]);
    /// assert!((loss.item() - 10f64.ln()).abs() < 1e-12);
    /// ```
    #[track_caller]
    pub fn cross_entropy(&self, labels: &[usize]) -> Self {
        self.cross_entropy_each(labels).mean(..)
    }

    /// The softmax cross-entropy of every row of the logits `[…, classes]` with its label: −ln softmax(x)_label, of shape
    /// `[…]`. Stable for logits of any size.
    ///
    /// # Panics
    /// If there is not one label a row, or a label is no class.
    #[track_caller]
    pub fn cross_entropy_each(&self, labels: &[usize]) -> Self {
        self.smooth_cross_entropy_each(labels, 0.0)
    }

    /// [`cross_entropy_each`](Self::cross_entropy_each) with label smoothing (Szegedy et al. 2016, "Rethinking the Inception
    /// architecture", section 7): the label has probability 1 − ε, and ε is spread evenly over all classes.
    ///
    /// # Panics
    /// Also unless 0 ≤ ε ≤ 1.
    ///
    /// ```
    /// use seedbed_autodiff::Tensor;
    /// let logits = Tensor::<f64>::new(vec![4.0, 0.0], &[1, 2]);
    /// let [hard, smooth] = [0.0, 0.1].map(|e| logits.smooth_cross_entropy_each(&[0], e).item());
    /// assert!((smooth - hard - 0.05 * 4.0).abs() < 1e-12);
    /// ```
    #[track_caller]
    pub fn smooth_cross_entropy_each(&self, labels: &[usize], smoothing: f64) -> Self {
        assert!(
            (0.0..=1.0).contains(&smoothing),
            "cross_entropy: the label smoothing must lie in [0, 1], got {smoothing}"
        );
        let (rows, classes) = rows_of_classes("cross_entropy", self);
        assert!(
            labels.len() == rows,
            "cross_entropy: logits of shape {:?} have {rows} rows, but there are {} labels",
            self.shape(),
            labels.len()
        );
        if let Some(i) = labels.iter().position(|&label| label >= classes) {
            panic!(
                "cross_entropy: label {} at index {i} is none of the {classes} classes",
                labels[i]
            );
        }
        let op = CrossEntropy { labels: labels.to_vec(), smoothing };
        let losses = Tensor::fused(op, [&self.reshape(&[rows, classes])]);
        losses.reshape(&self.shape()[..self.ndim() - 1])
    }

    /// The softmax cross-entropy of every row of the logits `[…, classes]` with a distribution over the classes: −Σⱼ tⱼ ln softmax(x)ⱼ, of
    /// shape `[…]`. The targets get a gradient, too.
    ///
    /// # Panics
    /// If the shapes differ.
    ///
    /// ```
    /// use seedbed_autodiff::Tensor;
    /// let logits = Tensor::<f64>::new(vec![1.0, 2.0, 3.0], &[1, 3]);
    /// let targets = Tensor::one_hot(&[2], 3);
    /// let (soft, hard) = (logits.soft_cross_entropy_each(&targets), logits.cross_entropy_each(&[2]));
    /// assert!((soft.item() - hard.item()).abs() < 1e-12);
    /// ```
    #[track_caller]
    pub fn soft_cross_entropy_each(&self, targets: &Self) -> Self {
        let (rows, classes) = rows_of_classes("soft_cross_entropy", self);
        assert!(
            targets.shape() == self.shape(),
            "soft_cross_entropy: logits {:?} and targets {:?} differ in shape",
            self.shape(),
            targets.shape()
        );
        let matrix = |x: &Self| x.reshape(&[rows, classes]);
        let losses = Tensor::fused(SoftCrossEntropy, [&matrix(self), &matrix(targets)]);
        losses.reshape(&self.shape()[..self.ndim() - 1])
    }
}

#[track_caller]
fn rows_of_classes<F: Float>(op: &str, logits: &Tensor<F>) -> (usize, usize) {
    let (rows, classes) = rows_and_columns(op, logits);
    assert!(classes > 0, "{op}: logits of shape {:?} have no classes", logits.shape());
    (rows, classes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Rng, check_fused};

    fn logits<F: Float>(shape: &[usize], scale: f64) -> Tensor<F> {
        Tensor::normal(shape, 0.0, scale, &mut Rng::new(1))
    }

    fn fast_equals_reference<F: Float>(tolerance: f64) {
        for classes in [1, 2, 10, 16, 17, 100] {
            for rows in [0, 1, 5] {
                let x = logits::<F>(&[rows, classes], 3.0);
                let labels: Vec<usize> = (0..rows).map(|i| i * 7 % classes).collect();
                for smoothing in [0.0, 0.1, 1.0] {
                    let op = || CrossEntropy { labels: labels.clone(), smoothing };
                    check_fused(op, [&x], tolerance);
                }
                let t = Tensor::uniform(&[rows, classes], 0.0, 1.0, &mut Rng::new(2));
                check_fused(|| SoftCrossEntropy, [&x, &t], tolerance * 10.0);
            }
        }
    }

    #[test]
    fn fast_equals_reference_f32() {
        fast_equals_reference::<f32>(3e-6);
    }

    #[test]
    fn fast_equals_reference_f64() {
        fast_equals_reference::<f64>(1e-13);
    }

    #[test]
    fn huge_logits_give_finite_losses_and_gradients() {
        let x = Tensor::<f32>::new(vec![1e30, -1e30, 0.0, 500.0, 501.0, 400.0], &[2, 3]);
        let (losses, g) = crate::value_and_grad(&x, |x| x.cross_entropy_each(&[0, 1]).sum(..));
        assert!((losses.item() - 0.313_261_7).abs() < 1e-6); // ln(1 + e⁻¹)
        assert!(g.data().iter().all(|g| g.is_finite()));
    }

    #[test]
    fn leading_axes_are_kept() {
        let x = logits::<f64>(&[2, 3, 4], 1.0);
        let losses = x.cross_entropy_each(&[0, 1, 2, 3, 0, 1]);
        assert_eq!(losses.shape(), [2, 3]);
        assert_eq!(x.soft_cross_entropy_each(&x).shape(), [2, 3]);
    }

    #[test]
    #[should_panic(expected = "cross_entropy: label 3 at index 1 is none of the 3 classes")]
    fn a_label_out_of_range_is_named() {
        let _ = logits::<f32>(&[2, 3], 1.0).cross_entropy(&[0, 3]);
    }
}
