use seedbed_kernels::Rng;
use serde::{Deserialize, Serialize};

use super::{Example, Operands, StringTask};
use crate::error::DataError;

/// What is done with a list of symbols x₁ … xₙ.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ListOperation {
    /// The list itself.
    Copy,
    /// The list from its end to its start.
    Reverse,
    /// The list twice, one after the other: n cells of room follow the input.
    Duplicate,
    /// The symbols in ascending order.
    Sort,
    /// Pairs of a key and a value, one after the other in the string, in ascending order of the keys; equal keys stay in their order.
    SortByKey,
    /// Pairs of a key and a value, and one more key: cell 0 answers the value of the first pair with that key.
    Search,
    /// A number, least significant digit first, plus 1: one cell of room follows the input.
    Increment,
    /// Cell 0 answers the sum of the symbols modulo the alphabet, which for bits is their parity.
    Parity,
    /// Symbol 2 i opens a bracket of kind i, and 2 i + 1 closes one: cell 0 answers 1 where all brackets are balanced, else 0.
    Brackets,
}

/// Tasks on one list of symbols of an alphabet.
///
/// Symbol x of a list is the input symbol 1 + x; a cell that only makes room for the answer is 1 + alphabet. Cells without an answer of their own answer 0.
///
/// ```
/// use seedbed_data::strings::{ListOperation, Lists};
/// let sort = Lists { operation: ListOperation::Sort, alphabet: 5 };
/// let example = sort.example(&[3, 0, 2])?;
/// assert_eq!((example.input, example.target), (vec![4, 1, 3], vec![0, 2, 3]));
/// # Ok::<(), seedbed_data::DataError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lists {
    /// What is done.
    pub operation: ListOperation,
    /// The number of symbols that a list is made of, 2 to 200.
    pub alphabet: u8,
}

impl Lists {
    /// Whether the task makes sense.
    ///
    /// # Errors
    /// [`DataError::Invalid`] if symbols would not fit, or a kind of bracket has no closing symbol.
    pub fn check(&self) -> Result<(), DataError> {
        if !(2..=200).contains(&self.alphabet) {
            return Err(DataError::invalid("alphabet", self.alphabet, "from 2 to 200"));
        }
        if self.operation == ListOperation::Brackets && !self.alphabet.is_multiple_of(2) {
            let expected = "even: an opening and a closing symbol of each kind";
            return Err(DataError::invalid("alphabet", self.alphabet, expected));
        }
        Ok(())
    }

    /// Cells of room behind a list of `symbols` symbols.
    fn room(&self, symbols: usize) -> usize {
        match self.operation {
            ListOperation::Duplicate => symbols,
            ListOperation::Increment => 1,
            _ => 0,
        }
    }

    /// Whether a list may have this many symbols.
    fn takes(&self, symbols: usize) -> bool {
        match self.operation {
            ListOperation::SortByKey | ListOperation::Brackets => {
                symbols >= 2 && symbols.is_multiple_of(2)
            }
            ListOperation::Search => symbols >= 3 && !symbols.is_multiple_of(2),
            _ => symbols >= 1,
        }
    }

    /// The greatest number of symbols of which a string has at most `cells` cells.
    fn symbols_in(&self, cells: usize) -> Option<usize> {
        let most = match self.operation {
            ListOperation::Duplicate => cells / 2,
            ListOperation::Increment => cells.checked_sub(1)?,
            _ => cells,
        };
        [Some(most), most.checked_sub(1)].into_iter().flatten().find(|&n| self.takes(n))
    }

    /// The example of a list.
    ///
    /// # Errors
    /// [`DataError::Invalid`] if the task does not pass its [`check`](Self::check), if the list has a symbol that is not of the alphabet or a number of symbols that the task does not take, or
    /// what is searched is no key.
    pub fn example(&self, list: &[u8]) -> Result<Example, DataError> {
        self.check()?;
        if let Some(symbol) = list.iter().find(|&&symbol| symbol >= self.alphabet) {
            return Err(DataError::invalid("symbol", symbol, format!("below {}", self.alphabet)));
        }
        if !self.takes(list.len()) {
            let expected = match self.operation {
                ListOperation::SortByKey => "pairs of a key and a value",
                ListOperation::Search => "pairs of a key and a value, and a key",
                ListOperation::Brackets => "an even number of brackets",
                _ => "at least one symbol",
            };
            return Err(DataError::invalid("list", format!("{} symbols", list.len()), expected));
        }
        let room = self.room(list.len());
        let input = list.iter().map(|x| 1 + x).chain(vec![1 + self.alphabet; room]).collect();
        let mut target = self.answer(list)?;
        target.resize(list.len() + room, 0);
        Ok(Example { input, target })
    }

    /// The answer up to its last symbol that is not 0 of itself.
    fn answer(&self, list: &[u8]) -> Result<Vec<u8>, DataError> {
        Ok(match self.operation {
            ListOperation::Copy => list.to_vec(),
            ListOperation::Reverse => list.iter().rev().copied().collect(),
            ListOperation::Duplicate => list.repeat(2),
            ListOperation::Sort => {
                let mut sorted = list.to_vec();
                sorted.sort_unstable();
                sorted
            }
            ListOperation::SortByKey => {
                let mut pairs: Vec<&[u8]> = list.chunks(2).collect();
                pairs.sort_by_key(|pair| pair[0]);
                pairs.concat()
            }
            ListOperation::Search => {
                let (key, pairs) = list.split_last().expect("a key at least");
                let found = pairs.chunks(2).find(|pair| pair[0] == *key);
                let Some(pair) = found else {
                    return Err(DataError::invalid("searched key", key, "one of the pairs' keys"));
                };
                vec![pair[1]]
            }
            ListOperation::Increment => {
                let mut carry = 1;
                let mut sum = |x: &u8| {
                    let digit = (x + carry) % self.alphabet;
                    carry = (x + carry) / self.alphabet;
                    digit
                };
                let mut digits: Vec<u8> = list.iter().map(&mut sum).collect();
                digits.push(carry);
                digits
            }
            ListOperation::Parity => {
                let sum: u64 = list.iter().map(|&x| u64::from(x)).sum();
                vec![(sum % u64::from(self.alphabet)) as u8]
            }
            ListOperation::Brackets => vec![u8::from(balanced(list))],
        })
    }

    /// The example of a list that was drawn for a string of this length.
    #[track_caller]
    fn drawn(
        &self,
        length: usize,
        rng: &mut Rng,
        draw: impl FnOnce(usize, &mut Rng) -> Vec<u8>,
    ) -> Example {
        if let Err(error) = self.check() {
            panic!("Lists: {error}");
        }
        let fits = |&n: &usize| n + self.room(n) == length;
        let symbols = self.symbols_in(length).filter(fits);
        let symbols =
            symbols.unwrap_or_else(|| panic!("{self:?} has no example of {length} cells"));
        let mut list = match self.operation {
            ListOperation::Brackets => self.brackets(symbols, rng),
            _ => draw(symbols, rng),
        };
        if self.operation == ListOperation::Search {
            list[symbols - 1] = list[2 * rng.below(symbols / 2)];
        }
        self.example(&list).expect("a list of this task")
    }

    /// Balanced brackets, of which every second time one is changed: what is wrong lies anywhere.
    fn brackets(&self, symbols: usize, rng: &mut Rng) -> Vec<u8> {
        let kinds = usize::from(self.alphabet / 2);
        let (mut open, mut list) = (Vec::new(), Vec::with_capacity(symbols));
        // Strings that open for long are as frequent as those that close at once.
        let opening = rng.uniform();
        while list.len() < symbols {
            let must_close = open.len() == symbols - list.len();
            if !must_close && (open.is_empty() || rng.bernoulli(opening)) {
                open.push(rng.below(kinds) as u8);
                list.push(2 * open[open.len() - 1]);
            } else {
                list.push(2 * open.pop().expect("something is open") + 1);
            }
        }
        if rng.bernoulli(0.5) {
            list[rng.below(symbols)] = rng.below(self.alphabet.into()) as u8;
        }
        list
    }
}

/// Whether every bracket is closed by one of its kind.
fn balanced(list: &[u8]) -> bool {
    let mut open = Vec::new();
    let in_order = list.iter().all(|&symbol| match symbol % 2 {
        0 => {
            open.push(symbol);
            true
        }
        _ => open.pop() == Some(symbol - 1),
    });
    in_order && open.is_empty()
}

impl StringTask for Lists {
    fn symbols(&self) -> [usize; 2] {
        let alphabet = usize::from(self.alphabet);
        let room = usize::from(self.room(1) > 0);
        [1 + alphabet + room, alphabet]
    }

    fn fitting(&self, length: usize) -> Option<usize> {
        self.symbols_in(length).map(|n| n + self.room(n))
    }

    #[track_caller]
    fn sample(&self, length: usize, rng: &mut Rng) -> Example {
        let draw =
            |n, rng: &mut Rng| (0..n).map(|_| rng.below(self.alphabet.into()) as u8).collect();
        self.drawn(length, rng, draw)
    }

    /// Lists of long runs, of nearly equal symbols, of the greatest symbol and of 0.
    #[track_caller]
    fn sample_tough(&self, length: usize, rng: &mut Rng) -> Example {
        let kinds = [Operands::Runs, Operands::Sparse, Operands::Greatest, Operands::Short];
        let kind = kinds[rng.below(kinds.len())];
        self.drawn(length, rng, |n, rng| {
            let [list, _] = kind.draw(n, self.alphabet, rng);
            list
        })
    }
}
