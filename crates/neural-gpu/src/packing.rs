//! Strings of different lengths in one buffer.

use std::ops::Range;

use seedbed_autodiff::{Float, Tensor};

/// Where a string lies among the rows of a buffer, and for how many steps it runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    /// Its rows, one a cell.
    pub rows: Range<usize>,
    /// Its steps.
    pub steps: usize,
}

/// How the cells of several strings lie in one buffer: a row a cell, and a row of zeros before, between and after the strings.
///
/// A cell's neighbourhood is then three rows that follow each other, for all strings alike, and a step on all of them is one matrix product over
/// overlapping rows. Strings that run for more steps come first, so that those still running are a prefix of the buffer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Packing {
    spans: Vec<Span>,
    order: Vec<usize>,
}

impl Packing {
    /// Strings of these lengths and numbers of steps.
    ///
    /// # Panics
    /// If their cells cannot be counted.
    #[track_caller]
    pub fn new(strings: &[[usize; 2]]) -> Self {
        let rows = strings
            .iter()
            .try_fold(1_usize, |rows, [length, _]| rows.checked_add(*length)?.checked_add(1));
        assert!(
            rows.is_some(),
            "Packing: the cells of {} strings are beyond counting",
            strings.len()
        );
        let mut order: Vec<usize> = (0..strings.len()).collect();
        order.sort_by_key(|&i| std::cmp::Reverse(strings[i][1]));
        let mut row = 1;
        let place = |&i: &usize| {
            let [length, steps] = strings[i];
            let rows = row..row + length;
            row = rows.end + 1;
            Span { rows, steps }
        };
        let spans = order.iter().map(place).collect();
        Self { spans, order }
    }

    /// The same strings in the same places, with so many steps each.
    #[must_use]
    pub fn with_steps(&self, steps: usize) -> Self {
        let mut packing = self.clone();
        packing.spans.iter_mut().for_each(|span| span.steps = steps);
        packing
    }

    /// Where the strings lie, in the order of the buffer.
    pub fn spans(&self) -> &[Span] {
        &self.spans
    }

    /// Which of the given strings lies at each place of the buffer.
    pub fn order(&self) -> &[usize] {
        &self.order
    }

    /// The steps of the string that runs longest.
    pub fn steps(&self) -> usize {
        self.spans.first().map_or(0, |span| span.steps)
    }

    /// The strings that make step number `step`, from 0.
    pub fn running(&self, step: usize) -> &[Span] {
        &self.spans[..self.spans.partition_point(|span| span.steps > step)]
    }

    /// The rows of the buffer.
    pub fn rows(&self) -> usize {
        rows_of(&self.spans)
    }

    /// The rows of the buffer up to the one behind the last string that makes step number `step`.
    pub fn running_rows(&self, step: usize) -> usize {
        rows_of(self.running(step))
    }

    /// The rows of cells, in order.
    pub fn cells(&self) -> impl Iterator<Item = usize> {
        self.spans.iter().flat_map(|span| span.rows.clone())
    }
}

/// 1 in the rows of these strings, 0 elsewhere, `[rows, 1]`.
pub(crate) fn mask<'a, F: Float>(
    spans: impl IntoIterator<Item = &'a Span>,
    rows: usize,
) -> Tensor<F> {
    let mut mask = vec![F::zero(); rows];
    for span in spans {
        mask[span.rows.clone()].fill(F::one());
    }
    Tensor::new(mask, &[rows, 1])
}

fn rows_of(spans: &[Span]) -> usize {
    spans.last().map_or(1, |span| span.rows.end + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_that_run_longest_come_first() {
        let packing = Packing::new(&[[2, 5], [3, 7], [1, 7], [4, 0]]);
        assert_eq!(packing.order(), [1, 2, 0, 3]);
        assert_eq!(packing.rows(), 1 + 4 + 2 + 3 + 5);
        assert_eq!(packing.running_rows(0), 1 + 4 + 2 + 3);
        assert_eq!(packing.running_rows(5), 1 + 4 + 2);
        assert_eq!(packing.running_rows(7), 1);
        assert_eq!(packing.cells().collect::<Vec<_>>(), [1, 2, 3, 5, 7, 8, 10, 11, 12, 13]);
        assert_eq!(Packing::new(&[]).rows(), 1);
    }
}
