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

use std::ops::Range;

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

/// `N` sums over `0..n`; `block` gives those over a range of at most [`BLOCK`] terms.
///
/// ```
/// use seedbed_kernels::sums::in_blocks;
/// let [sum, squares] = in_blocks(5000, |range| {
///     range.fold([0.0, 0.0], |[sum, squares], i| [sum + i as f64, squares + (i * i) as f64])
/// });
/// assert_eq!((sum, squares), (12_497_500.0, 41_654_167_500.0));
/// ```
#[inline(always)]
pub fn in_blocks<F: Float, const N: usize>(
    n: usize,
    block: impl FnMut(Range<usize>) -> [F; N],
) -> [F; N] {
    in_blocks_of(BLOCK, n, block)
}

/// [`in_blocks`] with blocks of another size.
#[inline(always)]
pub fn in_blocks_of<F: Float, const N: usize>(
    size: usize,
    n: usize,
    mut block: impl FnMut(Range<usize>) -> [F; N],
) -> [F; N] {
    let (mut sums, mut lost) = ([F::zero(); N], [F::zero(); N]);
    let mut start = 0;
    // One call, so that it is compiled into the loop that calls this.
    loop {
        let end = n.min(start + size);
        let part = block(start..end);
        if end - start == n {
            return part;
        }
        for k in 0..N {
            let (sum, rest) = two_sum(sums[k], part[k]);
            (sums[k], lost[k]) = (sum, lost[k] + rest);
        }
        if end == n {
            break;
        }
        start = end;
    }
    finish(&mut sums, &lost);
    sums
}

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
    let [sum] = in_blocks(x.len(), |range| of_block(&x[range], |x| [x]));
    sum
}

/// `N` sums over a block: of `term(x)`, in [`LANES`] strands that are added in pairs at the end.
#[inline(always)]
pub fn of_block<F: Float, const N: usize>(x: &[F], term: impl Fn(F) -> [F; N]) -> [F; N] {
    let (chunks, rest) = x.as_chunks::<LANES>();
    let mut sums = [F::zero(); N];
    for &x in rest {
        let terms = term(x);
        for k in 0..N {
            sums[k] += terms[k];
        }
    }
    if chunks.is_empty() {
        return sums;
    }
    let mut lanes = [[F::zero(); LANES]; N];
    for chunk in chunks {
        for i in 0..LANES {
            let terms = term(chunk[i]);
            for k in 0..N {
                lanes[k][i] += terms[k];
            }
        }
    }
    for k in 0..N {
        sums[k] += in_pairs(&mut lanes[k]);
    }
    sums
}

/// The sum of the lanes, whose number is a power of two.
#[inline(always)]
fn in_pairs<F: Float>(lanes: &mut [F; LANES]) -> F {
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
/// assert!((sums[0] - 100_000.0).abs() < 0.1);
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

/// Columns that are added up together: their sums stay in the first-level cache.
pub const WIDTH: usize = 128;

/// A matrix of which columns are added up: its numbers, and the distance from row to row. A distance of 0 is one row for all.
pub type Rows<'a, F> = (&'a [F], usize);

/// `N` sums down each column of some rows, of what `term` makes of the numbers of `K` matrices at a place. The sums have as many columns as
/// each of the outputs.
#[inline(always)]
pub fn down_columns<F: Float, const K: usize, const N: usize>(
    rows: usize,
    x: [Rows<'_, F>; K],
    out: [&mut [F]; N],
    term: impl Fn([F; K]) -> [F; N],
) {
    let columns = out[0].len();
    if rows == 0 {
        return out.into_iter().for_each(|out| out.fill(F::zero()));
    }
    for first in (0..columns).step_by(WIDTH) {
        let width = WIDTH.min(columns - first);
        let row = |r: usize| x.map(|(x, stride)| &x[r * stride + first..][..width]);
        // What rounding takes, where there is more than one block of rows.
        let mut lost = [[F::zero(); WIDTH]; N];
        for block in (0..rows).step_by(ROWS) {
            let end = rows.min(block + ROWS);
            let mut part = [[F::zero(); WIDTH]; N];
            let mut r = block;
            while r + 4 <= end {
                let four: [[&[F]; K]; 4] = std::array::from_fn(|k| row(r + k));
                for i in 0..width {
                    let [a, b, c, d] = four.map(|row| term(row.map(|x| x[i])));
                    for n in 0..N {
                        part[n][i] += (a[n] + b[n]) + (c[n] + d[n]);
                    }
                }
                r += 4;
            }
            for r in r..end {
                let row = row(r);
                for i in 0..width {
                    let terms = term(row.map(|x| x[i]));
                    for n in 0..N {
                        part[n][i] += terms[n];
                    }
                }
            }
            for n in 0..N {
                let out = &mut out[n][first..][..width];
                if block == 0 {
                    out.copy_from_slice(&part[n][..width]);
                } else {
                    add_compensated(out, &mut lost[n][..width], &part[n][..width]);
                }
            }
        }
        if rows > ROWS {
            for n in 0..N {
                finish(&mut out[n][first..][..width], &lost[n][..width]);
            }
        }
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

#[cfg(test)]
mod tests;
