//! The register tile: up to 6 × 16 (or 4 × 24) sums of `f32` held in AVX registers while `k` runs.
//!
//! A step of `k` loads one row of `B` (one to three registers) and multiplies it by one number of each
//! row of `A`: twelve fused multiply-adds on twelve independent sums, which is what two FMA units of
//! latency four need to stay busy, from at most eight loads.
//!
//! Rows of `A` are read where they lie, through pointers: a plain matrix is one segment of `k`, a
//! convolution one segment for each tap of its window, so no im2col matrix is ever written.

use super::OUTSIDE;
use super::vector::Simd;
use crate::Float;

/// Most rows of a tile.
pub(crate) const MAX_ROWS: usize = 6;

/// Steps of `k` in a turn of the inner loop, where numbers lie without gaps: counting takes three instructions a
/// turn, beside the twenty of a step. They cost little on a core alone, and a tenth of the speed where two threads
/// share one.
const UNROLLED: usize = 4;

/// Rows of a tile that is `registers` wide: what leaves room for the row of `B` among 16 registers.
pub(crate) const fn tile_rows(registers: usize) -> usize {
    if registers == 3 { 3 } else { MAX_ROWS }
}

/// One row of `A`: where it begins, and how far from there each of its segments lies.
#[derive(Clone, Copy)]
pub(crate) struct Row<F> {
    pub(crate) base: *const F,
    pub(crate) taps: *const u32,
}

/// How rows of `A` are read.
#[derive(Clone, Copy)]
pub(crate) struct Reading<F> {
    /// Read instead of a segment that is [`OUTSIDE`]; `len` zeros.
    pub(crate) zeros: *const F,
    /// The segments that are read, as a range.
    pub(crate) segments: [usize; 2],
    /// Numbers in a segment.
    pub(crate) len: usize,
    /// Distance between neighbours in a segment.
    pub(crate) step: usize,
}

/// A panel of `B`: one to three registers wide, its rows at a distance of `stride`.
#[derive(Clone, Copy)]
pub(crate) struct Strip<F> {
    pub(crate) at: *const F,
    pub(crate) registers: usize,
    pub(crate) stride: usize,
}

/// Where a tile of sums goes.
#[derive(Clone, Copy)]
pub(crate) struct Target<F> {
    pub(crate) at: *mut F,
    /// Distance from row to row and from column to column.
    pub(crate) row: usize,
    pub(crate) col: usize,
    /// Columns that are stored; the tile may be wider.
    pub(crate) cols: usize,
    /// Whether to add to what is there.
    pub(crate) add: bool,
}

/// A pixel of the input and the pixel of the output gradient that it meets under one tap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Meeting {
    /// Offset of the input pixel, in numbers.
    pub(crate) input: u32,
    /// Offset of the output pixel, in pixels.
    pub(crate) output: u32,
}

/// `C (=|+=) rows · B` for all of `rows`, cut into tiles, and one panel of `B`.
///
/// # Safety
/// AVX2 and FMA; all rows readable over all segments, unless there are zeros to read instead; `b`
/// readable for `segments · len` rows of the panel; `c` writable for `rows.len() × c.cols`.
pub(crate) unsafe fn strip<F: Float>(rows: &[Row<F>], how: Reading<F>, b: Strip<F>, c: Target<F>) {
    // SAFETY: the caller's promise.
    unsafe {
        match b.registers {
            1 => rows_strip::<F, 1>(rows, how, b.at, b.stride, c),
            2 => rows_strip::<F, 2>(rows, how, b.at, b.stride, c),
            3 => rows_strip::<F, 3>(rows, how, b.at, b.stride, c),
            wide => unreachable!("a panel of {wide} registers"),
        }
    }
}

/// Cuts `len` rows into tiles of at most `most` rows that differ by at most one: `(first, height)`.
pub(crate) fn tiles(len: usize, most: usize) -> impl Iterator<Item = (usize, usize)> {
    let count = len.div_ceil(most);
    let (height, higher) = (len / count.max(1), len % count.max(1));
    (0..count).map(move |i| (i * height + i.min(higher), height + usize::from(i < higher)))
}

/// # Safety
/// See [`strip`].
#[target_feature(enable = "avx2,fma")]
unsafe fn rows_strip<T: Simd, const W: usize>(
    rows: &[Row<T>],
    how: Reading<T>,
    b: *const T,
    stride: usize,
    c: Target<T>,
) {
    for (first, height) in tiles(rows.len(), tile_rows(W)) {
        // SAFETY: the tiles partition the rows.
        unsafe {
            let c = Target { at: c.at.add(first * c.row), ..c };
            let rows = rows.as_ptr().add(first);
            match height {
                1 => rows_times::<T, 1, W>(rows, how, b, stride, c),
                2 => rows_times::<T, 2, W>(rows, how, b, stride, c),
                3 => rows_times::<T, 3, W>(rows, how, b, stride, c),
                _ if W == 3 => unreachable!("tiles of three registers have three rows"),
                4 => rows_times::<T, 4, W>(rows, how, b, stride, c),
                5 => rows_times::<T, 5, W>(rows, how, b, stride, c),
                _ => rows_times::<T, 6, W>(rows, how, b, stride, c),
            }
        }
    }
}

/// `C += Σ over meetings of x(input pixel)ᵀ · g(output pixel)`, the weight gradient of one tap, for
/// `height` channels of the input from `x` on and `registers` registers of channels of the output.
///
/// # Safety
/// AVX2 and FMA; `x` readable for `height` numbers at every `input`; `g` readable for the registers
/// at every `output`, counted in panel rows; `c` writable for `height × c.cols`.
pub(crate) unsafe fn tile_meetings<F: Float>(
    [height, registers]: [usize; 2],
    meetings: &[Meeting],
    x: *const F,
    g: *const F,
    c: Target<F>,
) {
    macro_rules! tile {
        ($($h:literal $w:literal),*) => {
            // SAFETY: the caller's promise.
            unsafe {
                match (height, registers) {
                    $(($h, $w) => pixels_times::<F, $h, $w>(meetings, x, g, c),)*
                    _ => unreachable!("no tile of {height} rows and {registers} registers"),
                }
            }
        };
    }
    tile!(1 1, 2 1, 3 1, 4 1, 5 1, 6 1, 1 2, 2 2, 3 2, 4 2, 5 2, 6 2, 1 3, 2 3, 3 3);
}

/// One step of `k`: `sums[m] += rows[m][at] · b`, where `b` is a row of a panel.
///
/// # Safety
/// AVX2 and FMA; every row readable at `at`, `b` readable for the panel's registers.
#[inline(always)]
unsafe fn add_products<T: Simd, const M: usize, const W: usize>(
    sums: &mut [[T::Register; W]; M],
    rows: [*const T; M],
    at: usize,
    b: *const T,
) {
    // SAFETY: the caller's promise.
    unsafe {
        let mut line = [T::zeros(); W];
        for (w, v) in line.iter_mut().enumerate() {
            *v = T::load(b.add(w * T::LANES));
        }
        for m in 0..M {
            let x = T::splat(rows[m].add(at));
            for w in 0..W {
                sums[m][w] = T::fma(x, line[w], sums[m][w]);
            }
        }
    }
}

/// One tile of [`strip`].
///
/// # Safety
/// See [`strip`].
#[target_feature(enable = "avx2,fma")]
unsafe fn rows_times<T: Simd, const M: usize, const W: usize>(
    tile: *const Row<T>,
    how: Reading<T>,
    b: *const T,
    stride: usize,
    c: Target<T>,
) {
    // SAFETY: every pointer stays inside what the caller of `strip` promises.
    unsafe {
        let mut sums = [[T::zeros(); W]; M];
        let mut b = b;
        for s in how.segments[0]..how.segments[1] {
            let mut rows = [how.zeros; M];
            for (m, row) in rows.iter_mut().enumerate() {
                let from = *tile.add(m);
                let tap = *from.taps.add(s);
                if tap != OUTSIDE {
                    *row = from.base.add(tap as usize);
                }
            }
            let mut left = how.len;
            if how.step == 1 && stride == W * T::LANES {
                while left >= UNROLLED {
                    for k in 0..UNROLLED {
                        add_products(&mut sums, rows, k, b.add(k * W * T::LANES));
                    }
                    rows = rows.map(|row| row.add(UNROLLED));
                    b = b.add(UNROLLED * W * T::LANES);
                    left -= UNROLLED;
                }
            }
            for k in 0..left {
                add_products(&mut sums, rows, k * how.step, b);
                b = b.add(stride);
            }
        }
        store(sums, c);
    }
}

/// # Safety
/// See [`tile_meetings`].
#[expect(clippy::needless_range_loop, reason = "unrolled: the indices are constants")]
#[target_feature(enable = "avx2,fma")]
unsafe fn pixels_times<T: Simd, const M: usize, const W: usize>(
    meetings: &[Meeting],
    x: *const T,
    g: *const T,
    c: Target<T>,
) {
    // SAFETY: every pointer stays inside what the caller of `tile_meetings` promises.
    unsafe {
        let mut sums = [[T::zeros(); W]; M];
        for meeting in meetings {
            let x = x.add(meeting.input as usize);
            let g = g.add(meeting.output as usize * W * T::LANES);
            let mut line = [T::zeros(); W];
            for (w, v) in line.iter_mut().enumerate() {
                *v = T::load(g.add(w * T::LANES));
            }
            for m in 0..M {
                let x = T::splat(x.add(m));
                for w in 0..W {
                    sums[m][w] = T::fma(x, line[w], sums[m][w]);
                }
            }
        }
        store(sums, c);
    }
}

/// Writes a tile, or adds it to what is there.
///
/// # Safety
/// AVX2; `c` writable for `M × c.cols`.
#[expect(clippy::needless_range_loop, reason = "unrolled: the indices are constants")]
#[inline(always)]
unsafe fn store<T: Simd, const M: usize, const W: usize>(
    sums: [[T::Register; W]; M],
    c: Target<T>,
) {
    // SAFETY: whole registers are stored only where the tile's whole width belongs to `c`; the rest
    // goes number by number, from a buffer that holds the largest tile.
    unsafe {
        if c.cols == W * T::LANES && c.col == 1 {
            for m in 0..M {
                for w in 0..W {
                    let (at, v) = (c.at.add(m * c.row + w * T::LANES), sums[m][w]);
                    T::store(at, if c.add { T::plus(T::load(at), v) } else { v });
                }
            }
            return;
        }
        let mut buffer = [[T::zeros(); W]; M];
        let numbers = buffer.as_mut_ptr().cast::<T>();
        for m in 0..M {
            for w in 0..W {
                T::store(numbers.add((m * W + w) * T::LANES), sums[m][w]);
            }
        }
        for m in 0..M {
            for j in 0..c.cols {
                let (at, v) = (c.at.add(m * c.row + j * c.col), *numbers.add(m * W * T::LANES + j));
                *at = if c.add { *at + v } else { v };
            }
        }
    }
}
