//! A matrix times a vector, for x86-64 with AVX2 and FMA: as many inner products of contiguous slices as the
//! matrix has rows.
//!
//! It is bound by reading the matrix, so nothing is packed; four rows share each load of the vector.

use super::vector::Simd;
use super::{Mat, Store};
use crate::Float;
use crate::par;

/// Results in a piece of work.
const PIECE: usize = 64;

/// `c[i] (=|+=) Σₖ a[i, k] · x[k]` for rows of `k` numbers, contiguous each; then `epilogue(first row, part)`
/// on every part of `c`. The rows lie in `a`, which was checked, and the CPU has AVX2 and FMA.
pub(super) fn run<F: Float>(
    k: usize,
    a: Mat<'_, F>,
    x: &[F],
    c: &mut [F],
    store: Store,
    epilogue: impl Fn(usize, &mut [F]) + Send + Sync,
) {
    let (x, work) = (&x[..k], c.len() * k);
    par::chunks_mut(c, PIECE, work, |i, c| {
        let first = i * PIECE;
        let rows = &a.data[first * a.row..];
        // SAFETY: `c.len()` rows of `k` numbers lie in `rows`, because the operand was checked; the caller found AVX2
        // and FMA.
        unsafe { inner(rows.as_ptr(), a.row, x, c, store) };
        epilogue(first, c);
    });
}

/// # Safety
/// AVX2 and FMA; `c.len()` rows of `x.len()` numbers at a distance of `stride` readable.
#[target_feature(enable = "avx2,fma")]
unsafe fn inner<T: Simd>(rows: *const T, stride: usize, x: &[T], c: &mut [T], store: Store) {
    let put = |c: &mut T, sum: T| *c = if store == Store::Add { *c + sum } else { sum };
    let (fours, rest) = c.as_chunks_mut::<4>();
    let done = fours.len() * 4;
    for (i, c) in fours.iter_mut().enumerate() {
        // SAFETY: four of the rows.
        let sums = unsafe { rows_times::<T, 4>(rows.add(i * 4 * stride), stride, x) };
        c.iter_mut().zip(sums).for_each(|(c, sum)| put(c, sum));
    }
    for (i, c) in rest.iter_mut().enumerate() {
        // SAFETY: one of the rows.
        let [sum] = unsafe { rows_times::<T, 1>(rows.add((done + i) * stride), stride, x) };
        put(c, sum);
    }
}

/// The inner products of `R` rows with `x`, each in two registers of partial sums. A row is summed alike
/// whichever rows are its neighbours.
///
/// # Safety
/// See [`inner`].
#[expect(clippy::needless_range_loop, reason = "unrolled: the indices are constants")]
#[target_feature(enable = "avx2,fma")]
unsafe fn rows_times<T: Simd, const R: usize>(rows: *const T, stride: usize, x: &[T]) -> [T; R] {
    let step = 2 * T::LANES;
    let whole = x.len() / step * step;
    // SAFETY: every load ends before `x.len()` in its row or in `x`.
    unsafe {
        let mut sums = [[T::zeros(); 2]; R];
        for k in (0..whole).step_by(step) {
            let x = [T::load(x.as_ptr().add(k)), T::load(x.as_ptr().add(k + T::LANES))];
            for r in 0..R {
                let row = rows.add(r * stride + k);
                sums[r][0] = T::fma(T::load(row), x[0], sums[r][0]);
                sums[r][1] = T::fma(T::load(row.add(T::LANES)), x[1], sums[r][1]);
            }
        }
        let mut out = [x[0]; R];
        for r in 0..R {
            let mut parts = [x[0]; 8];
            T::store(parts.as_mut_ptr(), T::plus(sums[r][0], sums[r][1]));
            let mut sum = parts[0];
            for &part in &parts[1..T::LANES] {
                sum = sum + part;
            }
            for k in whole..x.len() {
                sum = sum + *rows.add(r * stride + k) * x[k];
            }
            out[r] = sum;
        }
        out
    }
}
