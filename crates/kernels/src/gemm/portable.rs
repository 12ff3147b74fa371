//! Products through `matrixmultiply`, rows split over threads: the path of every CPU without AVX2, and
//! the one that Miri runs.

use super::{Mat, Store, work};
use crate::Float;
use crate::par;

/// Rows of `C` in one piece of work: enough that packing `B` again for every piece costs little.
const ROWS: usize = 64;

/// See [`super::gemm_then`]; operands are checked.
pub(crate) fn gemm<F: Float>(
    [m, n, k]: [usize; 3],
    a: Mat<'_, F>,
    b: Mat<'_, F>,
    c: &mut [F],
    store: Store,
    epilogue: impl Fn(usize, usize, &mut [F]) + Send + Sync,
) {
    par::chunks_mut(c, ROWS * n, work([m, n, k]), |i, c| {
        let first = i * ROWS;
        let rows = c.len() / n;
        let a = Mat { data: a.data.get(first * a.row..).unwrap_or(&[]), ..a };
        serial([rows, n, k], a, b, c, n, store);
        for (r, part) in c.chunks_mut(n).enumerate() {
            epilogue(first + r, 0, part);
        }
    });
}

/// One product on this thread, with rows of `C` at a distance of `stride`.
pub(crate) fn serial<F: Float>(
    [m, n, k]: [usize; 3],
    a: Mat<'_, F>,
    b: Mat<'_, F>,
    c: &mut [F],
    stride: usize,
    store: Store,
) {
    if m == 0 || n == 0 {
        return;
    }
    a.check(m, k);
    b.check(k, n);
    assert!((m - 1) * stride + n <= c.len(), "gemm: C exceeds its slice");
    let beta = if store == Store::Set { F::zero() } else { F::one() };
    let strides = [a.row, a.col, b.row, b.col, stride].map(|s| s as isize);
    let (a, b, c) = (a.data.as_ptr(), b.data.as_ptr(), c.as_mut_ptr());
    // SAFETY: the three matrices were checked to lie inside their slices, and `c` is borrowed mutably, so it
    // overlaps neither operand.
    unsafe { F::gemm([m, k, n], strides, a, b, beta, c) };
}

/// The product of `matrixmultiply`, for one element type. [`Float`] rests on this trait.
pub trait Gemm: Sized {
    /// `C = A · B + β C` of sizes m, k, n, for the distances of the rows and columns of A, then of B, then of the rows of C.
    ///
    /// # Safety
    /// A and B readable and C writable at those distances; C overlaps neither.
    unsafe fn gemm(
        sizes: [usize; 3],
        strides: [isize; 5],
        a: *const Self,
        b: *const Self,
        beta: Self,
        c: *mut Self,
    );
}

macro_rules! gemm {
    ($($t:ty, $gemm:ident;)*) => { $(
        impl Gemm for $t {
            unsafe fn gemm(
                [m, k, n]: [usize; 3],
                [rsa, csa, rsb, csb, rsc]: [isize; 5],
                a: *const Self,
                b: *const Self,
                beta: Self,
                c: *mut Self,
            ) {
                // SAFETY: the caller's promise.
                unsafe { matrixmultiply::$gemm(m, k, n, 1.0, a, rsa, csa, b, rsb, csb, beta, c, rsc, 1) };
            }
        }
    )* };
}

gemm! {
    f32, sgemm;
    f64, dgemm;
}
