//! Programs as strings: what a machine without a memory of its own is given.

use seedbed::autodiff::Rng;
use seedbed::data::programs::{NAME_BITS, Program, ProgramSize, ProgramTask};
use seedbed::data::strings::{Example, StringTask};

/// The programs of a task, one instruction after the other: its operation, its names bit by bit, its number, and as many cells as the answer has bits.
pub(super) struct Flat {
    pub(super) task: ProgramTask,
    /// From the first size of training to the greatest.
    pub(super) sizes: Vec<ProgramSize>,
}

/// The symbols of bits: of a name 1 and 2, of a number 3 and 4; a cell that is to be answered is 5; operations follow.
const NAME: u8 = 1;
const NUMBER: u8 = 3;
const ANSWER: u8 = 5;
/// The answer of a cell that is not asked.
const NOTHING: u8 = 2;

impl Flat {
    pub(super) fn new(task: ProgramTask, first: ProgramSize, full: ProgramSize) -> Self {
        let mut sizes = vec![first];
        while let Some(&last) = sizes.last()
            && last != full
        {
            sizes.push(ProgramSize {
                items: full.items.min(last.items + 1),
                operations: full.operations.min(last.operations + 1),
                digits: full.digits.min(last.digits + 1),
            });
        }
        Self { task, sizes }
    }

    /// A program as a string.
    pub(super) fn example(program: &Program) -> Example {
        let (mut input, mut target) = (Vec::new(), Vec::new());
        for instruction in &program.instructions {
            input.push(ANSWER + 1 + instruction.operation as u8);
            for name in &instruction.names {
                input.extend((0..NAME_BITS).map(|bit| NAME + (name >> bit & 1) as u8));
            }
            input.extend(instruction.number.iter().map(|bit| NUMBER + bit));
            target.resize(input.len(), NOTHING);
            if let Some(answer) = &instruction.answer {
                input.resize(input.len() + program.cells, ANSWER);
                target.extend(answer);
            }
        }
        Example { input, target }
    }

    /// The cells of programs of a size; all of one size have as many.
    pub(super) fn length(&self, size: ProgramSize) -> usize {
        let program = self.task.sample(size, 0.0, &mut Rng::new(0)).expect("a size of training");
        Self::example(&program).len()
    }

    fn size(&self, length: usize) -> Option<ProgramSize> {
        self.sizes.iter().rev().copied().find(|&size| self.length(size) <= length)
    }
}

impl StringTask for Flat {
    fn symbols(&self) -> [usize; 2] {
        [usize::from(ANSWER) + 1 + self.task.operations().len(), 3]
    }

    fn fitting(&self, length: usize) -> Option<usize> {
        self.size(length).map(|size| self.length(size))
    }

    fn sample(&self, length: usize, rng: &mut Rng) -> Example {
        let size = self.size(length).expect("an example fits");
        Self::example(&self.task.sample(size, 0.0, rng).expect("a size of training"))
    }

    fn sample_tough(&self, length: usize, rng: &mut Rng) -> Example {
        let size = self.size(length).expect("an example fits");
        Self::example(&self.task.sample(size, 1.0, rng).expect("a size of training"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_of_one_size_are_strings_of_one_length() {
        for task in ProgramTask::ALL {
            let of = |items, operations, digits| ProgramSize { items, operations, digits };
            let flat = Flat::new(task, of(3, 1, 1), of(4, 6, 8));
            for &size in &flat.sizes {
                for seed in 0..5 {
                    let program = task.sample(size, 0.5, &mut Rng::new(seed)).unwrap();
                    let example = Flat::example(&program);
                    assert_eq!(example.len(), flat.length(size));
                    assert_eq!(example.input.len(), example.target.len());
                    let asked = example.target.iter().filter(|&&t| t != NOTHING).count();
                    assert_eq!(asked, program.answers().count() * program.cells);
                }
            }
            let longest = flat.length(*flat.sizes.last().unwrap());
            assert_eq!(flat.fitting(longest + 1), Some(longest));
        }
    }
}
