//! Programs over numbers that are stored by name: tasks for machines that must find what they kept, and calculate with it.
//!
//! A [`Program`] is a list of [`Instruction`]s. Each names what it works on, and some come with a number; a machine sees one after the other, and answers where an
//! instruction asks. Four tasks differ in what has to be kept and how it is found ([`ProgramTask`]). How many things there are and how long the numbers are can be chosen
//! apart ([`ProgramSize`]): a machine may learn on few short ones and be tried on many long ones. Numbers are bits, the least significant first.
//!
//! ```
//! use seedbed_kernels::Rng;
//! use seedbed_data::programs::{ProgramSize, ProgramTask};
//!
//! let size = ProgramSize { items: 2, operations: 3, digits: 8 };
//! let program = ProgramTask::Ledger.sample(size, 0.0, &mut Rng::new(0))?;
//! println!("{program}");
//! assert_eq!(program.answers().count(), 2); // the balances of both accounts
//! # Ok::<(), seedbed_data::DataError>(())
//! ```

mod draw;
mod lines;
mod scores;
mod task;

pub use lines::{LineError, score_lines, write_lines};
pub use scores::{ProgramScores, Tally};
pub use task::{ProgramSize, ProgramTask};

use std::fmt;

/// The bits of a name. Names within a program differ; they are drawn anew for every program, so that no machine can learn them.
pub const NAME_BITS: usize = 12;

/// The most names that an instruction has.
pub const NAMES: usize = 3;

/// One step of a program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instruction {
    /// What is to be done: a place in [`ProgramTask::operations`].
    pub operation: usize,
    /// What it is about, below 2^[`NAME_BITS`] each, at most [`NAMES`].
    pub names: Vec<u16>,
    /// The number that comes with it, at most as many bits as the program has cells; empty if none does.
    pub number: Vec<u8>,
    /// The number that is asked for, one bit a cell of the program.
    pub answer: Option<Vec<u8>>,
    /// The slots that a machine without fault reads, if it fills slots in the order in which names appear.
    pub reads: Vec<usize>,
    /// The slot that it writes.
    pub writes: Option<usize>,
}

/// A list of instructions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    /// Of which task it is.
    pub task: ProgramTask,
    /// How large it is.
    pub size: ProgramSize,
    /// What to do, in order.
    pub instructions: Vec<Instruction>,
    /// The bits that every number of the program has room in.
    pub cells: usize,
}

impl Program {
    /// The numbers that are asked for, in order.
    pub fn answers(&self) -> impl Iterator<Item = &[u8]> {
        self.instructions.iter().filter_map(|i| i.answer.as_deref())
    }

    /// The same program with more room for its numbers, which are written with zeros in front.
    ///
    /// # Panics
    /// If there would be less.
    #[must_use]
    #[track_caller]
    pub fn with_cells(mut self, cells: usize) -> Self {
        assert!(cells >= self.cells, "with_cells: {cells} are fewer than {}", self.cells);
        self.instructions
            .iter_mut()
            .filter_map(|i| i.answer.as_mut())
            .for_each(|a| a.resize(cells, 0));
        self.cells = cells;
        self
    }

    /// The slots that a machine without fault fills.
    pub fn slots(&self) -> usize {
        let written = self.instructions.iter().filter_map(|i| i.writes);
        written.max().map_or(0, |last| last + 1)
    }
}

/// One line an instruction: `credit 731 1024`, and what it asks for behind `→`.
impl fmt::Display for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for instruction in &self.instructions {
            write!(f, "{}", self.task.operations()[instruction.operation])?;
            instruction.names.iter().try_for_each(|name| write!(f, " {name}"))?;
            if !instruction.number.is_empty() {
                write!(f, " {}", draw::number(&instruction.number))?;
            }
            if let Some(answer) = &instruction.answer {
                write!(f, " → {}", draw::number(answer))?;
            }
            writeln!(f)?;
        }
        Ok(())
    }
}
