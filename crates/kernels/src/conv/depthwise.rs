//! Depthwise convolutions, one filter a channel: there is no product of matrices in them, so the
//! channels of a pixel are the vector.

use super::Geometry;
use super::table::{OUTSIDE, Side, table};
use crate::Float;
use crate::par;
use crate::sums::{self, Totals};

/// Pixels in a piece of work.
const ROWS: usize = 64;

/// The forward pass (`side` is the output) or the input gradient: the same sum over taps.
pub(super) fn gather<F: Float>(
    g: &Geometry,
    side: Side,
    source: &[F],
    w: &[F],
    out: &mut [F],
    epilogue: impl Fn(usize, usize, &mut [F]) + Send + Sync,
) {
    let (own, other) = match side {
        Side::Output => (g.output, g.input),
        Side::Input => (g.input, g.output),
    };
    let (channels, taps) = (g.in_channels, g.taps());
    let (pixels, image) = (own[0] * own[1], other[0] * other[1] * channels);
    let table = table(g, side);
    par::chunks_mut(out, ROWS * channels, g.work(), |i, out| {
        for (r, out) in out.chunks_mut(channels).enumerate() {
            let row = i * ROWS + r;
            let pixel = row % pixels;
            out.fill(F::zero());
            for (&at, w) in table[pixel * taps..][..taps].iter().zip(w.chunks(channels)) {
                if at != OUTSIDE {
                    let x = &source[row / pixels * image + at as usize..][..channels];
                    add_product(out, x, w);
                }
            }
            epilogue(row, 0, out);
        }
    });
}

/// The weight gradient, one tap a piece of work.
pub(super) fn weight<F: Float>(g: &Geometry, x: &[F], dy: &[F], dw: &mut [F]) {
    let (channels, taps) = (g.in_channels, g.taps());
    let pixels = g.output[0] * g.output[1];
    let image = g.input[0] * g.input[1] * channels;
    let table = table(g, Side::Output);
    par::chunks_mut(dw, channels, g.work(), |tap, dw| {
        let mut totals = Totals::new(channels);
        for (block, dy) in dy.chunks(channels * sums::ROWS).enumerate() {
            dw.fill(F::zero());
            for (r, dy) in dy.chunks(channels).enumerate() {
                let row = block * sums::ROWS + r;
                let at = table[row % pixels * taps + tap];
                if at != OUTSIDE {
                    add_product(dw, &x[row / pixels * image + at as usize..][..channels], dy);
                }
            }
            totals.add(dw);
        }
        dw.copy_from_slice(&totals.finish());
    });
}

/// `out += a ⊙ b`.
fn add_product<F: Float>(out: &mut [F], a: &[F], b: &[F]) {
    for ((out, &a), &b) in out.iter_mut().zip(a).zip(b) {
        *out += a * b;
    }
}
