//! The cache blocking around the register tile, for x86-64 with AVX2 and FMA.
//!
//! `C` is cut into rectangles, one piece of work each. Inside a rectangle `k` runs in blocks, so that a
//! packed panel of `B` stays in the first-level cache while tiles of rows pass over it:
//!
//! ```text
//! for each block of k:            pack the rectangle's panels of B
//!   for each block of rows:       these rows of A stay in the second-level cache
//!     for each panel of B:        stays in the first-level cache
//!       for each tile of rows:    sums stay in registers
//! ```
//!
//! `A` is never packed. Where `B` is transposed and `A` is the smaller, the transposed product
//! `Cᵀ = Bᵀ · Aᵀ` runs instead: the large matrix is then read as it lies.

use std::ops::Range;
use std::ptr;

use smallvec::SmallVec;

use super::pack::{pack, panels, with_scratch};
use super::tile::{MAX_ROWS, Reading, Row, Strip, Target, strip};
use super::vector::lanes;
use super::{Mat, Store, work};
use crate::Float;
use crate::kernels::par;

/// Most rows of `B` in a block: a panel of 16 `f32` columns is then 24 KiB.
const BLOCK_K: usize = 400;
/// Most rows of `A` in a block.
const BLOCK_ROWS: usize = 96;
/// Rectangles that a large product is cut into.
const PIECES: usize = 16;
/// Fewest multiply-adds in a piece: some microseconds.
const PIECE: usize = 1 << 18;
/// Fewest `k` at which storing a transposed tile costs little beside computing it.
const SWAP_FROM: usize = 64;

/// A pointer that may cross threads: each piece of work touches its own part behind it.
#[derive(Clone, Copy)]
pub(crate) struct Shared<T>(pub(crate) *mut T);
// SAFETY: whoever makes one gives every piece of work a part of its own.
unsafe impl<T> Send for Shared<T> {}
// SAFETY: as above.
unsafe impl<T> Sync for Shared<T> {}

impl<T> Shared<T> {
    /// The pointer (a method, so that a closure captures the whole wrapper).
    pub(crate) fn get(self) -> *mut T {
        self.0
    }
}

/// A product that is ready to run: strides instead of slices, `C` writable at any of its places.
#[derive(Clone, Copy)]
struct Product<'a, F> {
    dims: [usize; 3],
    a: Mat<'a, F>,
    b: Mat<'a, F>,
    c: Shared<F>,
    /// Distances of `C` from row to row and from column to column.
    c_row: usize,
    c_col: usize,
    store: Store,
}

/// See [`super::gemm_then`]; operands are checked, `m` and `n` are not zero.
pub(super) fn gemm<F: Float>(
    [m, n, k]: [usize; 3],
    a: Mat<'_, F>,
    b: Mat<'_, F>,
    c: &mut [F],
    store: Store,
    epilogue: impl Fn(usize, usize, &mut [F]) + Send + Sync,
) {
    let out = Shared(c.as_mut_ptr());
    let swap = b.row == 1 && b.col != 1 && m < n && k >= SWAP_FROM;
    let product = if swap {
        Product { dims: [n, m, k], a: b.t(), b: a.t(), c: out, c_row: 1, c_col: n, store }
    } else {
        Product { dims: [m, n, k], a, b, c: out, c_row: n, c_col: 1, store }
    };
    let [rows, cols] = pieces::<F>(product.dims);
    let [down, across] = [product.dims[0].div_ceil(rows), product.dims[1].div_ceil(cols)];
    let run = |packed: Option<&[F]>, i: usize| {
        let (r, c) = (i / across * rows, i % across * cols);
        let r = r..product.dims[0].min(r + rows);
        let c = c..product.dims[1].min(c + cols);
        // SAFETY: the caller checked the operands, and every piece is a rectangle of its own.
        let multiply = |packed: &[F], from: Range<usize>| unsafe {
            product.multiply(r.clone(), c.clone(), packed, from);
        };
        match packed {
            Some(packed) => multiply(packed, 0..product.dims[1]),
            None => product.with_packed(c.clone(), |packed| multiply(packed, c.clone())),
        }
        let (r, c) = if swap { (c, r) } else { (r, c) };
        for row in r {
            // SAFETY: this part of the row lies in this piece's rectangle, which is done.
            let part = unsafe {
                std::slice::from_raw_parts_mut(out.get().add(row * n + c.start), c.len())
            };
            epilogue(row, c.start, part);
        }
    };
    if down == 1 {
        par::for_each(across, work([m, n, k]), |i| run(None, i));
    } else {
        product.with_packed(0..product.dims[1], |packed| {
            par::for_each(across * down, work([m, n, k]), |i| run(Some(packed), i));
        });
    }
}

/// The size of a piece of `C`: columns are cut first (no packing is done twice), in whole panels; then
/// rows, never so thin that packing `B` for them would show.
fn pieces<F>([m, n, k]: [usize; 3]) -> [usize; 2] {
    let count = (m * n * k / PIECE).clamp(1, PIECES);
    let panel = 2 * lanes::<F>();
    let cols = n.div_ceil(count).next_multiple_of(2 * panel);
    let across = n.div_ceil(cols);
    let rows = m.div_ceil(count.div_ceil(across)).max(8 * MAX_ROWS);
    [rows.next_multiple_of(12), cols]
}

impl<F: Float> Product<'_, F> {
    /// The block of `k` that begins at `from`.
    fn depth(&self) -> usize {
        let k = self.dims[2];
        k.div_ceil(k.div_ceil(BLOCK_K).max(1))
    }

    /// Runs `f` on a copy of some columns of `B`: block of `k` by block of `k`, panel by panel.
    fn with_packed<R>(&self, cols: Range<usize>, f: impl FnOnce(&[F]) -> R) -> R {
        let (k, depth) = (self.dims[2], self.depth());
        let width: usize = panels::<F>(cols.len()).map(|p| p.width::<F>()).sum();
        with_scratch(width * k, |packed: &mut [F]| {
            let mut at = 0;
            for from in (0..k).step_by(depth) {
                let depth = depth.min(k - from);
                for panel in panels::<F>(cols.len()) {
                    let len = panel.width::<F>() * depth;
                    let first = from * self.b.row + (cols.start + panel.first) * self.b.col;
                    // SAFETY: `depth` rows of these columns lie in the operand, which was checked.
                    unsafe {
                        let b = self.b.data.as_ptr().add(first);
                        let strides = [self.b.row, self.b.col];
                        pack(b, strides, depth, panel, &mut packed[at..at + len]);
                    }
                    at += len;
                }
            }
            f(packed)
        })
    }

    /// Computes one rectangle of `C` for which `packed` holds `B`'s columns from `origin` on, of which
    /// the rectangle's are a part.
    ///
    /// # Safety
    /// The operands cover `dims`, the rectangle lies in `C`, and nobody else touches it.
    unsafe fn multiply(
        &self,
        rows: Range<usize>,
        cols: Range<usize>,
        packed: &[F],
        all: Range<usize>,
    ) {
        static WHOLE: [u32; 1] = [0];
        let (k, depth) = (self.dims[2], self.depth());
        let mut at = 0;
        for from in (0..k).step_by(depth) {
            let depth = depth.min(k - from);
            let how =
                Reading { zeros: ptr::null(), segments: [0, 1], len: depth, step: self.a.col };
            let add = self.store == Store::Add || from > 0;
            let first = at;
            for block in rows.clone().step_by(BLOCK_ROWS) {
                let block = block..rows.end.min(block + BLOCK_ROWS);
                let lines: SmallVec<[Row<F>; BLOCK_ROWS]> = block
                    .clone()
                    // SAFETY: these rows lie in the operand.
                    .map(|r| unsafe {
                        self.a.data.as_ptr().add(r * self.a.row + from * self.a.col)
                    })
                    .map(|base| Row { base, taps: WHOLE.as_ptr() })
                    .collect();
                at = first;
                for panel in panels::<F>(all.len()) {
                    let stride = panel.width::<F>();
                    let b = Strip { at: packed[at..].as_ptr(), registers: panel.registers, stride };
                    at += stride * depth;
                    let col = all.start + panel.first;
                    if !cols.contains(&col) {
                        continue;
                    }
                    // SAFETY: rows, panel and target lie in the operands and in the rectangle.
                    unsafe {
                        let to = self.c.get().add(block.start * self.c_row + col * self.c_col);
                        let (row, col) = (self.c_row, self.c_col);
                        strip(&lines, how, b, Target { at: to, row, col, cols: panel.cols, add });
                    }
                }
            }
        }
    }
}
