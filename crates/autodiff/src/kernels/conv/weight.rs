//! The weight gradient: for each tap, `Xᵀ · G` over the pairs of pixels that meet under it.

use super::Geometry;
use super::table::{OUTSIDE, Side, table};
use crate::Float;
use crate::kernels::gemm::{Mat, Store, portable};
use crate::kernels::par;
#[cfg(target_arch = "x86_64")]
use crate::kernels::simd::x86::has_avx2_and_fma;

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
        dw.fill(F::zero());
        let mut a = vec![F::zero(); ROWS * gi];
        for group in 0..g.groups {
            for (block, dy) in dy.chunks(ROWS * g.out_channels).enumerate() {
                let rows = dy.len() / g.out_channels;
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
                portable::serial([gi, go, rows], a, b, c, g.out_channels, Store::Add);
            }
        }
    });
}

#[cfg(target_arch = "x86_64")]
mod blocked {
    //! Through the register tile: sums over a block of pixels stay in registers.

    use std::ops::Range;

    use super::*;
    use crate::kernels::gemm::blocked::Shared;
    use crate::kernels::gemm::pack::{pack, panels, with_scratch};
    use crate::kernels::gemm::tile::{Meeting, Target, tile_meetings, tile_rows, tiles};

    /// Pieces of work that a large gradient is cut into.
    const PIECES: usize = 16;
    /// Output pixels in a block, at least: so many steps between loads and stores of the sums.
    const PIXELS: usize = 128;

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
        let out = Shared(dw.as_mut_ptr());
        let split = PIECES.div_ceil(taps * g.groups).min(gi.div_ceil(6));
        with_packed(g, dy, width, |packed| {
            let weight = Weight { g, x, panels: packed, meetings: meetings(g, block), block };
            par::for_each(taps * g.groups * split, g.work(), |i| {
                let (tap, group, part) = (i / split / g.groups, i / split % g.groups, i % split);
                let channels = part * gi / split..(part + 1) * gi / split;
                // SAFETY: every piece has rows of `dw` of its own.
                unsafe { weight.piece(tap, group, channels, out) };
            });
        });
    }

    /// Runs `f` on `dy` as panels, or on `dy` itself where that is one whole panel.
    fn with_packed<F: Float, R>(
        g: &Geometry,
        dy: &[F],
        width: usize,
        f: impl FnOnce(&[F]) -> R,
    ) -> R {
        let go = g.group_out();
        let rows = dy.len() / g.out_channels;
        if g.groups == 1 && width == go && panels::<F>(go).count() == 1 {
            return f(dy);
        }
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

    impl<F: Float> Weight<'_, F> {
        /// The gradient of one tap and group, for some input channels (counted inside the group).
        ///
        /// # Safety
        /// Nobody else touches these rows of `dw`.
        unsafe fn piece(&self, tap: usize, group: usize, channels: Range<usize>, dw: Shared<F>) {
            let g = self.g;
            let (gi, go) = (g.group_in(), g.group_out());
            let pixels = g.output[0] * g.output[1];
            let image = g.input[0] * g.input[1] * g.in_channels;
            let all = &self.meetings[tap];
            let rows = g.batch * pixels;
            for first in (0..g.batch).step_by(self.block) {
                let images = self.block.min(g.batch - first);
                // All images meet alike, so a last, shorter block is a prefix.
                let meetings = &all[..all.len() / self.block * images];
                let mut at = group * self.panels.len() / g.groups;
                for panel in panels::<F>(go) {
                    let width = panel.width::<F>();
                    let dy = self.panels[at + first * pixels * width..].as_ptr();
                    at += rows * width;
                    for (c, height) in tiles(channels.len(), tile_rows(panel.registers)) {
                        let channel = channels.start + c;
                        let x = self.x[first * image + group * gi + channel..].as_ptr();
                        let row = tap * gi + channel;
                        // SAFETY: meetings are pixels of this block; the target is this piece's.
                        unsafe {
                            let to = row * g.out_channels + group * go + panel.first;
                            let c = Target {
                                at: dw.get().add(to),
                                row: g.out_channels,
                                col: 1,
                                cols: panel.cols,
                                add: first > 0,
                            };
                            tile_meetings([height, panel.registers], meetings, x, dy, width, c);
                        }
                    }
                }
            }
        }
    }
}
