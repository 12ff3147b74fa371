//! Largest, smallest and product over the middle axis of an array seen as `outer × n × inner`, where the largest stands,
//! and the product's gradient.

use super::par;
use super::simd::{self, Kernel};
use crate::{Float, buffers};

/// Independent accumulators: they fill the vector registers, and fix the order of the operations.
const LANES: usize = 32;

/// Columns that are folded together.
pub(super) const WIDTH: usize = 256;

/// Elements that a task takes.
const CHUNK: usize = 1 << 15;

/// An associative operation (but for rounding).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fold {
    /// The largest; NaN if there is one.
    Max,
    /// The smallest; NaN if there is one.
    Min,
    /// The product.
    Product,
}

/// [`Fold`] as a type, so that the loops are compiled for each.
pub(super) trait Operation<F>: Copy + Send + Sync {
    fn join(self, a: F, b: F) -> F;
}

/// The largest; NaN if there is one.
#[derive(Clone, Copy)]
pub(super) struct Max;
#[derive(Clone, Copy)]
struct Min;
#[derive(Clone, Copy)]
struct Product;

impl<F: Float> Operation<F> for Max {
    #[inline(always)]
    fn join(self, a: F, b: F) -> F {
        // No short circuit: a branch would keep the loop from being vectorised.
        if (b <= a) | a.is_nan() { a } else { b }
    }
}

impl<F: Float> Operation<F> for Min {
    #[inline(always)]
    fn join(self, a: F, b: F) -> F {
        if (b >= a) | a.is_nan() { a } else { b }
    }
}

impl<F: Float> Operation<F> for Product {
    #[inline(always)]
    fn join(self, a: F, b: F) -> F {
        a * b
    }
}

/// Folds the middle axis, which is not empty.
pub fn fold<F: Float>(kind: Fold, x: &[F], outer: usize, n: usize, inner: usize) -> Vec<F> {
    match kind {
        Fold::Max => fold_with(Max, x, outer, n, inner),
        Fold::Min => fold_with(Min, x, outer, n, inner),
        Fold::Product => fold_with(Product, x, outer, n, inner),
    }
}

fn fold_with<F: Float, O: Operation<F>>(
    op: O,
    x: &[F],
    outer: usize,
    n: usize,
    inner: usize,
) -> Vec<F> {
    let mut out = buffers::zeros(outer * inner);
    if inner == 1 {
        let rows = (CHUNK / n).max(1);
        par::chunks_mut(&mut out, rows, x.len(), |i, out| {
            let x = &x[i * rows * n..][..out.len() * n];
            simd::dispatch(FoldRows { op, x, n, out });
        });
    } else {
        par::chunks_mut(&mut out, inner.max(1), x.len(), |o, out| {
            let x = &x[o * n * inner..][..n * inner];
            simd::dispatch(FoldColumns { op, x, out });
        });
    }
    out
}

struct FoldRows<'a, F, O> {
    op: O,
    x: &'a [F],
    n: usize,
    out: &'a mut [F],
}

impl<F: Float, O: Operation<F>> Kernel for FoldRows<'_, F, O> {
    type Out = ();
    #[inline(always)]
    fn run<const FMA: bool>(self) {
        for (o, row) in self.out.iter_mut().zip(self.x.chunks_exact(self.n)) {
            *o = fold_row(self.op, row);
        }
    }
}

#[inline(always)]
fn fold_row<F: Float, O: Operation<F>>(op: O, row: &[F]) -> F {
    let (chunks, rest) = row.as_chunks::<LANES>();
    let Some((first, chunks)) = chunks.split_first() else {
        return rest[1..].iter().fold(rest[0], |a, &b| op.join(a, b));
    };
    let mut lanes = *first;
    for chunk in chunks {
        for (a, &b) in lanes.iter_mut().zip(chunk) {
            *a = op.join(*a, b);
        }
    }
    let mut width = LANES;
    while width > 1 {
        width /= 2;
        for i in 0..width {
            lanes[i] = op.join(lanes[i], lanes[i + width]);
        }
    }
    rest.iter().fold(lanes[0], |a, &b| op.join(a, b))
}

struct FoldColumns<'a, F, O> {
    op: O,
    x: &'a [F],
    out: &'a mut [F],
}

impl<F: Float, O: Operation<F>> Kernel for FoldColumns<'_, F, O> {
    type Out = ();
    #[inline(always)]
    fn run<const FMA: bool>(self) {
        let inner = self.out.len();
        for (j, out) in self.out.chunks_mut(WIDTH).enumerate() {
            let all = fold_columns(self.op, self.x, inner, j * WIDTH, out.len());
            out.copy_from_slice(&all[..out.len()]);
        }
    }
}

/// Folds `w` columns, at most [`WIDTH`], from `j` on.
///
/// From one array into the other and back: a fold in place would become a conditional store, which is not vectorised.
#[inline(always)]
pub(super) fn fold_columns<F: Float, O: Operation<F>>(
    op: O,
    x: &[F],
    inner: usize,
    j: usize,
    w: usize,
) -> [F; WIDTH] {
    let (mut a, mut b) = ([F::zero(); WIDTH], [F::zero(); WIDTH]);
    let mut rows = x.chunks_exact(inner).map(|row| &row[j..][..w]);
    if let Some(first) = rows.next() {
        a[..w].copy_from_slice(first);
    }
    while let Some(row) = rows.next() {
        for ((b, &a), &x) in b[..w].iter_mut().zip(&a[..w]).zip(row) {
            *b = op.join(a, x);
        }
        let Some(row) = rows.next() else { return b };
        for ((a, &b), &x) in a[..w].iter_mut().zip(&b[..w]).zip(row) {
            *a = op.join(b, x);
        }
    }
    a
}

/// Where along the middle axis `value` (the largest or the smallest) first stands.
pub fn first<F: Float>(x: &[F], value: &[F], n: usize, inner: usize) -> Vec<usize> {
    let same = |a: F, b: F| a == b || (a.is_nan() && b.is_nan());
    let mut out = vec![0; value.len()];
    let groups = if inner == 1 { (CHUNK / n).max(1) } else { inner };
    par::chunks_mut(&mut out, groups, x.len(), |c, out| {
        let value = &value[c * groups..][..out.len()];
        let x = &x[c * groups * n..][..out.len() * n];
        if inner == 1 {
            for ((o, &v), row) in out.iter_mut().zip(value).zip(x.chunks_exact(n)) {
                *o = row.iter().position(|&x| same(x, v)).unwrap_or(0);
            }
            return;
        }
        // Backwards, so that the first place is written last.
        for (i, row) in x.chunks_exact(inner).enumerate().rev() {
            for (o, (&x, &v)) in out.iter_mut().zip(row.iter().zip(value)) {
                *o = if same(x, v) { i } else { *o };
            }
        }
    });
    out
}

/// The gradient of the product: `g` times the product of all other elements, as what stands before times what stands
/// after, so that zeros do no harm.
pub fn product_backward<F: Float>(x: &[F], g: &[F], n: usize, inner: usize) -> Vec<F> {
    let mut out = buffers::zeros(x.len());
    if x.is_empty() {
        return out;
    }
    par::chunks_mut(&mut out, n * inner, 4 * x.len(), |o, out| {
        let x = &x[o * n * inner..][..n * inner];
        let mut before = g[o * inner..][..inner].to_vec();
        for (out, x) in out.chunks_exact_mut(inner).zip(x.chunks_exact(inner)) {
            for ((o, b), &x) in out.iter_mut().zip(&mut before).zip(x) {
                *o = *b;
                *b *= x;
            }
        }
        let mut after = vec![F::one(); inner];
        for (out, x) in out.chunks_exact_mut(inner).zip(x.chunks_exact(inner)).rev() {
            for ((o, a), &x) in out.iter_mut().zip(&mut after).zip(x) {
                *o *= *a;
                *a *= x;
            }
        }
    });
    out
}
