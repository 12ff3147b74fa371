//! Groups that lie across: `n` rows of `inner` elements, one group a column.

use super::{Kernel, Kind};
use crate::Float;
use crate::reduce_fold::{Max, WIDTH, fold_columns};
use crate::simd::Lane;

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
                    let mut sum = [F::zero(); WIDTH];
                    for (x, out) in
                        self.x.chunks_exact(self.inner).zip(self.out.chunks_exact_mut(self.inner))
                    {
                        let (x, out) = (&x[j..][..w], &mut out[j..][..w]);
                        let (shift, sum) = (&shift[..w], &mut sum[..w]);
                        for k in 0..w {
                            out[k] = Lane::<F, FMA>(x[k] - shift[k]).exp_nonpositive().0;
                        }
                        for k in 0..w {
                            sum[k] += out[k];
                        }
                    }
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
                    let mut sum = sum_exp::<F, FMA>(self.x, self.inner, j, w, &shift);
                    for (s, &shift) in sum.iter_mut().zip(&shift) {
                        *s = shift + if *s == F::zero() { F::zero() } else { s.ln() };
                    }
                    for (x, out) in
                        self.x.chunks_exact(self.inner).zip(self.out.chunks_exact_mut(self.inner))
                    {
                        let (x, out, offset) = (&x[j..][..w], &mut out[j..][..w], &sum[..w]);
                        for k in 0..w {
                            out[k] = x[k] - offset[k];
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
            let mut sum = [F::zero(); WIDTH];
            for (y, g) in rows() {
                let (y, g, sum) = (&y[j..][..w], &g[j..][..w], &mut sum[..w]);
                for k in 0..w {
                    sum[k] += if self.kind == Kind::Softmax { y[k] * g[k] } else { g[k] };
                }
            }
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
            let sum = sum_exp::<F, FMA>(self.x, inner, j, w, &shift);
            for (o, (&shift, &sum)) in self.out[j..][..w].iter_mut().zip(shift.iter().zip(&sum)) {
                *o = shift + sum.ln();
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

/// `Σ exp(x − shift)` of `w` columns from `j` on.
#[inline(always)]
fn sum_exp<F: Float, const FMA: bool>(
    x: &[F],
    inner: usize,
    j: usize,
    w: usize,
    shift: &[F; WIDTH],
) -> [F; WIDTH] {
    let mut sum = [F::zero(); WIDTH];
    let mut exp = [F::zero(); WIDTH];
    for row in x.chunks_exact(inner) {
        let (x, shift, exp) = (&row[j..][..w], &shift[..w], &mut exp[..w]);
        for k in 0..w {
            exp[k] = Lane::<F, FMA>(x[k] - shift[k]).exp_nonpositive().0;
        }
        for (s, &e) in sum.iter_mut().zip(&*exp) {
            *s += e;
        }
    }
    sum
}
