use seedbed_autodiff::Rng;
use serde::{Deserialize, Serialize};

use super::{Canvas, SequenceBatch, SequenceTask, check_at_least, check_size, fill_with_bits};
use crate::error::DataError;

/// The longest context for which a table of counts is kept: 2²⁰ numbers.
const LONGEST_CONTEXT: usize = 20;

/// Dynamic N-grams (Graves et al. 2014, section 4.4): each sequence of bits has a fresh table, which says with what
/// probability a 1 follows each context of the last few bits. Every bit is to be foretold from those before it.
///
/// The first bits, which have no whole context, are fair, so that everyone pays a bit for each.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct NGrams {
    /// Bits in a context: N − 1.
    pub context: usize,
    /// Bits in a sequence.
    pub length: usize,
}

impl Default for NGrams {
    /// The paper's 6-grams: contexts of 5 bits, 200 bits a sequence.
    fn default() -> Self {
        Self { context: 5, length: 200 }
    }
}

impl NGrams {
    /// What the best estimator pays for each sequence of a batch of this task, in bits (Murphy 2012, for tables drawn from Beta(½, ½)):
    /// P(1 | context) = (n₁ + ½) / (n₁ + n₀ + 1), with the context's counts so far in this sequence.
    ///
    /// # Panics
    /// If the batch is of another task.
    #[track_caller]
    pub fn optimal_bits(&self, batch: &SequenceBatch) -> Vec<f64> {
        let expected = [self.length, batch.sequences(), 1];
        assert!(
            batch.targets.shape() == expected,
            "NGrams: a batch with targets of shape {:?}; they should be {expected:?}",
            batch.targets.shape()
        );
        let bits = batch.targets.data();
        let cost = |sequence: usize| {
            let bit = |step: usize| usize::from(bits[step * batch.sequences() + sequence] > 0.5);
            let mut counts = vec![[0.0_f64; 2]; 1 << self.context];
            let mut cost = self.context as f64;
            for step in self.context..self.length {
                let row = (step - self.context..step).fold(0, |row, t| 2 * row + bit(t));
                let [zeros, ones] = counts[row];
                let n = counts[row][bit(step)];
                cost -= ((n + 0.5) / (zeros + ones + 1.0)).log2();
                counts[row][bit(step)] += 1.0;
            }
            cost
        };
        (0..batch.sequences()).map(cost).collect()
    }
}

impl SequenceTask for NGrams {
    fn channels(&self) -> [usize; 2] {
        [1, 1]
    }

    fn check(&self) -> Result<(), DataError> {
        if !(1..=LONGEST_CONTEXT).contains(&self.context) {
            let expected = format!("from 1 to {LONGEST_CONTEXT}");
            return Err(DataError::invalid("context", self.context, expected));
        }
        check_at_least("length", self.length, self.context + 1)?;
        check_size(self.length as u128, self.channels())
    }

    fn sample(&self, batch_size: usize, rng: &mut Rng) -> SequenceBatch {
        let &Self { context, length } = self;
        let mut inputs = Canvas::new([length, batch_size, 1]);
        let mut targets = Canvas::new([length, batch_size, 1]);
        let mut bits = vec![0.0; length];
        for sequence in 0..batch_size {
            let table: Vec<f64> = (0..1 << context).map(|_| arcsine(rng)).collect();
            fill_with_bits(&mut bits[..context], rng);
            for step in context..length {
                let before = &bits[step - context..step];
                let row = before.iter().fold(0, |row, &bit| 2 * row + usize::from(bit > 0.5));
                bits[step] = f32::from(rng.bernoulli(table[row]));
            }
            // The bit before the first is shown as a 0.
            for (step, &bit) in bits.iter().enumerate() {
                targets.at(step, sequence)[0] = bit;
                if step + 1 < length {
                    inputs.at(step + 1, sequence)[0] = bit;
                }
            }
        }
        SequenceBatch::new(inputs.into_tensor(), targets.into_tensor(), 0..length)
    }
}

/// A draw from Beta(½, ½), which is the arcsine distribution: sin²(π u / 2) for uniform u.
fn arcsine(rng: &mut Rng) -> f64 {
    (std::f64::consts::FRAC_PI_2 * rng.uniform()).sin().powi(2)
}
