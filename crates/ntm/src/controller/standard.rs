use seedbed_autodiff::{Float, Module, Path, Rng, Role, Tensor};

use super::{Controller, FeedForward, LstmController, LstmControllerState};
use crate::ControllerConfig;

/// A controller of this crate, chosen by a [`ControllerConfig`].
#[derive(Clone, Debug)]
pub enum StandardController<F: Float = f32> {
    /// Without a state.
    FeedForward(FeedForward<F>),
    /// With a state of its own.
    Lstm(LstmController<F>),
}

/// The state of a [`StandardController`].
#[derive(Clone, Debug)]
pub enum StandardState<F: Float = f32> {
    /// Nothing.
    FeedForward,
    /// The states of all layers.
    Lstm(LstmControllerState<F>),
}

impl<F: Float> StandardController<F> {
    /// The controller on `inputs` elements and `reads` elements that were read.
    ///
    /// # Panics
    /// If there is no layer.
    #[track_caller]
    pub fn new(config: &ControllerConfig, inputs: usize, reads: usize, rng: &mut Rng) -> Self {
        match *config {
            ControllerConfig::FeedForward { hidden, layers } => {
                Self::FeedForward(FeedForward::new(inputs, reads, hidden, layers, rng))
            }
            ControllerConfig::Lstm { hidden, layers } => {
                Self::Lstm(LstmController::new(inputs, reads, hidden, layers, rng))
            }
        }
    }
}

/// The paths are those of the controller itself.
impl<F: Float> Module<F> for StandardController<F> {
    fn walk(&self, path: &mut Path, f: &mut dyn FnMut(&Path, Role, &Tensor<F>)) {
        match self {
            Self::FeedForward(c) => c.walk(path, f),
            Self::Lstm(c) => c.walk(path, f),
        }
    }
    fn walk_mut(&mut self, path: &mut Path, f: &mut dyn FnMut(&Path, Role, &mut Tensor<F>)) {
        match self {
            Self::FeedForward(c) => c.walk_mut(path, f),
            Self::Lstm(c) => c.walk_mut(path, f),
        }
    }
}

impl<F: Float> Controller<F> for StandardController<F> {
    type State = StandardState<F>;

    fn inputs(&self) -> usize {
        match self {
            Self::FeedForward(c) => c.inputs(),
            Self::Lstm(c) => c.inputs(),
        }
    }

    fn reads(&self) -> usize {
        match self {
            Self::FeedForward(c) => c.reads(),
            Self::Lstm(c) => c.reads(),
        }
    }

    fn outputs(&self) -> usize {
        match self {
            Self::FeedForward(c) => c.outputs(),
            Self::Lstm(c) => c.outputs(),
        }
    }

    fn start(&self, batch: usize) -> StandardState<F> {
        match self {
            Self::FeedForward(_) => StandardState::FeedForward,
            Self::Lstm(c) => StandardState::Lstm(c.start(batch)),
        }
    }

    #[track_caller]
    fn step(
        &self,
        x: &Tensor<F>,
        reads: &Tensor<F>,
        state: &StandardState<F>,
    ) -> (Tensor<F>, StandardState<F>) {
        match (self, state) {
            (Self::FeedForward(c), StandardState::FeedForward) => {
                (c.step(x, reads, &()).0, StandardState::FeedForward)
            }
            (Self::Lstm(c), StandardState::Lstm(state)) => {
                let (h, state) = c.step(x, reads, state);
                (h, StandardState::Lstm(state))
            }
            _ => panic!("StandardController: the state is of another kind of controller"),
        }
    }
}
