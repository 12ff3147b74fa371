//! Means and variances of groups of numbers.
//!
//! The numbers are read in chunks that stay in the cache: their mean first, then their deviations from it. The mean is rounded, and where
//! the numbers are large beside their deviations that matters: numbers around 10⁶ in `f32` have a mean that is wrong by up to 0.03. So the
//! deviations' own mean is taken, too, and put right afterwards (the corrected two-pass algorithm of Chan, Golub & LeVeque 1983). The
//! moments of chunks are joined in double precision, by the formula of the same paper.

use crate::Float;
use crate::par;
use crate::simd::{self, Kernel};
use crate::sums::{self, LANES, Plain, Terms, down_columns, in_blocks, in_pairs, two_sum};

/// Elements whose moments are found by one task: they stay in the second-level cache.
const CHUNK: usize = 1 << 13;

/// Rows of a chunk of columns, at least.
const FEWEST_ROWS: usize = 64;

/// About what an element costs, in scalar operations.
const WORK: usize = 4;

/// Numbers of a row from which both sums over its deviations are taken in one pass.
const LONG: usize = 256;

/// Where the square of a mean is so many times the variance, what the mean's rounding lost is looked for. Nearer to zero it is less than 10⁻⁵ deviations.
const FAR: f64 = 16.0;

/// Numbers that are kept of a group in a chunk: its mean, and the sums of the deviations from it and of their squares.
const FOUND: usize = 3;

/// Number, mean and sum of squared deviations of some numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Moment {
    /// How many numbers there are.
    pub count: f64,
    /// Their mean; 0 if there are none.
    pub mean: f64,
    /// What was lost when the mean was rounded.
    pub rest: f64,
    /// Σ (x − mean)².
    pub squares: f64,
}

impl Moment {
    /// Of `count` numbers, by a number near their mean, and by the sums of the deviations from it and of their squares.
    fn about<F: Float>(count: f64, near: F, deviations: F, squares: F) -> Self {
        let (deviations, squares) = (deviations.f64(), squares.f64());
        let off = deviations / count;
        let squares = squares - deviations * off;
        // Rounding may leave less than nothing; a NaN stays.
        let (mean, rest) = two_sum(near.f64(), off);
        Self { count, mean, rest, squares: if squares < 0.0 { 0.0 } else { squares } }
    }

    /// Of these numbers and others.
    ///
    /// ```
    /// use seedbed_kernels::moments::Moment;
    /// let one = |mean| Moment { count: 1.0, mean, ..Moment::default() };
    /// let both = one(1.0).join(one(3.0));
    /// assert_eq!((both.count, both.mean, both.squares), (2.0, 2.0, 2.0));
    /// ```
    #[must_use]
    pub fn join(self, other: Self) -> Self {
        // The mean of no numbers is 0, and so is that of none and none.
        self.join_share(other, other.count / (self.count + other.count).max(1.0))
    }

    /// [`join`](Self::join), given the share of the others in all.
    #[inline(always)]
    fn join_share(self, other: Self, share: f64) -> Self {
        let delta = (other.mean - self.mean) + (other.rest - self.rest);
        let (mean, rest) = two_sum(self.mean, delta * share);
        Self {
            count: self.count + other.count,
            mean,
            rest: self.rest + rest,
            squares: self.squares + other.squares + delta * delta * (self.count * share),
        }
    }

    /// Σ (x − mean)² / n: 0 where there are no numbers.
    pub fn variance(self) -> f64 {
        self.squares / self.count.max(1.0)
    }

    /// The mean as the nearest number of another precision, and what that rounding lost.
    pub fn mean_and_rest<F: Float>(self) -> (F, F) {
        let mean = F::of(self.mean);
        (mean, F::of((self.mean - mean.f64()) + self.rest))
    }
}

/// The moments over the middle axis of an array seen as `outer × n × inner`.
pub fn of_groups<F: Float>(x: &[F], outer: usize, n: usize, inner: usize) -> Vec<Moment> {
    let groups = outer * inner;
    if x.is_empty() {
        return vec![Moment::default(); groups];
    }
    // Groups that lie in one piece are cut into chunks; several short ones are a task. Chunks of columns have so many rows that to join them
    // costs little.
    let rows = if inner == 1 { n.min(CHUNK) } else { (CHUNK / inner).max(FEWEST_ROWS).min(n) };
    let chunks = n.div_ceil(rows);
    let together = if inner == 1 && chunks == 1 { (CHUNK / n).max(1) } else { 1 };
    let mut found = vec![F::zero(); groups * chunks * FOUND];
    par::chunks_mut(&mut found, together * inner * FOUND, x.len() * WORK, |i, found| {
        let (first, at) = (i * together / chunks, i * together % chunks * rows);
        let rows = rows.min(n - at);
        let x = &x[(first * n + at) * inner..];
        if inner == 1 {
            simd::dispatch(Runs { x, rows, found });
        } else {
            simd::dispatch(Columns { x: &x[..rows * inner], inner, found });
        }
    });
    let mut moments = vec![Moment::default(); groups];
    for (i, found) in found.chunks_exact(inner * FOUND).enumerate() {
        let (o, at) = (i / chunks, i % chunks * rows);
        let count = rows.min(n - at) as f64;
        let share = count / (at as f64 + count);
        let (near, sums) = found.split_at(inner);
        let (deviations, squares) = sums.split_at(inner);
        for (j, moment) in moments[o * inner..][..inner].iter_mut().enumerate() {
            let part = Moment::about(count, near[j], deviations[j], squares[j]);
            *moment = if at == 0 { part } else { moment.join_share(part, share) };
        }
    }
    moments
}

/// Runs of `rows` numbers, one after the other.
struct Runs<'a, F> {
    x: &'a [F],
    rows: usize,
    found: &'a mut [F],
}

impl<F: Float> Kernel for Runs<'_, F> {
    type Out = ();

    #[inline(always)]
    fn run<const FMA: bool>(self) {
        let n = F::of(self.rows as f64);
        for (x, found) in self.x.chunks_exact(self.rows).zip(self.found.chunks_exact_mut(FOUND)) {
            let mean = sums::sum(x) / n;
            let [deviations, squares] = deviations(x, mean);
            found.copy_from_slice(&[mean, deviations, squares]);
        }
    }
}

/// The sum of the deviations from a mean and that of their squares; the first is 0 where it does not matter.
#[inline(always)]
pub(crate) fn deviations<F: Float>(x: &[F], mean: F) -> [F; 2] {
    if x.len() >= LONG {
        // Both at once: the second costs nothing where the first waits for memory.
        return in_blocks!(x.len(), |range| both_deviations(&x[range], mean));
    }
    let squares = of_terms(Squares, x, mean);
    if mean * mean * F::of(x.len() as f64) <= squares * F::of(FAR) {
        return [F::zero(), squares];
    }
    [of_terms(Deviations, x, mean), squares]
}

/// Σ (x − mean) and Σ (x − mean)² of a block.
#[inline(always)]
fn both_deviations<F: Float>(x: &[F], mean: F) -> [F; 2] {
    let (chunks, rest) = x.as_chunks::<LANES>();
    let (mut sums, mut squares) = ([F::zero(); LANES], [F::zero(); LANES]);
    for chunk in chunks {
        for i in 0..LANES {
            let d = chunk[i] - mean;
            sums[i] += d;
            squares[i] += d * d;
        }
    }
    for (i, &x) in rest.iter().enumerate() {
        let d = x - mean;
        sums[i] += d;
        squares[i] += d * d;
    }
    [in_pairs(&mut sums), in_pairs(&mut squares)]
}

/// The sum of terms of the numbers of a block and of their mean.
#[inline(always)]
fn of_terms<F: Float, T: Terms<F, 2, 1>>(terms: T, x: &[F], mean: F) -> F {
    let (chunks, rest) = x.as_chunks::<LANES>();
    let mut sum = F::zero();
    for &x in rest {
        sum += terms.of([x, mean])[0];
    }
    if chunks.is_empty() {
        return sum;
    }
    let mut lanes = [F::zero(); LANES];
    for chunk in chunks {
        for i in 0..LANES {
            lanes[i] += terms.of([chunk[i], mean])[0];
        }
    }
    sum + in_pairs(&mut lanes)
}

/// x − mean.
#[derive(Clone, Copy)]
struct Deviations;

impl<F: Float> Terms<F, 2, 1> for Deviations {
    #[inline(always)]
    fn of(self, [x, mean]: [F; 2]) -> [F; 1] {
        [x - mean]
    }
}

/// (x − mean)².
#[derive(Clone, Copy)]
struct Squares;

impl<F: Float> Terms<F, 2, 1> for Squares {
    #[inline(always)]
    fn of(self, [x, mean]: [F; 2]) -> [F; 1] {
        let d = x - mean;
        [d * d]
    }
}

/// Rows of `inner` columns.
struct Columns<'a, F> {
    x: &'a [F],
    inner: usize,
    /// The means, the sums of deviations, the sums of squares.
    found: &'a mut [F],
}

impl<F: Float> Kernel for Columns<'_, F> {
    type Out = ();

    #[inline(always)]
    fn run<const FMA: bool>(self) {
        let (inner, rows) = (self.inner, self.x.len() / self.inner);
        let n = F::of(rows as f64);
        let (means, sums) = self.found.split_at_mut(inner);
        let (deviations, squares) = sums.split_at_mut(inner);
        // Both passes over some columns before the next: they stay in the first-level cache.
        for first in (0..inner).step_by(sums::WIDTH) {
            let columns = first..inner.min(first + sums::WIDTH);
            let (x, mean) = ((&self.x[first..], inner), &mut means[columns.clone()]);
            down_columns(Plain, rows, [x], [&mut *mean]);
            mean.iter_mut().for_each(|m| *m /= n);
            let deviations = &mut deviations[columns.clone()];
            let squares = &mut squares[columns];
            down_columns(Squares, rows, [x, (mean, 0)], [&mut *squares]);
            // Only where a mean is far from zero does its rounding matter.
            let far = mean.iter().zip(&*squares).fold(false, |any, (&mean, &squares)| {
                any | (mean * mean * n > squares * F::of(FAR))
            });
            if far {
                down_columns(Deviations, rows, [x, (mean, 0)], [deviations]);
            }
        }
    }
}

#[cfg(test)]
mod tests;
