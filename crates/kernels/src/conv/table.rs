//! Which pixel meets which under each tap of the window.

use super::Geometry;

pub(super) use crate::gemm::OUTSIDE;

/// Whose pixels the rows of a table are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    /// For each output pixel, the input pixels it reads.
    Output,
    /// For each input pixel, the output pixels that read it.
    Input,
}

/// For each pixel of one image of `side` and each tap, the offset of the pixel of the other side, in
/// numbers, or [`OUTSIDE`]: `[pixels × taps]`.
///
/// # Panics
/// If an image of the other side holds 2³² − 1 numbers or more.
pub(super) fn table(g: &Geometry, side: Side) -> Vec<u32> {
    let (own, other, channels) = match side {
        Side::Output => (g.output, g.input, g.in_channels),
        Side::Input => (g.input, g.output, g.out_channels),
    };
    let numbers = other[0] * other[1] * channels;
    assert!(numbers < OUTSIDE as usize, "conv: an image of {numbers} numbers is too large");
    let partner = |axis: usize| -> Vec<Option<usize>> {
        let (s, p, d) = (g.stride[axis], g.padding[axis], g.dilation[axis]);
        let meet = |at: usize, tap: usize| match side {
            Side::Output => (at * s + tap * d).checked_sub(p),
            Side::Input => (at + p).checked_sub(tap * d).filter(|i| i % s == 0).map(|i| i / s),
        };
        (0..own[axis])
            .flat_map(|at| (0..g.kernel[axis]).map(move |tap| (at, tap)))
            .map(|(at, tap)| meet(at, tap).filter(|&i| i < other[axis]))
            .collect()
    };
    let [rows, cols] = [partner(0), partner(1)];
    let mut table = Vec::with_capacity(own[0] * own[1] * g.taps());
    for rows in rows.chunks(g.kernel[0].max(1)) {
        for cols in cols.chunks(g.kernel[1].max(1)) {
            for row in rows {
                let entry = |row: usize, col: usize| ((row * other[1] + col) * channels) as u32;
                table.extend(cols.iter().map(|col| match (row, col) {
                    (Some(row), Some(col)) => entry(*row, *col),
                    _ => OUTSIDE,
                }));
            }
        }
    }
    table
}
