//! Spectral normalisation (Miyato et al. 2018): a weight divided by its largest singular value.

use seedbed_autodiff::{Float, Tensor};

/// `weight / σ`, σ = uᵀ W v with v = Wᵀu / ‖Wᵀu‖ and then u ← W v / ‖W v‖; W has a row for each output (the last axis of `weight`). The vectors are constants
/// to the gradient, σ is not. A weight of zeros only stays as it is.
pub(super) fn normalised<F: Float>(weight: &Tensor<F>, u: &Tensor<F>) -> Tensor<F> {
    let (u, v) = iterate(&weight.stop_gradient(), u);
    let outputs = u.len();
    let rows = weight.reshape(&[weight.len() / outputs, outputs]);
    let sigma = (v.unsqueeze(0).matmul(&rows) * u.unsqueeze(0)).sum(..);
    if sigma.item() == F::zero() { weight.clone() } else { weight / sigma }
}

/// One power iteration: the next u `[outputs]`, and v `[inputs]`. Where W u is 0 (as after a weight was 0, or where u is orthogonal to all rows) it begins anew, with
/// the longest row of W. Of a weight of zeros only, u is what it was.
pub(super) fn iterate<F: Float>(weight: &Tensor<F>, u: &Tensor<F>) -> (Tensor<F>, Tensor<F>) {
    let outputs = u.len();
    let inputs = weight.len() / outputs;
    let rows = unit(weight).reshape(&[inputs, outputs]);
    let along = |u: &Tensor<F>| unit(&rows.matmul(&u.unsqueeze(1)).flatten());
    let mut v = along(u);
    if v.data().iter().all(|x| *x == F::zero()) {
        let lengths = rows.square().sum(1);
        let longest = lengths.argmax(0).as_slice().expect("one number")[0];
        v = along(&rows.index(0, longest as isize));
    }
    let next = unit(&v.unsqueeze(0).matmul(&rows).flatten());
    let nothing = next.data().iter().all(|x| *x == F::zero());
    (if nothing { u.clone() } else { next }, v)
}

/// x / ‖x‖, where neither large nor small numbers spoil the squares; of zeros only, zeros.
fn unit<F: Float>(x: &Tensor<F>) -> Tensor<F> {
    let largest = x.data().iter().fold(F::zero(), |largest, x| largest.max(x.abs()));
    if largest == F::zero() {
        return x.clone();
    }
    let x = x / largest.f64();
    let length = x.square().sum(..).sqrt();
    x / length
}

#[cfg(test)]
mod tests {
    use seedbed_autodiff::{Rng, grad};

    use super::*;

    /// `diag(3, 2, 1)`, in single precision, times a scale.
    fn weight(scale: f32) -> Tensor {
        let diagonal = [3.0, 2.0, 1.0].map(|x| x * scale);
        let at = |i: usize| if i.is_multiple_of(4) { diagonal[i / 4] } else { 0.0 };
        Tensor::new((0..9).map(at).collect(), &[3, 3])
    }

    fn iterated(weight: &Tensor, mut u: Tensor) -> Tensor {
        (0..60).for_each(|_| u = iterate(weight, &u).0);
        normalised(weight, &u)
    }

    #[test]
    fn the_scale_of_a_weight_does_not_matter() {
        let u = Tensor::normal(&[3], 0.0, 1.0, &mut Rng::new(0));
        for scale in [1e-36, 1e-20, 1e-9, 1.0, 1e15, 1e25, 1e37] {
            let found = iterated(&weight(scale), u.clone());
            let error = (found - weight(1.0) / 3.0).abs().max(..).item();
            assert!(error < 1e-5, "{scale}: {error}");
        }
    }

    #[test]
    fn a_weight_of_zeros_stays_and_is_normalised_again_once_it_is_none() {
        let u = Tensor::normal(&[3], 0.0, 1.0, &mut Rng::new(0));
        let zeros = weight(0.0);
        assert_eq!(iterate(&zeros, &u).0, u);
        assert_eq!(normalised(&zeros, &u), zeros);
        let slope = grad(&zeros, |w| normalised(w, &u).sum(..));
        assert_eq!(slope.to_vec(), [1.0; 9]);
        let later = iterated(&weight(1.0), iterate(&zeros, &u).0);
        assert!((later - weight(1.0) / 3.0).abs().max(..).item() < 1e-5);
    }

    #[test]
    fn a_vector_that_is_orthogonal_to_all_rows_is_left() {
        // The third column is 0.
        let weight = Tensor::new(vec![0.0, 1.0, 0.0, 4.0, 0.0, 0.0], &[2, 3]);
        for u in [[0.0, 0.0, 1.0], [0.0, 0.0, 0.0]] {
            let found: Tensor = iterated(&weight, Tensor::new(u.to_vec(), &[3]));
            assert!((found - &weight / 4.0).abs().max(..).item() < 1e-5);
        }
    }
}
