use std::collections::BTreeMap;

use super::{Program, ProgramSize};

/// How many programs of a size were answered exactly.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Programs of which every bit of every answer is right.
    pub exact: usize,
    /// Programs for which there were answers.
    pub answered: usize,
    /// All programs.
    pub programs: usize,
}

impl Tally {
    /// The share of exact programs; those without answers are not exact.
    pub fn share(self) -> f64 {
        self.exact as f64 / self.programs.max(1) as f64
    }
}

/// What a machine got right, by size.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProgramScores {
    /// By size.
    pub tallies: BTreeMap<ProgramSize, Tally>,
}

impl ProgramScores {
    /// Counts the answers to a program; `None` if there are none.
    pub fn add(&mut self, program: &Program, answers: Option<&[Vec<u8>]>) {
        let tally = self.tallies.entry(program.size).or_default();
        tally.programs += 1;
        tally.answered += usize::from(answers.is_some());
        let exact =
            answers.is_some_and(|answers| program.answers().eq(answers.iter().map(|a| &a[..])));
        tally.exact += usize::from(exact);
    }

    /// All sizes together.
    pub fn total(&self) -> Tally {
        self.tallies.values().fold(Tally::default(), |sum, tally| Tally {
            exact: sum.exact + tally.exact,
            answered: sum.answered + tally.answered,
            programs: sum.programs + tally.programs,
        })
    }

    /// A table in text: a line for each number of items, a column for each number of digits, the share of exact programs at each; `–` where there was none.
    pub fn table(&self) -> String {
        let column = |f: fn(&ProgramSize) -> usize| {
            let mut all: Vec<usize> = self.tallies.keys().map(f).collect();
            all.sort_unstable();
            all.dedup();
            all
        };
        let (items, digits) = (column(|size| size.items), column(|size| size.digits));
        let mut text = format!("{:>12}", "items\\digits");
        digits.iter().for_each(|d| text += &format!("{d:>8}"));
        for &i in &items {
            text += &format!("\n{i:>12}");
            for &d in &digits {
                let here = self.tallies.iter().filter(|(s, _)| s.items == i && s.digits == d);
                let (exact, programs) =
                    here.fold((0, 0), |(exact, all), (_, t)| (exact + t.exact, all + t.programs));
                text += &match programs {
                    0 => format!("{:>8}", "–"),
                    n => format!("{:>8.3}", exact as f64 / n as f64),
                };
            }
        }
        text + "\n"
    }
}
