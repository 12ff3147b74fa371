//! Windows of a long sequence of tokens, drawn at random, that can be stopped and resumed.

use std::fmt::Display;
use std::ops::Range;
use std::sync::Arc;

use seedbed_kernels::{RNG_STATE_BYTES, Rng};
use serde::{Deserialize, Serialize};

use crate::error::DataError;

/// An endless stream of batches of windows of one sequence, for networks that foretell the next token.
///
/// Each window begins at a place that is drawn by itself, all places equally likely. Nothing depends on anything but the generator: the same seed gives the same windows.
///
/// ```
/// use seedbed_autodiff::Rng;
/// use seedbed_data::{Windows, text::Text};
///
/// let text = Text::new("to be, or not to be");
/// let mut windows = Windows::new(text.tokens(), 4, 2, Rng::new(0))?;
/// let batch = windows.next_batch();
/// assert_eq!((batch.inputs.len(), batch.targets.len()), (2 * 4, 2 * 4));
/// // What is to be foretold is the input, one token on.
/// assert_eq!(batch.inputs[1..4], batch.targets[..3]);
/// # Ok::<(), seedbed_data::DataError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Windows {
    tokens: Arc<[usize]>,
    length: usize,
    batch_size: usize,
    rng: Rng,
}

/// Windows of a sequence, one row after the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WindowBatch {
    /// The tokens of each window: rows of as many as a window is long.
    pub inputs: Vec<usize>,
    /// The token after each of them.
    pub targets: Vec<usize>,
}

/// Where a [`Windows`] stands, to be kept in a checkpoint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WindowsState {
    tokens: usize,
    length: usize,
    batch_size: usize,
    rng: Vec<u8>,
}

impl Windows {
    /// Batches of `batch_size` windows of `length` tokens.
    ///
    /// # Errors
    /// [`DataError::Invalid`] if a number is 0, or there are fewer tokens than a window and the one after it have.
    pub fn new(
        tokens: impl Into<Arc<[usize]>>,
        length: usize,
        batch_size: usize,
        rng: Rng,
    ) -> Result<Self, DataError> {
        let tokens = tokens.into();
        check(&tokens, length)?;
        if batch_size == 0 {
            return Err(DataError::invalid("batch_size", batch_size, "at least 1"));
        }
        Ok(Self { tokens, length, batch_size, rng })
    }

    /// The tokens of a window.
    pub fn length(&self) -> usize {
        self.length
    }

    /// The next batch.
    pub fn next_batch(&mut self) -> WindowBatch {
        let places = self.tokens.len() - self.length;
        let starts: Vec<usize> = (0..self.batch_size).map(|_| self.rng.below(places)).collect();
        WindowBatch::at(&self.tokens, self.length, &starts)
    }

    /// The current place in the stream.
    pub fn state(&self) -> WindowsState {
        WindowsState {
            tokens: self.tokens.len(),
            length: self.length,
            batch_size: self.batch_size,
            rng: self.rng.to_bytes().to_vec(),
        }
    }

    /// Goes to where a stream of as many tokens, as long windows and as large batches stood. On an error the stream stays where it is.
    ///
    /// ```
    /// use seedbed_autodiff::Rng;
    /// use seedbed_data::Windows;
    ///
    /// let tokens: Vec<usize> = (0..100).collect();
    /// let mut windows = Windows::new(&tokens[..], 8, 4, Rng::new(0))?;
    /// let state = windows.state();
    /// let mut resumed = Windows::new(&tokens[..], 8, 4, Rng::new(1))?;
    /// resumed.restore(&state)?;
    /// assert_eq!(resumed.next_batch(), windows.next_batch());
    /// # Ok::<(), seedbed_data::DataError>(())
    /// ```
    ///
    /// # Errors
    /// [`DataError::Invalid`] if it is the state of another stream, or of none.
    pub fn restore(&mut self, state: &WindowsState) -> Result<(), DataError> {
        let as_here = |what: &'static str, found: usize, here: usize| {
            let expected: &dyn Display = &here;
            match found == here {
                true => Ok(()),
                false => {
                    Err(DataError::invalid(what, found, format!("{expected}, as in this stream")))
                }
            }
        };
        as_here("the state's number of tokens", state.tokens, self.tokens.len())?;
        as_here("the state's length", state.length, self.length)?;
        as_here("the state's batch_size", state.batch_size, self.batch_size)?;
        let Ok(rng) = <&[u8; RNG_STATE_BYTES]>::try_from(&state.rng[..]) else {
            let expected = format!("{RNG_STATE_BYTES} bytes");
            return Err(DataError::invalid("rng", format!("{} bytes", state.rng.len()), expected));
        };
        self.rng = Rng::from_bytes(rng);
        Ok(())
    }
}

/// An endless iterator of [`next_batch`](Windows::next_batch).
impl Iterator for Windows {
    type Item = WindowBatch;

    fn next(&mut self) -> Option<WindowBatch> {
        Some(self.next_batch())
    }
}

impl WindowBatch {
    fn at(tokens: &[usize], length: usize, starts: &[usize]) -> Self {
        let all = |shift: usize| {
            starts.iter().flat_map(|s| &tokens[s + shift..][..length]).copied().collect()
        };
        Self { inputs: all(0), targets: all(1) }
    }
}

/// The windows of a sequence one after the other, once, in batches: for an evaluation. Every token but the first is foretold once, except for a rest at the end
/// that is shorter than a window.
///
/// ```
/// let tokens: Vec<usize> = (0..12).collect();
/// let batches: Vec<_> = seedbed_data::windows_in_order(&tokens, 3, 2)?.collect();
/// assert_eq!(batches[0].targets, [1, 2, 3, 4, 5, 6]);
/// assert_eq!(batches[1].inputs, [6, 7, 8]);
/// # Ok::<(), seedbed_data::DataError>(())
/// ```
///
/// # Errors
/// As [`Windows::new`].
pub fn windows_in_order(
    tokens: &[usize],
    length: usize,
    batch_size: usize,
) -> Result<impl Iterator<Item = WindowBatch>, DataError> {
    check(tokens, length)?;
    if batch_size == 0 {
        return Err(DataError::invalid("batch_size", batch_size, "at least 1"));
    }
    let windows = (tokens.len() - 1) / length;
    let batches = (0..windows)
        .step_by(batch_size)
        .map(move |first| -> Range<usize> { first..windows.min(first.saturating_add(batch_size)) });
    Ok(batches.map(move |range| {
        let starts: Vec<usize> = range.map(|i| i * length).collect();
        WindowBatch::at(tokens, length, &starts)
    }))
}

fn check(tokens: &[usize], length: usize) -> Result<(), DataError> {
    if length == 0 {
        return Err(DataError::invalid("length", length, "at least 1"));
    }
    if tokens.len() <= length {
        let expected = format!("more than {length}, the length of a window");
        return Err(DataError::invalid("the number of tokens", tokens.len(), expected));
    }
    Ok(())
}
