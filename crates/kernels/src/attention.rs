//! Scaled dot-product attention, a block of queries at a time: the matrix of all weights is never in memory.
//!
//! With S = Q Kᵀ and the weights P = softmax(scale · S) over what is visible, the output is O = P V. For the gradient G of O, with the weights
//! computed again (Dao et al. 2022, "FlashAttention", appendix B.2, on blocks of rows):
//!
//! ```text
//! dV = Pᵀ G,   dP = G Vᵀ,   dS = scale · P ⊙ (dP − Σⱼ dP ⊙ P),   dQ = dS K,   dK = dSᵀ Q
//! ```
//!
//! A query that sees nothing has the weights 0, so that its output and all its gradients are 0.

use crate::gemm::{Mat, Store, gemm};
use crate::shared::SharedMut;
use crate::simd::{self, Kernel, Lane};
use crate::softmax::row_sum::shift;
use crate::{Float, buffers, par, sums};

/// Queries that are taken at once; fixed, so that no result depends on the number of threads.
const ROWS: usize = 64;

/// The sizes of the matrices: queries `m × depth`, keys `n × depth`, values `n × width`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sizes {
    /// How many of each there are.
    pub batch: usize,
    /// m.
    pub queries: usize,
    /// n.
    pub keys: usize,
    /// The length of queries and keys.
    pub depth: usize,
    /// The length of values.
    pub width: usize,
}

/// Which keys a query sees, and by what the scores are multiplied.
#[derive(Clone, Copy, Debug)]
pub struct Sight<'a, F> {
    /// A positive number.
    pub scale: F,
    /// Query i of m sees keys up to i + n − m: the queries are the last ones.
    pub causal: bool,
    /// Rows of n numbers, in which 0 hides a key.
    pub mask: Option<Mask<'a, F>>,
}

/// Rows of a mask.
#[derive(Clone, Copy, Debug)]
pub struct Mask<'a, F> {
    /// The numbers.
    pub data: &'a [F],
    /// Where those of each of the batch begin.
    pub starts: &'a [usize],
    /// The distance from the row of one query to that of the next: 0 where all have the same.
    pub stride: usize,
}

/// A block of queries of one of the batch.
struct Block<'a, F> {
    sizes: Sizes,
    sight: Sight<'a, F>,
    /// Which of the batch.
    matrix: usize,
    /// The first query.
    first: usize,
    /// How many queries.
    rows: usize,
    /// How many keys one of them may see.
    keys: usize,
}

impl<'a, F: Float> Block<'a, F> {
    fn new(sizes: Sizes, sight: Sight<'a, F>, matrix: usize, index: usize) -> Self {
        let first = index * ROWS;
        let rows = ROWS.min(sizes.queries - first);
        let mut block = Self { sizes, sight, matrix, first, rows, keys: sizes.keys };
        block.keys = block.sees(rows - 1);
        block
    }

    /// How many keys the `row`-th query of the block may see.
    fn sees(&self, row: usize) -> usize {
        let Sizes { queries, keys, .. } = self.sizes;
        if !self.sight.causal {
            return keys;
        }
        (self.first + row + 1 + keys).saturating_sub(queries).min(keys)
    }

    /// The part of `x`, rows of `len` numbers for each query, that is of this block.
    fn of_queries<'b>(&self, x: &'b [F], len: usize) -> &'b [F] {
        &x[(self.matrix * self.sizes.queries + self.first) * len..][..self.rows * len]
    }

    /// The part of `x`, rows of `len` numbers for each key, that the block may see.
    fn of_keys<'b>(&self, x: &'b [F], len: usize) -> &'b [F] {
        &x[self.matrix * self.sizes.keys * len..][..self.keys * len]
    }

    /// P, rows of as many numbers as keys may be seen.
    fn weights(&self, q: &[F], k: &[F]) -> Vec<F> {
        let d = self.sizes.depth;
        let mut p = buffers::zeros(self.rows * self.keys);
        let (q, k) = (Mat::new(q, d), Mat::new(k, d).t());
        gemm([self.rows, self.keys, d], q, k, &mut p, Store::Set);
        if self.keys > 0 {
            simd::dispatch(Weights { block: self, scores: &mut p });
        }
        p
    }
}

/// Scores to weights.
struct Weights<'a, 'b, F> {
    block: &'a Block<'b, F>,
    scores: &'a mut [F],
}

impl<F: Float> Kernel for Weights<'_, '_, F> {
    type Out = ();

    #[inline(always)]
    fn run<const FMA: bool>(self) {
        let Block { sight, matrix, first, keys, .. } = *self.block;
        let scale = Lane::<F, FMA>(sight.scale);
        for (row, scores) in self.scores.chunks_exact_mut(keys).enumerate() {
            scores[self.block.sees(row)..].fill(F::neg_infinity());
            if let Some(Mask { data, starts, stride }) = sight.mask {
                let mask = &data[starts[matrix] + (first + row) * stride..][..keys];
                for (s, &seen) in scores.iter_mut().zip(mask) {
                    *s = if seen == F::zero() { F::neg_infinity() } else { *s };
                }
            }
            let shift = shift(scores);
            for s in scores.iter_mut() {
                // The difference first: it is exact where the scores are large and near one another.
                *s = (Lane::<F, FMA>(*s - shift) * scale).exp_nonpositive().0;
            }
            let sum = sums::sum(scores);
            let share = if sum == F::zero() { F::zero() } else { sum.recip() };
            scores.iter_mut().for_each(|s| *s *= share);
        }
    }
}

/// dP to dS, in place.
struct ScoreGradient<'a, F> {
    scale: F,
    keys: usize,
    p: &'a [F],
    dp: &'a mut [F],
}

impl<F: Float> Kernel for ScoreGradient<'_, F> {
    type Out = ();

    #[inline(always)]
    fn run<const FMA: bool>(self) {
        let mut products = vec![F::zero(); self.keys];
        let rows = self.p.chunks_exact(self.keys).zip(self.dp.chunks_exact_mut(self.keys));
        for (p, dp) in rows {
            for ((product, &p), &dp) in products.iter_mut().zip(p).zip(dp.iter()) {
                *product = p * dp;
            }
            let mean = sums::sum(&products);
            for (dp, &p) in dp.iter_mut().zip(p) {
                *dp = p * (*dp - mean) * self.scale;
            }
        }
    }
}

fn work(sizes: Sizes) -> usize {
    let Sizes { batch, queries, keys, depth, width } = sizes;
    let a_score = 32 + (depth + width) / 4;
    batch.saturating_mul(queries).saturating_mul(keys).saturating_mul(a_score)
}

#[track_caller]
fn check<F>(sizes: Sizes, [q, k, v]: [&[F]; 3]) {
    let Sizes { batch, queries, keys, depth, width } = sizes;
    let fits = q.len() == batch * queries * depth
        && k.len() == batch * keys * depth
        && v.len() == batch * keys * width;
    assert!(
        fits,
        "attention: {} queries, {} keys and {} values are not {sizes:?}",
        q.len(),
        k.len(),
        v.len()
    );
}

/// O, one matrix `queries × width` after the other.
///
/// # Panics
/// If a length does not fit the sizes.
#[track_caller]
pub fn forward<F: Float>(sizes: Sizes, sight: Sight<'_, F>, [q, k, v]: [&[F]; 3]) -> Vec<F> {
    check(sizes, [q, k, v]);
    let Sizes { batch, queries, depth, width, .. } = sizes;
    let mut out = buffers::zeros(batch * queries * width);
    if out.is_empty() {
        return out;
    }
    let blocks = queries.div_ceil(ROWS);
    let shared = SharedMut::new(&mut out);
    par::for_each(batch * blocks, work(sizes), |i| {
        let block = Block::new(sizes, sight, i / blocks, i % blocks);
        let p = block.weights(block.of_queries(q, depth), block.of_keys(k, depth));
        let start = (block.matrix * queries + block.first) * width;
        // SAFETY: the blocks are disjoint, and `out` is borrowed until all have returned.
        let out = unsafe { shared.part(start..start + block.rows * width) };
        let v = Mat::new(block.of_keys(v, width), width);
        gemm([block.rows, width, block.keys], Mat::new(&p, block.keys), v, out, Store::Set);
        buffers::give_back(p);
    });
    out
}

/// The gradients of queries, keys and values, for the gradient `g` of the output.
///
/// # Panics
/// If a length does not fit the sizes.
#[track_caller]
pub fn backward<F: Float>(
    sizes: Sizes,
    sight: Sight<'_, F>,
    [q, k, v]: [&[F]; 3],
    g: &[F],
) -> [Vec<F>; 3] {
    check(sizes, [q, k, v]);
    let Sizes { batch, queries, keys, depth, width } = sizes;
    assert_eq!(g.len(), batch * queries * width, "attention: one gradient for each output");
    let [mut dq, mut dk, mut dv] = [q, k, v].map(|x| buffers::zeros(x.len()));
    if queries == 0 || keys == 0 {
        return [dq, dk, dv];
    }
    let [all_dq, all_dk, all_dv] = [&mut dq, &mut dk, &mut dv].map(|x| SharedMut::new(x));
    par::for_each(batch, work(sizes).saturating_mul(3), |matrix| {
        // SAFETY: every matrix of the batch is passed once, and all are borrowed until the last call has returned.
        let (dq, dk, dv) = unsafe {
            (
                all_dq.part(matrix * queries * depth..(matrix + 1) * queries * depth),
                all_dk.part(matrix * keys * depth..(matrix + 1) * keys * depth),
                all_dv.part(matrix * keys * width..(matrix + 1) * keys * width),
            )
        };
        let (mut dk, mut dv) = (Sum::new(dk), Sum::new(dv));
        for index in 0..queries.div_ceil(ROWS) {
            let block = Block::new(sizes, sight, matrix, index);
            let (rows, seen) = (block.rows, block.keys);
            if seen == 0 {
                continue;
            }
            let (q, g) = (block.of_queries(q, depth), block.of_queries(g, width));
            let (k, v) = (block.of_keys(k, depth), block.of_keys(v, width));
            let p = block.weights(q, k);
            let mut ds = buffers::zeros(rows * seen);
            let values = Mat::new(v, width).t();
            gemm([rows, seen, width], Mat::new(g, width), values, &mut ds, Store::Set);
            simd::dispatch(ScoreGradient { scale: sight.scale, keys: seen, p: &p, dp: &mut ds });
            let dq = &mut dq[block.first * depth..][..rows * depth];
            gemm([rows, depth, seen], Mat::new(&ds, seen), Mat::new(k, depth), dq, Store::Set);
            dk.add([seen, depth, rows], Mat::new(&ds, seen).t(), Mat::new(q, depth));
            dv.add([seen, width, rows], Mat::new(&p, seen).t(), Mat::new(g, width));
            buffers::give_back(p);
            buffers::give_back(ds);
        }
        dk.finish();
        dv.finish();
    });
    [dq, dk, dv]
}

/// A sum of products, whose rounding errors do not grow with their number.
struct Sum<'a, F> {
    sums: &'a mut [F],
    /// The newest product, and what rounding took from the sum. Of the first product they are not needed.
    part: Vec<F>,
    lost: Vec<F>,
    is_empty: bool,
}

impl<'a, F: Float> Sum<'a, F> {
    fn new(sums: &'a mut [F]) -> Self {
        Self { sums, part: Vec::new(), lost: Vec::new(), is_empty: true }
    }

    /// Adds a product to the first rows.
    fn add(&mut self, dims: [usize; 3], a: Mat<'_, F>, b: Mat<'_, F>) {
        let len = dims[0] * dims[1];
        if std::mem::take(&mut self.is_empty) {
            return gemm(dims, a, b, &mut self.sums[..len], Store::Set);
        }
        if self.part.is_empty() {
            self.part = buffers::zeros(self.sums.len());
            self.lost = buffers::zeros(self.sums.len());
        }
        let part = &mut self.part[..len];
        gemm(dims, a, b, part, Store::Set);
        sums::add_compensated(&mut self.sums[..len], &mut self.lost[..len], part);
    }

    fn finish(self) {
        sums::finish(self.sums, &self.lost);
        buffers::give_back(self.part);
        buffers::give_back(self.lost);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Rng;

    fn draw(n: usize, rng: &mut Rng) -> Vec<f64> {
        (0..n).map(|_| rng.uniform() * 2.0 - 1.0).collect()
    }

    /// O for one query by its definition, with the gradient of ⟨g, O⟩ by differences of it.
    fn by_definition(sizes: Sizes, sight: Sight<'_, f64>, [q, k, v]: [&[f64]; 3]) -> Vec<f64> {
        let Sizes { batch, queries, keys, depth, width } = sizes;
        let mut out = vec![0.0; batch * queries * width];
        for b in 0..batch {
            for i in 0..queries {
                let q = &q[(b * queries + i) * depth..][..depth];
                let seen = |j: usize| {
                    let masked =
                        sight.mask.is_some_and(|m| m.data[m.starts[b] + i * m.stride + j] == 0.0);
                    !(masked || sight.causal && j + queries > i + keys)
                };
                let weight = |j: usize| {
                    let k = &k[(b * keys + j) * depth..][..depth];
                    let score: f64 = q.iter().zip(k).map(|(q, k)| q * k).sum();
                    if seen(j) { (score * sight.scale).exp() } else { 0.0 }
                };
                let total: f64 = (0..keys).map(weight).sum();
                for j in (0..keys).filter(|&j| seen(j)) {
                    for c in 0..width {
                        out[(b * queries + i) * width + c] +=
                            weight(j) / total * v[(b * keys + j) * width + c];
                    }
                }
            }
        }
        out
    }

    /// Sizes around the block of queries, more and fewer keys than queries, and none.
    #[test]
    fn blocks_are_the_definition() {
        let rng = &mut Rng::new(3);
        for (queries, keys) in
            [(1, 1), (3, 5), (5, 3), (64, 70), (65, 65), (130, 70), (2, 0), (0, 2)]
        {
            let sizes = Sizes { batch: 2, queries, keys, depth: 3, width: 2 };
            let [q, k, v] = [queries * 6, keys * 6, keys * 4].map(|n| draw(n, rng));
            let x = [&q[..], &k, &v];
            // Every third number is hidden, and all of the second of the batch for the first query.
            let mask: Vec<f64> =
                (0..2 * queries * keys).map(|i| f64::from(u8::from(i % 3 > 0))).collect();
            let padding: Vec<f64> = (0..keys).map(|j| f64::from(u8::from(j + 1 < keys))).collect();
            let masks = [
                None,
                Some(Mask { data: &mask[..], starts: &[0, queries * keys], stride: keys }),
                Some(Mask { data: &padding[..], starts: &[0, 0], stride: 0 }),
            ];
            for mask in masks {
                for causal in [false, true] {
                    let sight = Sight { scale: 0.7, causal, mask };
                    let got = forward(sizes, sight, x);
                    let want = by_definition(sizes, sight, x);
                    for (a, b) in got.iter().zip(&want) {
                        assert!((a - b).abs() < 1e-14, "{sizes:?} {causal}: {a}, {b}");
                    }
                    gradient_is_the_slope(sizes, sight, x, rng);
                }
            }
        }
    }

    fn gradient_is_the_slope(sizes: Sizes, sight: Sight<'_, f64>, x: [&[f64]; 3], rng: &mut Rng) {
        let g = draw(sizes.batch * sizes.queries * sizes.width, rng);
        let gradient = backward(sizes, sight, x, &g);
        let direction = x.map(|x| draw(x.len(), rng));
        let exact: f64 = gradient
            .iter()
            .zip(&direction)
            .flat_map(|(g, d)| g.iter().zip(d))
            .map(|(g, d)| g * d)
            .sum();
        let at = |t: f64| -> f64 {
            let moved: Vec<Vec<f64>> = x
                .iter()
                .zip(&direction)
                .map(|(x, d)| x.iter().zip(d).map(|(x, d)| x + t * d).collect())
                .collect();
            let y = by_definition(sizes, sight, [&moved[0], &moved[1], &moved[2]]);
            y.iter().zip(&g).map(|(y, g)| y * g).sum()
        };
        let h = 1e-3;
        let slope = (8.0 * (at(h) - at(-h)) - (at(2.0 * h) - at(-2.0 * h))) / (12.0 * h);
        assert!((exact - slope).abs() < 1e-9 * (1.0 + slope.abs()), "{sizes:?}: {exact}, {slope}");
    }

    #[test]
    fn threads_change_no_bit() {
        let rng = &mut Rng::new(4);
        let sizes = Sizes { batch: 3, queries: 200, keys: 150, depth: 16, width: 16 };
        let [q, k, v] = [3 * 200 * 16, 3 * 150 * 16, 3 * 150 * 16].map(|n| draw(n, rng));
        let g = draw(3 * 200 * 16, rng);
        let sight = Sight { scale: 0.25, causal: true, mask: None };
        let run =
            || (forward(sizes, sight, [&q, &k, &v]), backward(sizes, sight, [&q, &k, &v], &g));
        let one = par::with_threads(1, run);
        assert_eq!(one, par::with_threads(3, run));
    }
}
