//! Codes that follow the data: averages, and the revival of dead codes.

use seedbed_autodiff::{Float, Rng, Tensor};

use super::super::Batch;
use super::super::norm::norm;
use super::Revival;
use crate::Metric;

/// The state of one codebook, which an update moves.
pub(super) struct Codes<'a, F> {
    pub(super) codes: &'a mut [F],
    /// The running sum of each code's vectors, where codes are averages.
    pub(super) sums: Option<&'a mut [F]>,
    /// The running count of each code's vectors.
    pub(super) sizes: &'a mut [F],
    pub(super) dim: usize,
    pub(super) metric: Metric,
}

impl<F: Float> Codes<'_, F> {
    /// Moves the running counts, and where codes are averages their sums and the codes:
    /// `N ← γN + (1−γ)n`, `m ← γm + (1−γ)Σx`, `e = m/Ñ` with `Ñ = (N + ε)/(ΣN + Kε) · ΣN`.
    pub(super) fn follow(&mut self, batch: &Batch<F>, decay: f64, epsilon: f64) {
        let (size, dim) = (self.sizes.len(), self.dim);
        // In double precision: 1 − γ of a γ near 1 is lost in single precision.
        let moved = |old: F, new: f64| F::of(decay * old.f64() + (1.0 - decay) * new);
        let counts = crate::vq::counts(&batch.codes, size);
        for (n, &count) in self.sizes.iter_mut().zip(&counts) {
            *n = moved(*n, count as f64);
        }
        let Some(sums) = &mut self.sums else { return };
        let new = crate::vq::sums(batch.vectors.data(), &batch.codes, size, dim);
        for (m, &x) in sums.iter_mut().zip(&new) {
            *m = moved(*m, x);
        }
        let total: f64 = self.sizes.iter().map(|n| n.f64()).sum();
        let all = total + size as f64 * epsilon;
        for ((code, sum), &n) in
            self.codes.chunks_exact_mut(dim).zip(sums.chunks_exact(dim)).zip(&*self.sizes)
        {
            let smoothed = F::of((n.f64() + epsilon) / all * total);
            // A code whose count has all but gone stays: what is left of its sum has no digits.
            if smoothed > F::of(LEAST) {
                code.iter_mut().zip(sum).for_each(|(e, &m)| *e = m / smoothed);
            }
            if self.metric == Metric::Cosine {
                normalize(code);
            }
        }
    }

    /// Puts dead codes at vectors of the batch, drawn without repetition; with more dead codes than vectors, some wait. A revived code has its
    /// vector, its count *and its sum*, so that the next update of the averages does not undo it.
    pub(super) fn revive(&mut self, batch: &Batch<F>, revival: Revival, rng: &mut Rng) -> usize {
        let dim = self.dim;
        let threshold = F::of(revival.threshold);
        let mut dead: Vec<usize> =
            (0..self.sizes.len()).filter(|&k| self.sizes[k] < threshold).collect();
        let vectors = batch.codes.len();
        if dead.is_empty() || vectors == 0 {
            return 0;
        }
        if dead.len() > vectors {
            rng.shuffle(&mut dead);
            dead.truncate(vectors);
        }
        let order = rng.permutation(vectors);
        let reset = F::of(revival.reset);
        for (&k, &row) in dead.iter().zip(&order) {
            let at = k * dim..(k + 1) * dim;
            let code = &mut self.codes[at.clone()];
            code.copy_from_slice(&batch.vectors.data()[row * dim..][..dim]);
            if self.metric == Metric::Cosine {
                normalize(code);
            }
            self.sizes[k] = reset;
            if let Some(sums) = &mut self.sums {
                sums[at].iter_mut().zip(&*code).for_each(|(m, &e)| *m = e * reset);
            }
        }
        dead.len()
    }
}

/// A count below this is none.
const LEAST: f64 = 1e-30;

/// Brings a vector to length 1; one of length 0 stays.
fn normalize<F: Float>(x: &mut [F]) {
    let norm = x.iter().map(|x| x.f64() * x.f64()).sum::<f64>().sqrt();
    if norm > 0.0 {
        x.iter_mut().for_each(|x| *x = F::of(x.f64() / norm));
    }
}

/// Rows brought to length 1 as the reference has it: divided by their norm, or by 10⁻⁶ where that is less.
pub(super) fn unit_rows<F: Float>(x: &Tensor<F>) -> Tensor<F> {
    x / norm(x, 0.0).maximum(1e-6)
}
