use std::ops::RangeInclusive;

use seedbed_autodiff::Rng;
use serde::{Deserialize, Serialize};

use super::{
    Canvas, SequenceBatch, SequenceTask, check_at_least, check_range, check_size, draw,
    fill_with_bits,
};
use crate::error::DataError;

/// Associative recall (Graves et al. 2014, section 4.3): items of several vectors, each after a delimiter; then one of them again, between two
/// delimiters of another kind, and the item that followed it is to be said. The last item is never asked about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AssociativeRecall {
    /// How many items there are.
    pub items: RangeInclusive<usize>,
    /// Vectors in an item.
    pub item_length: usize,
    /// Bits in a vector.
    pub width: usize,
}

impl Default for AssociativeRecall {
    /// As the paper trains: 2 to 6 items of three vectors of 6 bits.
    fn default() -> Self {
        Self { items: 2..=6, item_length: 3, width: 6 }
    }
}

impl SequenceTask for AssociativeRecall {
    fn channels(&self) -> [usize; 2] {
        [self.width.saturating_add(2), self.width]
    }

    fn check(&self) -> Result<(), DataError> {
        check_range("items", &self.items, 2)?;
        check_at_least("item_length", self.item_length, 1)?;
        check_at_least("width", self.width, 1)?;
        let (items, length) = (*self.items.end() as u128, self.item_length as u128);
        let steps = (items + 2).saturating_mul(length + 1);
        check_size(steps, self.channels())
    }

    fn vectors(&self) -> Option<usize> {
        Some(self.items.end().saturating_mul(self.item_length))
    }

    fn sample(&self, batch_size: usize, rng: &mut Rng) -> SequenceBatch {
        let (width, item_length) = (self.width, self.item_length);
        let items = draw(&self.items, rng);
        let [item_delimiter, query_delimiter] = [width, width + 1];
        // A delimiter before each item, two around the query.
        let query = items * (item_length + 1) + 1;
        let start = query + item_length + 1;
        let mut inputs = Canvas::new([start + item_length, batch_size, width + 2]);
        let mut targets = Canvas::new([item_length, batch_size, width]);
        let mut vector = vec![0.0; width];
        for sequence in 0..batch_size {
            let asked = rng.below(items - 1);
            for item in 0..items {
                for i in 0..item_length {
                    fill_with_bits(&mut vector, rng);
                    inputs.at(item * (item_length + 1) + 1 + i, sequence)[..width]
                        .copy_from_slice(&vector);
                    if item == asked {
                        inputs.at(query + i, sequence)[..width].copy_from_slice(&vector);
                    }
                    if item == asked + 1 {
                        targets.at(i, sequence).copy_from_slice(&vector);
                    }
                }
            }
        }
        for item in 0..items {
            inputs.signal(item * (item_length + 1), item_delimiter, 1.0);
        }
        inputs.signal(query - 1, query_delimiter, 1.0);
        inputs.signal(start - 1, query_delimiter, 1.0);
        let answers = start..start + item_length;
        SequenceBatch::new(inputs.into_tensor(), targets.into_tensor(), answers)
    }
}
