//! Copies of `B` in the order in which tiles read it: panels of one to three registers, each
//! contiguous in `k`, its last columns filled up with zeros.

use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
use std::cell::RefCell;

use super::vector::lanes;
use crate::Float;

/// A cache line; a buffer of them is aligned for vector loads.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
struct Line([u8; 64]);

/// A zeroed buffer that begins on a cache line.
#[derive(Default)]
pub(crate) struct Aligned {
    lines: Vec<Line>,
}

impl Aligned {
    /// At least `len` numbers, of unspecified finite value.
    pub(crate) fn numbers<F: Float>(&mut self, len: usize) -> &mut [F] {
        let lines = (len * size_of::<F>()).div_ceil(size_of::<Line>());
        if self.lines.len() < lines {
            self.lines.resize(lines, Line([0; 64]));
        }
        // SAFETY: the buffer is aligned for any float, initialised, at least `len` numbers long, and
        // any bytes are a float.
        unsafe { std::slice::from_raw_parts_mut(self.lines.as_mut_ptr().cast(), len) }
    }
}

/// Runs `f` on this thread's scratch buffer of `len` numbers.
pub(crate) fn with_scratch<F: Float, R>(len: usize, f: impl FnOnce(&mut [F]) -> R) -> R {
    thread_local! {
        static SCRATCH: RefCell<Aligned> = RefCell::default();
    }
    // Taken out while in use, so that a nested call gets a buffer of its own.
    let mut buffer = SCRATCH.with(|s| s.take());
    let result = f(buffer.numbers(len));
    SCRATCH.with(|s| s.replace(buffer));
    result
}

/// A panel: its first column, the columns that exist, and the registers they take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Panel {
    pub(crate) first: usize,
    pub(crate) cols: usize,
    pub(crate) registers: usize,
}

impl Panel {
    /// Numbers in a row of the panel, filling included.
    pub(crate) fn width<F>(&self) -> usize {
        self.registers * lanes::<F>()
    }
}

/// Cuts `n` columns into panels: two registers each, and a last one of one to three, whichever leaves
/// the fewest columns of zeros.
pub(crate) fn panels<F>(n: usize) -> impl Iterator<Item = Panel> + Clone {
    let lane = lanes::<F>();
    let mut first = 0;
    std::iter::from_fn(move || {
        let left = n - first;
        let registers = match left.div_ceil(lane) {
            0 => return None,
            r @ 1..=3 => r,
            _ => 2,
        };
        let cols = left.min(registers * lane);
        first += cols;
        Some(Panel { first: first - cols, cols, registers })
    })
}

/// Packs `k` rows of a panel: `to[r · width + j] = from[r · row + j · col]`.
///
/// # Safety
/// `from` readable for `k × cols` at those distances.
pub(crate) unsafe fn pack<F: Float>(
    from: *const F,
    [row, col]: [usize; 2],
    k: usize,
    panel: Panel,
    to: &mut [F],
) {
    let width = panel.width::<F>();
    if col == 1 && panel.cols == width {
        // SAFETY: the caller's promise; a whole panel is copied by rows of constant length.
        unsafe {
            match width {
                4 => copy_rows::<F, 4>(from, row, k, to),
                8 => copy_rows::<F, 8>(from, row, k, to),
                12 => copy_rows::<F, 12>(from, row, k, to),
                16 => copy_rows::<F, 16>(from, row, k, to),
                24 => copy_rows::<F, 24>(from, row, k, to),
                _ => unreachable!("a panel of {width} columns"),
            }
        }
        return;
    }
    if col == 1 {
        for (r, to) in to[..k * width].chunks_exact_mut(width).enumerate() {
            // SAFETY: the caller's promise.
            let from = unsafe { std::slice::from_raw_parts(from.add(r * row), panel.cols) };
            to[..panel.cols].copy_from_slice(from);
            to[panel.cols..].fill(F::zero());
        }
        return;
    }
    let lane = lanes::<F>();
    for r in (0..k).step_by(lane) {
        for j in (0..width).step_by(lane) {
            let to = &mut to[r * width + j..];
            if row == 1 && r + lane <= k && j + lane <= panel.cols {
                // SAFETY: a whole square of `lane × lane` lies in the operand and in the panel.
                unsafe { F::transpose(from.add(r + j * col), col, to.as_mut_ptr(), width) };
                continue;
            }
            for i in 0..lane.min(k - r) {
                for l in 0..lane {
                    to[i * width + l] = if j + l < panel.cols {
                        // SAFETY: the caller's promise.
                        unsafe { *from.add((r + i) * row + (j + l) * col) }
                    } else {
                        F::zero()
                    };
                }
            }
        }
    }
}

/// Rows that are fetched ahead of the one that is copied: they lie on pages of their own, so that the CPU does not see them coming.
const AHEAD: usize = 16;

/// Copies `k` rows of `W` numbers that lie `row` apart.
///
/// # Safety
/// `from` readable for them.
unsafe fn copy_rows<F: Float, const W: usize>(from: *const F, row: usize, k: usize, to: &mut [F]) {
    for (r, to) in to.as_chunks_mut::<W>().0[..k].iter_mut().enumerate() {
        // SAFETY: the caller's promise; a prefetch may be of any address.
        *to = unsafe {
            _mm_prefetch::<_MM_HINT_T0>(from.wrapping_add((r + AHEAD) * row).cast());
            *from.add(r * row).cast::<[F; W]>()
        };
    }
}
