//! Groups that are runs of neighbours: layer norm, and group norm without spatial axes.

use super::{Gradients, inverse_deviation, rows_of_chunk};
use crate::Float;
use crate::moments::deviations;
use crate::par;
use crate::rows::{self, Lanes, Rows, WIDTH};
use crate::simd::{self, Kernel, Lane};
use crate::sums::{self, ROWS, Totals, in_blocks, rows_in_pairs};

/// What is saved of a segment: its mean, rounded; s = 1/√(var + ε); and −s times what the rounding lost. So x̂ = (x − mean) s + shift.
const SAVED: usize = 3;

/// About what an element costs, in scalar operations.
const WORK: usize = 8;

/// The parameters: `weight` and `bias` have one element a channel, and `depth` channels are a segment.
#[derive(Clone, Copy, Debug)]
pub struct Affine<'a, F> {
    /// Scales, one a channel.
    pub weight: &'a [F],
    /// Offsets, one a channel.
    pub bias: &'a [F],
    /// Channels of a segment.
    pub depth: usize,
    /// Added to the variance.
    pub eps: F,
}

impl<'a, F> Affine<'a, F> {
    /// The channels of the `row`-th segment.
    #[inline(always)]
    fn of(&self, x: &'a [F], row: usize) -> &'a [F] {
        let groups = x.len() / self.depth;
        &x[row % groups * self.depth..][..self.depth]
    }
}

/// The normalised segments, and what the gradient needs.
pub fn forward<F: Float>(x: &[F], affine: Affine<'_, F>) -> (Vec<F>, Vec<F>) {
    let n = x.len() / affine.depth;
    let [y, saved] = rows::collect(Forward(affine), n, x.len() * WORK, [x], [affine.depth, SAVED]);
    (y, saved)
}

/// The gradients of `x` (where `input` says so) and of the parameters (where `params` says so).
pub fn gradients<F: Float>(
    x: &[F],
    affine: Affine<'_, F>,
    saved: &[F],
    g: &[F],
    [input, params]: [bool; 2],
) -> Gradients<F> {
    let mut out = Gradients { x: Vec::new(), weight: Vec::new(), bias: Vec::new() };
    if input {
        let (n, work) = (x.len() / affine.depth, x.len() * WORK);
        [out.x] = rows::collect(Backward(affine), n, work, [x, saved, g], [affine.depth]);
    }
    if params {
        let channels = affine.weight.len();
        let chunk = rows_of_chunk(channels) * channels;
        let sums = par::map(x.len().div_ceil(chunk), x.len() * 4, |i| {
            let range = i * chunk..x.len().min((i + 1) * chunk);
            let saved = &saved[SAVED * range.start / affine.depth..];
            simd::dispatch(ParamSums { x: &x[range.clone()], g: &g[range], saved, affine })
        });
        let (weights, biases) = sums.into_iter().unzip();
        out.weight = rows_in_pairs(weights).unwrap_or_else(|| vec![F::zero(); channels]);
        out.bias = rows_in_pairs(biases).unwrap_or_else(|| vec![F::zero(); channels]);
    }
    out
}

#[derive(Clone, Copy)]
struct Forward<'a, F>(Affine<'a, F>);

impl<F: Float> Rows<F, 1, 2> for Forward<'_, F> {
    #[inline(always)]
    fn row<const FMA: bool>(self, row: usize, [x]: [&[F]; 1], [y, saved]: [&mut [F]; 2]) {
        let affine = &self.0;
        let (weight, bias) = (affine.of(affine.weight, row), affine.of(affine.bias, row));
        let (zero, n) = (F::zero(), F::of(x.len() as f64));
        let mean = sums::sum(x) / n;
        let [sum, squares] = deviations(x, mean);
        // What the rounding of the mean lost is the mean of the deviations.
        let rest = sum / n;
        let var = (squares - sum * rest) / n;
        let var = if var < zero { zero } else { var };
        let scale = inverse_deviation(var, affine.eps);
        let shift = -rest * scale;
        // So plain a loop that the compiler makes the widest vectors of it.
        for ((y, &x), (&weight, &bias)) in y.iter_mut().zip(x).zip(weight.iter().zip(bias)) {
            let normal = normal(Lane::<F, FMA>(x), [mean, scale, shift]);
            *y = (normal * Lane(weight) + Lane(bias)).0;
        }
        saved.copy_from_slice(&[mean, scale, shift]);
    }
}

/// x̂ = (x − mean) s + shift.
#[inline(always)]
fn normal<F: Float, const FMA: bool>(
    x: Lane<F, FMA>,
    [mean, scale, shift]: [F; SAVED],
) -> Lane<F, FMA> {
    (x - Lane(mean)).mul_add(Lane(scale), Lane(shift))
}

#[derive(Clone, Copy)]
struct Backward<'a, F>(Affine<'a, F>);

impl<F: Float> Rows<F, 3, 1> for Backward<'_, F> {
    #[inline(always)]
    fn row<const FMA: bool>(self, row: usize, [x, saved, g]: [&[F]; 3], [out]: [&mut [F]; 1]) {
        let weight = self.0.of(self.0.weight, row);
        let (zero, n) = (F::zero(), F::of(x.len() as f64));
        let found = [saved[0], saved[1], saved[2]];
        let row = Row { x, g, weight, found };
        let [sum, product] = in_blocks!(x.len(), |block| {
            let (mut sum, mut product) = (Lanes::<F, FMA>::splat(zero), Lanes::splat(zero));
            for i in block.step_by(WIDTH) {
                let (normal, wg) = row.at(i);
                sum = sum + wg;
                product = product + wg * normal;
            }
            [sum.sum(), product.sum()]
        });
        let (sum, product, scale) = (Lane(sum / n), Lane(product / n), Lane(found[1]));
        for i in (0..x.len()).step_by(WIDTH) {
            let (normal, wg) = row.at::<FMA>(i);
            wg.zip(normal, |wg, normal| (wg - sum - normal * product) * scale).store(out, i);
        }
    }
}

/// What the gradient reads of a segment.
struct Row<'a, F> {
    x: &'a [F],
    g: &'a [F],
    weight: &'a [F],
    found: [F; SAVED],
}

impl<F: Float> Row<'_, F> {
    /// x̂ and w g from the `i`-th element on.
    #[inline(always)]
    fn at<const FMA: bool>(&self, i: usize) -> (Lanes<F, FMA>, Lanes<F, FMA>) {
        let zero = F::zero();
        let normal = Lanes::load(self.x, i, zero).map(|x| normal(x, self.found));
        (normal, Lanes::load(self.weight, i, zero) * Lanes::load(self.g, i, zero))
    }
}

/// Σ g x̂ and Σ g a channel, over some rows.
struct ParamSums<'a, F> {
    x: &'a [F],
    g: &'a [F],
    saved: &'a [F],
    affine: Affine<'a, F>,
}

impl<F: Float> Kernel for ParamSums<'_, F> {
    type Out = (Vec<F>, Vec<F>);

    #[inline(always)]
    fn run<const FMA: bool>(self) -> Self::Out {
        let (depth, channels) = (self.affine.depth, self.affine.weight.len());
        let (rows, saved) = (ROWS * channels, ROWS * channels / depth * SAVED);
        if self.x.len() <= rows {
            return self.block::<FMA>(((self.x, self.g), self.saved));
        }
        let blocks = self.x.chunks(rows).zip(self.g.chunks(rows)).zip(self.saved.chunks(saved));
        let [mut weight, mut bias] = [Totals::new(channels), Totals::new(channels)];
        for block in blocks {
            let part = self.block::<FMA>(block);
            weight.add(&part.0);
            bias.add(&part.1);
        }
        (weight.finish(), bias.finish())
    }
}

impl<F: Float> ParamSums<'_, F> {
    /// The sums over a block of rows.
    #[inline(always)]
    fn block<const FMA: bool>(&self, ((x, g), saved): ((&[F], &[F]), &[F])) -> (Vec<F>, Vec<F>) {
        let (depth, channels) = (self.affine.depth, self.affine.weight.len());
        let (mut weight, mut bias) = (vec![F::zero(); channels], vec![F::zero(); channels]);
        let segments = x.chunks_exact(depth).zip(g.chunks_exact(depth));
        for (i, ((x, g), saved)) in segments.zip(saved.chunks_exact(SAVED)).enumerate() {
            let found = [saved[0], saved[1], saved[2]];
            let start = i * depth % channels;
            let (weight, bias) = (&mut weight[start..][..depth], &mut bias[start..][..depth]);
            for (((w, b), &x), &g) in weight.iter_mut().zip(bias).zip(x).zip(g) {
                *w = Lane(g).mul_add(normal(Lane::<F, FMA>(x), found), Lane(*w)).0;
                *b += g;
            }
        }
        (weight, bias)
    }
}
