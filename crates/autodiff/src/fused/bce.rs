//! Binary cross-entropy and squared error.

use super::same_shape;
use crate::kernels::mse::squared_distance;
use crate::kernels::pointwise::Pointwise;
use crate::kernels::simd::Lane;
use crate::ops::of_slices;
use crate::{Float, Fused, FusedCtx, Tensor};

/// ℓ = −t ln σ(x) − (1 − t) ln(1 − σ(x)) = t softplus(−x) + (1 − t) softplus(x).
///
/// Not softplus(x) − t x, which is shorter: where the model is right and sure these two are almost equal.
#[derive(Clone, Copy, Debug)]
struct BceWithLogits;

impl<F: Float> Pointwise<F, 2> for BceWithLogits {
    const WORK: usize = 30;

    #[inline(always)]
    fn at<const FMA: bool>(self, [x, t]: [Lane<F, FMA>; 2]) -> [Lane<F, FMA>; 1] {
        // softplus(±x) = max(±x, 0) + ln(1 + e^{−|x|})
        let weight = x.gt(0.0).select(1.0 - t, t);
        [(-x.abs()).exp().ln_1p() + weight.mul_no_nan(x.abs())]
    }
}

/// ∂ℓ/∂x = σ(x) − t = (1 − t) σ(x) − t σ(−x).
#[derive(Clone, Copy)]
struct LogitGradient;

impl<F: Float> Pointwise<F, 3> for LogitGradient {
    const WORK: usize = 20;

    #[inline(always)]
    fn at<const FMA: bool>(self, [x, t, g]: [Lane<F, FMA>; 3]) -> [Lane<F, FMA>; 1] {
        // With e = e^{−|x|}, the larger of σ(x) and σ(−x) is 1/(1 + e), the smaller e/(1 + e).
        let e = (-x.abs()).exp();
        let (wrong, right) = (1.0 - t, t);
        [g * x.gt(0.0).select(wrong - right * e, wrong * e - right) / (e + 1.0)]
    }
}

impl<F: Float> Fused<F, 2> for BceWithLogits {
    type Saved = ();

    fn name(&self) -> &'static str {
        "bce_with_logits"
    }

    fn reference(&self, [x, t]: [&Tensor<F>; 2]) -> Tensor<F> {
        t.mul_no_nan((-x).softplus()) + (1.0 - t).mul_no_nan(x.softplus())
    }

    fn forward(&self, [x, t]: [&Tensor<F>; 2]) -> (Tensor<F>, ()) {
        (of_slices(*self, [x.data(), t.data()], x.shape()), ())
    }

    fn vjp(&self, c: &FusedCtx<'_, F, (), 2>, g: Tensor<F>) -> [Option<Tensor<F>>; 2] {
        let (x, t) = (c.x(0), c.x(1));
        let of_x = || of_slices(LogitGradient, [x.data(), t.data(), g.data()], x.shape());
        [c.needs(0).then(of_x), c.needs(1).then(|| -(&g * x))]
    }
}

/// The mean of (x − y)².
#[derive(Debug)]
struct Mse;

/// 2 (x − y) g/n.
#[derive(Clone, Copy)]
struct MseGradient<F>(F);

impl<F: Float> Pointwise<F, 2> for MseGradient<F> {
    const WORK: usize = 2;

    #[inline(always)]
    fn at<const FMA: bool>(self, [x, y]: [Lane<F, FMA>; 2]) -> [Lane<F, FMA>; 1] {
        [(x - y) * Lane(self.0)]
    }
}

impl<F: Float> Fused<F, 2> for Mse {
    type Saved = ();

    fn name(&self) -> &'static str {
        "mse"
    }

    fn reference(&self, [x, y]: [&Tensor<F>; 2]) -> Tensor<F> {
        (x - y).square().mean(..)
    }

    fn forward(&self, [x, y]: [&Tensor<F>; 2]) -> (Tensor<F>, ()) {
        let mean = squared_distance(x.data(), y.data()) / F::of(x.len() as f64);
        (Tensor::new(vec![mean], &[]), ())
    }

    fn vjp(&self, c: &FusedCtx<'_, F, (), 2>, g: Tensor<F>) -> [Option<Tensor<F>>; 2] {
        let (x, y) = (c.x(0), c.x(1));
        let slope = g.item() * F::of(2.0 / x.len() as f64);
        let towards = |a: &Tensor<F>, b: &Tensor<F>| {
            of_slices(MseGradient(slope), [a.data(), b.data()], x.shape())
        };
        [c.needs(0).then(|| towards(x, y)), c.needs(1).then(|| towards(y, x))]
    }
}

/// Losses of two classes and of regression.
impl<F: Float> Tensor<F> {
    /// The mean of [`bce_with_logits_each`](Self::bce_with_logits_each).
    ///
    /// # Panics
    /// If the shapes differ.
    #[track_caller]
    pub fn bce_with_logits(&self, targets: &Self) -> Self {
        self.bce_with_logits_each(targets).mean(..)
    }

    /// The binary cross-entropy of every logit x with its target t of [0, 1]: −t ln σ(x) − (1 − t) ln(1 − σ(x)), without
    /// overflow or cancellation. It is 0 where the logit is infinite and right. The targets get a gradient, too.
    ///
    /// # Panics
    /// If the shapes differ.
    ///
    /// ```
    /// use seedbed_autodiff::Tensor;
    /// let logits = Tensor::<f64>::new(vec![0.0, 1000.0], &[2]);
    /// let losses = logits.bce_with_logits_each(&Tensor::new(vec![1.0, 0.0], &[2]));
    /// assert_eq!(losses.to_vec(), [2f64.ln(), 1000.0]);
    /// ```
    #[track_caller]
    pub fn bce_with_logits_each(&self, targets: &Self) -> Self {
        same_shape("bce_with_logits", self, targets);
        Tensor::fused(BceWithLogits, [self, targets])
    }

    /// The mean squared error.
    ///
    /// # Panics
    /// If the shapes differ.
    ///
    /// ```
    /// use seedbed_autodiff::Tensor;
    /// let (x, y) = (Tensor::<f32>::new(vec![1.0, 5.0], &[2]), Tensor::new(vec![1.0, 3.0], &[2]));
    /// assert_eq!(x.mse(&y).item(), 2.0);
    /// ```
    #[track_caller]
    pub fn mse(&self, target: &Self) -> Self {
        same_shape("mse", self, target);
        Tensor::fused(Mse, [self, target])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Rng, check_fused};

    fn fast_equals_reference<F: Float>(tolerance: f64) {
        for shape in [&[1][..], &[3, 5], &[100], &[0, 4]] {
            let x = Tensor::<F>::normal(shape, 0.0, 5.0, &mut Rng::new(1));
            let t = Tensor::uniform(shape, 0.0, 1.0, &mut Rng::new(2));
            check_fused(|| BceWithLogits, [&x, &t], tolerance);
            if !x.is_empty() {
                check_fused(|| Mse, [&x, &t], tolerance);
            }
        }
    }

    #[test]
    fn fast_equals_reference_f32() {
        fast_equals_reference::<f32>(1e-6);
    }

    #[test]
    fn fast_equals_reference_f64() {
        fast_equals_reference::<f64>(1e-14);
    }

    #[test]
    fn the_mean_of_nothing_is_not_a_number() {
        let x = Tensor::<f32>::zeros(&[0]);
        assert!(x.mse(&x).item().is_nan());
    }

    #[test]
    #[should_panic(expected = "mse: shapes differ: [2] and [1, 2]")]
    fn shapes_are_not_broadcast() {
        let _ = Tensor::<f32>::zeros(&[2]).mse(&Tensor::zeros(&[1, 2]));
    }
}
