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

use super::pack::{Panel, pack, panels, with_scratch};
use super::tile::{MAX_ROWS, Reading, Row, Strip, Target, strip};
use super::vector::lanes;
use super::{Mat, Store, outer, row_product, vector_product, work};
use crate::par;
use crate::shared::SharedMut;
use crate::{Float, buffers};

/// Most bytes of a panel of `B` in a block of `k`: three quarters of the first-level cache.
const PANEL_BYTES: usize = 25_600;
/// Up to this many rows of `C`, `B` is read where it lies: a copy would cost more than it saves.
const DIRECT_ROWS: usize = 2 * MAX_ROWS;
/// Rows of `C` from which pieces are cut by rows, so that `A` is read only once.
const MANY_ROWS: usize = 1536;
/// Most rows of `A` in a block.
const BLOCK_ROWS: usize = 96;
/// Multiply-adds in a piece of a small product, which is cut into up to [`FEW`] pieces: some microseconds.
const SMALL_PIECE: usize = 1 << 19;
const FEW: usize = 4;
/// Multiply-adds in a piece of a large product, which is cut into up to [`MANY`] pieces: every piece packs its
/// own columns of `B`, which is worth it only if much is done with them.
const LARGE_PIECE: usize = 1 << 23;
const MANY: usize = 16;
/// Fewest `k` at which storing a transposed tile costs little beside computing it.
const SWAP_FROM: usize = 64;

/// A product that is ready to run: strides instead of slices, `C` writable at any of its places.
#[derive(Clone, Copy)]
struct Product<'a, F> {
    dims: [usize; 3],
    a: Mat<'a, F>,
    b: Mat<'a, F>,
    c: SharedMut<'a, F>,
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
    if is_outer([n, k], b) {
        return outer::run(n, a, b.data, c, store, epilogue);
    }
    let Some(vector) = Vector::of::<F>([m, n], a, b) else {
        // SAFETY: `c` is borrowed, and the caller checked its length.
        return unsafe { tiled([m, n, k], a, b, SharedMut::new(c), store, epilogue) };
    };
    let along_row = |col: usize, part: &mut [F]| epilogue(0, col, part);
    let along_column = |first: usize, part: &mut [F]| {
        for (i, c) in part.iter_mut().enumerate() {
            epilogue(first + i, 0, std::slice::from_mut(c));
        }
    };
    match (vector, m) {
        (Vector::Inner, 1) => vector_product::run(k, b.t(), a.data, c, store, along_row),
        (Vector::Inner, _) => vector_product::run(k, a, b.data, c, store, along_column),
        (Vector::Rows, 1) => row_product::run(k, a, b, c, store, along_row),
        (Vector::Rows, _) => row_product::run(k, b.t(), a.t(), c, store, along_column),
    }
}

/// See [`super::product_then`]; operands are checked, no dimension is zero.
pub(super) fn product<F: Float>(
    [m, n, k]: [usize; 3],
    a: Mat<'_, F>,
    b: Mat<'_, F>,
    epilogue: impl Fn(usize, usize, &mut [F]) + Send + Sync,
) -> Vec<F> {
    if is_outer([n, k], b) || Vector::of::<F>([m, n], a, b).is_some() {
        let mut c = buffers::zeros(m * n);
        gemm([m, n, k], a, b, &mut c, Store::Set, epilogue);
        return c;
    }
    let size = m.checked_mul(n).expect("a product that fits in memory");
    let mut c = buffers::reserve(size);
    // SAFETY: there is room for `C`, and with `Store::Set` every element of it is written, before any is read.
    unsafe {
        tiled([m, n, k], a, b, SharedMut::of_new(&mut c, size), Store::Set, epilogue);
        c.set_len(size);
    }
    c
}

/// Whether the operands are a column and a row whose numbers lie without gaps.
fn is_outer<F>([n, k]: [usize; 2], b: Mat<'_, F>) -> bool {
    k == 1 && (b.col == 1 || n == 1)
}

/// How a product with a vector runs, which depends on where the numbers of the other operand lie without gaps.
#[derive(Clone, Copy)]
enum Vector {
    /// Along `k`: inner products of contiguous slices.
    Inner,
    /// Along `C`: weighted sums of contiguous rows.
    Rows,
}

impl Vector {
    fn of<F>([m, n]: [usize; 2], a: Mat<'_, F>, b: Mat<'_, F>) -> Option<Self> {
        let (row, column) = (m == 1, n == 1);
        if (row || column) && a.col == 1 && b.row == 1 {
            Some(Self::Inner)
        } else if (row && b.col == 1 || column && a.row == 1) && m.max(n) >= lanes::<F>() {
            Some(Self::Rows)
        } else {
            None
        }
    }
}

/// # Safety
/// The operands cover the dimensions, none of which is zero; `out` has `m · n` elements, for this call alone, and they are
/// initialised if the store adds.
unsafe fn tiled<F: Float>(
    [m, n, k]: [usize; 3],
    a: Mat<'_, F>,
    b: Mat<'_, F>,
    out: SharedMut<'_, F>,
    store: Store,
    epilogue: impl Fn(usize, usize, &mut [F]) + Send + Sync,
) {
    let swap = b.row == 1 && b.col != 1 && m < n && k >= SWAP_FROM;
    let product = if swap {
        Product { dims: [n, m, k], a: b.t(), b: a.t(), c: out, c_row: 1, c_col: n, store }
    } else {
        Product { dims: [m, n, k], a, b, c: out, c_row: n, c_col: 1, store }
    };
    let cut = Cut::new::<F>(product.dims);
    let run = |packed: Option<&[F]>, i: usize| {
        let [r, c] = cut.piece(product.dims, i);
        // SAFETY: the caller checked the operands, and every piece is a rectangle of its own.
        let multiply = |packed: &[F]| unsafe { product.multiply(r.clone(), c.clone(), packed) };
        match packed {
            Some(packed) => multiply(packed),
            None => product.with_packed(c.clone(), multiply),
        }
        let (r, c) = if swap { (c.clone(), r.clone()) } else { (r.clone(), c.clone()) };
        for row in r {
            // SAFETY: this part of the row lies in this piece's rectangle, which is done.
            let part = unsafe { out.part(row * n + c.start..row * n + c.end) };
            epilogue(row, c.start, part);
        }
    };
    match cut {
        Cut::Columns(_) => {
            par::for_each(cut.pieces(product.dims), work([m, n, k]), |i| run(None, i))
        }
        Cut::Rows(_) => product.with_packed(0..product.dims[1], |packed| {
            par::for_each(cut.pieces(product.dims), work([m, n, k]), |i| run(Some(packed), i));
        }),
    }
}

/// How `C` is cut into pieces: into so many columns or rows each.
#[derive(Clone, Copy)]
enum Cut {
    /// Each piece packs its own columns of `B`.
    Columns(usize),
    /// `B` is packed once for all pieces.
    Rows(usize),
}

impl Cut {
    fn new<F>([m, n, k]: [usize; 3]) -> Self {
        let products = m * n * k;
        let count = (products / SMALL_PIECE).min(FEW).max((products / LARGE_PIECE).min(MANY));
        // A power of two, so that two or four threads get equal shares.
        let count = 1 << count.max(1).ilog2();
        let (least_rows, least_cols) = (4 * MAX_ROWS, 4 * lanes::<F>());
        let (by_rows, by_cols) = (m / least_rows, n / least_cols);
        if m >= MANY_ROWS || by_cols < count.min(by_rows) {
            Cut::Rows(m.div_ceil(count).max(least_rows).next_multiple_of(2 * MAX_ROWS))
        } else {
            Cut::Columns(n.div_ceil(count).next_multiple_of(least_cols))
        }
    }

    fn pieces(self, [m, n, _]: [usize; 3]) -> usize {
        match self {
            Cut::Columns(cols) => n.div_ceil(cols),
            Cut::Rows(rows) => m.div_ceil(rows),
        }
    }

    /// The rows and columns of the `i`-th piece.
    fn piece(self, [m, n, _]: [usize; 3], i: usize) -> [Range<usize>; 2] {
        match self {
            Cut::Columns(cols) => [0..m, i * cols..n.min((i + 1) * cols)],
            Cut::Rows(rows) => [i * rows..m.min((i + 1) * rows), 0..n],
        }
    }
}

impl<F: Float> Product<'_, F> {
    /// The length of a block of `k`.
    fn depth(&self) -> usize {
        let k = self.dims[2];
        let width = self.dims[1].next_multiple_of(lanes::<F>()).min(3 * lanes::<F>());
        let most = PANEL_BYTES / (width * size_of::<F>());
        // Columns of `A` that lie apart take a cache line each beside the panel.
        let most = if self.a.col == 1 { most } else { most / 2 };
        k.div_ceil(k.div_ceil(most))
    }

    /// Whether this panel of `B` is read where it lies.
    fn is_direct(&self, panel: Panel) -> bool {
        self.dims[0] <= DIRECT_ROWS && self.b.col == 1 && panel.cols == panel.width::<F>()
    }

    /// The place in `B` where row `k` of a panel begins.
    fn panel(&self, k: usize, col: usize) -> *const F {
        self.b.data[k * self.b.row + col * self.b.col..].as_ptr()
    }

    /// Runs `f` on a copy of some columns of `B`: block of `k` by block of `k`, panel by panel.
    fn with_packed<R>(&self, cols: Range<usize>, f: impl FnOnce(&[F]) -> R) -> R {
        let (k, depth) = (self.dims[2], self.depth());
        let panels = || panels::<F>(cols.len()).filter(|&panel| !self.is_direct(panel));
        let width: usize = panels().map(|p| p.width::<F>()).sum();
        with_scratch(width * k, |packed: &mut [F]| {
            let mut rest = &mut packed[..];
            for from in (0..k).step_by(depth) {
                let depth = depth.min(k - from);
                for panel in panels() {
                    let (to, others) = rest.split_at_mut(panel.width::<F>() * depth);
                    let b = self.panel(from, cols.start + panel.first);
                    // SAFETY: `depth` rows of these columns lie in the operand, which was checked.
                    unsafe { pack(b, [self.b.row, self.b.col], depth, panel, to) };
                    rest = others;
                }
            }
            f(packed)
        })
    }

    /// Computes one rectangle of `C`; `packed` holds its columns of `B`.
    ///
    /// # Safety
    /// The operands cover `dims`, the rectangle lies in `C`, and nobody else touches it.
    unsafe fn multiply(&self, rows: Range<usize>, cols: Range<usize>, packed: &[F]) {
        let (k, depth) = (self.dims[2], self.depth());
        let mut at = 0;
        for from in (0..k).step_by(depth) {
            let depth = depth.min(k - from);
            let panels = panels::<F>(cols.len()).map(|panel| {
                let (registers, stride) = (panel.registers, panel.width::<F>());
                let col = cols.start + panel.first;
                if self.is_direct(panel) {
                    return (
                        panel,
                        Strip { at: self.panel(from, col), registers, stride: self.b.row },
                    );
                }
                let strip = Strip { at: packed[at..].as_ptr(), registers, stride };
                at += stride * depth;
                (panel, strip)
            });
            let panels: SmallVec<[(Panel, Strip<F>); 32]> = panels.collect();
            for block in rows.clone().step_by(BLOCK_ROWS) {
                let block = block..rows.end.min(block + BLOCK_ROWS);
                let lines = self.lines(block.clone(), from);
                let add = self.store == Store::Add || from > 0;
                let segments = [0, 1];
                let how = Reading { zeros: ptr::null(), segments, len: depth, step: self.a.col };
                for &(Panel { first, cols: width, .. }, b) in &panels {
                    // SAFETY: rows, panel and target lie in the operands and in the rectangle.
                    unsafe {
                        let (row, col) = (self.c_row, self.c_col);
                        let col_from = cols.start + first;
                        let start = block.start * row + col_from * col;
                        let last = (block.end - 1) * row + (col_from + width - 1) * col;
                        let at = self.c.at(start..last + 1);
                        strip(&lines, how, b, Target { at, row, col, cols: width, add });
                    }
                }
            }
        }
    }

    /// Rows of `A`, from column `k` on.
    fn lines(&self, rows: Range<usize>, k: usize) -> SmallVec<[Row<F>; BLOCK_ROWS]> {
        static WHOLE: [u32; 1] = [0];
        let base = |row: usize| self.a.data[row * self.a.row + k * self.a.col..].as_ptr();
        rows.map(|row| Row { base: base(row), taps: WHOLE.as_ptr() }).collect()
    }
}
