//! Images whose pixels come from elsewhere in the image.

use seedbed_autodiff::{Float, Rng, Tensor};

use super::blur;

/// y\[r, c\] = x\[r − down, c − right\].
pub(super) fn shift<F: Float>(x: &Tensor<F>, [down, right]: [isize; 2]) -> Tensor<F> {
    warp(x, |_, [r, c]| [r - down as f64, c - right as f64])
}

/// Pixel p comes from centre + A (p − centre).
pub(super) fn linear<F: Float>(x: &Tensor<F>, a: [[f64; 2]; 2]) -> Tensor<F> {
    let centre = [1, 2].map(|axis| (x.shape()[axis] as f64 - 1.0) / 2.0);
    warp(x, |_, p| {
        let d = [p[0] - centre[0], p[1] - centre[1]];
        [0, 1].map(|i| centre[i] + a[i][0] * d[0] + a[i][1] * d[1])
    })
}

/// Pixel p comes from p + displacement: normal noise, smoothed and scaled back to a standard deviation of `strength`.
pub(super) fn elastic<F: Float>(
    x: &Tensor<F>,
    strength: f64,
    smoothness: f64,
    rng: &mut Rng,
) -> Tensor<F> {
    let &[n, h, w, _] = x.shape() else { unreachable!("images have four axes") };
    let smooth = blur::gaussian(&Tensor::<f64>::normal(&[n, h, w, 2], 0.0, 1.0, rng), smoothness);
    let std = smooth.square().mean(..).item().sqrt().max(f64::MIN_POSITIVE);
    let by = smooth * (strength / std);
    warp(x, |image, p| {
        let at = ((image * h + p[0] as usize) * w + p[1] as usize) * 2;
        [p[0] + by.data()[at], p[1] + by.data()[at + 1]]
    })
}

/// Every pixel from `source(image, [row, column])`, between four pixels by their distances; 0 outside.
fn warp<F: Float>(x: &Tensor<F>, source: impl Fn(usize, [f64; 2]) -> [f64; 2]) -> Tensor<F> {
    let shape = x.shape().to_vec();
    let [n, h, w, channels] = shape[..] else { unreachable!("images have four axes") };
    let pixel = |image: usize, r: f64, c: f64, channel: usize| {
        let inside = r >= 0.0 && c >= 0.0 && r < h as f64 && c < w as f64;
        let at = || ((image * h + r as usize) * w + c as usize) * channels + channel;
        if inside { x.data()[at()].f64() } else { 0.0 }
    };
    let mut data = Vec::with_capacity(x.len());
    for image in 0..n {
        for row in 0..h {
            for column in 0..w {
                let [r, c] = source(image, [row as f64, column as f64]);
                // What is that far away is 0, as is all outside of the image.
                let [r, c] = [r, c].map(|x| if x.is_finite() { x } else { -2.0 });
                let ([r0, c0], [u, v]) = ([r.floor(), c.floor()], [r - r.floor(), c - c.floor()]);
                for channel in 0..channels {
                    let corner = |dr: f64, dc: f64, weight: f64| match weight {
                        0.0 => 0.0,
                        weight => weight * pixel(image, r0 + dr, c0 + dc, channel),
                    };
                    let y = corner(0.0, 0.0, (1.0 - u) * (1.0 - v))
                        + corner(0.0, 1.0, (1.0 - u) * v)
                        + corner(1.0, 0.0, u * (1.0 - v))
                        + corner(1.0, 1.0, u * v);
                    data.push(F::of(y));
                }
            }
        }
    }
    Tensor::new(data, &shape)
}
