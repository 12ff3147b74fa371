use std::ops::RangeInclusive;

use seedbed_autodiff::Rng;
use serde::{Deserialize, Serialize};

use super::{
    Canvas, SequenceBatch, SequenceTask, check_at_least, check_range, check_size, draw,
    fill_with_bits,
};
use crate::error::DataError;

/// Repeat copy (Graves et al. 2014, section 4.2): random vectors, a delimiter, and how often they are to be said, as one number on a channel of its
/// own. The answer ends with a marker on the last output channel, so that the model has to count.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RepeatCopy {
    /// How many vectors there are.
    pub lengths: RangeInclusive<usize>,
    /// How often they are to be said.
    pub repeats: RangeInclusive<usize>,
    /// The repeats that the model is trained on: the number it sees has mean 0 and variance 1 over these, whichever are
    /// asked for.
    pub normalized_over: RangeInclusive<usize>,
    /// Bits in a vector.
    pub width: usize,
}

impl Default for RepeatCopy {
    /// As the paper trains: 1 to 10 vectors of 8 bits, 1 to 10 times.
    fn default() -> Self {
        Self { lengths: 1..=10, repeats: 1..=10, normalized_over: 1..=10, width: 8 }
    }
}

impl RepeatCopy {
    /// The number that stands for so many repeats: (R − mean) / standard deviation, of the uniform distribution on
    /// `normalized_over`.
    pub fn normalized(&self, repeats: usize) -> f64 {
        let (low, high) =
            (*self.normalized_over.start() as f64, *self.normalized_over.end() as f64);
        let variance = ((high - low + 1.0).powi(2) - 1.0) / 12.0;
        (repeats as f64 - 0.5 * (low + high)) / variance.sqrt()
    }
}

impl SequenceTask for RepeatCopy {
    fn channels(&self) -> [usize; 2] {
        [self.width.saturating_add(2), self.width.saturating_add(1)]
    }

    fn check(&self) -> Result<(), DataError> {
        check_range("lengths", &self.lengths, 1)?;
        check_range("repeats", &self.repeats, 1)?;
        check_range("normalized_over", &self.normalized_over, 1)?;
        if self.normalized_over.start() == self.normalized_over.end() {
            let found = format!("{:?}", self.normalized_over);
            let expected = "a range of two numbers or more, whose variance is not 0";
            return Err(DataError::invalid("normalized_over", found, expected));
        }
        check_at_least("width", self.width, 1)?;
        let (length, repeats) = (*self.lengths.end() as u128, *self.repeats.end() as u128);
        check_size(length.saturating_mul(repeats + 1).saturating_add(3), self.channels())
    }

    fn vectors(&self) -> Option<usize> {
        Some(*self.lengths.end())
    }

    fn sample(&self, batch_size: usize, rng: &mut Rng) -> SequenceBatch {
        let width = self.width;
        let (length, repeats) = (draw(&self.lengths, rng), draw(&self.repeats, rng));
        let start = length + 2;
        let asked = length * repeats + 1;
        let mut inputs = Canvas::new([start + asked, batch_size, width + 2]);
        let mut targets = Canvas::new([asked, batch_size, width + 1]);
        let mut vector = vec![0.0; width];
        for sequence in 0..batch_size {
            for step in 0..length {
                fill_with_bits(&mut vector, rng);
                inputs.at(step, sequence)[..width].copy_from_slice(&vector);
                for repeat in 0..repeats {
                    let step = repeat * length + step;
                    targets.at(step, sequence)[..width].copy_from_slice(&vector);
                }
            }
        }
        inputs.signal(length, width, 1.0);
        inputs.signal(length + 1, width + 1, self.normalized(repeats) as f32);
        targets.signal(asked - 1, width, 1.0);
        SequenceBatch::new(inputs.into_tensor(), targets.into_tensor(), start..start + asked)
    }
}
