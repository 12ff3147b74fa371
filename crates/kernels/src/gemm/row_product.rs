//! A vector times a matrix whose rows lie without gaps, for x86-64 with AVX2 and FMA.
//!
//! It is bound by reading the matrix, so nothing is packed. A tile of one row would wait for its few sums; here eight
//! registers of columns are summed at once, which is what two FMA units of latency four need to stay busy.

use super::vector::Simd;
use super::{Mat, Store, work};
use crate::Float;
use crate::par;

/// Columns in a piece of work.
const PIECE: usize = 256;

/// `c[j] (=|+=) Σₖ x[k] · b[k, j]`, each sum in the order of `k`; then `epilogue(first column, part)` on every part of `c`. `x` is
/// the first row of its matrix; `b` has at least as many columns as a register has lanes, without gaps. The operands were checked, and the CPU has AVX2
/// and FMA.
pub(super) fn run<F: Float>(
    k: usize,
    x: Mat<'_, F>,
    b: Mat<'_, F>,
    c: &mut [F],
    store: Store,
    epilogue: impl Fn(usize, &mut [F]) + Send + Sync,
) {
    let work = work([1, c.len(), k]);
    par::chunks_mut(c, PIECE, work, |i, c| {
        let first = i * PIECE;
        let x = Strided { at: x.data.as_ptr(), len: k, step: x.col };
        // SAFETY: both operands were checked to cover `k` and all columns; the caller found AVX2 and FMA.
        unsafe { columns(x, b.data.as_ptr(), b.row, first, c, store) };
        epilogue(first, c);
    });
}

/// `len` numbers that lie `step` apart.
#[derive(Clone, Copy)]
struct Strided<T> {
    at: *const T,
    len: usize,
    step: usize,
}

/// Columns `first..` of the product, as many as `c` has.
///
/// # Safety
/// AVX2 and FMA; `x` readable; `x.len` rows of `first + c.len()` numbers, at least a register of them, readable at a distance of `stride`.
#[target_feature(enable = "avx2,fma")]
unsafe fn columns<T: Simd>(
    x: Strided<T>,
    b: *const T,
    stride: usize,
    first: usize,
    c: &mut [T],
    store: Store,
) {
    let lanes = T::LANES;
    let mut sums = [c[0]; 8 * 8];
    let mut done = 0;
    while done < c.len() {
        let left = c.len() - done;
        // The last columns, if they do not fill a register, with the ones before them, which are summed again.
        let again = lanes.saturating_sub(left);
        // SAFETY: all columns that are read lie in the rows.
        let width = unsafe {
            let b = b.add(first + done - again);
            let to = sums.as_mut_ptr();
            match left / lanes {
                8.. => times::<T, 8>(x, b, stride, to),
                4.. => times::<T, 4>(x, b, stride, to),
                2.. => times::<T, 2>(x, b, stride, to),
                _ => times::<T, 1>(x, b, stride, to),
            }
        };
        for (c, &sum) in c[done..].iter_mut().zip(&sums[again..width]) {
            *c = if store == Store::Add { *c + sum } else { sum };
        }
        done += width - again;
    }
}

/// `W` registers of columns of the product, written to `to`. Returns how many columns they are.
///
/// # Safety
/// AVX2 and FMA; `x` readable; `x.len` rows of the registers readable from `b` on; `to` writable for them.
#[inline(always)]
unsafe fn times<T: Simd, const W: usize>(
    x: Strided<T>,
    b: *const T,
    stride: usize,
    to: *mut T,
) -> usize {
    // SAFETY: the caller's promise.
    unsafe {
        let mut sums = [T::zeros(); W];
        for k in 0..x.len {
            let (number, row) = (T::splat(x.at.add(k * x.step)), b.add(k * stride));
            for (w, sum) in sums.iter_mut().enumerate() {
                *sum = T::fma(number, T::load(row.add(w * T::LANES)), *sum);
            }
        }
        for (w, sum) in sums.into_iter().enumerate() {
            T::store(to.add(w * T::LANES), sum);
        }
    }
    W * T::LANES
}
