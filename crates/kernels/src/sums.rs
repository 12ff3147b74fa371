//! Sums whose rounding error does not grow with their length.
//!
//! A running sum of n numbers errs by up to n·u·Σ|x|, where u is half the distance from 1 to the next number (6·10⁻⁸ in `f32`), and equal
//! terms come near to that: a million times 0.1 gives 100,958. Here a sum is taken in blocks of at most [`BLOCK`] terms, in [`LANES`] strands each,
//! and the sums of the blocks are added with what rounding takes from each addition kept beside them (Knuth's two-sum; Neumaier
//! 1974). So the error is at most
//!
//! (BLOCK/LANES + 8)·u·Σ|x| = 72·u·Σ|x|,
//!
//! however long the sum is (as long as it has fewer than 1/u blocks). It costs six additions a block.

mod columns;
#[cfg(test)]
mod tests;

pub(crate) use columns::{Plain, Terms, WIDTH, down_columns};

use crate::Float;
use crate::accumulate::add_assign;

/// Terms that are added without care.
pub const BLOCK: usize = 1 << 11;

/// Independent accumulators: they fill the vector registers, and fix the order of the additions.
pub const LANES: usize = 32;

/// Rows that are added to one another without care, where columns are added up.
pub const ROWS: usize = 128;

/// `a + b`, and what rounding took from it.
#[inline(always)]
pub fn two_sum<F: Float>(a: F, b: F) -> (F, F) {
    let sum = a + b;
    let of_b = sum - a;
    (sum, (a - (sum - of_b)) + (b - of_b))
}

/// `N` sums, to which parts are added, with what rounding took from them beside each.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Compensated<F, const N: usize> {
    sums: [F; N],
    lost: [F; N],
}

impl<F: Float, const N: usize> Compensated<F, N> {
    #[inline(always)]
    pub(crate) fn new() -> Self {
        Self { sums: [F::zero(); N], lost: [F::zero(); N] }
    }

    #[inline(always)]
    pub(crate) fn add(&mut self, part: [F; N]) {
        add_compensated(&mut self.sums, &mut self.lost, &part);
    }

    #[inline(always)]
    pub(crate) fn finish(mut self) -> [F; N] {
        finish(&mut self.sums, &self.lost);
        self.sums
    }
}

/// `in_blocks!(n, |range| …)`: sums over `0..n`, of which the expression gives those over a range of at most [`BLOCK`] terms, as an array.
///
/// A macro and no function of a closure, so that the expression is compiled with the instructions of the kernel around it.
macro_rules! in_blocks {
    ($n:expr, |$range:ident| $block:expr) => {
        $crate::sums::in_blocks!($crate::sums::BLOCK, $n, |$range| $block)
    };
    ($size:expr, $n:expr, |$range:ident| $block:expr) => {{
        let (size, n): (usize, usize) = ($size, $n);
        let mut total = $crate::sums::Compensated::new();
        let mut start = 0;
        loop {
            let end = n.min(start + size);
            let $range = start..end;
            let part = $block;
            if end - start == n {
                // The only one.
                break part;
            }
            total.add(part);
            if end == n {
                break total.finish();
            }
            start = end;
        }
    }};
}

pub(crate) use in_blocks;

/// Ends sums that [`add_compensated`] added to: puts back what rounding took from them.
#[inline(always)]
pub fn finish<F: Float>(sums: &mut [F], lost: &[F]) {
    for (sum, &lost) in sums.iter_mut().zip(lost) {
        let whole = *sum + lost;
        // ∞ − ∞ is among what an infinite sum has lost.
        *sum = if lost.is_nan() { *sum } else { whole };
    }
}

/// Σ x.
#[inline(always)]
pub fn sum<F: Float>(x: &[F]) -> F {
    if x.len() <= BLOCK {
        return of_block(x);
    }
    let [sum] = in_blocks!(x.len(), |range| [of_block(&x[range])]);
    sum
}

/// Σ x of a block, in [`LANES`] strands that are added in pairs at the end.
#[inline(always)]
pub(crate) fn of_block<F: Float>(x: &[F]) -> F {
    let (chunks, rest) = x.as_chunks::<LANES>();
    if chunks.is_empty() {
        return rest.iter().fold(F::zero(), |s, &x| s + x);
    }
    let mut lanes = [F::zero(); LANES];
    for chunk in chunks {
        for (lane, &x) in lanes.iter_mut().zip(chunk) {
            *lane += x;
        }
    }
    for (lane, &x) in lanes.iter_mut().zip(rest) {
        *lane += x;
    }
    in_pairs(&mut lanes)
}

/// The sum of the lanes, whose number is a power of two.
#[inline(always)]
pub(crate) fn in_pairs<F: Float>(lanes: &mut [F; LANES]) -> F {
    let mut width = LANES;
    while width > 1 {
        width /= 2;
        for i in 0..width {
            lanes[i] += lanes[i + width];
        }
    }
    lanes[0]
}

/// `sums += part`, with what rounding takes from it added to `lost`; see [`finish`].
#[inline(always)]
pub fn add_compensated<F: Float>(sums: &mut [F], lost: &mut [F], part: &[F]) {
    for ((sum, lost), &x) in sums.iter_mut().zip(lost).zip(part) {
        let (s, rest) = two_sum(*sum, x);
        (*sum, *lost) = (s, *lost + rest);
    }
}

/// Sums side by side, to which rows are added one after the other: in blocks of [`ROWS`].
///
/// ```
/// use seedbed_kernels::sums::Totals;
/// let mut totals = Totals::new(2);
/// (0..1_000_000).for_each(|_| totals.add(&[0.1_f32, 1.0]));
/// let sums = totals.finish();
/// assert!((sums[0] - 100_000.0).abs() < 1.0);
/// assert_eq!(sums[1], 1_000_000.0);
/// ```
#[derive(Debug)]
pub struct Totals<F> {
    /// The sums of the rows of a block, and how many they are.
    block: Vec<F>,
    rows: usize,
    /// The sums of the blocks before, if there are any, and what rounding took from them.
    sums: Vec<F>,
    lost: Vec<F>,
}

impl<F: Float> Totals<F> {
    /// `n` sums of nothing.
    pub fn new(n: usize) -> Self {
        Self { block: vec![F::zero(); n], rows: 0, sums: Vec::new(), lost: Vec::new() }
    }

    /// Adds a row.
    #[inline]
    pub fn add(&mut self, row: &[F]) {
        if self.rows == ROWS {
            self.end_block();
        }
        self.rows += 1;
        add_assign(&mut self.block, row);
    }

    #[cold]
    fn end_block(&mut self) {
        if self.sums.is_empty() {
            self.sums = self.block.clone();
            self.lost = vec![F::zero(); self.block.len()];
        } else {
            add_compensated(&mut self.sums, &mut self.lost, &self.block);
        }
        self.block.fill(F::zero());
        self.rows = 0;
    }

    /// The sums.
    pub fn finish(mut self) -> Vec<F> {
        if self.sums.is_empty() {
            return self.block;
        }
        self.end_block();
        finish(&mut self.sums, &self.lost);
        self.sums
    }
}

/// The sum of rows of equal length, in pairs: each half by itself, and so on. `None` if there is none.
pub fn rows_in_pairs<F: Float>(mut rows: Vec<Vec<F>>) -> Option<Vec<F>> {
    let mut step = 1;
    while step < rows.len() {
        for i in (0..rows.len() - step).step_by(2 * step) {
            let (left, right) = rows.split_at_mut(i + step);
            add_assign(&mut left[i], &right[0]);
        }
        step *= 2;
    }
    rows.into_iter().next()
}
