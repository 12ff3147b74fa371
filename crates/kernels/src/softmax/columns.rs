//! Groups that lie across: `n` rows of `inner` elements, one group a column.

use super::row_sum::{confident, gradient_of_confident, log_sum};
use super::{Kernel, Kind};
use crate::Float;
use crate::reduce_fold::{Max, WIDTH, fold_columns};
use crate::simd::Lane;
use crate::sums::{ROWS, Totals};

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
                    let mut sums = Sums::<F, 1>::new();
                    let rows = self.x.chunks_exact(self.inner).enumerate();
                    for ((r, x), out) in rows.zip(self.out.chunks_exact_mut(self.inner)) {
                        let (x, out, shift) = (&x[j..][..w], &mut out[j..][..w], &shift[..w]);
                        for k in 0..w {
                            out[k] = Lane::<F, FMA>(x[k] - shift[k]).exp_nonpositive().0;
                        }
                        let [sum] = sums.row(r);
                        for (s, &e) in sum.iter_mut().zip(&*out) {
                            *s += e;
                        }
                    }
                    let [mut sum] = sums.finish();
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
            let rows = || self.y.chunks_exact(inner).zip(self.g.chunks_exact(inner));
            let mut sums = Sums::<F, 1>::new();
            for (r, (y, g)) in rows().enumerate() {
                let [sum] = sums.row(r);
                let (y, g, sum) = (&y[j..][..w], &g[j..][..w], &mut sum[..w]);
                for k in 0..w {
                    sum[k] += if self.kind == Kind::Softmax { y[k] * g[k] } else { g[k] };
                }
            }
            let [sum] = sums.finish();
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
                        for k in 0..w {
                            out[k] = g[k] - Lane::<F, FMA>(y[k]).exp_nonpositive().0 * sum[k];
                        }
                        if confident(y).is_some() {
                            for k in (0..w).filter(|&k| confident(&y[k..=k]).is_some()) {
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
    let mut sums = Sums::<F, 2>::new();
    let mut exp = [zero; WIDTH];
    for (r, row) in x.chunks_exact(inner).enumerate() {
        let (x, shift, exp) = (&row[j..][..w], &shift[..w], &mut exp[..w]);
        for k in 0..w {
            exp[k] = Lane::<F, FMA>(x[k] - shift[k]).exp_nonpositive().0;
        }
        // The terms of 1 apart from the others.
        let [ones, others] = sums.row(r);
        let (exp, ones, others) = (&*exp, &mut ones[..w], &mut others[..w]);
        for k in 0..w {
            let e = exp[k];
            ones[k] += if e == one { one } else { zero };
            others[k] += if e == one { zero } else { e };
        }
    }
    let [ones, mut others] = sums.finish();
    for (sum, ones) in others.iter_mut().zip(ones) {
        *sum += ones - one;
    }
    others
}

/// `N` sums down each of [`WIDTH`] columns, in blocks of rows ([`sums`](crate::sums)).
struct Sums<F, const N: usize> {
    /// Of the rows of a block.
    part: [[F; WIDTH]; N],
    /// Of all blocks before, if there are any.
    totals: Option<[Totals<F>; N]>,
}

impl<F: Float, const N: usize> Sums<F, N> {
    #[inline(always)]
    fn new() -> Self {
        Self { part: [[F::zero(); WIDTH]; N], totals: None }
    }

    /// What the terms of row `r` are to be added to. Rows come one after the other.
    #[inline(always)]
    fn row(&mut self, r: usize) -> [&mut [F; WIDTH]; N] {
        if r > 0 && r.is_multiple_of(ROWS) {
            self.end_block();
        }
        self.part.each_mut()
    }

    #[cold]
    fn end_block(&mut self) {
        let totals = self.totals.get_or_insert_with(|| std::array::from_fn(|_| Totals::new(WIDTH)));
        for (total, part) in totals.iter_mut().zip(&mut self.part) {
            total.add(part);
            part.fill(F::zero());
        }
    }

    #[inline(always)]
    fn finish(mut self) -> [[F; WIDTH]; N] {
        if self.totals.is_some() {
            self.end_block();
        }
        if let Some(totals) = self.totals {
            for (part, total) in self.part.iter_mut().zip(totals) {
                part.copy_from_slice(&total.finish());
            }
        }
        self.part
    }
}
