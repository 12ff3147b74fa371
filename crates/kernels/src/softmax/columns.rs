//! Groups that lie across: `n` rows of `inner` elements, one group a column.

use super::row_sum::{gradient_of_confident, is_confident, log_sum};
use super::{Kernel, Kind};
use crate::Float;
use crate::reduce_fold::{Max, WIDTH, fold_columns};
use crate::simd::Lane;
use crate::sums::{ROWS, add_compensated, finish};

pub(super) struct Forward<'a, F> {
    pub(super) kind: Kind,
    pub(super) x: &'a [F],
    pub(super) inner: usize,
    pub(super) out: &'a mut [F],
}

impl<F: Float> Kernel for Forward<'_, F> {
    type Out = ();

    #[inline(always)]
    fn run<const FMA: bool>(self) {
        for j in (0..self.inner).step_by(WIDTH) {
            let w = WIDTH.min(self.inner - j);
            let shift = shift(self.x, self.inner, j, w);
            match self.kind {
                Kind::Softmax => {
                    let mut totals = Totals::new();
                    let block = ROWS * self.inner;
                    for (x, out) in self.x.chunks(block).zip(self.out.chunks_mut(block)) {
                        let mut sum = [F::zero(); WIDTH];
                        let rows = x.chunks_exact(self.inner);
                        for (x, out) in rows.zip(out.chunks_exact_mut(self.inner)) {
                            let (x, out) = (&x[j..][..w], &mut out[j..][..w]);
                            let (shift, sum) = (&shift[..w], &mut sum[..w]);
                            for k in 0..w {
                                out[k] = Lane::<F, FMA>(x[k] - shift[k]).exp_nonpositive().0;
                            }
                            for k in 0..w {
                                sum[k] += out[k];
                            }
                        }
                        totals.add(sum);
                    }
                    let mut sum = totals.finish();
                    for s in &mut sum {
                        *s = if *s == F::zero() { F::zero() } else { s.recip() };
                    }
                    for out in self.out.chunks_exact_mut(self.inner) {
                        let (out, scale) = (&mut out[j..][..w], &sum[..w]);
                        for k in 0..w {
                            out[k] *= scale[k];
                        }
                    }
                }
                Kind::LogSoftmax => {
                    let sum_m1 = sum_exp_m1::<F, FMA>(self.x, self.inner, j, w, &shift);
                    let log_sum = sum_m1.map(log_sum);
                    for (x, out) in
                        self.x.chunks_exact(self.inner).zip(self.out.chunks_exact_mut(self.inner))
                    {
                        let (x, out) = (&x[j..][..w], &mut out[j..][..w]);
                        let (shift, log_sum) = (&shift[..w], &log_sum[..w]);
                        for k in 0..w {
                            out[k] = (x[k] - shift[k]) - log_sum[k];
                        }
                    }
                }
            }
        }
    }
}

pub(super) struct Backward<'a, F> {
    pub(super) kind: Kind,
    pub(super) y: &'a [F],
    pub(super) g: &'a [F],
    pub(super) inner: usize,
    pub(super) out: &'a mut [F],
}

impl<F: Float> Kernel for Backward<'_, F> {
    type Out = ();

    #[inline(always)]
    fn run<const FMA: bool>(self) {
        let inner = self.inner;
        for j in (0..inner).step_by(WIDTH) {
            let w = WIDTH.min(inner - j);
            let mut totals = Totals::new();
            let block = ROWS * inner;
            for (y, g) in self.y.chunks(block).zip(self.g.chunks(block)) {
                let mut sum = [F::zero(); WIDTH];
                for (y, g) in y.chunks_exact(inner).zip(g.chunks_exact(inner)) {
                    let (y, g, sum) = (&y[j..][..w], &g[j..][..w], &mut sum[..w]);
                    for k in 0..w {
                        sum[k] += if self.kind == Kind::Softmax { y[k] * g[k] } else { g[k] };
                    }
                }
                totals.add(sum);
            }
            let sum = totals.finish();
            let rows = || self.y.chunks_exact(inner).zip(self.g.chunks_exact(inner));
            for ((y, g), out) in rows().zip(self.out.chunks_exact_mut(inner)) {
                let (y, g, out) = (&y[j..][..w], &g[j..][..w], &mut out[j..][..w]);
                let sum = &sum[..w];
                match self.kind {
                    Kind::Softmax => {
                        for k in 0..w {
                            out[k] = y[k] * (g[k] - sum[k]);
                        }
                    }
                    Kind::LogSoftmax => {
                        let mut any = false;
                        for k in 0..w {
                            out[k] = g[k] - Lane::<F, FMA>(y[k]).exp_nonpositive().0 * sum[k];
                            any |= is_confident(y[k]);
                        }
                        if any {
                            for k in (0..w).filter(|&k| is_confident(y[k])) {
                                out[k] = gradient_of_confident(y[k], g[k], sum[k]);
                            }
                        }
                    }
                }
            }
        }
    }
}

pub(super) struct LogSumExp<'a, F> {
    pub(super) x: &'a [F],
    pub(super) out: &'a mut [F],
}

impl<F: Float> Kernel for LogSumExp<'_, F> {
    type Out = ();

    #[inline(always)]
    fn run<const FMA: bool>(self) {
        let inner = self.out.len();
        for j in (0..inner).step_by(WIDTH) {
            let w = WIDTH.min(inner - j);
            let shift = shift(self.x, inner, j, w);
            let sum_m1 = sum_exp_m1::<F, FMA>(self.x, inner, j, w, &shift);
            for (o, (&shift, &sum)) in self.out[j..][..w].iter_mut().zip(shift.iter().zip(&sum_m1))
            {
                *o = if sum <= -F::one() { F::neg_infinity() } else { shift + log_sum(sum) };
            }
            for (c, o) in self.out[j..][..w].iter_mut().enumerate() {
                // ∞ − ∞, unless there was a NaN before.
                if o.is_nan() && !self.x[j + c..].iter().step_by(inner).any(|x| x.is_nan()) {
                    *o = F::infinity();
                }
            }
        }
    }
}

/// The largest elements of `w` columns from `j` on, or 0 where that is not finite.
#[inline(always)]
fn shift<F: Float>(x: &[F], inner: usize, j: usize, w: usize) -> [F; WIDTH] {
    fold_columns(Max, x, inner, j, w).map(|m| if m.is_finite() { m } else { F::zero() })
}

/// `Σ exp(x − shift) − 1` of `w` columns from `j` on, as [`row_sum::sum_exp_m1`](super::row_sum::sum_exp_m1).
#[inline(always)]
fn sum_exp_m1<F: Float, const FMA: bool>(
    x: &[F],
    inner: usize,
    j: usize,
    w: usize,
    shift: &[F; WIDTH],
) -> [F; WIDTH] {
    let (zero, one) = (F::zero(), F::one());
    let (mut ones, mut others) = (Totals::new(), Totals::new());
    let mut exp = [zero; WIDTH];
    for rows in x.chunks(ROWS * inner) {
        // The terms of 1 apart from the others.
        let (mut of_ones, mut of_others) = ([zero; WIDTH], [zero; WIDTH]);
        for row in rows.chunks_exact(inner) {
            let (x, shift, exp) = (&row[j..][..w], &shift[..w], &mut exp[..w]);
            for k in 0..w {
                exp[k] = Lane::<F, FMA>(x[k] - shift[k]).exp_nonpositive().0;
            }
            let (ones, others) = (&mut of_ones[..w], &mut of_others[..w]);
            for k in 0..w {
                let is_one = exp[k] == one;
                ones[k] += if is_one { one } else { zero };
                others[k] += if is_one { zero } else { exp[k] };
            }
        }
        ones.add(of_ones);
        others.add(of_others);
    }
    let (ones, mut others) = (ones.finish(), others.finish());
    for (sum, ones) in others.iter_mut().zip(ones) {
        *sum += ones - one;
    }
    others
}

/// Sums down each of [`WIDTH`] columns, of the sums over blocks of rows ([`sums`](crate::sums)).
struct Totals<F> {
    sums: [F; WIDTH],
    /// What rounding took, once there is a second block.
    lost: Vec<F>,
    blocks: usize,
}

impl<F: Float> Totals<F> {
    #[inline(always)]
    fn new() -> Self {
        Self { sums: [F::zero(); WIDTH], lost: Vec::new(), blocks: 0 }
    }

    #[inline(always)]
    fn add(&mut self, part: [F; WIDTH]) {
        self.blocks += 1;
        if self.blocks == 1 {
            self.sums = part;
        } else {
            self.lost.resize(WIDTH, F::zero());
            add_compensated(&mut self.sums, &mut self.lost, &part);
        }
    }

    #[inline(always)]
    fn finish(mut self) -> [F; WIDTH] {
        finish(&mut self.sums, &self.lost);
        self.sums
    }
}
