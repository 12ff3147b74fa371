//! An endless stream of fresh sequences, which can be stopped and resumed.

use seedbed_autodiff::{RNG_STATE_BYTES, Rng};
use serde::{Deserialize, Serialize};

use super::{SequenceBatch, SequenceTask, check_at_least};
use crate::error::DataError;

/// More sequences are no batch.
const LARGEST_BATCH: usize = 1 << 30;

/// Fresh sequences of a task, a batch at a time, and how many there were.
///
/// ```
/// use seedbed_autodiff::Rng;
/// use seedbed_data::tasks::{Copy, Sequences};
///
/// let mut sequences = Sequences::new(Copy::default(), 4, Rng::new(0))?;
/// sequences.next_batch();
/// assert_eq!(sequences.drawn(), 4);
/// let saved = serde_json::to_string(&sequences.state()).unwrap();
///
/// let mut resumed = Sequences::new(Copy::default(), 4, Rng::new(9))?;
/// resumed.restore(&serde_json::from_str(&saved).unwrap())?;
/// assert_eq!(resumed.next_batch().inputs, sequences.next_batch().inputs);
/// # Ok::<(), seedbed_data::DataError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sequences<T> {
    task: T,
    batch_size: usize,
    drawn: u64,
    rng: Rng,
}

/// Where a [`Sequences`] stands, to be kept in a checkpoint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SequencesState {
    drawn: u64,
    /// States of early versions have none.
    #[serde(default)]
    batch_size: Option<usize>,
    rng: Vec<u8>,
}

impl<T: SequenceTask> Sequences<T> {
    /// Batches of `batch_size` sequences of the task.
    ///
    /// # Errors
    /// [`DataError::Invalid`] if the task makes no sense, or the batch size is 0 or more than 2³⁰.
    pub fn new(task: T, batch_size: usize, rng: Rng) -> Result<Self, DataError> {
        task.check()?;
        check_at_least("batch_size", batch_size, 1)?;
        if batch_size > LARGEST_BATCH {
            let expected = format!("at most {LARGEST_BATCH}");
            return Err(DataError::invalid("batch_size", batch_size, expected));
        }
        Ok(Self { task, batch_size, drawn: 0, rng })
    }

    /// The task.
    pub fn task(&self) -> &T {
        &self.task
    }

    /// How many sequences were drawn: the measure of training in the field, whatever the batch size.
    pub fn drawn(&self) -> u64 {
        self.drawn
    }

    /// The next batch.
    pub fn next_batch(&mut self) -> SequenceBatch {
        self.drawn = self.drawn.saturating_add(self.batch_size as u64);
        self.task.sample(self.batch_size, &mut self.rng)
    }

    /// The current place in the stream.
    pub fn state(&self) -> SequencesState {
        SequencesState {
            drawn: self.drawn,
            batch_size: Some(self.batch_size),
            rng: self.rng.to_bytes().to_vec(),
        }
    }

    /// Goes to where a stream of the same task and batch size stood.
    ///
    /// # Errors
    /// [`DataError::Invalid`] if no such stream is ever in this state.
    pub fn restore(&mut self, state: &SequencesState) -> Result<(), DataError> {
        let Ok(rng) = <&[u8; RNG_STATE_BYTES]>::try_from(&state.rng[..]) else {
            let expected = format!("{RNG_STATE_BYTES} bytes");
            return Err(DataError::invalid("rng", format!("{} bytes", state.rng.len()), expected));
        };
        if let Some(found) = state.batch_size.filter(|&found| found != self.batch_size) {
            let expected = format!("{}, as in this stream", self.batch_size);
            return Err(DataError::invalid("the state's batch_size", found, expected));
        }
        if !state.drawn.is_multiple_of(self.batch_size as u64) {
            let expected = format!("a multiple of the batch size, {}", self.batch_size);
            return Err(DataError::invalid("drawn", state.drawn, expected));
        }
        (self.drawn, self.rng) = (state.drawn, Rng::from_bytes(rng));
        Ok(())
    }
}

/// An endless iterator of [`next_batch`](Sequences::next_batch).
impl<T: SequenceTask> Iterator for Sequences<T> {
    type Item = SequenceBatch;

    fn next(&mut self) -> Option<SequenceBatch> {
        Some(self.next_batch())
    }
}
