//! Groups that lie across: `n` rows of `inner` elements, one group a column.

use super::{Job, Kind};
use crate::Float;
use crate::kernels::lane::Lane;

/// Columns that are worked on together.
const WIDTH: usize = 64;

pub(super) struct Forward<'a, F> {
    pub(super) kind: Kind,
    pub(super) x: &'a [F],
    pub(super) inner: usize,
    pub(super) out: &'a mut [F],
}

impl<F: Float> Job for Forward<'_, F> {
    type Out = ();

    #[inline(always)]
    fn run<const FMA: bool>(self) {
        for j in (0..self.inner).step_by(WIDTH) {
            let w = WIDTH.min(self.inner - j);
            let (shift, mut sum) = shift_and_sum::<F, FMA>(self.x, self.inner, j, w);
            let rows = self.x.chunks_exact(self.inner).zip(self.out.chunks_exact_mut(self.inner));
            match self.kind {
                Kind::Softmax => {
                    for s in &mut sum {
                        *s = if *s == F::zero() { F::zero() } else { s.recip() };
                    }
                    for (x, out) in rows {
                        for (k, (o, &x)) in out[j..][..w].iter_mut().zip(&x[j..]).enumerate() {
                            *o = Lane::<F, FMA>(x - shift[k]).exp().0 * sum[k];
                        }
                    }
                }
                Kind::LogSoftmax => {
                    for (s, &shift) in sum.iter_mut().zip(&shift) {
                        *s = shift + if *s == F::zero() { F::zero() } else { s.ln() };
                    }
                    for (x, out) in rows {
                        for (k, (o, &x)) in out[j..][..w].iter_mut().zip(&x[j..]).enumerate() {
                            *o = x - sum[k];
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

impl<F: Float> Job for Backward<'_, F> {
    type Out = ();

    #[inline(always)]
    fn run<const FMA: bool>(self) {
        let inner = self.inner;
        for j in (0..inner).step_by(WIDTH) {
            let w = WIDTH.min(inner - j);
            let rows = || self.y.chunks_exact(inner).zip(self.g.chunks_exact(inner));
            let mut sum = [F::zero(); WIDTH];
            for (y, g) in rows() {
                for (s, (&y, &g)) in sum[..w].iter_mut().zip(y[j..].iter().zip(&g[j..])) {
                    *s += if self.kind == Kind::Softmax { y * g } else { g };
                }
            }
            for ((y, g), out) in rows().zip(self.out.chunks_exact_mut(inner)) {
                let yg = y[j..].iter().zip(&g[j..]);
                for ((o, (&y, &g)), &s) in out[j..][..w].iter_mut().zip(yg).zip(&sum) {
                    *o = match self.kind {
                        Kind::Softmax => y * (g - s),
                        Kind::LogSoftmax => g - Lane::<F, FMA>(y).exp().0 * s,
                    };
                }
            }
        }
    }
}

pub(super) struct LogSumExp<'a, F> {
    pub(super) x: &'a [F],
    pub(super) out: &'a mut [F],
}

impl<F: Float> Job for LogSumExp<'_, F> {
    type Out = ();

    #[inline(always)]
    fn run<const FMA: bool>(self) {
        let inner = self.out.len();
        for j in (0..inner).step_by(WIDTH) {
            let w = WIDTH.min(inner - j);
            let (shift, sum) = shift_and_sum::<F, FMA>(self.x, inner, j, w);
            for (o, (&shift, &sum)) in self.out[j..][..w].iter_mut().zip(shift.iter().zip(&sum)) {
                *o = shift + sum.ln();
            }
        }
    }
}

/// Of `w` columns from `j` on: the largest elements, or 0 where that is not finite, and `Σ exp(x − shift)`.
#[inline(always)]
fn shift_and_sum<F: Float, const FMA: bool>(
    x: &[F],
    inner: usize,
    j: usize,
    w: usize,
) -> ([F; WIDTH], [F; WIDTH]) {
    let mut shift = [F::neg_infinity(); WIDTH];
    for row in x.chunks_exact(inner) {
        for (m, &x) in shift[..w].iter_mut().zip(&row[j..]) {
            *m = if x > *m { x } else { *m };
        }
    }
    for m in &mut shift {
        *m = if m.is_finite() { *m } else { F::zero() };
    }
    let mut sum = [F::zero(); WIDTH];
    for row in x.chunks_exact(inner) {
        for ((s, &x), &shift) in sum[..w].iter_mut().zip(&row[j..]).zip(&shift) {
            *s += Lane::<F, FMA>(x - shift).exp().0;
        }
    }
    (shift, sum)
}
