//! Length generalisation, measured for any model: a function from symbols to symbols, or a file of answers that another program wrote.
//!
//! A [`Case`] is a string with its right answer, of a length and a kind of operands. Cases are exported as JSON lines (`id`, `input`), and answers are read as JSON lines
//! (`id`, `answer`); [`Scores`] are shares of strings of which every symbol is right, by length and kind.
//!
//! ```
//! use seedbed_data::strings::{Arithmetic, Operation};
//! use seedbed_neural_gpu::harness::{arithmetic_cases, score};
//!
//! let cases = arithmetic_cases(&Arithmetic::binary(Operation::Add), &[9, 41], 4, 0);
//! // A model that says 0 everywhere.
//! let scores = score(&cases, |input| Some(vec![0; input.len()]));
//! assert!(scores.share(41) < 0.5);
//! ```

mod answers;
mod scores;

pub use answers::{AnswerError, score_answers, write_cases};
pub use scores::{Cell, Scores, score};

use seedbed_autodiff::Rng;
use seedbed_data::strings::{Arithmetic, Example, Layout, Operands};

/// A string with its right answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    /// Tells it from all others of a set.
    pub id: String,
    /// The kind of its operands, such as `propagate`.
    pub kind: String,
    /// The string.
    pub example: Example,
}

/// Cases of all kinds of operands: so many of each kind and length; of a length that is there twice, twice as many. The same seed gives the same cases.
///
/// # Panics
/// If the task has no example of a length.
#[track_caller]
pub fn arithmetic_cases(
    task: &Arithmetic,
    lengths: &[usize],
    of_each: usize,
    seed: u64,
) -> Vec<Case> {
    let mut rng = Rng::new(seed);
    let mut cases = Vec::new();
    for (before, &length) in lengths.iter().enumerate() {
        let from = of_each * times(&lengths[..before], length);
        for kind in [Operands::Uniform].into_iter().chain(Operands::TOUGH) {
            let kind_name = format!("{kind:?}").to_lowercase();
            for i in 0..of_each {
                let example = task.sample_of(kind, length, &mut rng);
                let id = format!("{length}-{kind_name}-{}", from + i);
                cases.push(Case { id, kind: kind_name.clone(), example });
            }
        }
    }
    cases
}

/// Cases in which one digit decides a carry of a given length: all pairs of digits below sum to one less than the base, but the lowest pair to the base in every second case.
/// The kind is the length of the carry. A model's errors over it are its *carry curve* (Price, Zaremba & Sutskever 2016).
///
/// # Panics
/// If a carry is longer than the numbers of `cells` cells, or has no length; or if no numbers have as few cells.
#[track_caller]
pub fn carry_cases(
    task: &Arithmetic,
    cells: usize,
    carries: &[usize],
    of_each: usize,
    seed: u64,
) -> Vec<Case> {
    let mut rng = Rng::new(seed);
    let mut cases = Vec::new();
    for (before, &carry) in carries.iter().enumerate() {
        let from = of_each * times(&carries[..before], carry);
        for i in 0..of_each {
            let [mut a, mut b] = operands(task, cells, &mut rng);
            assert!(
                (1..=a.len()).contains(&carry),
                "carry_cases: a carry over {carry} digits of numbers of {}",
                a.len()
            );
            for digit in 0..carry {
                b[digit] = task.base - 1 - a[digit];
            }
            // Just too small for a carry, or just not.
            (a[0], b[0]) = (task.base - 1, (i % 2) as u8);
            let example = task.example(&a, &b).expect("digits of the base");
            let id = format!("carry-{carry}-{}", from + i);
            cases.push(Case { id, kind: carry.to_string(), example });
        }
    }
    cases
}

/// How often a number is among others.
fn times(among: &[usize], n: usize) -> usize {
    among.iter().filter(|&&other| other == n).count()
}

#[track_caller]
fn operands(task: &Arithmetic, cells: usize, rng: &mut Rng) -> [Vec<u8>; 2] {
    let digits = match task.layout {
        Layout::Unaligned => cells.saturating_sub(1) / 2,
        Layout::Aligned => cells.saturating_sub(1),
    };
    assert!(digits > 0, "carry_cases: no numbers have {cells} cells");
    Operands::Uniform.draw(digits, task.base, rng)
}
