//! Products over many terms.
//!
//! Inside a product the terms of an element are added block after block, and in few strands: a running sum, whose rounding error grows with k. So
//! a long k is cut in pieces, and the products of the pieces are added in pairs. With u half the distance from 1 to the next number, an element
//! errs by at most
//!
//! - (16 + 400 + log₂ k)·u·Σ|terms| in a product of matrices: blocks of 400 terms in registers,
//! - (1024 + 8 + log₂ k)·u·Σ|terms| in an inner product: sixteen strands,
//! - (1024 + log₂ k)·u·Σ|terms| where a vector weighs rows.
//!
//! That costs a few passes over C for a piece.

use super::{Mat, Store, gemm_short, no_epilogue};
use crate::accumulate::add_assign;
use crate::{Float, buffers};

/// Terms of a piece.
const PIECE: usize = 1 << 12;
/// Where one operand is a vector and the other's rows are added up, the terms of an element are added one after the other.
const PIECE_OF_ROWS: usize = 1 << 10;
/// An inner product adds sixteen terms at a time, and has nothing else to do.
const PIECE_OF_INNER: usize = 1 << 14;

fn piece<F>([m, n, _]: [usize; 3], a: Mat<'_, F>, b: Mat<'_, F>) -> usize {
    match (m, n) {
        (1, _) | (_, 1) if a.col == 1 && b.row == 1 => PIECE_OF_INNER,
        (1, _) | (_, 1) => PIECE_OF_ROWS,
        _ => PIECE,
    }
}

/// Whether a product is cut.
pub(super) fn is_long<F>(dims: [usize; 3], a: Mat<'_, F>, b: Mat<'_, F>) -> bool {
    dims[2] >= 2 * piece(dims, a, b)
}

/// See [`super::gemm_then`]; the operands are checked, and the product [`is_long`].
pub(super) fn gemm<F: Float>(
    [m, n, k]: [usize; 3],
    a: Mat<'_, F>,
    b: Mat<'_, F>,
    c: &mut [F],
    store: Store,
    epilogue: impl Fn(usize, usize, &mut [F]) + Send + Sync,
) {
    // The sums of pieces that wait for as many others: the i-th of 2ⁱ, as the digits of a binary counter.
    let mut waiting: Vec<Option<Vec<F>>> = Vec::new();
    let size = piece([m, n, k], a, b);
    for first in (0..k).step_by(size) {
        let terms = size.min(k - first);
        let a = Mat { data: &a.data[first * a.col..], ..a };
        let b = Mat { data: &b.data[first * b.row..], ..b };
        let mut sum = buffers::zeros(m * n);
        gemm_short([m, n, terms], a, b, &mut sum, Store::Set, no_epilogue);
        let mut digit = 0;
        while let Some(other) = waiting.get_mut(digit).and_then(Option::take) {
            add_assign(&mut sum, &other);
            digit += 1;
        }
        if digit == waiting.len() {
            waiting.push(None);
        }
        waiting[digit] = Some(sum);
    }
    let mut all = waiting.into_iter().flatten();
    let mut sum = all.next().expect("there is a piece");
    all.for_each(|other| add_assign(&mut sum, &other));
    match store {
        Store::Set => c.copy_from_slice(&sum),
        Store::Add => add_assign(c, &sum),
    }
    for (row, part) in c.chunks_mut(n).enumerate() {
        epilogue(row, 0, part);
    }
}
