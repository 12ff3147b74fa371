//! Matrix products: `C = op(A) · op(B)` and `C += op(A) · op(B)`, for `f32` and `f64`, with an optional
//! epilogue on rows of `C` while they are still in cache.
//!
//! Two implementations stand behind one function. On x86-64 with AVX2 and FMA (found at run time) an
//! own register-tiled kernel runs (`blocked`); everywhere else `matrixmultiply` does (`portable`).
//! Both cut `C` into rectangles that depend on the shape alone and sum every element in the order of
//! `k`, so the number of threads never changes a bit. A long `k` is cut in pieces (`long`).
//!
//! Why an own kernel: it reads `A` in place (a network's activations are never copied), packs only a few
//! columns of `B` per thread, and its tile is also the convolution's. Measured on one core of an AMD
//! EPYC (Zen 3) in `f32`, in GFLOP/s, own kernel against `matrixmultiply` 0.3.11, alternating in one process:
//!
//! | m × n × k | | own | `matrixmultiply` |
//! |---|---|---|---|
//! | 512 × 512 × 512 | `A·B` | 90 | 69 |
//! | 320 × 512 × 784 | `A·B` | 90 | 68 |
//! | 32 × 512 × 784 | `A·B` | 74 | 65 |
//! | 320 × 10 × 512 | `A·B` | 54 | 31 |
//! | 4096 × 24 × 216 | `A·B` | 94 | 57 |
//! | 784 × 512 × 32 | `Aᵀ·B` | 78 | 69 |
//! | 32 × 784 × 512 | `A·Bᵀ` | 87 | 65 |
//! | 1 × 400 × 120 | `A·B` | 29, as a whole op | 7 |
//! | 1 × 120 × 400 | `A·Bᵀ` | 48 | 4 |

#[cfg(target_arch = "x86_64")]
pub(crate) mod blocked;
mod long;
#[cfg(target_arch = "x86_64")]
mod outer;
#[cfg(target_arch = "x86_64")]
pub(crate) mod pack;
pub(crate) mod portable;
#[cfg(target_arch = "x86_64")]
mod row_product;
#[cfg(target_arch = "x86_64")]
pub(crate) mod tile;
#[cfg(target_arch = "x86_64")]
pub(crate) mod vector;
#[cfg(target_arch = "x86_64")]
mod vector_product;

#[cfg(test)]
mod tests;

use crate::par;
#[cfg(target_arch = "x86_64")]
use crate::simd::x86::has_avx2_and_fma;
use crate::{Float, buffers};

/// A matrix that a product reads: a slice and the distances between neighbours in a column and a row.
#[derive(Clone, Copy, Debug)]
pub struct Mat<'a, F> {
    pub(super) data: &'a [F],
    /// Distance from row to row.
    pub(super) row: usize,
    /// Distance from column to column.
    pub(super) col: usize,
}

impl<'a, F> Mat<'a, F> {
    /// A row-major matrix whose rows lie `stride` apart.
    pub fn new(data: &'a [F], stride: usize) -> Self {
        Mat { data, row: stride, col: 1 }
    }

    /// The transposed matrix, without a copy.
    pub fn t(self) -> Self {
        Mat { data: self.data, row: self.col, col: self.row }
    }

    /// The transposed matrix if `yes`.
    pub fn t_if(self, yes: bool) -> Self {
        if yes { self.t() } else { self }
    }

    /// Panics unless a `rows × cols` matrix lies inside the slice: what every raw pointer below rests on.
    fn check(&self, rows: usize, cols: usize) {
        if rows > 0 && cols > 0 {
            let down = (rows - 1).checked_mul(self.row);
            let along = (cols - 1).checked_mul(self.col);
            let last = down.zip(along).and_then(|(down, along)| down.checked_add(along));
            assert!(
                last.is_some_and(|last| last < self.data.len()),
                "gemm: a {rows}×{cols} operand exceeds its slice"
            );
        }
    }
}

/// The entry of a table of offsets that stands for a pixel outside the image: zeros are read there.
pub const OUTSIDE: u32 = u32::MAX;

/// What becomes of the former content of `C`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Store {
    /// `C = A · B`; `C` need not be initialised to anything in particular.
    Set,
    /// `C += A · B`.
    Add,
}

/// `C (=|+=) A · B` with `A` of `m × k`, `B` of `k × n` and `C` of `m × n`, row-major and contiguous.
pub fn gemm<F: Float>(
    [m, n, k]: [usize; 3],
    a: Mat<'_, F>,
    b: Mat<'_, F>,
    c: &mut [F],
    store: Store,
) {
    gemm_then([m, n, k], a, b, c, store, no_epilogue);
}

/// The epilogue that does nothing.
pub fn no_epilogue<F>(_row: usize, _col: usize, _part: &mut [F]) {}

/// [`gemm`], then `epilogue(row, column, part)` once on every piece of every row of `C`, where `part`
/// begins at that row and column. The pieces depend on the shape alone.
pub fn gemm_then<F: Float>(
    [m, n, k]: [usize; 3],
    a: Mat<'_, F>,
    b: Mat<'_, F>,
    c: &mut [F],
    store: Store,
    epilogue: impl Fn(usize, usize, &mut [F]) + Send + Sync,
) {
    a.check(m, k);
    b.check(k, n);
    assert_eq!(c.len(), m * n, "gemm: C holds {} numbers, not {m}×{n}", c.len());
    if m == 0 || n == 0 {
        return;
    }
    if long::is_long([m, n, k], a, b) {
        return long::gemm([m, n, k], a, b, c, store, epilogue);
    }
    gemm_short([m, n, k], a, b, c, store, epilogue);
}

/// [`gemm_then`] of operands that are checked, of which no sum is long.
fn gemm_short<F: Float>(
    [m, n, k]: [usize; 3],
    a: Mat<'_, F>,
    b: Mat<'_, F>,
    c: &mut [F],
    store: Store,
    epilogue: impl Fn(usize, usize, &mut [F]) + Send + Sync,
) {
    #[cfg(target_arch = "x86_64")]
    if k > 0 && has_avx2_and_fma() {
        return blocked::gemm([m, n, k], a, b, c, store, epilogue);
    }
    portable::gemm([m, n, k], a, b, c, store, epilogue);
}

/// [`gemm_then`] into memory of its own, which is not cleared first.
pub fn product_then<F: Float>(
    [m, n, k]: [usize; 3],
    a: Mat<'_, F>,
    b: Mat<'_, F>,
    epilogue: impl Fn(usize, usize, &mut [F]) + Send + Sync,
) -> Vec<F> {
    #[cfg(target_arch = "x86_64")]
    if m > 0 && n > 0 && k > 0 && !long::is_long([m, n, k], a, b) && has_avx2_and_fma() {
        a.check(m, k);
        b.check(k, n);
        return blocked::product([m, n, k], a, b, epilogue);
    }
    let mut c = buffers::zeros(m * n);
    gemm_then([m, n, k], a, b, &mut c, Store::Set, epilogue);
    c
}

/// Work from which every product of a batch is spread over the threads by itself.
const SPREAD_ALONE: usize = 1 << 20;

/// [`product_then`] without an epilogue.
pub fn product<F: Float>(dims: [usize; 3], a: Mat<'_, F>, b: Mat<'_, F>) -> Vec<F> {
    product_then(dims, a, b, no_epilogue)
}

/// `batch` products of one shape, one after the other in the result; `at(i)` gives where the `i`-th `A` and `B`
/// begin in their slices.
pub fn product_batched<F: Float>(
    batch: usize,
    [m, n, k]: [usize; 3],
    a: Mat<'_, F>,
    b: Mat<'_, F>,
    at: impl Fn(usize) -> (usize, usize) + Send + Sync,
) -> Vec<F> {
    let operands = |i| {
        let (from_a, from_b) = at(i);
        (Mat { data: &a.data[from_a..], ..a }, Mat { data: &b.data[from_b..], ..b })
    };
    if batch * m * n == 0 {
        return Vec::new();
    }
    if batch == 1 {
        let (a, b) = operands(0);
        return product([m, n, k], a, b);
    }
    let mut c = buffers::zeros(batch * m * n);
    let one = |i, c: &mut [F]| {
        let (a, b) = operands(i);
        gemm([m, n, k], a, b, c, Store::Set);
    };
    let work = work([m, n, k]);
    if work < SPREAD_ALONE {
        par::chunks_mut(&mut c, m * n, work * batch, one);
    } else {
        c.chunks_mut(m * n).enumerate().for_each(|(i, c)| one(i, c));
    }
    c
}

/// The cost of a product in the units of [`par`]: a vector register does several multiply-adds at once.
pub(super) fn work([m, n, k]: [usize; 3]) -> usize {
    m * n * k.max(1) / 16
}
