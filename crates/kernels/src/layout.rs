//! Moving elements: strided reads, transposes, broadcasts, and their inverse.

use smallvec::SmallVec;

use crate::{Float, buffers, par};

/// Axes of a strided walk, outermost first: length and step in elements.
type Walk = SmallVec<[(usize, isize); 6]>;

/// Output elements a task takes at once.
const CHUNK: usize = 1 << 14;

/// Edge of the squares that a transpose turns at once: a cache line of `f32`.
const TILE: usize = 16;

/// Edge of the squares that a transpose goes through one after another: few enough pages on both sides, and runs
/// long enough to be fetched ahead.
const BLOCK: usize = 64;

/// The elements of `x` at `start + Σ iₖ·stridesₖ`, for all indices `i` of `shape` in row-major order.
pub fn read<F: Copy + Default + Send + Sync>(
    x: &[F],
    start: usize,
    shape: &[usize],
    strides: &[isize],
) -> Vec<F> {
    let len = shape.iter().product();
    if len == 0 {
        return Vec::new();
    }
    let walk = merged(shape, strides);
    if let [(_, 0)] = *walk {
        return buffers::filled(len, x[start]);
    }
    let mut out = vec![F::default(); len];
    let Some((&(inner, step), outer)) = walk.split_last() else {
        out[0] = x[start];
        return out;
    };
    if step.unsigned_abs() > 1
        && let Some(k) = outer.iter().position(|&(_, s)| s == 1)
    {
        transpose(x, start, outer, k, (inner, step), &mut out);
        return out;
    }
    let rows = (CHUNK / inner).max(1);
    par::chunks_mut(&mut out, rows * inner, len, |i, chunk| {
        let mut at = Odometer::new(outer, start, i * rows);
        for row in chunk.chunks_mut(inner) {
            read_row(x, at.offset, step, row);
            at.advance();
        }
    });
    out
}

fn read_row<F: Copy>(x: &[F], at: usize, step: isize, row: &mut [F]) {
    match step {
        0 => row.fill(x[at]),
        1 => row.copy_from_slice(&x[at..][..row.len()]),
        2.. => {
            for (o, &x) in row.iter_mut().zip(x[at..].iter().step_by(step as usize)) {
                *o = x;
            }
        }
        _ => {
            let back = step.unsigned_abs();
            for (o, &x) in row.iter_mut().zip(x[..=at].iter().rev().step_by(back)) {
                *o = x;
            }
        }
    }
}

/// [`read`] where the elements of `outer[k]`, not of the innermost axis, are neighbours in `x`.
fn transpose<F: Copy + Default + Send + Sync>(
    x: &[F],
    start: usize,
    outer: &[(usize, isize)],
    k: usize,
    (inner, step): (usize, isize),
    out: &mut [F],
) {
    let (before, n, between) = (&outer[..k], outer[k].0, &outer[k + 1..]);
    let planes: usize = between.iter().map(|a| a.0).product();
    let row = planes * inner;
    let work = 2 * out.len();
    let mut at = Odometer::new(before, start, 0);
    // Chunks of whole rows of tiles, within one index of the axes before `k`.
    for block in out.chunks_mut(n * row) {
        let start = at.offset;
        let rows = (CHUNK / row).clamp(1, n).next_multiple_of(BLOCK);
        par::chunks_mut(block, rows * row, work, |i, chunk| {
            let mut plane = Odometer::new(between, start + i * rows, 0);
            for p in 0..planes {
                transpose_plane(x, plane.offset, step, &mut chunk[p * inner..], row, inner);
                plane.advance();
            }
        });
        at.advance();
    }
}

/// `out[r·row + c] = x[at + r + c·step]` for `c < inner` and every row `r` of `out`.
fn transpose_plane<F: Copy + Default>(
    x: &[F],
    at: usize,
    step: isize,
    out: &mut [F],
    row: usize,
    inner: usize,
) {
    let rows = out.len().div_ceil(row);
    let mut tile = [[F::default(); TILE]; TILE];
    for (r0, r1) in steps(0, rows, BLOCK) {
        for (c0, c1) in steps(0, inner, BLOCK) {
            for (c, end) in steps(c0, c1, TILE) {
                for (r, bottom) in steps(r0, r1, TILE) {
                    // Whole cache lines are read, turned and written: rows whose distance is a power of two would drive
                    // one another out of the cache if a line were visited more than once.
                    for (i, lane) in (c..end).zip(&mut tile) {
                        let from = (at + r).wrapping_add_signed(i as isize * step);
                        lane[..bottom - r].copy_from_slice(&x[from..][..bottom - r]);
                    }
                    turn(&mut tile);
                    for (i, lane) in (r..bottom).zip(&tile) {
                        out[i * row + c..][..end - c].copy_from_slice(&lane[..end - c]);
                    }
                }
            }
        }
    }
}

/// The ends of steps of `size` from `start` to `end`; the last may be shorter.
fn steps(start: usize, end: usize, size: usize) -> impl Iterator<Item = (usize, usize)> {
    (start..end).step_by(size).map(move |i| (i, end.min(i + size)))
}

/// Transposes a square in place.
fn turn<F: Copy>(tile: &mut [[F; TILE]; TILE]) {
    for r in 1..TILE {
        let (above, below) = tile.split_at_mut(r);
        for (c, other) in above.iter_mut().enumerate() {
            std::mem::swap(&mut other[r], &mut below[0][c]);
        }
    }
}

/// The inverse of [`read`]: writes `x` to `start + Σ iₖ·stridesₖ` of `out`, for all indices `i` of `shape`.
pub fn write<F: Copy>(x: &[F], out: &mut [F], start: usize, shape: &[usize], strides: &[isize]) {
    place(x, out, start, shape, strides, |out, x| *out = x);
}

/// As [`write()`], but adds.
pub fn add<F: Float>(x: &[F], out: &mut [F], start: usize, shape: &[usize], strides: &[isize]) {
    place(x, out, start, shape, strides, |out, x| *out += x);
}

#[inline(always)]
fn place<F: Copy>(
    x: &[F],
    out: &mut [F],
    start: usize,
    shape: &[usize],
    strides: &[isize],
    put: impl Fn(&mut F, F),
) {
    if x.is_empty() {
        return;
    }
    let walk = merged(shape, strides);
    let Some((&(inner, step), outer)) = walk.split_last() else {
        put(&mut out[start], x[0]);
        return;
    };
    let mut at = Odometer::new(outer, start, 0);
    for row in x.chunks(inner) {
        match step {
            1 => out[at.offset..][..inner].iter_mut().zip(row).for_each(|(out, &x)| put(out, x)),
            _ => {
                for (i, &x) in row.iter().enumerate() {
                    put(&mut out[at.offset.wrapping_add_signed(i as isize * step)], x);
                }
            }
        }
        at.advance();
    }
}

/// The axes longer than 1, neighbours that are walked in one stride taken together.
fn merged(shape: &[usize], strides: &[isize]) -> Walk {
    let mut walk = Walk::new();
    for (&n, &step) in shape.iter().zip(strides) {
        match walk.last_mut() {
            _ if n == 1 => {}
            Some((len, outer)) if *outer == n as isize * step => (*len, *outer) = (*len * n, step),
            _ => walk.push((n, step)),
        }
    }
    walk
}

/// Counts through the indices of some axes, and knows where in memory it is.
struct Odometer<'a> {
    axes: &'a [(usize, isize)],
    index: SmallVec<[usize; 6]>,
    offset: usize,
}

impl<'a> Odometer<'a> {
    /// At the `i`-th index.
    fn new(axes: &'a [(usize, isize)], start: usize, mut i: usize) -> Self {
        let mut index = SmallVec::from_elem(0, axes.len());
        let mut offset = start;
        for (k, &(n, step)) in axes.iter().enumerate().rev() {
            index[k] = i % n;
            offset = offset.wrapping_add_signed(index[k] as isize * step);
            i /= n;
        }
        Self { axes, index, offset }
    }

    fn advance(&mut self) {
        for (i, &(n, step)) in self.index.iter_mut().zip(self.axes).rev() {
            *i += 1;
            self.offset = self.offset.wrapping_add_signed(step);
            if *i < n {
                return;
            }
            self.offset = self.offset.wrapping_add_signed(-(n as isize) * step);
            *i = 0;
        }
    }
}

/// Rows made of one piece of every part; a part is its elements and the length of its pieces.
pub fn concat<F: Copy>(parts: &[(&[F], usize)]) -> Vec<F> {
    let mut out = Vec::with_capacity(parts.iter().map(|p| p.0.len()).sum());
    let rows = parts.iter().find(|p| p.1 > 0).map_or(0, |p| p.0.len() / p.1);
    for row in 0..rows {
        for &(x, n) in parts {
            out.extend_from_slice(&x[row * n..][..n]);
        }
    }
    out
}
