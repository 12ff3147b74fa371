//! Groups that are columns of a matrix: batch norm, and group norm over the positions of an image.

use super::{Gradients, inverse_deviation, rows_of_chunk};
use crate::Float;
use crate::accumulate::add_assign;
use crate::par;
use crate::rows::{self, Rows};
use crate::simd::{self, Kernel};

/// About what an element costs, in scalar operations.
const WORK: usize = 4;

/// How `x` is read: `samples × rows × groups × depth`. A group is normalised over the rows of a sample and over
/// its `depth` channels.
#[derive(Clone, Copy, Debug)]
pub struct Layout {
    /// The number of samples.
    pub samples: usize,
    /// Rows of a sample.
    pub rows: usize,
    /// Groups of channels.
    pub groups: usize,
    /// Channels of a group.
    pub depth: usize,
}

impl Layout {
    fn channels(&self) -> usize {
        self.groups * self.depth
    }

    fn elements_of_group(&self) -> usize {
        self.rows * self.depth
    }

    /// Calls `f(sample, chunk)` for the elements of neighbouring rows of a sample, and returns the results sample by sample.
    fn by_chunks<F: Sync, R: Send>(
        &self,
        x: &[F],
        f: impl Fn(usize, std::ops::Range<usize>) -> R + Send + Sync,
    ) -> Vec<Vec<R>> {
        let sample = self.rows * self.channels();
        let chunk = rows_of_chunk(self.channels()) * self.channels().max(1);
        let chunks = sample.div_ceil(chunk);
        let results = par::map(self.samples * chunks, x.len() * WORK, |i| {
            let (s, k) = (i / chunks, i % chunks);
            f(s, s * sample + k * chunk..s * sample + sample.min((k + 1) * chunk))
        });
        let mut results = results.into_iter();
        (0..self.samples).map(|_| results.by_ref().take(chunks).collect()).collect()
    }

    /// Spreads `f(index of the group, channel)` over samples and channels.
    fn per_channel<F>(&self, f: impl Fn(usize, usize) -> F) -> Vec<F> {
        let channels = self.channels();
        (0..self.samples * channels)
            .map(|i| f(i / channels * self.groups + i % channels / self.depth, i % channels))
            .collect()
    }
}

/// Mean and (biased) variance of every group of every sample; 0 where there are no elements.
#[derive(Clone, Debug)]
pub struct Statistics<F> {
    /// The means, one a group of a sample.
    pub mean: Vec<F>,
    /// The variances, one a group of a sample.
    pub var: Vec<F>,
}

/// The statistics, in one pass over memory: two passes over chunks that stay in the cache, joined by the formula of Chan,
/// Golub & LeVeque 1983.
pub fn statistics<F: Float>(x: &[F], layout: Layout) -> Statistics<F> {
    let channels = layout.channels();
    let chunks = layout.by_chunks(x, |_, range| {
        let n = range.len() / channels;
        (n, simd::dispatch(Moments { x: &x[range], channels }))
    });
    let mut out = Statistics { mean: Vec::new(), var: Vec::new() };
    for sample in chunks {
        for group in 0..layout.groups {
            let mut all = Moment { n: F::zero(), mean: F::zero(), squares: F::zero() };
            for (n, (mean, squares)) in &sample {
                for c in group * layout.depth..(group + 1) * layout.depth {
                    let n = F::of(*n as f64);
                    all = all.join(Moment { n, mean: mean[c], squares: squares[c] });
                }
            }
            out.mean.push(all.mean);
            out.var.push(all.squares / all.n.max(F::one()));
        }
    }
    out
}

/// Mean and sum of squared deviations of `n` numbers.
#[derive(Clone, Copy)]
struct Moment<F> {
    n: F,
    mean: F,
    squares: F,
}

impl<F: Float> Moment<F> {
    fn join(self, other: Self) -> Self {
        let n = self.n + other.n;
        let (delta, share) = (other.mean - self.mean, other.n / n);
        Self {
            n,
            mean: self.mean + delta * share,
            squares: self.squares + other.squares + delta * delta * self.n * share,
        }
    }
}

/// Mean and sum of squared deviations of every column of some rows.
struct Moments<'a, F> {
    x: &'a [F],
    channels: usize,
}

impl<F: Float> Kernel for Moments<'_, F> {
    type Out = (Vec<F>, Vec<F>);

    #[inline(always)]
    fn run<const FMA: bool>(self) -> Self::Out {
        let rows = || self.x.chunks_exact(self.channels);
        let n = F::of(rows().len() as f64);
        let mut mean = vec![F::zero(); self.channels];
        for row in rows() {
            for (m, &x) in mean.iter_mut().zip(row) {
                *m += x;
            }
        }
        mean.iter_mut().for_each(|m| *m /= n);
        let mut squares = vec![F::zero(); self.channels];
        for row in rows() {
            for ((s, &m), &x) in squares.iter_mut().zip(&mean).zip(row) {
                *s += (x - m) * (x - m);
            }
        }
        (mean, squares)
    }
}

/// w ⊙ x̂ + b.
pub fn forward<F: Float>(
    x: &[F],
    layout: Layout,
    found: &Statistics<F>,
    eps: F,
    weight: &[F],
    bias: &[F],
) -> Vec<F> {
    let center = layout.per_channel(|group, _| found.mean[group]);
    let scale = layout.per_channel(|group, c| weight[c] * inverse_deviation(found.var[group], eps));
    let kernel = Forward { rows: layout.rows, center: &center, scale: &scale, bias };
    let n = layout.samples * layout.rows;
    let [y] = rows::collect(kernel, n, x.len() * WORK, [x], [x.len() / n.max(1)]);
    y
}

#[derive(Clone, Copy)]
struct Forward<'a, F> {
    rows: usize,
    center: &'a [F],
    scale: &'a [F],
    bias: &'a [F],
}

impl<F: Float> Rows<F, 1, 1> for Forward<'_, F> {
    #[inline(always)]
    fn row<const FMA: bool>(self, row: usize, [x]: [&[F]; 1], [y]: [&mut [F]; 1]) {
        let sample = row / self.rows * x.len()..(row / self.rows + 1) * x.len();
        let channels = self.center[sample.clone()].iter().zip(&self.scale[sample]).zip(self.bias);
        for ((y, &x), ((&center, &scale), &bias)) in y.iter_mut().zip(x).zip(channels) {
            *y = (x - center) * scale + bias;
        }
    }
}

/// The gradients of `x` (where `input` says so) and of the parameters.
pub fn gradients<F: Float>(
    x: &[F],
    layout: Layout,
    found: &Statistics<F>,
    eps: F,
    weight: &[F],
    g: &[F],
    input: bool,
) -> Gradients<F> {
    let channels = layout.channels();
    let center = layout.per_channel(|group, _| found.mean[group]);
    let scale = layout.per_channel(|group, _| inverse_deviation(found.var[group], eps));

    // Σ g and Σ g x̂ of every channel of every sample.
    let chunks = layout.by_chunks(x, |sample, range| {
        let (x, g, center) = (&x[range.clone()], &g[range], &center[sample * channels..]);
        simd::dispatch(Sums { x, g, center: &center[..channels] })
    });
    let mut sums = vec![F::zero(); layout.samples * channels];
    let mut products = sums.clone();
    let (mut d_weight, mut d_bias) = (vec![F::zero(); channels], vec![F::zero(); channels]);
    for (s, chunks) in chunks.iter().enumerate() {
        let here = s * channels..(s + 1) * channels;
        for (sum, product) in chunks {
            add_assign(&mut sums[here.clone()], sum);
            add_assign(&mut products[here.clone()], product);
        }
        for (product, &scale) in products[here.clone()].iter_mut().zip(&scale[here.clone()]) {
            *product *= scale;
        }
        add_assign(&mut d_weight, &products[here.clone()]);
        add_assign(&mut d_bias, &sums[here]);
    }
    let mut out = Gradients { x: Vec::new(), weight: d_weight, bias: d_bias };
    if input {
        // ∂x = gain·g + slope·(x − mean) + shift, all three constant over the rows of a sample.
        let n = F::of(layout.elements_of_group() as f64);
        let group_mean = |sums: &[F]| -> Vec<F> {
            let weighted: Vec<F> = layout.per_channel(|_, c| weight[c]);
            let weighted: Vec<F> = weighted.iter().zip(sums).map(|(&w, &s)| w * s).collect();
            weighted
                .chunks_exact(layout.depth)
                .map(|group| group.iter().copied().sum::<F>() / n)
                .collect()
        };
        let (mean, mean_product) = (group_mean(&sums), group_mean(&products));
        let inverse = |group: usize| inverse_deviation(found.var[group], eps);
        let gain = layout.per_channel(|group, c| weight[c] * inverse(group));
        let slope = layout.per_channel(|group, _| -mean_product[group] * inverse(group).powi(2));
        let shift = layout.per_channel(|group, _| -mean[group] * inverse(group));
        let kernel = Backward { rows: layout.rows, per_channel: [&center, &gain, &slope, &shift] };
        let n = layout.samples * layout.rows;
        [out.x] = rows::collect(kernel, n, x.len() * WORK, [x, g], [x.len() / n.max(1)]);
    }
    out
}

/// Σ g and Σ g (x − mean) of every column of some rows.
struct Sums<'a, F> {
    x: &'a [F],
    g: &'a [F],
    center: &'a [F],
}

impl<F: Float> Kernel for Sums<'_, F> {
    type Out = (Vec<F>, Vec<F>);

    #[inline(always)]
    fn run<const FMA: bool>(self) -> Self::Out {
        let channels = self.center.len();
        let (mut sum, mut product) = (vec![F::zero(); channels], vec![F::zero(); channels]);
        for (x, g) in self.x.chunks_exact(channels).zip(self.g.chunks_exact(channels)) {
            let sums = sum.iter_mut().zip(&mut product).zip(self.center);
            for (((sum, product), &center), (&x, &g)) in sums.zip(x.iter().zip(g)) {
                *sum += g;
                *product += g * (x - center);
            }
        }
        (sum, product)
    }
}

#[derive(Clone, Copy)]
struct Backward<'a, F> {
    rows: usize,
    /// mean, gain, slope and shift.
    per_channel: [&'a [F]; 4],
}

impl<F: Float> Rows<F, 2, 1> for Backward<'_, F> {
    #[inline(always)]
    fn row<const FMA: bool>(self, row: usize, [x, g]: [&[F]; 2], [out]: [&mut [F]; 1]) {
        let start = row / self.rows * x.len();
        let [center, gain, slope, shift] = self.per_channel.map(|v| &v[start..][..x.len()]);
        let (g, out) = (&g[..x.len()], &mut out[..x.len()]);
        for c in 0..x.len() {
            out[c] = gain[c] * g[c] + (slope[c] * (x[c] - center[c]) + shift[c]);
        }
    }
}
