//! Streams of the crate `data` for the trainer of the crate `nn`, which do not know each other.

use seedbed_data::{Batches, BatchesState, DataError, WindowBatch, Windows, WindowsState};
use seedbed_nn::train::{self, AnyError};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A stream of `data` as [`Trainer`](seedbed_nn::train::Trainer) takes it: saved with each checkpoint, and resumed from there.
///
/// ```
/// use seedbed::Feed;
/// use seedbed::data::Batches;
/// use seedbed::nn::Config;
/// use seedbed::nn::optim::{Sgd, SgdConfig};
/// use seedbed::nn::train::{Metrics, TrainConfig, Trainer};
/// use seedbed::prelude::*;
///
/// let numbers = Tensor::<f32>::arange(10);
/// let mut feed = Feed(Batches::new(10, 5, Rng::new(0))?);
/// let model = Tensor::<f32>::scalar(0.0);
/// let optimizer = Sgd::new(&model, SgdConfig { lr: 0.1, ..Default::default() }.check()?);
/// let config = TrainConfig { steps: 200, ..Default::default() }.check()?;
/// let mut trainer = Trainer::new(model, optimizer, Rng::new(0), config);
/// // The loss gets what the stream gives: the numbers of the batch's rows.
/// trainer.fit(&mut feed, |m, rows, _rng| (numbers.index_select(0, rows) - m).square().mean(..), |_| Metrics::new())?;
/// assert!((trainer.model.item() - 4.5).abs() < 1.0); // the mean of the numbers
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Feed<S>(
    /// The stream.
    pub S,
);

/// A stream that can say where it stands and go there: what [`Feed`] can be made of.
pub trait Source {
    /// What it gives.
    type Item;
    /// Where it stands.
    type State: Serialize + DeserializeOwned;

    /// The next item; `None` ends the training.
    fn next_item(&mut self) -> Option<Self::Item>;

    /// Where it stands.
    fn state(&self) -> Self::State;

    /// Goes to where a stream of the same settings stood.
    ///
    /// # Errors
    /// If it is the state of another stream. This one stays where it is then.
    fn restore(&mut self, state: &Self::State) -> Result<(), DataError>;
}

/// Gives numbers of rows.
impl Source for Batches {
    type Item = Vec<usize>;
    type State = BatchesState;

    fn next_item(&mut self) -> Option<Vec<usize>> {
        Some(self.next_rows())
    }
    fn state(&self) -> BatchesState {
        self.state()
    }
    fn restore(&mut self, state: &BatchesState) -> Result<(), DataError> {
        self.restore(state)
    }
}

/// Gives windows of a text.
impl Source for Windows {
    type Item = WindowBatch;
    type State = WindowsState;

    fn next_item(&mut self) -> Option<WindowBatch> {
        Some(self.next_batch())
    }
    fn state(&self) -> WindowsState {
        self.state()
    }
    fn restore(&mut self, state: &WindowsState) -> Result<(), DataError> {
        self.restore(state)
    }
}

impl<S: Source> train::Batches for Feed<S> {
    type Batch = S::Item;

    fn next_batch(&mut self) -> Result<Option<S::Item>, AnyError> {
        Ok(self.0.next_item())
    }
    fn state(&self) -> Result<Value, AnyError> {
        Ok(serde_json::to_value(self.0.state())?)
    }
    fn restore(&mut self, state: &Value) -> Result<(), AnyError> {
        Ok(self.0.restore(&S::State::deserialize(state)?)?)
    }
}

#[cfg(test)]
mod tests {
    use seedbed_autodiff::Rng;
    use seedbed_nn::train::Batches as _;

    use super::*;

    /// The items after a state are those of a stream that was restored to it; a stream of other settings is refused.
    fn resumes<S: Source<Item: PartialEq + std::fmt::Debug>>(make: impl Fn(usize, u64) -> S) {
        let mut feed = Feed(make(5, 0));
        for _ in 0..7 {
            feed.next_batch().unwrap();
        }
        let state = feed.state().unwrap();
        let mut resumed = Feed(make(5, 1));
        resumed.restore(&state).unwrap();
        for _ in 0..7 {
            assert_eq!(resumed.next_batch().unwrap(), feed.next_batch().unwrap());
        }

        let error = Feed(make(4, 0)).restore(&state).unwrap_err().to_string();
        assert_eq!(error, "the state's batch_size is 5; it should be 4, as in this stream");
        assert!(resumed.restore(&Value::from("nothing")).is_err());
    }

    #[test]
    fn batches_are_resumed() {
        resumes(|size, seed| Batches::new(23, size, Rng::new(seed)).unwrap());
    }

    #[test]
    fn windows_are_resumed() {
        let tokens: Vec<usize> = (0..100).collect();
        resumes(|size, seed| Windows::new(&tokens[..], 8, size, Rng::new(seed)).unwrap());
    }
}
