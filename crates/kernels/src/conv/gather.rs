//! The forward pass and the input gradient: a matrix product whose rows of `A` are looked up.
//!
//! For output pixel `i`, row `i` of `A` is the concatenation over taps of the pixels that the window
//! covers; row (t, c) of `B` is `w[t, c, ·]`. The input gradient is the same with the two sides
//! exchanged and each tap's weights transposed.

use super::Geometry;
use super::table::{OUTSIDE, Side, table};
use crate::Float;
use crate::gemm::{Mat, Store, portable};
use crate::par;
#[cfg(target_arch = "x86_64")]
use crate::simd::x86::has_avx2_and_fma;

/// What a gather reads and where its weights lie.
pub(super) struct Gather<'a, F> {
    source: &'a [F],
    w: &'a [F],
    table: Vec<u32>,
    taps: usize,
    groups: usize,
    /// Pixels of an image of the result, and of all of them.
    pixels: usize,
    all_pixels: usize,
    /// Numbers in an image of the source.
    image: usize,
    /// Channels of a group in the source and in the result.
    from: usize,
    to: usize,
    /// Distances in `w` between taps, source channels, result channels and groups.
    w_tap: usize,
    w_from: usize,
    w_to: usize,
    w_group: usize,
    work: usize,
}

/// Fills `out`, the images of `side`, from `source`, those of the other.
pub(super) fn run<F: Float>(
    g: &Geometry,
    side: Side,
    source: &[F],
    w: &[F],
    out: &mut [F],
    epilogue: impl Fn(usize, usize, &mut [F]) + Send + Sync,
) {
    if out.is_empty() {
        return;
    }
    let gather = Gather::new(g, side, source, w);
    #[cfg(target_arch = "x86_64")]
    if !source.is_empty() && has_avx2_and_fma() {
        return gather.blocked(out, epilogue);
    }
    gather.portable(out, epilogue);
}

impl<'a, F: Float> Gather<'a, F> {
    pub(super) fn new(g: &Geometry, side: Side, source: &'a [F], w: &'a [F]) -> Self {
        let (gi, go) = (g.group_in(), g.group_out());
        let (own, other, from, to, w_from, w_to) = match side {
            Side::Output => (g.output, g.input, gi, go, g.out_channels, 1),
            Side::Input => (g.input, g.output, go, gi, 1, g.out_channels),
        };
        let pixels = own[0] * own[1];
        Gather {
            source,
            w,
            table: table(g, side),
            taps: g.taps(),
            groups: g.groups,
            pixels,
            all_pixels: g.batch * pixels,
            image: other[0] * other[1] * from * g.groups,
            from,
            to,
            w_tap: gi * g.out_channels,
            w_from,
            w_to,
            w_group: go,
            work: g.work(),
        }
    }

    /// Through `matrixmultiply`: each tap's pixels are copied together, a block of rows at a time.
    pub(super) fn portable(
        &self,
        out: &mut [F],
        epilogue: impl Fn(usize, usize, &mut [F]) + Send + Sync,
    ) {
        const ROWS: usize = 64;
        let (from, to) = (self.from, self.to);
        let width = self.groups * to;
        par::chunks_mut(out, ROWS * width, self.work, |i, out| {
            out.fill(F::zero());
            let rows = out.len() / width;
            let mut a = vec![F::zero(); rows * from];
            for group in 0..self.groups {
                for tap in 0..self.taps {
                    for (r, a) in a.chunks_mut(from.max(1)).enumerate() {
                        let (image, pixel) = self.pixel(i * ROWS + r);
                        match self.table[pixel * self.taps + tap] {
                            OUTSIDE => a.fill(F::zero()),
                            at => {
                                let at = image * self.image + at as usize + group * from;
                                a.copy_from_slice(&self.source[at..at + from]);
                            }
                        }
                    }
                    let w = &self.w[(tap * self.w_tap + group * self.w_group).min(self.w.len())..];
                    let b = Mat { data: w, row: self.w_from, col: self.w_to };
                    let c = &mut out[group * to..];
                    portable::serial([rows, to, from], Mat::new(&a, from), b, c, width, Store::Add);
                }
            }
            for (r, part) in out.chunks_mut(width).enumerate() {
                epilogue(i * ROWS + r, 0, part);
            }
        });
    }

    /// The image and the pixel in it of a row.
    fn pixel(&self, row: usize) -> (usize, usize) {
        (row / self.pixels, row % self.pixels)
    }
}

#[cfg(target_arch = "x86_64")]
mod blocked {
    //! Through the register tile, which looks pixels up by itself.

    use super::{Gather, par};
    use crate::Float;
    use crate::gemm::pack::{Panel, pack, panels, with_scratch};
    use crate::gemm::tile::{Reading, Row, Strip, Target, strip};
    use crate::shared::SharedMut;

    /// Pieces of work that a large convolution is cut into.
    const PIECES: usize = 16;
    /// Fewest pixels in a piece.
    const ROWS: usize = 48;
    /// Rows of a panel of weights that stay in the first-level cache.
    const BLOCK_K: usize = 400;

    impl<F: Float> Gather<'_, F> {
        /// See [`run`](super::run); `out` and the source are not empty.
        pub(super) fn blocked(
            &self,
            out: &mut [F],
            epilogue: impl Fn(usize, usize, &mut [F]) + Send + Sync,
        ) {
            let rows = self.all_pixels.div_ceil(PIECES).max(ROWS).next_multiple_of(6);
            let down = self.all_pixels.div_ceil(rows);
            let out = SharedMut::new(out);
            let zeros = vec![F::zero(); self.from];
            self.with_packed(|packed| {
                par::for_each(down * self.groups, self.work, |i| {
                    let (i, group) = (i / self.groups, i % self.groups);
                    let rows = i * rows..self.all_pixels.min((i + 1) * rows);
                    let packed = &packed[group * packed.len() / self.groups..];
                    // SAFETY: every piece has its own pixels and channels of `out`.
                    unsafe { self.piece(rows.clone(), group, packed, &zeros, out) };
                    for row in rows {
                        let at = row * self.groups * self.to + group * self.to;
                        // SAFETY: this piece's part of the pixel, which is done.
                        let part = unsafe { out.part(at..at + self.to) };
                        epilogue(row, group * self.to, part);
                    }
                });
            });
        }

        /// Runs `f` on the packed weights: group by group, block of taps by block of taps, panel by
        /// panel.
        fn with_packed<R>(&self, f: impl FnOnce(&[F]) -> R) -> R {
            let width: usize = panels::<F>(self.to).map(|p| p.width::<F>()).sum();
            with_scratch(self.groups * self.taps * self.from * width, |packed: &mut [F]| {
                let mut at = 0;
                for group in 0..self.groups {
                    for taps in self.blocks() {
                        for panel in panels::<F>(self.to) {
                            for tap in taps.clone() {
                                let len = panel.width::<F>() * self.from;
                                self.pack(group, tap, panel, &mut packed[at..at + len]);
                                at += len;
                            }
                        }
                    }
                }
                f(packed)
            })
        }

        fn pack(&self, group: usize, tap: usize, panel: Panel, to: &mut [F]) {
            let first = tap * self.w_tap + group * self.w_group + panel.first * self.w_to;
            let last = first + (self.from - 1) * self.w_from + (panel.cols - 1) * self.w_to;
            assert!(last < self.w.len());
            // SAFETY: `from` rows of the panel's columns end at `last`.
            unsafe {
                let from = self.w.as_ptr().add(first);
                pack(from, [self.w_from, self.w_to], self.from, panel, to);
            }
        }

        /// Taps whose weights stay in cache together.
        fn blocks(&self) -> impl Iterator<Item = std::ops::Range<usize>> + use<F> {
            let taps = self.taps;
            let count = (taps * self.from).div_ceil(BLOCK_K).clamp(1, taps.max(1));
            let block = taps.div_ceil(count).max(1);
            (0..taps).step_by(block).map(move |t| t..taps.min(t + block))
        }

        /// Computes some pixels of one group.
        ///
        /// # Safety
        /// Nobody else touches these pixels' channels of this group in `out`.
        unsafe fn piece(
            &self,
            rows: std::ops::Range<usize>,
            group: usize,
            packed: &[F],
            zeros: &[F],
            out: SharedMut<'_, F>,
        ) {
            let lines: Vec<Row<F>> = rows
                .clone()
                .map(|row| {
                    let (image, pixel) = self.pixel(row);
                    let base = &self.source[image * self.image + group * self.from..];
                    let taps = &self.table[pixel * self.taps..(pixel + 1) * self.taps];
                    Row { base: base.as_ptr(), taps: taps.as_ptr() }
                })
                .collect();
            let width = self.groups * self.to;
            let mut at = 0;
            for taps in self.blocks() {
                let segments = [taps.start, taps.end];
                let how = Reading { zeros: zeros.as_ptr(), segments, len: self.from, step: 1 };
                for panel in panels::<F>(self.to) {
                    let stride = panel.width::<F>();
                    let b = Strip { at: packed[at..].as_ptr(), registers: panel.registers, stride };
                    at += stride * self.from * taps.len();
                    // SAFETY: table entries are pixels of an image, so `from` channels follow; the
                    // target is inside this piece.
                    unsafe {
                        let first = rows.start * width + group * self.to + panel.first;
                        let last = (rows.end - 1) * width + group * self.to + panel.first;
                        let c = Target {
                            at: out.at(first..last + panel.cols),
                            row: width,
                            col: 1,
                            cols: panel.cols,
                            add: taps.start > 0,
                        };
                        strip(&lines, how, b, c);
                    }
                }
            }
        }
    }
}
