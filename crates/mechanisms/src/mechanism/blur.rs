//! Gaussian blur.

use seedbed_autodiff::{Float, Tensor};

/// Blurs images `[n, h, w, c]` along both axes; the kernel reaches three standard deviations, but never beyond the image, and adds up to 1.
pub(super) fn gaussian<F: Float>(x: &Tensor<F>, sigma: f64) -> Tensor<F> {
    let shape = x.shape().to_vec();
    let [n, h, w, c] = shape[..] else { unreachable!("images have four axes") };
    let mut data: Vec<f64> = x.data().iter().map(|x| x.f64()).collect();
    for (length, step) in [(h, w * c), (w, c)] {
        let kernel = kernel(sigma, length);
        data = along(&data, length, step, &kernel);
    }
    debug_assert_eq!(data.len(), n * h * w * c);
    Tensor::new(data.into_iter().map(F::of).collect(), &shape)
}

/// Taps from −reach to reach.
fn kernel(sigma: f64, length: usize) -> Vec<f64> {
    let reach = ((3.0 * sigma).ceil() as usize).min(length);
    let taps: Vec<f64> = (0..=2 * reach)
        .map(|i| (-0.5 * ((i as f64 - reach as f64) / sigma).powi(2)).exp())
        .collect();
    let sum: f64 = taps.iter().sum();
    taps.into_iter().map(|tap| tap / sum).collect()
}

/// The convolution along an axis of `length` numbers that are `step` apart.
fn along(data: &[f64], length: usize, step: usize, kernel: &[f64]) -> Vec<f64> {
    let reach = kernel.len() / 2;
    let at = |i: usize| {
        let position = i / step % length;
        let taps = reach.saturating_sub(position)..kernel.len().min(length - position + reach);
        taps.map(|tap| kernel[tap] * data[i + tap * step - reach * step]).sum()
    };
    (0..data.len()).map(at).collect()
}
