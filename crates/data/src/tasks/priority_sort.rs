use seedbed_autodiff::Rng;
use serde::{Deserialize, Serialize};

use super::{Canvas, SequenceBatch, SequenceTask, check_at_least, check_size, fill_with_bits};
use crate::error::DataError;

/// Priority sort (Graves et al. 2014, section 4.5): random vectors, each with a priority on a channel of its own, and a delimiter; then the vectors of the
/// highest priorities are to be said, the highest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PrioritySort {
    /// How many vectors there are.
    pub length: usize,
    /// How many of them are asked for.
    pub highest: usize,
    /// Bits in a vector.
    pub width: usize,
}

impl Default for PrioritySort {
    /// As in the paper: the 16 highest of 20 vectors of 8 bits, with priorities uniform on [−1, 1).
    fn default() -> Self {
        Self { length: 20, highest: 16, width: 8 }
    }
}

impl SequenceTask for PrioritySort {
    fn channels(&self) -> [usize; 2] {
        [self.width.saturating_add(2), self.width]
    }

    fn check(&self) -> Result<(), DataError> {
        check_at_least("length", self.length, 1)?;
        check_at_least("width", self.width, 1)?;
        if !(1..=self.length).contains(&self.highest) {
            let expected = format!("from 1 to {}, the length", self.length);
            return Err(DataError::invalid("highest", self.highest, expected));
        }
        check_size(self.length as u128 + 1 + self.highest as u128, self.channels())
    }

    fn vectors(&self) -> Option<usize> {
        Some(self.length)
    }

    fn sample(&self, batch_size: usize, rng: &mut Rng) -> SequenceBatch {
        let &Self { length, highest, width } = self;
        let [priority, delimiter] = [width, width + 1];
        let start = length + 1;
        let mut inputs = Canvas::new([start + highest, batch_size, width + 2]);
        let mut targets = Canvas::new([highest, batch_size, width]);
        for sequence in 0..batch_size {
            let mut order: Vec<(f32, usize)> = Vec::with_capacity(length);
            for step in 0..length {
                let vector = inputs.at(step, sequence);
                fill_with_bits(&mut vector[..width], rng);
                vector[priority] = (2.0 * rng.uniform() - 1.0) as f32;
                order.push((vector[priority], step));
            }
            order.sort_by(|a, b| b.0.total_cmp(&a.0));
            for (answer, &(_, step)) in order[..highest].iter().enumerate() {
                let vector = &inputs.at(step, sequence)[..width];
                targets.at(answer, sequence).copy_from_slice(vector);
            }
        }
        inputs.signal(length, delimiter, 1.0);
        SequenceBatch::new(inputs.into_tensor(), targets.into_tensor(), start..start + highest)
    }
}
