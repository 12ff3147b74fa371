//! The weight gradient: for each tap, `Xᵀ · G` over the pairs of pixels that meet under it.

use super::Geometry;
use super::table::{OUTSIDE, Side, table};
use crate::Float;
use crate::gemm::{Mat, Store, portable};
use crate::par;
#[cfg(target_arch = "x86_64")]
use crate::simd::x86::has_avx2_and_fma;
use crate::sums::Totals;

/// Fills `dw`.
pub(super) fn run<F: Float>(g: &Geometry, x: &[F], dy: &[F], dw: &mut [F]) {
    if x.is_empty() || dy.is_empty() {
        dw.fill(F::zero());
        return;
    }
    #[cfg(target_arch = "x86_64")]
    if has_avx2_and_fma() {
        return blocked::run(g, x, dy, dw);
    }
    portable(g, x, dy, dw);
}

/// Through `matrixmultiply`, one tap a piece of work: the input pixels under the tap are copied
/// together, a block at a time.
pub(super) fn portable<F: Float>(g: &Geometry, x: &[F], dy: &[F], dw: &mut [F]) {
    const ROWS: usize = 256;
    let table = table(g, Side::Output);
    let (gi, go, taps) = (g.group_in(), g.group_out(), g.taps());
    let pixels = g.output[0] * g.output[1];
    let image = g.input[0] * g.input[1] * g.in_channels;
    par::chunks_mut(dw, gi * g.out_channels, g.work(), |tap, dw| {
        let mut a = vec![F::zero(); ROWS * gi];
        let mut totals = Totals::new(dw.len());
        for (block, dy) in dy.chunks(ROWS * g.out_channels).enumerate() {
            let rows = dy.len() / g.out_channels;
            for group in 0..g.groups {
                for (r, a) in a.chunks_mut(gi).take(rows).enumerate() {
                    let row = block * ROWS + r;
                    match table[row % pixels * taps + tap] {
                        OUTSIDE => a.fill(F::zero()),
                        at => {
                            let at = row / pixels * image + at as usize + group * gi;
                            a.copy_from_slice(&x[at..at + gi]);
                        }
                    }
                }
                let (a, b) = (Mat::new(&a, gi).t(), Mat::new(&dy[group * go..], g.out_channels));
                let c = &mut dw[group * go..];
                portable::serial([gi, go, rows], a, b, c, g.out_channels, Store::Set);
            }
            totals.add(dw);
        }
        dw.copy_from_slice(&totals.finish());
    });
}

#[cfg(target_arch = "x86_64")]
mod blocked {
    //! Through the register tile: sums over a block of pixels stay in registers.

    use std::ops::Range;

    use super::*;
    use crate::gemm::pack::{pack, panels, with_scratch};
    use crate::gemm::tile::{Meeting, Target, tile_meetings, tile_rows, tiles};
    use crate::shared::SharedMut;

    /// Pieces of work that a gradient is cut into: by input channels, and if these are few by taps too.
    const PIECES: usize = 8;
    /// Output pixels in a block of images, at least: so many steps between loads and stores of the sums.
    const PIXELS: usize = 128;
    /// Pairs of pixels that are summed at a time: their numbers stay in the first-level cache.
    const PAIRS: usize = 128;
    /// Sums of so many pairs that are added to one another without care.
    const FEW_SUMS: usize = 256;

    /// Everything that a piece of work reads.
    struct Weight<'a, F> {
        g: &'a Geometry,
        x: &'a [F],
        /// `dy` as panels of each group: `[groups][panels][pixels × width]`.
        panels: &'a [F],
        /// For each tap, the pixels that meet, over one block of images.
        meetings: Vec<Vec<Meeting>>,
        /// Images in a block.
        block: usize,
    }

    pub(super) fn run<F: Float>(g: &Geometry, x: &[F], dy: &[F], dw: &mut [F]) {
        let (gi, go, taps) = (g.group_in(), g.group_out(), g.taps());
        let pixels = g.output[0] * g.output[1];
        let block = PIXELS.div_ceil(pixels).min(g.batch);
        let width: usize = panels::<F>(go).map(|p| p.width::<F>()).sum();
        dw.fill(F::zero());
        let out = SharedMut::new(dw);
        let parts = PIECES.min(gi.div_ceil(3));
        let bands = PIECES.div_ceil(parts * g.groups).min(taps);
        with_packed(g, dy, width, |packed| {
            let weight = Weight { g, x, panels: packed, meetings: meetings(g, block), block };
            par::for_each(bands * g.groups * parts, g.work(), |i| {
                let (band, group, part) = (i / parts / g.groups, i / parts % g.groups, i % parts);
                let part = Part {
                    taps: band * taps / bands..(band + 1) * taps / bands,
                    group,
                    channels: part * gi / parts..(part + 1) * gi / parts,
                };
                // SAFETY: every piece has a part of `dw` of its own.
                unsafe { weight.piece(&part, out) };
            });
        });
    }

    /// Runs `f` on `dy` as panels, whose rows are aligned for vector loads.
    fn with_packed<F: Float, R>(
        g: &Geometry,
        dy: &[F],
        width: usize,
        f: impl FnOnce(&[F]) -> R,
    ) -> R {
        let go = g.group_out();
        let rows = dy.len() / g.out_channels;
        with_scratch(rows * width * g.groups, |packed: &mut [F]| {
            // One chunk a group and a panel would be too coarse; the copy is bound by memory anyway.
            let mut at = 0;
            for group in 0..g.groups {
                for panel in panels::<F>(go) {
                    let len = rows * panel.width::<F>();
                    let from = &dy[group * go + panel.first..];
                    // SAFETY: the last row of the panel ends inside `dy`.
                    unsafe {
                        let strides = [g.out_channels, 1];
                        pack(from.as_ptr(), strides, rows, panel, &mut packed[at..at + len]);
                    }
                    at += len;
                }
            }
            f(packed)
        })
    }

    /// For each tap, the pixels that meet in `block` images.
    fn meetings(g: &Geometry, block: usize) -> Vec<Vec<Meeting>> {
        let table = table(g, Side::Output);
        let taps = g.taps();
        let image = g.input[0] * g.input[1] * g.in_channels;
        let pixels = g.output[0] * g.output[1];
        let numbers = block * image;
        assert!(numbers < u32::MAX as usize, "conv: an image of {numbers} numbers is too large");
        let of_tap = |tap: usize| {
            (0..block)
                .flat_map(|n| (0..pixels).map(move |p| (n, p)))
                .filter_map(|(n, p)| match table[p * taps + tap] {
                    OUTSIDE => None,
                    at => Some(Meeting {
                        input: (n * image) as u32 + at,
                        output: (n * pixels + p) as u32,
                    }),
                })
                .collect()
        };
        (0..taps).map(of_tap).collect()
    }

    /// The part of `dw` that one piece of work computes.
    #[derive(Clone)]
    struct Part {
        taps: Range<usize>,
        group: usize,
        /// Input channels, counted inside the group.
        channels: Range<usize>,
    }

    impl<F: Float> Weight<'_, F> {
        /// Adds one part of the gradient. Taps run inside blocks of images, which stay in cache meanwhile.
        ///
        /// # Safety
        /// Nobody else touches this part of `dw`.
        unsafe fn piece(&self, part: &Part, dw: SharedMut<'_, F>) {
            let g = self.g;
            let most = self.meetings.iter().map(Vec::len).max().unwrap_or(0);
            let sums = g.batch.div_ceil(self.block) * most.div_ceil(PAIRS);
            let mut totals = (sums > FEW_SUMS)
                .then(|| part.taps.clone().map(|_| Taken::new(part, g)).collect::<Vec<_>>());
            for first in (0..g.batch).step_by(self.block) {
                let images = self.block.min(g.batch - first);
                for (t, tap) in part.taps.clone().enumerate() {
                    let all = &self.meetings[tap];
                    // All images meet alike, so a last, shorter block is a prefix.
                    let meetings = &all[..all.len() / self.block * images];
                    for meetings in meetings.chunks(PAIRS) {
                        // SAFETY: the caller's promise.
                        unsafe { self.add(part, tap, first, meetings, dw) };
                        if let Some(totals) = &mut totals {
                            // SAFETY: as above.
                            unsafe { totals[t].count(part, g, tap, dw) };
                        }
                    }
                }
            }
            for (tap, total) in part.taps.clone().zip(totals.into_iter().flatten()) {
                // SAFETY: as above.
                unsafe { total.put(part, g, tap, dw) };
            }
        }

        /// Adds the sums over some meetings of the block of images that begins at `first`.
        ///
        /// # Safety
        /// As for [`piece`](Self::piece).
        unsafe fn add(
            &self,
            part: &Part,
            tap: usize,
            first: usize,
            meetings: &[Meeting],
            dw: SharedMut<'_, F>,
        ) {
            let (g, group) = (self.g, part.group);
            let (gi, go) = (g.group_in(), g.group_out());
            let pixels = g.output[0] * g.output[1];
            let image = g.input[0] * g.input[1] * g.in_channels;
            let mut at = group * self.panels.len() / g.groups;
            for panel in panels::<F>(go) {
                let width = panel.width::<F>();
                let dy = self.panels[at + first * pixels * width..].as_ptr();
                at += g.batch * pixels * width;
                for (c, height) in tiles(part.channels.len(), tile_rows(panel.registers)) {
                    let channel = part.channels.start + c;
                    let x = self.x[first * image + group * gi + channel..].as_ptr();
                    let row = (tap * gi + channel) * g.out_channels;
                    let size = [height, panel.registers];
                    // SAFETY: meetings are pixels of this block; the target is this piece's.
                    unsafe {
                        let first = row + group * go + panel.first;
                        let (row, cols) = (g.out_channels, panel.cols);
                        let at = dw.at(first..first + (height - 1) * row + cols);
                        let c = Target { at, row, col: 1, cols, add: true };
                        tile_meetings(size, meetings, x, dy, c);
                    }
                }
            }
        }
    }
    /// What has been taken out of a tap's part of `dw` where it was a sum of many sums: see [`sums`](crate::sums).
    struct Taken<F> {
        /// Sums in `dw` now.
        sums: usize,
        totals: Totals<F>,
        row: Vec<F>,
    }

    impl<F: Float> Taken<F> {
        fn new(part: &Part, g: &Geometry) -> Self {
            let numbers = part.channels.len() * g.group_out();
            Self { sums: 0, totals: Totals::new(numbers), row: vec![F::zero(); numbers] }
        }

        /// Counts a sum that was added to `dw`, and takes them out if they are many.
        ///
        /// # Safety
        /// As for [`Weight::piece`].
        unsafe fn count(&mut self, part: &Part, g: &Geometry, tap: usize, dw: SharedMut<'_, F>) {
            self.sums += 1;
            if self.sums == PAIRS {
                // SAFETY: the caller's promise.
                unsafe { self.take(part, g, tap, dw) };
            }
        }

        /// Takes the numbers out of `dw`, which is zero then.
        ///
        /// # Safety
        /// As above.
        unsafe fn take(&mut self, part: &Part, g: &Geometry, tap: usize, dw: SharedMut<'_, F>) {
            for (c, row) in self.row.chunks_mut(g.group_out().max(1)).enumerate() {
                // SAFETY: the caller's promise.
                let out = unsafe { part.row(g, tap, c, dw) };
                row.copy_from_slice(out);
                out.fill(F::zero());
            }
            self.totals.add(&self.row);
            self.sums = 0;
        }

        /// Puts the whole sum into `dw`.
        ///
        /// # Safety
        /// As above.
        unsafe fn put(mut self, part: &Part, g: &Geometry, tap: usize, dw: SharedMut<'_, F>) {
            // SAFETY: the caller's promise.
            unsafe { self.take(part, g, tap, dw) };
            let all = self.totals.finish();
            for (c, row) in all.chunks(g.group_out().max(1)).enumerate() {
                // SAFETY: as above.
                unsafe { part.row(g, tap, c, dw) }.copy_from_slice(row);
            }
        }
    }

    impl Part {
        /// The numbers of `dw` that belong to the `c`-th input channel of this part.
        ///
        /// # Safety
        /// Nobody else uses them, and `dw` outlives them.
        unsafe fn row<'a, F: Float>(
            &self,
            g: &Geometry,
            tap: usize,
            c: usize,
            dw: SharedMut<'a, F>,
        ) -> &'a mut [F] {
            let (gi, go) = (g.group_in(), g.group_out());
            let at = (tap * gi + self.channels.start + c) * g.out_channels + self.group * go;
            // SAFETY: `go` numbers of a row of `dw`; the rest is the caller's promise.
            unsafe { dw.part(at..at + go) }
        }
    }
}
