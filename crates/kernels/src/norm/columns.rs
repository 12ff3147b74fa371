//! Groups that are columns of a matrix: batch norm, and group norm over the positions of an image.

use super::{Gradients, inverse_deviation, rows_of_chunk};
use crate::Float;
use crate::moments;
use crate::par;
use crate::rows::{self, Rows};
use crate::simd::{self, Kernel};
use crate::sums::{Terms, Totals, down_columns, rows_in_pairs, sum};

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
    /// What was lost when they were rounded.
    pub rest: Vec<F>,
    /// The variances, one a group of a sample.
    pub var: Vec<F>,
}

/// The statistics, in one pass over memory: see [`moments`].
pub fn statistics<F: Float>(x: &[F], layout: Layout) -> Statistics<F> {
    let of_channels = moments::of_groups(x, layout.samples, layout.rows, layout.channels());
    let mut out = Statistics { mean: Vec::new(), rest: Vec::new(), var: Vec::new() };
    for channels in of_channels.chunks(layout.depth) {
        let group = channels[1..].iter().fold(channels[0], |group, &channel| group.join(channel));
        let (mean, rest) = group.mean_and_rest();
        out.mean.push(mean);
        out.rest.push(rest);
        out.var.push(F::of(group.variance()));
    }
    out
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
    let offset = layout.per_channel(|group, c| {
        let scale = weight[c] * inverse_deviation(found.var[group], eps);
        bias[c] - found.rest[group] * scale
    });
    let kernel = Forward { rows: layout.rows, center: &center, scale: &scale, offset: &offset };
    let n = layout.samples * layout.rows;
    let [y] = rows::collect(kernel, n, x.len() * WORK, [x], [x.len() / n.max(1)]);
    y
}

#[derive(Clone, Copy)]
struct Forward<'a, F> {
    rows: usize,
    center: &'a [F],
    scale: &'a [F],
    offset: &'a [F],
}

impl<F: Float> Rows<F, 1, 1> for Forward<'_, F> {
    #[inline(always)]
    fn row<const FMA: bool>(self, row: usize, [x]: [&[F]; 1], [y]: [&mut [F]; 1]) {
        let sample = row / self.rows * x.len()..(row / self.rows + 1) * x.len();
        let [center, scale, offset] =
            [self.center, self.scale, self.offset].map(|all| &all[sample.clone()]);
        let channels = center.iter().zip(scale).zip(offset);
        for ((y, &x), ((&center, &scale), &offset)) in y.iter_mut().zip(x).zip(channels) {
            *y = (x - center) * scale + offset;
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
    let rest = layout.per_channel(|group, _| found.rest[group]);
    let (mut sums, mut products) = (Vec::new(), Vec::new());
    let (mut d_weight, mut d_bias) = (Totals::new(channels), Totals::new(channels));
    for (s, chunks) in chunks.into_iter().enumerate() {
        let here = s * channels..(s + 1) * channels;
        let (sum, product) = chunks.into_iter().unzip();
        let of_sample = |parts| rows_in_pairs(parts).unwrap_or_else(|| vec![F::zero(); channels]);
        let (sum, mut product) = (of_sample(sum), of_sample(product));
        // The products are with x − mean, and what the mean's rounding lost is put right here.
        let found = rest[here.clone()].iter().zip(&scale[here]);
        for ((product, &sum), (&rest, &scale)) in product.iter_mut().zip(&sum).zip(found) {
            *product = (*product - sum * rest) * scale;
        }
        d_weight.add(&product);
        d_bias.add(&sum);
        sums.extend(sum);
        products.extend(product);
    }
    let mut out = Gradients { x: Vec::new(), weight: d_weight.finish(), bias: d_bias.finish() };
    if input {
        // ∂x = gain·g + slope·(x − mean) + shift, all three constant over the rows of a sample.
        let n = F::of(layout.elements_of_group() as f64);
        let group_mean = |sums: &[F]| -> Vec<F> {
            let weighted: Vec<F> = layout.per_channel(|_, c| weight[c]);
            let weighted: Vec<F> = weighted.iter().zip(sums).map(|(&w, &s)| w * s).collect();
            weighted.chunks_exact(layout.depth).map(|group| sum(group) / n).collect()
        };
        let (mean, mean_product) = (group_mean(&sums), group_mean(&products));
        let inverse = |group: usize| inverse_deviation(found.var[group], eps);
        let gain = layout.per_channel(|group, c| weight[c] * inverse(group));
        let slope = layout.per_channel(|group, _| -mean_product[group] * inverse(group).powi(2));
        let shift: Vec<F> = layout
            .per_channel(|group, _| -mean[group] * inverse(group))
            .iter()
            .zip(slope.iter().zip(&rest))
            .map(|(&shift, (&slope, &rest))| shift - slope * rest)
            .collect();
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
        let rows = self.x.len() / channels.max(1);
        let matrices = [(self.x, channels), (self.g, channels), (self.center, 0)];
        down_columns(Products, rows, matrices, [&mut sum, &mut product]);
        (sum, product)
    }
}

/// g and g (x − mean).
#[derive(Clone, Copy)]
struct Products;

impl<F: Float> Terms<F, 3, 2> for Products {
    #[inline(always)]
    fn of(self, [x, g, center]: [F; 3]) -> [F; 2] {
        [g, g * (x - center)]
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
