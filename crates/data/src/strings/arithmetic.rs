use num_bigint::BigUint;
use seedbed_kernels::Rng;
use serde::{Deserialize, Serialize};

use super::{Example, Operands, StringTask};
use crate::error::DataError;

/// What is done with two numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Operation {
    /// a + b.
    Add,
    /// a × b.
    Multiply,
    /// a − b, of the greater and the smaller one: operands that are drawn are put in this order.
    Subtract,
    /// a > b, as the number 1 or 0.
    Compare,
}

impl Operation {
    /// Its usual sign.
    pub fn sign(self) -> char {
        match self {
            Self::Add => '+',
            Self::Multiply => '*',
            Self::Subtract => '-',
            Self::Compare => '>',
        }
    }

    fn of(self, a: &BigUint, b: &BigUint) -> Option<BigUint> {
        match self {
            Self::Add => Some(a + b),
            Self::Multiply => Some(a * b),
            Self::Subtract => (a >= b).then(|| a - b),
            Self::Compare => Some(u8::from(a > b).into()),
        }
    }
}

/// How two numbers are laid out in a string.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Layout {
    /// One after the other with a sign between, 2 k + 1 cells for k digits each: the default of the field. A machine has to carry the digits
    /// to each other.
    Unaligned,
    /// One below the other: a cell holds one digit of each, and a further cell (0, 0) makes room for the last carry: k + 1 cells. Much easier, because
    /// what belongs together lies together; figures of the two layouts must not be mixed.
    Aligned,
}

/// Arithmetic on two numbers of the same number of digits k (leading zeros are allowed), least significant digit first.
///
/// Symbols of the [unaligned](Layout::Unaligned) input: digit d is 1 + d, the sign is 1 + base. Of the
/// [aligned](Layout::Aligned) one: digits a and b are 1 + a + base · b. The answer is written with digits 0 to base − 1, and
/// filled up with 0 to the length of the input.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Arithmetic {
    /// What is done.
    pub operation: Operation,
    /// The base of the digits, 2 to 15.
    pub base: u8,
    /// How the numbers are laid out.
    pub layout: Layout,
}

impl Arithmetic {
    /// On binary numbers, unaligned.
    pub fn binary(operation: Operation) -> Self {
        Self { operation, base: 2, layout: Layout::Unaligned }
    }

    /// Whether the task makes sense.
    ///
    /// # Errors
    /// [`DataError::Invalid`] if symbols would not fit, or the product would not: an aligned product has 2 k digits, but only k + 1 cells.
    pub fn check(&self) -> Result<(), DataError> {
        if !(2..=15).contains(&self.base) {
            return Err(DataError::invalid("base", self.base, "from 2 to 15"));
        }
        if (self.operation, self.layout) == (Operation::Multiply, Layout::Aligned) {
            return Err(DataError::invalid("layout", "aligned", "unaligned for a product"));
        }
        Ok(())
    }

    /// The digits of each number in a string of so many cells.
    fn digits(&self, cells: usize) -> Option<usize> {
        let digits = match self.layout {
            Layout::Unaligned => cells.checked_sub(1)? / 2,
            Layout::Aligned => cells.checked_sub(1)?,
        };
        (digits > 0).then_some(digits)
    }

    /// The cells of a string for numbers of so many digits.
    pub fn cells(&self, digits: usize) -> usize {
        match self.layout {
            Layout::Unaligned => digits.saturating_mul(2).saturating_add(1),
            Layout::Aligned => digits.saturating_add(1),
        }
    }

    /// The example of two numbers, least significant digit first.
    ///
    /// # Errors
    /// [`DataError::Invalid`] if the task makes no sense (see [`check`](Self::check)), if they have no digit, not the same number of them, one that the base does not have,
    /// or a difference would be negative.
    pub fn example(&self, a: &[u8], b: &[u8]) -> Result<Example, DataError> {
        self.check()?;
        if a.is_empty() || a.len() != b.len() {
            let found = format!("{} and {} digits", a.len(), b.len());
            return Err(DataError::invalid("operands", found, "as many digits, at least one"));
        }
        if let Some(digit) = a.iter().chain(b).find(|&&digit| digit >= self.base) {
            return Err(DataError::invalid("digit", digit, format!("below {}", self.base)));
        }
        let radix = u32::from(self.base);
        let number = |x: &[u8]| BigUint::from_radix_le(x, radix).expect("digits were checked");
        let Some(answer) = self.operation.of(&number(a), &number(b)) else {
            return Err(DataError::invalid("operands", "a < b", "a >= b for a difference"));
        };
        let input: Vec<u8> = match self.layout {
            Layout::Unaligned => {
                let digits = |x: &[u8]| x.iter().map(|d| 1 + d).collect::<Vec<_>>();
                [digits(a), vec![1 + self.base], digits(b)].concat()
            }
            Layout::Aligned => {
                let pairs = a.iter().zip(b).map(|(a, b)| 1 + a + self.base * b);
                pairs.chain([1]).collect()
            }
        };
        let mut target = answer.to_radix_le(radix);
        target.resize(input.len(), 0);
        Ok(Example { input, target })
    }

    /// A random example of this length whose operands are of one kind.
    ///
    /// # Panics
    /// If the task does not pass its [`check`](Self::check), or no example has this length: see [`fitting`](StringTask::fitting).
    #[track_caller]
    pub fn sample_of(&self, operands: Operands, length: usize, rng: &mut Rng) -> Example {
        if let Err(error) = self.check() {
            panic!("Arithmetic: {error}");
        }
        let digits = self.digits(length).filter(|&digits| self.cells(digits) == length);
        let digits = digits.unwrap_or_else(|| panic!("{self:?} has no example of {length} cells"));
        let [mut a, mut b] = operands.draw(digits, self.base, rng);
        if self.operation == Operation::Subtract && a.iter().rev().lt(b.iter().rev()) {
            (a, b) = (b, a);
        }
        self.example(&a, &b).expect("operands in order, of digits of the base")
    }
}

impl StringTask for Arithmetic {
    fn symbols(&self) -> [usize; 2] {
        let base = usize::from(self.base);
        let inputs = match self.layout {
            Layout::Unaligned => base + 2,
            Layout::Aligned => base * base + 1,
        };
        [inputs, base]
    }

    fn fitting(&self, length: usize) -> Option<usize> {
        self.digits(length).map(|digits| self.cells(digits))
    }

    #[track_caller]
    fn sample(&self, length: usize, rng: &mut Rng) -> Example {
        self.sample_of(Operands::Uniform, length, rng)
    }

    #[track_caller]
    fn sample_tough(&self, length: usize, rng: &mut Rng) -> Example {
        let kind = Operands::TOUGH[rng.below(Operands::TOUGH.len())];
        self.sample_of(kind, length, rng)
    }
}
