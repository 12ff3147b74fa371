use std::error::Error;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::checkpoint::to_value;

/// Any error of a user's code.
pub type AnyError = Box<dyn Error + Send + Sync>;

/// A stream of batches that can be stopped, saved and resumed.
pub trait Batches {
    /// What the loss is computed on.
    type Batch;

    /// The next batch; `None` ends the training.
    ///
    /// # Errors
    /// Whatever can go wrong in making one.
    fn next_batch(&mut self) -> Result<Option<Self::Batch>, AnyError>;

    /// Where the stream stands, as a value that a checkpoint keeps.
    ///
    /// # Errors
    /// If it cannot be written as JSON.
    fn state(&self) -> Result<Value, AnyError>;

    /// Goes to where a stream of the same data stood.
    ///
    /// # Errors
    /// If the value is no state of such a stream.
    fn restore(&mut self, state: &Value) -> Result<(), AnyError>;
}

/// [`Batches`] made of something that has a state of its own, and three functions on it.
///
/// ```
/// use seedbed_nn::train::{Batches, Stream};
///
/// // The numbers from 0; the number is the state.
/// let mut numbers = Stream::new(
///     0_u32,
///     |n| {
///         *n += 1;
///         Some(*n - 1)
///     },
///     |n| *n,
///     |n, saved: u32| {
///         *n = saved;
///         Ok::<_, std::convert::Infallible>(())
///     },
/// );
/// numbers.next_batch()?;
/// let state = numbers.state()?;
/// assert_eq!(numbers.next_batch()?, Some(1));
/// numbers.restore(&state)?;
/// assert_eq!(numbers.next_batch()?, Some(1));
/// # Ok::<(), seedbed_nn::train::AnyError>(())
/// ```
///
/// For `seedbed_data::Batches` the facade has this ready, as `seedbed::Feed`; without the facade it is
/// `Stream::new(batches, |b| Some(b.next_rows()), |b| b.state(), |b, s| b.restore(&s))`.
#[derive(Clone, Debug)]
pub struct Stream<T, N, S, R> {
    inner: T,
    next: N,
    state: S,
    restore: R,
}

impl<T, B, V, E, N, S, R> Stream<T, N, S, R>
where
    N: FnMut(&mut T) -> Option<B>,
    S: Fn(&T) -> V,
    R: Fn(&mut T, V) -> Result<(), E>,
{
    /// A stream of what `next` gives, whose `state` is saved, and to which `restore` takes it again. It gets the stream as the program
    /// made it, so that it can refuse the state of one with other settings; on an error it leaves it as it is.
    pub fn new(inner: T, next: N, state: S, restore: R) -> Self {
        Self { inner, next, state, restore }
    }
}

impl<T, B, V, E, N, S, R> Batches for Stream<T, N, S, R>
where
    V: Serialize + DeserializeOwned,
    E: Into<AnyError>,
    N: FnMut(&mut T) -> Option<B>,
    S: Fn(&T) -> V,
    R: Fn(&mut T, V) -> Result<(), E>,
{
    type Batch = B;

    fn next_batch(&mut self) -> Result<Option<B>, AnyError> {
        Ok((self.next)(&mut self.inner))
    }
    fn state(&self) -> Result<Value, AnyError> {
        Ok(to_value(&(self.state)(&self.inner))?)
    }
    fn restore(&mut self, state: &Value) -> Result<(), AnyError> {
        (self.restore)(&mut self.inner, V::deserialize(state)?).map_err(Into::into)
    }
}
