//! Rows cut over the threads, with up to two outputs of different types.

use std::ops::Range;

use seedbed_kernels::par;

use crate::QuantizerError;

/// Most pieces that rows are cut into.
const PIECES: usize = 64;
/// Work in a piece, in scalar operations: some microseconds.
const PIECE: usize = 1 << 15;

/// Calls `f(rows, part of a, part of b)` for pieces of the rows; each output has as many numbers for every row, or none at all.
///
/// Rows are independent of one another, so that no result depends on where they are cut. Nothing is allocated.
///
/// # Errors
/// That of the first piece which has one.
pub(crate) fn in_pieces<A: Send, B: Send>(
    rows: usize,
    work: usize,
    a: &mut [A],
    b: &mut [B],
    f: impl Fn(Range<usize>, &mut [A], &mut [B]) -> Result<(), QuantizerError> + Send + Sync,
) -> Result<(), QuantizerError> {
    if rows == 0 {
        return Ok(());
    }
    debug_assert!(a.len().is_multiple_of(rows) && b.len().is_multiple_of(rows));
    let (width_a, width_b) = (a.len() / rows, b.len() / rows);
    let piece = rows.div_ceil((work / PIECE).clamp(1, PIECES));
    let count = rows.div_ceil(piece);
    if count == 1 {
        return f(0..rows, a, b);
    }
    struct Piece<'a, A, B> {
        rows: Range<usize>,
        a: &'a mut [A],
        b: &'a mut [B],
        outcome: Result<(), QuantizerError>,
    }
    let (mut a, mut b) = (a, b);
    let mut pieces: [Option<Piece<'_, A, B>>; PIECES] = std::array::from_fn(|i| {
        let rows = (i * piece).min(rows)..((i + 1) * piece).min(rows);
        if rows.is_empty() {
            return None;
        }
        let (part_a, rest_a) = std::mem::take(&mut a).split_at_mut(rows.len() * width_a);
        let (part_b, rest_b) = std::mem::take(&mut b).split_at_mut(rows.len() * width_b);
        (a, b) = (rest_a, rest_b);
        Some(Piece { rows, a: part_a, b: part_b, outcome: Ok(()) })
    });
    par::chunks_mut(&mut pieces[..count], 1, work, |_, piece| {
        if let Some(piece) = &mut piece[0] {
            piece.outcome = f(piece.rows.clone(), piece.a, piece.b)
                .map_err(|error| error.shifted(piece.rows.start, 1));
        }
    });
    pieces.into_iter().flatten().try_for_each(|piece| piece.outcome)
}
