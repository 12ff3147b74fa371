//! Kernels that treat each row of a matrix alike: rows are cut over threads, and read a block at a time.

use std::ops::Range;

use super::par;
use super::shared::SharedMut;
use super::simd::{self, Kernel};
use crate::simd::Lane;
use crate::{Float, buffers};

/// Numbers that are worked on side by side: two AVX vectors of `f32`.
pub const WIDTH: usize = 16;

/// What is done with each row of `N` matrices, to give those of `M` others.
pub trait Rows<F: Float, const N: usize, const M: usize>: Copy + Send + Sync {
    /// The work on row `row`. Implementations are `#[inline(always)]`.
    fn row<const FMA: bool>(self, row: usize, x: [&[F]; N], out: [&mut [F]; M]);
}

/// Work in a piece, in scalar operations: some microseconds.
const PIECE: usize = 1 << 15;
/// Most pieces that rows are cut into.
const PIECES: usize = 64;

/// Runs `kernel` on every row of the matrices `x`, all of which have `rows` rows, of any width.
///
/// `work` estimates the scalar operations of all rows. Rows are independent of one another, so that no result depends on where
/// they are cut.
pub fn run<F: Float, K: Rows<F, N, M>, const N: usize, const M: usize>(
    kernel: K,
    rows: usize,
    work: usize,
    x: [&[F]; N],
    out: [&mut [F]; M],
) {
    if rows > 0 {
        let out = out.map(|out| Out { width: out.len() / rows, all: SharedMut::new(out) });
        // SAFETY: the outputs are borrowed, and have that many rows of that width.
        unsafe { spread(kernel, rows, work, x, out, false) };
    }
}

/// As [`run`], into new memory for matrices of these widths. The kernel finds zeros there: each row is cleared just before its
/// turn, while it is in cache.
pub fn collect<F: Float, K: Rows<F, N, M>, const N: usize, const M: usize>(
    kernel: K,
    rows: usize,
    work: usize,
    x: [&[F]; N],
    widths: [usize; M],
) -> [Vec<F>; M] {
    let sizes = widths.map(|width| {
        rows.checked_mul(width).unwrap_or_else(|| panic!("kernel: {rows} rows of {width} elements"))
    });
    let mut all = sizes.map(buffers::reserve);
    if rows > 0 {
        let mut sizes = sizes.iter().zip(widths);
        let out = all.each_mut().map(|out| {
            let (&size, width) = sizes.next().expect("one width an output");
            Out { width, all: SharedMut::of_new(out, size) }
        });
        // SAFETY: there is room for the rows, and every row is cleared first.
        unsafe { spread(kernel, rows, work, x, out, true) };
    }
    for (out, size) in all.iter_mut().zip(sizes) {
        // SAFETY: every row was written.
        unsafe { out.set_len(size) };
    }
    all
}

/// # Safety
/// The outputs are writable for `rows` rows, by this call alone; they are initialised unless they are `fresh`.
unsafe fn spread<F: Float, K: Rows<F, N, M>, const N: usize, const M: usize>(
    kernel: K,
    rows: usize,
    work: usize,
    x: [&[F]; N],
    out: [Out<'_, F>; M],
    fresh: bool,
) {
    let widths = x.map(|x| x.len() / rows);
    let piece = rows.div_ceil((work / PIECE).clamp(1, PIECES));
    par::for_each(rows.div_ceil(piece), work, |i| {
        let rows = i * piece..rows.min((i + 1) * piece);
        simd::dispatch(Part { kernel, rows, x, widths, out, fresh });
    });
}

/// A matrix that is written, and the elements in a row of it.
#[derive(Clone, Copy)]
struct Out<'a, F> {
    all: SharedMut<'a, F>,
    width: usize,
}

/// Some neighbouring rows.
struct Part<'a, F, K, const N: usize, const M: usize> {
    kernel: K,
    rows: Range<usize>,
    x: [&'a [F]; N],
    widths: [usize; N],
    out: [Out<'a, F>; M],
    fresh: bool,
}

impl<F: Float, K: Rows<F, N, M>, const N: usize, const M: usize> Kernel for Part<'_, F, K, N, M> {
    type Out = ();

    #[inline(always)]
    fn run<const FMA: bool>(self) {
        for row in self.rows {
            let x = std::array::from_fn(|k| &self.x[k][row * self.widths[k]..][..self.widths[k]]);
            let out = self.out.map(|Out { all, width }| {
                // The size of all rows does not overflow, so neither does that of some of them.
                let range = row * width..(row + 1) * width;
                if self.fresh {
                    // SAFETY: only this part uses the row, and a float's zero is all zero bits.
                    unsafe { all.at(range.clone()).write_bytes(0, width) };
                }
                // SAFETY: only this part uses the row, which is initialised now.
                unsafe { all.part(range) }
            });
            self.kernel.row::<FMA>(row, x, out);
        }
    }
}

/// A few neighbours of a row. The last block of a row is filled up.
#[derive(Clone, Copy)]
pub struct Lanes<F, const FMA: bool>(pub [Lane<F, FMA>; WIDTH]);

impl<F: Float, const FMA: bool> Lanes<F, FMA> {
    /// Every lane `x`.
    #[inline(always)]
    pub fn splat(x: F) -> Self {
        Self([Lane(x); WIDTH])
    }

    /// Elements `at..` of `row`, filled up with `fill` after its end.
    #[inline(always)]
    pub fn load(row: &[F], at: usize, fill: F) -> Self {
        let mut out = [Lane(fill); WIDTH];
        if let Some(x) = row[at..].first_chunk::<WIDTH>() {
            for (o, &x) in out.iter_mut().zip(x) {
                *o = Lane(x);
            }
        } else {
            for (o, &x) in out.iter_mut().zip(&row[at..]) {
                *o = Lane(x);
            }
        }
        Self(out)
    }

    /// Writes to elements `at..` of `row`, as far as it goes.
    #[inline(always)]
    pub fn store(self, row: &mut [F], at: usize) {
        if let Some(out) = row[at..].first_chunk_mut::<WIDTH>() {
            for (o, x) in out.iter_mut().zip(&self.0) {
                *o = x.0;
            }
        } else {
            for (o, x) in row[at..].iter_mut().zip(&self.0) {
                *o = x.0;
            }
        }
    }

    /// `f` of every lane.
    #[inline(always)]
    pub fn map(mut self, f: impl Fn(Lane<F, FMA>) -> Lane<F, FMA>) -> Self {
        for x in &mut self.0 {
            *x = f(*x);
        }
        self
    }

    /// `f` of every lane and that of `other`.
    #[inline(always)]
    pub fn zip(
        mut self,
        other: Self,
        f: impl Fn(Lane<F, FMA>, Lane<F, FMA>) -> Lane<F, FMA>,
    ) -> Self {
        // By reference: an array's own iterator is not vectorised.
        for (x, y) in self.0.iter_mut().zip(&other.0) {
            *x = f(*x, *y);
        }
        self
    }

    /// All elements folded into one, as a balanced tree.
    #[inline(always)]
    pub fn reduce(mut self, f: impl Fn(Lane<F, FMA>, Lane<F, FMA>) -> Lane<F, FMA>) -> F {
        let mut n = WIDTH / 2;
        while n > 0 {
            for i in 0..n {
                self.0[i] = f(self.0[i], self.0[i + n]);
            }
            n /= 2;
        }
        self.0[0].0
    }

    /// The sum of all lanes.
    #[inline(always)]
    pub fn sum(self) -> F {
        self.reduce(|a, b| a + b)
    }
}

macro_rules! operators {
    ($($Op:ident $op:ident;)*) => { $(
        impl<F: Float, const FMA: bool> std::ops::$Op for Lanes<F, FMA> {
            type Output = Self;
            #[inline(always)]
            fn $op(self, other: Self) -> Self {
                self.zip(other, |x, y| x.$op(y))
            }
        }
    )* };
}
operators! {
    Add add;
    Sub sub;
    Mul mul;
}

/// Folds a row block by block, from `init`; the last block is filled up with `fill`.
#[inline(always)]
pub fn fold<F: Float, const FMA: bool>(
    row: &[F],
    fill: F,
    init: F,
    f: impl Fn(Lane<F, FMA>, Lane<F, FMA>) -> Lane<F, FMA>,
) -> Lanes<F, FMA> {
    let mut sum = Lanes::splat(init);
    for at in (0..row.len()).step_by(WIDTH) {
        sum = sum.zip(Lanes::load(row, at, fill), &f);
    }
    sum
}

/// Numbers that [`sum_of`] computes before it adds them: they stay in the first-level cache.
const BUFFER: usize = 256;

/// `out = f(x)`: a loop so plain that the compiler makes the widest vectors of it, however long `f` is.
#[inline(always)]
pub fn map<F: Float, const FMA: bool>(
    x: &[F],
    out: &mut [F],
    f: impl Fn(Lane<F, FMA>) -> Lane<F, FMA>,
) {
    for (out, &x) in out.iter_mut().zip(x) {
        *out = f(Lane(x)).0;
    }
}

/// `x = f(x)`, alike.
#[inline(always)]
pub fn map_in_place<F: Float, const FMA: bool>(
    x: &mut [F],
    f: impl Fn(Lane<F, FMA>) -> Lane<F, FMA>,
) {
    for x in x {
        *x = f(Lane(*x)).0;
    }
}

/// Σ f(x), by [`map`].
#[inline(always)]
pub fn sum_of<F: Float, const FMA: bool>(x: &[F], f: impl Fn(Lane<F, FMA>) -> Lane<F, FMA>) -> F {
    let zero = F::zero();
    let (mut buffer, mut sum) = ([zero; BUFFER], Lanes::<F, FMA>::splat(zero));
    for x in x.chunks(BUFFER) {
        let values = &mut buffer[..x.len()];
        map(x, values, &f);
        sum = sum + fold(values, zero, zero, |sum, x| sum + x);
    }
    sum.sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_reach_exactly_to_the_end_of_a_row() {
        for n in [0, 1, WIDTH - 1, WIDTH, WIDTH + 1, 3 * WIDTH + 5] {
            let row: Vec<f64> = (0..n).map(|i| i as f64).collect();
            let sum = fold::<_, false>(&row, 0.0, 0.0, |s, x| s + x).sum();
            assert_eq!(sum, row.iter().sum::<f64>(), "{n}");
            let mut copy = vec![-1.0; n];
            for at in (0..n).step_by(WIDTH) {
                Lanes::<_, false>::load(&row, at, 7.0).store(&mut copy, at);
            }
            assert_eq!(copy, row);
        }
    }

    #[derive(Clone, Copy)]
    struct Weigh;

    impl Rows<f32, 2, 2> for Weigh {
        fn row<const FMA: bool>(self, row: usize, [x, w]: [&[f32]; 2], [y, sum]: [&mut [f32]; 2]) {
            for (y, x) in y.iter_mut().zip(x) {
                *y = w[0] * x;
                sum[0] += *y;
            }
            sum[1] = row as f32;
        }
    }

    #[test]
    fn every_row_is_worked_on_once() {
        let (n, width) = (1001, 3);
        let x: Vec<f32> = (0..n * width).map(|i| i as f32).collect();
        let w: Vec<f32> = (0..n).map(|i| (i % 7) as f32).collect();
        for work in [0, 1 << 24] {
            let (mut y, mut sums) = (vec![0.0; n * width], vec![0.0; 2 * n]);
            run(Weigh, n, work, [&x, &w], [&mut y, &mut sums]);
            assert_eq!(collect(Weigh, n, work, [&x, &w], [width, 2]), [y.clone(), sums.clone()]);
            for (i, row) in y.chunks(width).enumerate() {
                let expected: Vec<f32> = x[i * width..][..width].iter().map(|x| x * w[i]).collect();
                assert_eq!(row, expected);
                assert_eq!(sums[2 * i..][..2], [expected.iter().sum(), i as f32]);
            }
        }
        run(Weigh, 0, 0, [&[], &[]], [&mut [], &mut []]);
        assert_eq!(collect(Weigh, 0, 0, [&[], &[]], [3, 2]), [vec![], vec![]]);
    }
}
