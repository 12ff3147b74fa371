//! A convolution of 3×3 pixels over a narrow image as a convolution over its rows.

use seedbed_autodiff::{Float, Tensor};

/// The kernel `[3, 3, inputs, outputs]` of a convolution with zeros outside as one `[3 · width · inputs, width · outputs]` of rows of
/// `width` pixels: block (t, j, k) is the tap that pixel k of a row's output sees at pixel j of the row before, the row itself, or the row behind (t = 0, 1, 2).
pub(super) fn band<F: Float>(kernel: &Tensor<F>, width: usize) -> Tensor<F> {
    let &[3, 3, inputs, outputs] = kernel.shape() else { panic!("a kernel of 3×3 pixels") };
    let taps: Vec<Vec<Tensor<F>>> = (0..3)
        .map(|t| (0..3).map(|u| kernel.slice(0, t..t + 1).slice(1, u..u + 1)).collect())
        .map(|row: Vec<Tensor<F>>| row.iter().map(|tap| tap.reshape(&[inputs, outputs])).collect())
        .collect();
    let apart = Tensor::zeros(&[inputs, outputs]);
    let block = |t: usize, j: usize, k: usize| {
        // Pixel k sees pixels k − 1, k and k + 1.
        (j + 1).checked_sub(k).and_then(|u| taps[t].get(u)).unwrap_or(&apart).clone()
    };
    let rows = (0..3).flat_map(|t| (0..width).map(move |j| (t, j)));
    let rows: Vec<Tensor<F>> = rows
        .map(|(t, j)| Tensor::concat(&(0..width).map(|k| block(t, j, k)).collect::<Vec<_>>(), 1))
        .collect();
    Tensor::concat(&rows, 0)
}

#[cfg(test)]
mod tests {
    use seedbed_autodiff::Rng;

    use super::*;

    /// Against the sums that define a convolution.
    #[test]
    fn a_band_is_a_convolution() {
        let rng = &mut Rng::new(0);
        let (length, width, inputs, outputs) = (5, 4, 3, 2);
        let kernel = Tensor::<f64>::normal(&[3, 3, inputs, outputs], 0.0, 1.0, rng);
        let image = Tensor::<f64>::normal(&[length, width, inputs], 0.0, 1.0, rng);
        let band = band(&kernel, width);
        assert_eq!(band.shape(), [3 * width * inputs, width * outputs]);

        let rows = image.reshape(&[length, width * inputs]).pad(&[(1, 1), (0, 0)], 0.0);
        let seen: Vec<_> = (0..3).map(|t| rows.slice(0, t..t + length as isize)).collect();
        let by_band = Tensor::concat(&seen, 1).matmul(&band);

        let at = |i: isize, j: isize, c: usize| {
            let inside = (0..length as isize).contains(&i) && (0..width as isize).contains(&j);
            let index = (i * width as isize + j) * inputs as isize + c as isize;
            if inside { image.data()[index as usize] } else { 0.0 }
        };
        for i in 0..length as isize {
            for j in 0..width as isize {
                for o in 0..outputs {
                    let mut sum = 0.0;
                    for t in 0..3 {
                        for u in 0..3 {
                            for c in 0..inputs {
                                let k = ((t * 3 + u) * inputs + c) * outputs + o;
                                let pixel = at(i + t as isize - 1, j + u as isize - 1, c);
                                sum += kernel.data()[k] * pixel;
                            }
                        }
                    }
                    let index = (i as usize * width + j as usize) * outputs + o;
                    assert!((by_band.data()[index] - sum).abs() < 1e-12);
                }
            }
        }
    }
}
