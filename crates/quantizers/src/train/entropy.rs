//! Entropies of soft codes of bits, without a table of all codes.
//!
//! LFQ's soft code of a vector is `p(c) ∝ exp(2τ x·c)` over all codes `c = ±v` in each number (Yu et al. 2023, equation 5). It factorises:
//! the bits are independent, each is + with probability `σ(a)`, `a = 4τ v x`. So
//!
//! - the entropy of a vector's code is `Σ h(σ(a))` over its bits, `h(σ(a)) = softplus(a) − a σ(a)`;
//! - the probability of a code in the batch, `p̄(c) = 1/N Σₙ Πₖ p(cₖ)`, does not factorise. But the bits can be cut in two halves: with the products of
//!   either half as rows of `U` and `V`, `p̄ = UᵀV / N` is a matrix product, of `N · 2^bits` multiply-adds and `√` of that memory.
//!
//! More bits than [`LfqConfig::entropy_bits`](super::LfqConfig::entropy_bits) are cut into groups, whose entropies are added: an upper bound
//! (as in BSQ, Zhao et al. 2024), with the same maximum, `bits · ln 2`.

use seedbed_autodiff::{Float, Fused, FusedCtx, Tensor};
use seedbed_kernels::gemm::{Mat, product};
use seedbed_kernels::rows::{self, Rows};
use seedbed_kernels::simd::Lane;

/// The mean entropy of a vector's soft code, and the entropy of the batch's mean code, in nats: a tensor of two numbers.
///
/// `x` has a row a vector and a column a bit; a bit is + with probability `σ(factor · x)`. Bits are cut into groups of at most `most` for the
/// second entropy.
///
/// # Panics
/// If `x` is not a matrix of at least one row and column, `most` is not from 1 to 24, or the element type cannot hold the factor.
///
/// ```
/// use seedbed_autodiff::Tensor;
/// use seedbed_quantizers::train::code_entropies;
/// // Two certain vectors with opposite codes: one of two codes, half the time each.
/// let x = Tensor::<f64>::new(vec![9.0, 9.0, -9.0, -9.0], &[2, 2]);
/// let [vector, batch] = code_entropies(&x, 100.0, 12).to_vec()[..] else { unreachable!() };
/// assert!(vector < 1e-12 && (batch - 2_f64.ln()).abs() < 1e-12);
/// ```
#[track_caller]
pub fn code_entropies<F: Float>(x: &Tensor<F>, factor: f64, most: usize) -> Tensor<F> {
    assert!(
        x.ndim() == 2 && !x.is_empty(),
        "code_entropies: needs a matrix with rows and columns, the shape is {:?}",
        x.shape()
    );
    assert!((1..=24).contains(&most), "code_entropies: groups of 1 to 24 bits, not {most}");
    assert!(F::of(factor).is_finite(), "code_entropies: the factor {factor} is not finite");
    Tensor::fused(Entropies { factor, groups: groups(x.shape()[1], most) }, [x])
}

/// The sizes of groups of at most `most` bits that differ by at most one.
fn groups(bits: usize, most: usize) -> Vec<usize> {
    let count = bits.div_ceil(most);
    (0..count).map(|i| (bits + i) / count).rev().collect()
}

#[derive(Debug)]
struct Entropies {
    factor: f64,
    groups: Vec<usize>,
}

/// What the forward pass keeps of a group: the products of its halves, and the batch's mean code.
struct Group<F> {
    first: usize,
    halves: [usize; 2],
    products: [Vec<F>; 2],
    mean: Vec<F>,
}

impl Entropies {
    /// The halves of each group: the first column, and the bits of either half.
    fn halves(&self) -> impl Iterator<Item = (usize, [usize; 2])> + '_ {
        let mut first = 0;
        self.groups.iter().map(move |&bits| {
            first += bits;
            (first - bits, [bits.div_ceil(2), bits / 2])
        })
    }
}

impl<F: Float> Fused<F, 1> for Entropies {
    type Saved = Vec<Group<F>>;

    fn name(&self) -> &'static str {
        "code_entropies"
    }

    fn reference(&self, [x]: [&Tensor<F>; 1]) -> Tensor<F> {
        let rows = x.shape()[0];
        let a = x * self.factor;
        let sure = a.clamp(-SURE, SURE);
        let own = (sure.softplus() - &sure * sure.sigmoid()).sum(..) / rows as f64;
        let mut batch = Tensor::scalar(0.0);
        let mut first = 0;
        for &bits in &self.groups {
            let mut codes = Tensor::ones(&[rows, 1, 1]);
            for k in first..first + bits {
                let a = a.slice(1, k as isize..k as isize + 1);
                let bit = Tensor::concat(&[(-&a).sigmoid(), a.sigmoid()], 1);
                // A row of products with either value of the bit.
                let wide = codes * bit.unsqueeze(1);
                codes = wide.reshape(&[rows, 1 << (k - first + 1), 1]);
            }
            let mean = codes.mean(0);
            batch = batch - (&mean * mean.maximum(F::min_positive_value().f64()).ln()).sum(..);
            first += bits;
        }
        Tensor::stack(&[own, batch], 0)
    }

    fn forward(&self, [x]: [&Tensor<F>; 1]) -> (Tensor<F>, Vec<Group<F>>) {
        let [rows, bits] = [x.shape()[0], x.shape()[1]];
        let factor = F::of(self.factor);
        let [each] = rows::collect(Own { factor }, rows, x.len() * 32, [x.data()], [1]);
        let mut own = 0.0;
        for part in each.chunks(1024) {
            own += part.iter().map(|h| h.f64()).sum::<f64>();
        }
        let mut batch = 0.0;
        let saved = self.halves().map(|(first, halves)| {
            let [u, v] = halves.map(|bits| 1_usize << bits);
            let kernel = Products { factor, first, halves };
            let work = rows * (u + v + 24 * bits);
            let [a, b] = rows::collect(kernel, rows, work, [x.data()], [u, v]);
            let mut mean = product([u, v, rows], Mat::new(&a, u).t(), Mat::new(&b, v));
            for p in &mut mean {
                *p /= F::of(rows as f64);
                if *p > F::zero() {
                    batch -= p.f64() * p.f64().ln();
                }
            }
            Group { first, halves, products: [a, b], mean }
        });
        let saved = saved.collect();
        let own = F::of(own / rows as f64);
        (Tensor::new(vec![own, F::of(batch)], &[2]), saved)
    }

    fn vjp(&self, c: &FusedCtx<'_, F, Vec<Group<F>>, 1>, g: Tensor<F>) -> [Option<Tensor<F>>; 1] {
        let x = c.x(0);
        let [rows, bits] = [x.shape()[0], x.shape()[1]];
        let factor = F::of(self.factor);
        let (g_own, g_batch) = (g.data()[0], g.data()[1]);
        let scale = factor * g_own / F::of(rows as f64);
        let [mut out] =
            rows::collect(OwnSlope { factor, scale }, rows, x.len() * 24, [x.data()], [bits]);
        for group in c.saved() {
            let [u, v] = group.halves.map(|bits| 1_usize << bits);
            // d(−p ln p)/dp, and 1/N of the mean.
            let slope = |&p: &F| {
                let ln = p.max(F::min_positive_value()).ln();
                -(ln + F::one()) * g_batch / F::of(rows as f64)
            };
            let slopes: Vec<F> = group.mean.iter().map(slope).collect();
            let [a, b] = &group.products;
            let slopes = Mat::new(&slopes, v);
            let ga = product([rows, u, v], Mat::new(b, v), slopes.t());
            let gb = product([rows, v, u], Mat::new(a, u), slopes);
            let kernel = ProductsSlope { factor, first: group.first, halves: group.halves };
            let work = rows * (u + v + 24 * bits);
            rows::run(kernel, rows, work, [x.data(), a, b, &ga, &gb], [&mut out]);
        }
        [Some(Tensor::new(out, x.shape()))]
    }
}

/// `a` where the entropy of a bit is a number above 0, and what is as sure where it is not: ∞ · 0 is none.
#[inline(always)]
fn bounded<F: Float, const FMA: bool>(a: Lane<F, FMA>) -> Lane<F, FMA> {
    a.clamp(-SURE, SURE)
}

/// Beyond it a bit is certain in double precision, too.
const SURE: f64 = 1e3;

/// `Σ h(σ(a))` of a row.
#[derive(Clone, Copy)]
struct Own<F> {
    factor: F,
}

impl<F: Float> Rows<F, 1, 1> for Own<F> {
    #[inline(always)]
    fn row<const FMA: bool>(self, _: usize, [x]: [&[F]; 1], [out]: [&mut [F]; 1]) {
        let factor = Lane::<F, FMA>(self.factor);
        // softplus(a) − a σ(a) = ln(1 + e⁻|a|) + |a| σ(−|a|): nothing large is subtracted.
        out[0] = rows::sum_of::<F, FMA>(x, |x| {
            let a = bounded((x * factor).abs());
            let e = (-a).exp();
            e.ln_1p() + a * (e / (e + 1.0))
        });
    }
}

/// `−a σ(a) σ(−a)`, times a factor.
#[derive(Clone, Copy)]
struct OwnSlope<F> {
    factor: F,
    scale: F,
}

impl<F: Float> Rows<F, 1, 1> for OwnSlope<F> {
    #[inline(always)]
    fn row<const FMA: bool>(self, _: usize, [x]: [&[F]; 1], [out]: [&mut [F]; 1]) {
        let (factor, scale) = (Lane::<F, FMA>(self.factor), Lane::<F, FMA>(self.scale));
        rows::map(x, out, |x| {
            let a = bounded(x * factor);
            let e = (-a.abs()).exp();
            let q = e / ((e + 1.0) * (e + 1.0));
            -(a * q * scale)
        });
    }
}

/// The probabilities of all values of either half of a group's bits; bit `k` of the position is the `k`-th of the half.
#[derive(Clone, Copy)]
struct Products<F> {
    factor: F,
    first: usize,
    halves: [usize; 2],
}

impl<F: Float> Rows<F, 1, 2> for Products<F> {
    #[inline(always)]
    fn row<const FMA: bool>(self, _: usize, [x]: [&[F]; 1], out: [&mut [F]; 2]) {
        let mut first = self.first;
        for (bits, out) in self.halves.into_iter().zip(out) {
            out[0] = F::one();
            for k in 0..bits {
                let a = Lane::<F, FMA>(x[first + k] * self.factor);
                let (plus, minus) = (a.sigmoid().0, (-a).sigmoid().0);
                let (low, high) = out[..2 << k].split_at_mut(1 << k);
                for (low, high) in low.iter_mut().zip(high) {
                    *high = *low * plus;
                    *low *= minus;
                }
            }
            first += bits;
        }
    }
}

/// The gradient of [`Products`], added to that of its row.
///
/// `∂uⱼ/∂aₖ = uⱼ (jₖ − σ(aₖ))`: with `w = g ⊙ u`, the gradient is the sum of the `w` whose bit is set, less `σ(a)` times the sum of all.
/// Bits are taken from the last, and added up out of `w`.
#[derive(Clone, Copy)]
struct ProductsSlope<F> {
    factor: F,
    first: usize,
    halves: [usize; 2],
}

/// The most values of half a group: groups have at most 24 bits.
const MOST: usize = 1 << 12;

impl<F: Float> Rows<F, 5, 1> for ProductsSlope<F> {
    #[inline(always)]
    fn row<const FMA: bool>(self, _: usize, x: [&[F]; 5], [out]: [&mut [F]; 1]) {
        let [x, u, v, gu, gv] = x;
        let mut w = [F::zero(); MOST];
        let mut first = self.first;
        for (bits, (u, g)) in self.halves.into_iter().zip([(u, gu), (v, gv)]) {
            for ((w, &u), &g) in w.iter_mut().zip(u).zip(g) {
                *w = u * g;
            }
            let sum = rows::fold::<F, FMA>(&w[..1 << bits], F::zero(), F::zero(), |s, w| s + w);
            let total = Lane::<F, FMA>(sum.sum());
            for k in (0..bits).rev() {
                let (low, high) = w[..2 << k].split_at_mut(1 << k);
                let high = &*high;
                let set = rows::fold::<F, FMA>(high, F::zero(), F::zero(), |s, w| s + w);
                for (low, &high) in low.iter_mut().zip(high) {
                    *low += high;
                }
                let a = Lane::<F, FMA>(x[first + k] * self.factor);
                let slope = Lane(set.sum()) - a.sigmoid() * total;
                out[first + k] += (slope * Lane(self.factor)).0;
            }
            first += bits;
        }
    }
}

#[cfg(test)]
mod tests {
    use seedbed_autodiff::{GradCheck, Rng, check_fused, check_grads};

    use super::*;

    #[test]
    fn groups_are_of_nearly_equal_size() {
        assert_eq!(groups(18, 12), [9, 9]);
        assert_eq!(groups(10, 12), [10]);
        assert_eq!(groups(20, 9), [7, 7, 6]);
        assert_eq!(groups(1, 12), [1]);
    }

    #[test]
    fn kernels_agree_with_the_reference() {
        let rng = &mut Rng::new(0);
        for (rows, bits, most) in [(1, 1, 12), (7, 3, 12), (33, 8, 12), (20, 9, 4), (500, 5, 2)] {
            for factor in [1.0, 0.1, 40.0] {
                let x = Tensor::<f64>::normal(&[rows, bits], 0.0, 1.0, rng);
                check_fused(|| Entropies { factor, groups: groups(bits, most) }, [&x], 1e-10);
            }
        }
    }

    #[test]
    fn derivatives() {
        let x = Tensor::normal(&[4, 5], 0.0, 0.7, &mut Rng::new(1));
        check_grads(GradCheck::default(), &[x], |x| code_entropies(&x[0], 1.3, 3));
    }
}
