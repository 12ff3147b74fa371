use std::ops::RangeInclusive;

use seedbed_autodiff::Rng;
use serde::{Deserialize, Serialize};

use super::{
    Canvas, SequenceBatch, SequenceTask, check_at_least, check_range, check_size, draw,
    fill_with_bits,
};
use crate::error::DataError;

/// Copy (Graves et al. 2014, section 4.1): random vectors, a delimiter on a channel of its own, then the same vectors are to be said while the
/// input is blank.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Copy {
    /// How many vectors there are.
    pub lengths: RangeInclusive<usize>,
    /// Bits in a vector.
    pub width: usize,
}

impl Default for Copy {
    /// As the paper trains: 1 to 20 vectors of 8 bits.
    fn default() -> Self {
        Self { lengths: 1..=20, width: 8 }
    }
}

impl SequenceTask for Copy {
    fn channels(&self) -> [usize; 2] {
        [self.width.saturating_add(1), self.width]
    }

    fn check(&self) -> Result<(), DataError> {
        check_range("lengths", &self.lengths, 1)?;
        check_at_least("width", self.width, 1)?;
        check_size(2 * *self.lengths.end() as u128 + 1, self.channels())
    }

    fn vectors(&self) -> Option<usize> {
        Some(*self.lengths.end())
    }

    fn sample(&self, batch_size: usize, rng: &mut Rng) -> SequenceBatch {
        let (width, length) = (self.width, draw(&self.lengths, rng));
        let mut inputs = Canvas::new([2 * length + 1, batch_size, width + 1]);
        let mut targets = Canvas::new([length, batch_size, width]);
        for sequence in 0..batch_size {
            for step in 0..length {
                let vector = targets.at(step, sequence);
                fill_with_bits(vector, rng);
                inputs.at(step, sequence)[..width].copy_from_slice(vector);
            }
        }
        inputs.signal(length, width, 1.0);
        let answers = length + 1..2 * length + 1;
        SequenceBatch::new(inputs.into_tensor(), targets.into_tensor(), answers)
    }
}
