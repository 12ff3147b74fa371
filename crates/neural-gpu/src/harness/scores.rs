use std::collections::BTreeMap;

use super::Case;

/// How many strings of a length and kind are exact.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cell {
    /// Strings of which every symbol is right.
    pub exact: usize,
    /// Strings for which there was an answer.
    pub answered: usize,
    /// All strings.
    pub cases: usize,
}

impl Cell {
    /// The share of exact strings; those without an answer are not exact.
    pub fn share(self) -> f64 {
        self.exact as f64 / self.cases.max(1) as f64
    }
}

/// What a model got right, by length and kind of operands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scores {
    /// By length and kind.
    pub cells: BTreeMap<(usize, String), Cell>,
}

impl Scores {
    /// The share of exact strings of a length; 0 if there is none.
    pub fn share(&self, length: usize) -> f64 {
        self.sum(|&(of, _)| of == length).share()
    }

    /// All strings together.
    pub fn total(&self) -> Cell {
        self.sum(|_| true)
    }

    /// The lengths, in order.
    pub fn lengths(&self) -> Vec<usize> {
        let mut lengths: Vec<usize> = self.cells.keys().map(|&(length, _)| length).collect();
        lengths.dedup();
        lengths
    }

    fn sum(&self, wanted: impl Fn(&(usize, String)) -> bool) -> Cell {
        let cells = self.cells.iter().filter(|(place, _)| wanted(place)).map(|(_, cell)| cell);
        cells.fold(Cell::default(), |sum, cell| Cell {
            exact: sum.exact + cell.exact,
            answered: sum.answered + cell.answered,
            cases: sum.cases + cell.cases,
        })
    }

    pub(super) fn add(&mut self, case: &Case, answer: Option<&[u8]>) {
        let cell = self.cells.entry((case.example.len(), case.kind.clone())).or_default();
        cell.cases += 1;
        cell.answered += usize::from(answer.is_some());
        cell.exact += usize::from(answer == Some(&case.example.target[..]));
    }
}

/// Scores a model: a function from a string to its answer, `None` where it has none.
pub fn score(cases: &[Case], mut model: impl FnMut(&[u8]) -> Option<Vec<u8>>) -> Scores {
    let mut scores = Scores::default();
    for case in cases {
        scores.add(case, model(&case.example.input).as_deref());
    }
    scores
}
