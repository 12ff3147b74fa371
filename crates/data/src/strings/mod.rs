//! Algorithmic tasks on strings of symbols: what machines that learn algorithms are tried on (Kaiser & Sutskever 2016, "Neural
//! GPUs learn algorithms").
//!
//! An example is a string and its answer, of the same length: one symbol a cell. Input symbol 0 is the blank, which no example
//! contains: it fills what lies beyond an example. Numbers are written with the **least significant digit first**.
//!
//! ```
//! use seedbed_autodiff::Rng;
//! use seedbed_data::strings::{Arithmetic, Operation, StringTask};
//!
//! let addition = Arithmetic::binary(Operation::Add);
//! let example = addition.sample(9, &mut Rng::new(0));
//! assert_eq!((example.input.len(), example.target.len()), (9, 9));
//!
//! // 3 + 1, of two digits each: 1 1 + 1 0 gives 0 0 1 0 0.
//! let four = addition.example(&[1, 1], &[1, 0])?;
//! assert_eq!((four.input, four.target), (vec![2, 2, 3, 2, 1], vec![0, 0, 1, 0, 0]));
//! # Ok::<(), seedbed_data::DataError>(())
//! ```

mod arithmetic;
mod lists;
mod operands;

pub use arithmetic::{Arithmetic, Layout, Operation};
pub use lists::{ListOperation, Lists};
pub use operands::Operands;

use seedbed_kernels::Rng;

/// A string and its answer, of the same length.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Example {
    /// The symbols that the model sees, from 1; 0 is the blank.
    pub input: Vec<u8>,
    /// The symbol that each cell should answer, from 0.
    pub target: Vec<u8>,
}

impl Example {
    /// The number of cells.
    pub fn len(&self) -> usize {
        self.input.len()
    }

    /// Whether there is no cell.
    pub fn is_empty(&self) -> bool {
        self.input.is_empty()
    }
}

/// A task on strings.
pub trait StringTask {
    /// How many symbols an input is made of, the blank included, and how many an answer is made of.
    fn symbols(&self) -> [usize; 2];

    /// The greatest length of an example that is at most `length`; `None` if every example is longer.
    fn fitting(&self, length: usize) -> Option<usize>;

    /// A random example of this length.
    ///
    /// # Panics
    /// If no example has this length: see [`fitting`](Self::fitting).
    fn sample(&self, length: usize, rng: &mut Rng) -> Example;

    /// A random example of a kind that networks are known to get wrong, or [`sample`](Self::sample) where none is known.
    ///
    /// # Panics
    /// As [`sample`](Self::sample).
    fn sample_tough(&self, length: usize, rng: &mut Rng) -> Example {
        self.sample(length, rng)
    }
}
