//! Algorithmic tasks on sequences: the five of Graves, Wayne & Danihelka (2014), "Neural Turing Machines", section 4,
//! and binary addition.
//!
//! Each [`SequenceTask`] makes fresh [`SequenceBatch`]es, and [`Sequences`] is an endless, resumable stream of them:
//!
//! ```
//! use seedbed_autodiff::{Rng, Tensor};
//! use seedbed_data::tasks::{Copy, SequenceTask, Sequences};
//!
//! let task = Copy::default();
//! assert_eq!(task.channels(), [9, 8]); // eight bits and a delimiter in, eight bits out
//! let mut sequences = Sequences::new(task, 16, Rng::new(0))?;
//! let batch = sequences.next_batch();
//! let [steps, 16, 9] = batch.inputs.shape() else { unreachable!() };
//!
//! // Logits of a model that knows nothing cost one bit a bit.
//! let logits = Tensor::<f32>::zeros(&[*steps, 16, 8]);
//! let chance = batch.bits_per_sequence() as f32;
//! assert!((batch.bits(&logits).item() - chance).abs() < 1e-4 * chance);
//! # Ok::<(), seedbed_data::DataError>(())
//! ```
//!
//! Two measures that must never be mixed stand beside each other: the cross-entropy in *bits per sequence*, which the paper
//! plots, and *bit errors*, the thresholded outputs that are wrong, which several programs plot under the same name.

mod addition;
mod batch;
mod copy;
mod ngrams;
mod priority_sort;
mod recall;
mod repeat_copy;
mod stream;

pub use addition::Addition;
pub use batch::SequenceBatch;
pub use copy::Copy;
pub use ngrams::NGrams;
pub use priority_sort::PrioritySort;
pub use recall::AssociativeRecall;
pub use repeat_copy::RepeatCopy;
pub use stream::{Sequences, SequencesState};

use std::ops::RangeInclusive;

use seedbed_autodiff::{Rng, Tensor};

use crate::error::DataError;
use crate::memory::fits;

/// A source of sequences of one kind.
///
/// ```
/// use seedbed_autodiff::{Rng, Tensor};
/// use seedbed_data::DataError;
/// use seedbed_data::tasks::{SequenceBatch, SequenceTask};
///
/// /// Says one step later what it heard.
/// struct Echo;
///
/// impl SequenceTask for Echo {
///     fn channels(&self) -> [usize; 2] {
///         [1, 1]
///     }
///     fn check(&self) -> Result<(), DataError> {
///         Ok(())
///     }
///     fn sample(&self, batch_size: usize, rng: &mut Rng) -> SequenceBatch {
///         let bits: Vec<f32> = (0..batch_size).map(|_| f32::from(rng.bernoulli(0.5))).collect();
///         let heard = Tensor::new(bits, &[1, batch_size, 1]);
///         let blank = Tensor::zeros(&[1, batch_size, 1]);
///         SequenceBatch::new(Tensor::concat(&[&heard, &blank], 0), heard, 1..2)
///     }
/// }
/// ```
pub trait SequenceTask {
    /// How many numbers go in and come out at each step.
    fn channels(&self) -> [usize; 2];

    /// Whether the task makes sense.
    ///
    /// # Errors
    /// [`DataError::Invalid`]: the parameter, its value, and what would be right.
    fn check(&self) -> Result<(), DataError>;

    /// The most vectors that a sequence asks to remember at a time; `None` where that is not what the task is about.
    fn vectors(&self) -> Option<usize> {
        None
    }

    /// Fresh sequences. Lengths are drawn once a batch, contents once a sequence.
    ///
    /// # Panics
    /// If the task does not pass its [`check`](Self::check).
    fn sample(&self, batch_size: usize, rng: &mut Rng) -> SequenceBatch;
}

impl<T: SequenceTask + ?Sized> SequenceTask for &T {
    fn channels(&self) -> [usize; 2] {
        (**self).channels()
    }
    fn check(&self) -> Result<(), DataError> {
        (**self).check()
    }
    fn vectors(&self) -> Option<usize> {
        (**self).vectors()
    }
    fn sample(&self, batch_size: usize, rng: &mut Rng) -> SequenceBatch {
        (**self).sample(batch_size, rng)
    }
}

/// A sequence of vectors for each of several sequences, all 0 at first: `[steps, sequences, channels]`.
struct Canvas {
    shape: [usize; 3],
    values: Vec<f32>,
}

impl Canvas {
    /// # Panics
    /// If there are more numbers than can be held: a task's check bounds a sequence, not how many there are.
    #[track_caller]
    fn new(shape: [usize; 3]) -> Self {
        let [steps, sequences, channels] = shape;
        let len = steps.checked_mul(sequences).and_then(|len| len.checked_mul(channels));
        match len {
            Some(len) if fits::<f32>(len) => Self { shape, values: vec![0.0; len] },
            _ => panic!(
                "SequenceTask: {sequences} sequences of {steps} steps with {channels} channels are more than can be held"
            ),
        }
    }

    /// The vector of one sequence at one step.
    fn at(&mut self, step: usize, sequence: usize) -> &mut [f32] {
        let [_, sequences, channels] = self.shape;
        let start = (step * sequences + sequence) * channels;
        &mut self.values[start..start + channels]
    }

    /// Sets one channel at one step, for all sequences.
    fn signal(&mut self, step: usize, channel: usize, value: f32) {
        for sequence in 0..self.shape[1] {
            self.at(step, sequence)[channel] = value;
        }
    }

    fn into_tensor(self) -> Tensor {
        Tensor::new(self.values, &self.shape)
    }
}

/// Fills with fair random bits.
fn fill_with_bits(out: &mut [f32], rng: &mut Rng) {
    out.fill_with(|| f32::from(rng.bernoulli(0.5)));
}

/// A number of the range, all alike likely.
fn draw(range: &RangeInclusive<usize>, rng: &mut Rng) -> usize {
    range.start() + rng.below(range.end() - range.start() + 1)
}

fn check_range(
    name: &'static str,
    range: &RangeInclusive<usize>,
    least: usize,
) -> Result<(), DataError> {
    match *range.start() >= least && !range.is_empty() {
        true => Ok(()),
        false => {
            let expected = format!("a range that is not empty, from {least} or more");
            Err(DataError::invalid(name, format!("{range:?}"), expected))
        }
    }
}

/// The most numbers that one sequence may be made of: 4 GiB of them.
const LARGEST_SEQUENCE: u128 = 1 << 30;

/// Whether a task's longest sequence can be held. Sizes are counted in 128 bits, in which those of a configuration cannot overflow.
fn check_size(steps: u128, channels: [usize; 2]) -> Result<(), DataError> {
    let channels = channels.into_iter().max().unwrap_or(1);
    match steps.saturating_mul(channels as u128) {
        ..=LARGEST_SEQUENCE => Ok(()),
        _ => {
            let found = format!("{steps} steps with {channels} channels");
            let expected = format!("at most {LARGEST_SEQUENCE} numbers");
            Err(DataError::invalid("the longest sequence", found, expected))
        }
    }
}

fn check_at_least(name: &'static str, value: usize, least: usize) -> Result<(), DataError> {
    match value >= least {
        true => Ok(()),
        false => Err(DataError::invalid(name, value, format!("at least {least}"))),
    }
}
