//! Pooling over windows of channels-last images, and nearest-neighbour upsampling.

#[cfg(test)]
mod tests;

use crate::Float;
use crate::accumulate::add_assign;
use crate::par;
use crate::sums::{ROWS, Totals};

/// The sizes of one pooling. Pairs are (height, width); 1-D pooling has height 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pooling {
    /// The number of images.
    pub batch: usize,
    /// Size of the input images.
    pub input: [usize; 2],
    /// Size of the output images.
    pub output: [usize; 2],
    /// Size of a window.
    pub kernel: [usize; 2],
    /// Distance between neighbouring windows.
    pub stride: [usize; 2],
    /// Pixels that do not exist, before the first row and column. A maximum skips them; a mean counts
    /// them as zeros.
    pub padding: [usize; 2],
    /// Channels of an image.
    pub channels: usize,
}

impl Pooling {
    /// Elements of the input.
    pub fn input_len(&self) -> usize {
        self.batch * self.image(self.input)
    }

    /// Elements of the output.
    pub fn output_len(&self) -> usize {
        self.batch * self.image(self.output)
    }

    /// Numbers in an image.
    fn image(&self, [rows, cols]: [usize; 2]) -> usize {
        rows * cols * self.channels
    }

    /// The cost in the units of [`par`].
    fn work(&self) -> usize {
        self.output_len().saturating_mul(self.kernel[0]).saturating_mul(self.kernel[1])
    }

    /// Whether a window has more pixels than are added up without care; no pixel is covered by more windows.
    fn has_large_windows(&self) -> bool {
        self.kernel[0].saturating_mul(self.kernel[1]) > ROWS
    }

    /// Rows or columns of the input under window `i` along `axis`.
    fn window(&self, axis: usize, i: usize) -> std::ops::Range<usize> {
        let from = i * self.stride[axis];
        let clip = |at: usize| at.saturating_sub(self.padding[axis]).min(self.input[axis]);
        clip(from)..clip(from + self.kernel[axis])
    }

    /// Windows along `axis` that cover row or column `i` of the input.
    fn covering(&self, axis: usize, i: usize) -> std::ops::Range<usize> {
        let (kernel, stride) = (self.kernel[axis], self.stride[axis]);
        let at = i + self.padding[axis];
        let first = (at + 1).saturating_sub(kernel).div_ceil(stride);
        first..(at / stride + 1).min(self.output[axis]).max(first)
    }
}

/// The largest number under each window and where it lies, as an offset into `x`: the first one of
/// equals; a NaN wins. A window that covers no pixel at all gives −∞ and is no number's.
///
/// `y` and `args` have one number for each output; an offset of `usize::MAX` means none.
pub fn max<F: Float>(p: &Pooling, x: &[F], y: &mut [F], args: &mut [usize]) {
    assert_eq!(x.len(), p.input_len(), "max_pool: input of {p:?}");
    assert_eq!(y.len(), p.output_len(), "max_pool: output of {p:?}");
    let row = p.output[1] * p.channels;
    if y.is_empty() {
        return;
    }
    par::zip_chunks_mut(y, args, row, p.work(), |i, y, args| {
        let (image, i) = (i / p.output[0], i % p.output[0]);
        let image = image * p.image(p.input);
        let pixels = y.chunks_mut(p.channels).zip(args.chunks_mut(p.channels));
        for (j, (y, args)) in pixels.enumerate() {
            y.fill(F::neg_infinity());
            args.fill(usize::MAX);
            for r in p.window(0, i) {
                for c in p.window(1, j) {
                    let at = image + (r * p.input[1] + c) * p.channels;
                    for (k, &x) in x[at..at + p.channels].iter().enumerate() {
                        if args[k] == usize::MAX || x > y[k] || (x.is_nan() && !y[k].is_nan()) {
                            (y[k], args[k]) = (x, at + k);
                        }
                    }
                }
            }
        }
    });
}

/// The mean under each window; pixels outside the image count as zeros.
pub fn mean<F: Float>(p: &Pooling, x: &[F], y: &mut [F]) {
    assert_eq!(x.len(), p.input_len(), "avg_pool: input of {p:?}");
    assert_eq!(y.len(), p.output_len(), "avg_pool: output of {p:?}");
    let scale = F::of(p.kernel[0] as f64 * p.kernel[1] as f64).recip();
    if p.has_large_windows() {
        return gather_many(p, y, [p.output, p.input], x, scale, |axis, i| p.window(axis, i));
    }
    gather(p, y, p.output, p.input, x, scale, |i, j| (p.window(0, i), p.window(1, j)));
}

/// The gradient of [`mean`]: every pixel gathers from the windows that cover it.
pub fn mean_gradient<F: Float>(p: &Pooling, dy: &[F], dx: &mut [F]) {
    assert_eq!(dy.len(), p.output_len(), "avg_pool: output of {p:?}");
    assert_eq!(dx.len(), p.input_len(), "avg_pool: input of {p:?}");
    let scale = F::of(p.kernel[0] as f64 * p.kernel[1] as f64).recip();
    if p.has_large_windows() {
        return gather_many(p, dx, [p.input, p.output], dy, scale, |axis, i| p.covering(axis, i));
    }
    gather(p, dx, p.input, p.output, dy, scale, |i, j| (p.covering(0, i), p.covering(1, j)));
}

/// `out[i, j] = scale · Σ from[r, c]` over the rows and columns that `under(i, j)` names.
fn gather<F: Float>(
    p: &Pooling,
    out: &mut [F],
    own: [usize; 2],
    other: [usize; 2],
    from: &[F],
    scale: F,
    under: impl Fn(usize, usize) -> (std::ops::Range<usize>, std::ops::Range<usize>) + Send + Sync,
) {
    if out.is_empty() {
        return;
    }
    par::chunks_mut(out, own[1] * p.channels, p.work(), |i, out| {
        let (image, i) = (i / own[0], i % own[0]);
        let image = image * p.image(other);
        for (j, out) in out.chunks_mut(p.channels).enumerate() {
            out.fill(F::zero());
            let (rows, cols) = under(i, j);
            for r in rows {
                for c in cols.clone() {
                    let at = image + (r * other[1] + c) * p.channels;
                    for (out, &x) in out.iter_mut().zip(&from[at..at + p.channels]) {
                        *out += x;
                    }
                }
            }
            out.iter_mut().for_each(|x| *x *= scale);
        }
    });
}

/// [`gather`] where so many pixels are added up that it matters how ([`sums`](crate::sums)).
fn gather_many<F: Float>(
    p: &Pooling,
    out: &mut [F],
    [own, other]: [[usize; 2]; 2],
    from: &[F],
    scale: F,
    under: impl Fn(usize, usize) -> std::ops::Range<usize> + Send + Sync,
) {
    if out.is_empty() {
        return;
    }
    par::chunks_mut(out, own[1] * p.channels, p.work(), |i, out| {
        let (image, i) = (i / own[0], i % own[0]);
        let from = &from[image * p.image(other)..];
        let pixel = |r, c| &from[(r * other[1] + c) * p.channels..][..p.channels];
        for (j, out) in out.chunks_mut(p.channels).enumerate() {
            add_many(under(0, i), under(1, j), pixel, out);
            out.iter_mut().for_each(|x| *x *= scale);
        }
    });
}

/// `out = Σ pixel(r, c)` over all rows and columns, in blocks ([`sums`](crate::sums)).
#[cold]
fn add_many<'a, F: Float>(
    rows: std::ops::Range<usize>,
    cols: std::ops::Range<usize>,
    pixel: impl Fn(usize, usize) -> &'a [F],
    out: &mut [F],
) {
    let mut totals = Totals::new(out.len());
    for r in rows {
        for c in cols.clone() {
            totals.add(pixel(r, c));
        }
    }
    out.copy_from_slice(&totals.finish());
}

/// Each pixel of `x` (images of `size`, `channels` numbers a pixel) repeated `factor` times down and
/// across.
pub fn upsample<F: Float>(
    x: &[F],
    size: [usize; 2],
    channels: usize,
    factor: [usize; 2],
    y: &mut [F],
) {
    assert_eq!(y.len(), x.len() * factor[0] * factor[1], "upsample: output");
    let [from, to] = [size[1] * channels, size[1] * factor[1] * channels];
    if y.is_empty() {
        return;
    }
    par::chunks_mut(y, to, x.len() * factor[0] * factor[1], |i, y| {
        let x = &x[i / factor[0] * from..][..from];
        for (x, y) in x.chunks(channels).zip(y.chunks_mut(channels * factor[1])) {
            y.chunks_mut(channels).for_each(|y| y.copy_from_slice(x));
        }
    });
}

/// The gradient of [`upsample`]: the sum over each pixel's copies.
pub fn upsample_gradient<F: Float>(
    dy: &[F],
    size: [usize; 2],
    channels: usize,
    factor: [usize; 2],
    dx: &mut [F],
) {
    assert_eq!(dy.len(), dx.len() * factor[0] * factor[1], "upsample: output");
    let [to, from] = [size[1] * channels, size[1] * factor[1] * channels];
    if dx.is_empty() {
        return;
    }
    par::chunks_mut(dx, to, dy.len(), |i, dx| {
        let dy = &dy[i * factor[0] * from..][..factor[0] * from];
        if factor[0] * factor[1] > ROWS {
            for (j, dx) in dx.chunks_mut(channels).enumerate() {
                let copy = |r, c| &dy[r * from + (j * factor[1] + c) * channels..][..channels];
                add_many(0..factor[0], 0..factor[1], copy, dx);
            }
            return;
        }
        dx.fill(F::zero());
        for dy in dy.chunks(from) {
            for (dx, dy) in dx.chunks_mut(channels).zip(dy.chunks(channels * factor[1])) {
                for dy in dy.chunks(channels) {
                    add_assign(dx, dy);
                }
            }
        }
    });
}
