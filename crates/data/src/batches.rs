//! Shuffled batches without replacement, reshuffled each epoch, that can be stopped and resumed.

use std::fmt::Display;

use seedbed_kernels::{RNG_STATE_BYTES, Rng};
use serde::{Deserialize, Serialize};

use crate::error::DataError;
use crate::memory::fits;

/// An endless stream of batches of row numbers.
///
/// Every epoch is a fresh random order of all rows, cut into batches; no row comes twice in an
/// epoch. The last batch of an epoch is shorter where the batch size does not divide the rows, or
/// left out with [`drop_last`](Self::drop_last).
///
/// ```
/// use seedbed_autodiff::Rng;
/// use seedbed_data::{Batches, mnist};
///
/// let digits = mnist::embedded().train;
/// let mut batches = Batches::new(digits.len(), 320, Rng::new(7))?;
/// while batches.epoch() < 1 {
///     let rows = batches.next_rows();
///     let images = digits.tensor::<f32>(&rows);
///     assert_eq!(images.shape(), [rows.len(), 28, 28, 1]);
/// }
/// # Ok::<(), seedbed_data::DataError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batches {
    rows: usize,
    batch_size: usize,
    drop_last: bool,
    epoch: u64,
    position: usize,
    order: Vec<usize>,
    /// The generator as it was before `order` was drawn: all that is needed to draw it again.
    before: Rng,
    after: Rng,
}

/// Where a [`Batches`] stands, to be kept in a checkpoint.
///
/// It holds no order of rows, only what it is drawn from, and so is small.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BatchesState {
    rows: usize,
    batch_size: usize,
    drop_last: bool,
    epoch: u64,
    position: usize,
    rng: Vec<u8>,
}

impl Batches {
    /// Batches of `batch_size` of the rows 0 to `rows` − 1.
    ///
    /// # Errors
    /// [`DataError::Invalid`] if either number is 0, or an order of so many rows cannot be held.
    pub fn new(rows: usize, batch_size: usize, rng: Rng) -> Result<Self, DataError> {
        if rows == 0 {
            return Err(DataError::invalid("the number of rows", rows, "at least 1"));
        }
        if batch_size == 0 {
            return Err(DataError::invalid("batch_size", batch_size, "at least 1"));
        }
        if !fits::<usize>(rows) {
            let expected = "so few that memory holds their order";
            return Err(DataError::invalid("the number of rows", rows, expected));
        }
        Ok(Self::at(rows, batch_size, false, 0, 0, rng))
    }

    /// With or without the last, shorter batch of an epoch.
    ///
    /// # Errors
    /// [`DataError::Invalid`] if the last batch is to be left out and is the only one.
    pub fn drop_last(mut self, drop_last: bool) -> Result<Self, DataError> {
        if drop_last && self.batch_size > self.rows {
            let expected = format!("at most {}, the number of rows, with drop_last", self.rows);
            return Err(DataError::invalid("batch_size", self.batch_size, expected));
        }
        self.drop_last = drop_last;
        Ok(self)
    }

    /// The rows of the next batch.
    pub fn next_rows(&mut self) -> Vec<usize> {
        let end = self.rows.min(self.position.saturating_add(self.batch_size));
        let batch = self.order[self.position..end].to_vec();
        self.position = end;
        if self.is_epoch_over() {
            let (epoch, rng) = (self.epoch.saturating_add(1), self.after.clone());
            *self = Self::at(self.rows, self.batch_size, self.drop_last, epoch, 0, rng);
        }
        batch
    }

    /// The number of finished epochs, which is the number of the epoch that the next batch is from.
    pub fn epoch(&self) -> u64 {
        self.epoch
    }

    /// The number of batches in each epoch.
    pub fn batches_per_epoch(&self) -> usize {
        match self.drop_last {
            true => self.rows / self.batch_size,
            false => self.rows.div_ceil(self.batch_size),
        }
    }

    /// The current place in the stream.
    ///
    /// ```
    /// use seedbed_autodiff::Rng;
    /// use seedbed_data::Batches;
    ///
    /// let mut batches = Batches::new(10, 4, Rng::new(0))?;
    /// batches.next_rows();
    /// let saved = serde_json::to_string(&batches.state()).unwrap();
    ///
    /// let mut resumed = Batches::new(10, 4, Rng::new(1))?;
    /// resumed.restore(&serde_json::from_str(&saved).unwrap())?;
    /// assert_eq!(resumed.next_rows(), batches.next_rows());
    /// # Ok::<(), seedbed_data::DataError>(())
    /// ```
    pub fn state(&self) -> BatchesState {
        BatchesState {
            rows: self.rows,
            batch_size: self.batch_size,
            drop_last: self.drop_last,
            epoch: self.epoch,
            position: self.position,
            rng: self.before.to_bytes().to_vec(),
        }
    }

    /// Goes to where a stream of the same rows and batch size stood. On an error the stream stays where it is.
    ///
    /// ```
    /// use seedbed_autodiff::Rng;
    /// use seedbed_data::Batches;
    ///
    /// let state = Batches::new(100, 4, Rng::new(0))?.state();
    /// let error = Batches::new(1000, 4, Rng::new(0))?.restore(&state).unwrap_err();
    /// assert_eq!(error.to_string(), "the state's number of rows is 100; it should be 1000, as in this stream");
    /// # Ok::<(), seedbed_data::DataError>(())
    /// ```
    ///
    /// # Errors
    /// [`DataError::Invalid`] if it is the state of a stream of other rows, another batch size or another
    /// [`drop_last`](Self::drop_last), or no stream is ever in such a state.
    pub fn restore(&mut self, state: &BatchesState) -> Result<(), DataError> {
        let as_here = |expected: &dyn Display| format!("{expected}, as in this stream");
        if state.rows != self.rows {
            let expected = as_here(&self.rows);
            return Err(DataError::invalid("the state's number of rows", state.rows, expected));
        }
        if state.batch_size != self.batch_size {
            let expected = as_here(&self.batch_size);
            return Err(DataError::invalid("the state's batch_size", state.batch_size, expected));
        }
        if state.drop_last != self.drop_last {
            let expected = as_here(&self.drop_last);
            return Err(DataError::invalid("the state's drop_last", state.drop_last, expected));
        }
        let Ok(rng) = <&[u8; RNG_STATE_BYTES]>::try_from(&state.rng[..]) else {
            let expected = format!("{RNG_STATE_BYTES} bytes");
            return Err(DataError::invalid("rng", format!("{} bytes", state.rng.len()), expected));
        };
        let (epoch, position) = (state.epoch, state.position);
        let (rows, batch_size, rng) = (self.rows, self.batch_size, Rng::from_bytes(rng));
        let resumed = Self::at(rows, batch_size, self.drop_last, epoch, position, rng);
        if !position.is_multiple_of(batch_size) || resumed.is_epoch_over() {
            let expected = "the start of one of the epoch's batches";
            return Err(DataError::invalid("position", position, expected));
        }
        *self = resumed;
        Ok(())
    }

    fn at(
        rows: usize,
        batch_size: usize,
        drop_last: bool,
        epoch: u64,
        position: usize,
        before: Rng,
    ) -> Self {
        let mut after = before.clone();
        let order = after.permutation(rows);
        Self { rows, batch_size, drop_last, epoch, position, order, before, after }
    }

    fn is_epoch_over(&self) -> bool {
        let left = self.rows.saturating_sub(self.position);
        left < if self.drop_last { self.batch_size } else { 1 }
    }
}

/// An endless iterator of [`next_rows`](Batches::next_rows).
impl Iterator for Batches {
    type Item = Vec<usize>;

    fn next(&mut self) -> Option<Vec<usize>> {
        Some(self.next_rows())
    }
}

/// The rows 0 to `rows` − 1 in order, in batches, once: for an evaluation.
///
/// ```
/// let batches: Vec<_> = seedbed_data::in_order(5, 2).collect();
/// assert_eq!(batches, [vec![0, 1], vec![2, 3], vec![4]]);
/// ```
///
/// # Panics
/// If `batch_size` is 0.
#[track_caller]
pub fn in_order(rows: usize, batch_size: usize) -> impl Iterator<Item = Vec<usize>> {
    assert!(batch_size > 0, "in_order: batch_size is 0; it should be at least 1");
    (0..rows)
        .step_by(batch_size)
        .map(move |start| (start..rows.min(start.saturating_add(batch_size))).collect())
}
