use std::ops::RangeInclusive;

use seedbed_autodiff::Rng;
use serde::{Deserialize, Serialize};

use super::{Canvas, SequenceBatch, SequenceTask, check_range, check_size, draw, fill_with_bits};
use crate::error::DataError;

/// Binary addition: the bits of two numbers, one bit a step and the lowest first, a plus sign between them and an
/// equals sign behind, each on a channel of its own; then the bits of their sum, one more than they have themselves.
///
/// The numbers come one after the other, so that the first has to be stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Addition {
    /// How many bits both numbers have.
    pub bits: RangeInclusive<usize>,
}

impl Default for Addition {
    /// Numbers of 1 to 8 bits.
    fn default() -> Self {
        Self { bits: 1..=8 }
    }
}

impl SequenceTask for Addition {
    fn channels(&self) -> [usize; 2] {
        [3, 1]
    }

    fn check(&self) -> Result<(), DataError> {
        check_range("bits", &self.bits, 1)?;
        check_size(3 * (*self.bits.end() as u128 + 1), self.channels())
    }

    fn sample(&self, batch_size: usize, rng: &mut Rng) -> SequenceBatch {
        let bits = draw(&self.bits, rng);
        let [plus, equals] = [1, 2];
        let start = 2 * bits + 2;
        let mut inputs = Canvas::new([start + bits + 1, batch_size, 3]);
        let mut targets = Canvas::new([bits + 1, batch_size, 1]);
        let mut numbers = vec![0.0; 2 * bits];
        for sequence in 0..batch_size {
            fill_with_bits(&mut numbers, rng);
            let (a, b) = numbers.split_at(bits);
            let mut carry = 0.0;
            for i in 0..bits {
                inputs.at(i, sequence)[0] = a[i];
                inputs.at(bits + 1 + i, sequence)[0] = b[i];
                let sum = a[i] + b[i] + carry;
                targets.at(i, sequence)[0] = sum % 2.0;
                carry = f32::from(sum >= 2.0);
            }
            targets.at(bits, sequence)[0] = carry;
        }
        inputs.signal(bits, plus, 1.0);
        inputs.signal(start - 1, equals, 1.0);
        SequenceBatch::new(inputs.into_tensor(), targets.into_tensor(), start..start + bits + 1)
    }
}
