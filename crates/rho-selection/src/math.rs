//! Softmax and its kin over one row of logits, in double precision.

/// log Σ exp(zᵢ).
pub(crate) fn log_sum_exp(z: impl Iterator<Item = f64> + Clone) -> f64 {
    let max = z.clone().fold(f64::NEG_INFINITY, f64::max);
    if max == f64::NEG_INFINITY {
        return max;
    }
    max + z.map(|z| (z - max).exp()).sum::<f64>().ln()
}

/// log softmax(z / T), into `out`.
pub(crate) fn log_softmax(logits: &[f32], temperature: f64, out: &mut Vec<f64>) {
    out.clear();
    out.extend(logits.iter().map(|&z| f64::from(z) / temperature));
    let total = log_sum_exp(out.iter().copied());
    out.iter_mut().for_each(|z| *z -= total);
}

/// H(p) = −Σ p log p, of log-probabilities, in nats.
pub(crate) fn entropy(log_p: &[f64]) -> f64 {
    // p log p → 0 as p → 0; written out, 0 · −∞ would be NaN.
    -log_p.iter().map(|&l| if l == f64::NEG_INFINITY { 0.0 } else { l.exp() * l }).sum::<f64>()
}

/// Σ aᵢ bᵢ.
pub(crate) fn dot<T: Copy + Into<f64>>(a: &[T], b: &[T]) -> f64 {
    // Four sums, so that additions need not wait for one another.
    let mut sums = [0.0; 4];
    let (a4, b4) = (a.chunks_exact(4), b.chunks_exact(4));
    let product = |(&a, &b): (&T, &T)| a.into() * b.into();
    let rest: f64 = a4.remainder().iter().zip(b4.remainder()).map(product).sum();
    for (a, b) in a4.zip(b4) {
        for lane in 0..4 {
            sums[lane] += product((&a[lane], &b[lane]));
        }
    }
    sums.iter().sum::<f64>() + rest
}
