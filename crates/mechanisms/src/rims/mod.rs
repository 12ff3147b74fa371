//! Recurrent independent mechanisms: modules that compete for the input of each step, in the place of an LSTM.
//!
//! [`Rims`] is called like [`seedbed_nn::Lstm`]; a layer's state is one tensor. [`Rims::run`] says too which module did what.

mod cell;
mod config;
mod listen;
mod trace;

pub use cell::{RimCell, StepTrace};
pub use config::{Communication, RimConfig, Selection};
pub use listen::Listen;
pub use trace::Trace;

use seedbed_autodiff::{Float, Rng, Tensor, module};
use seedbed_nn::{Checked, Config as _};

use crate::MechanismsError;
use crate::error::all_finite;

/// Recurrent independent mechanisms of one or more layers over a sequence.
///
/// ```
/// use seedbed_autodiff::{Rng, Tensor};
/// use seedbed_mechanisms::rims::{RimConfig, Rims};
/// use seedbed_nn::Config;
///
/// let config = RimConfig { units: 8, ..RimConfig::new(3) }.check()?;
/// let rims = Rims::<f32>::new(&config, 2, &mut Rng::new(0));
/// let x = Tensor::zeros(&[4, 10, 3]);
/// let (y, states) = rims.forward(&x, None);
/// assert_eq!(y.shape(), [4, 10, 48]);
/// // Go on where it stopped.
/// let (_, _) = rims.forward(&x, Some(&states));
/// # Ok::<(), seedbed_nn::ConfigError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Rims<F: Float = f32> {
    /// From the input to the output.
    pub layers: Vec<RimCell<F>>,
}
module!(Rims<F> { layers });

/// What came of a sequence.
#[derive(Clone, Debug)]
pub struct Run<F: Float = f32> {
    /// The last layer's outputs, `[batch, time, hidden]`.
    pub outputs: Tensor<F>,
    /// The last state of every layer, `[2, modules, batch, units]`.
    pub states: Vec<Tensor<F>>,
    /// What the modules of every layer did.
    pub traces: Vec<Trace<F>>,
}

impl<F: Float> Rims<F> {
    /// `layers` cells of one configuration; those after the first have all units of the one before as their inputs.
    pub fn new(config: &Checked<RimConfig>, layers: usize, rng: &mut Rng) -> Self {
        let inner = RimConfig { inputs: config.modules * config.units, ..(**config).clone() };
        let inner = inner.check().expect("only the number of inputs is another one");
        let of_layer = |layer| if layer == 0 { config } else { &inner };
        Self { layers: (0..layers).map(|layer| RimCell::new(of_layer(layer), rng)).collect() }
    }

    /// The outputs `[batch, time, hidden]` on `x` `[batch, time, inputs]`, and the last state of every layer. Without `initial` states, all are zero.
    ///
    /// # Panics
    /// If the shapes do not fit, there is not one initial state a layer, or no layer ([`run`](Self::run) has errors instead).
    #[track_caller]
    pub fn forward(
        &self,
        x: &Tensor<F>,
        initial: Option<&[Tensor<F>]>,
    ) -> (Tensor<F>, Vec<Tensor<F>>) {
        match self.check(x, initial) {
            Ok(()) => {
                let (outputs, states, _) =
                    self.unroll(x, initial, |cell, x, state| (cell.step(x, state), ()));
                (outputs, states)
            }
            Err(error) => panic!("Rims: {error}"),
        }
    }

    /// As [`forward`](Self::forward), and which module did what.
    ///
    /// # Errors
    /// If the shapes do not fit, there is not one initial state a layer, or no layer; if the sequence has no steps, or a number of it is not finite.
    pub fn run(
        &self,
        x: &Tensor<F>,
        initial: Option<&[Tensor<F>]>,
    ) -> Result<Run<F>, MechanismsError> {
        self.check(x, initial)?;
        if x.is_empty() {
            return Err(MechanismsError::Empty { what: "the sequence" });
        }
        all_finite(x, || "a number of the sequence".into())?;
        let (outputs, states, seen) =
            self.unroll(x, initial, |cell, x, state| cell.step_traced(x, state));
        Ok(Run { outputs, states, traces: seen.iter().map(|steps| Trace::new(steps)).collect() })
    }

    /// Steps of all layers, one after the other, and what `step` says of each, layer by layer.
    #[allow(clippy::type_complexity)]
    #[track_caller]
    fn unroll<S>(
        &self,
        x: &Tensor<F>,
        initial: Option<&[Tensor<F>]>,
        step: impl Fn(&RimCell<F>, &Tensor<F>, &Tensor<F>) -> (Tensor<F>, S),
    ) -> (Tensor<F>, Vec<Tensor<F>>, Vec<Vec<S>>) {
        let (batch, time) = (x.shape()[0], x.shape()[1]);
        let mut states = match initial {
            Some(states) => states.to_vec(),
            None => self.layers.iter().map(|cell| cell.zero_state(batch)).collect(),
        };
        let mut seen: Vec<Vec<S>> = self.layers.iter().map(|_| Vec::with_capacity(time)).collect();
        let mut outputs = Vec::with_capacity(time);
        for t in 0..time {
            let mut features = x.index(1, t as isize);
            for ((cell, state), seen) in self.layers.iter().zip(&mut states).zip(&mut seen) {
                let (next, of_step) = step(cell, &features, state);
                features = cell.output(&next);
                *state = next;
                seen.push(of_step);
            }
            outputs.push(features);
        }
        if outputs.is_empty() {
            let width = self.layers.last().map_or(0, RimCell::hidden);
            return (Tensor::zeros(&[batch, 0, width]), states, seen);
        }
        (Tensor::stack(&outputs, 1), states, seen)
    }

    /// Whether a sequence and initial states fit.
    fn check(&self, x: &Tensor<F>, initial: Option<&[Tensor<F>]>) -> Result<(), MechanismsError> {
        let Some(first) = self.layers.first() else {
            return Err(MechanismsError::Empty { what: "the list of layers" });
        };
        let inputs = first.key.shape()[0];
        let &[batch, _, features] = x.shape() else {
            let expected = format!("[batch, time, {inputs}]");
            return Err(MechanismsError::shape("the sequence", x.shape(), expected));
        };
        if features != inputs {
            let expected = format!("[batch, time, {inputs}]");
            return Err(MechanismsError::shape("the sequence", x.shape(), expected));
        }
        let Some(states) = initial else { return Ok(()) };
        if states.len() != self.layers.len() {
            let expected = format!("[{}], one state a layer", self.layers.len());
            return Err(MechanismsError::shape("the list of states", &[states.len()], expected));
        }
        for (layer, (cell, state)) in self.layers.iter().zip(states).enumerate() {
            let expected = [2, cell.modules(), batch, cell.units()];
            if state.shape() != expected {
                let what = format!("the state of layer {layer}");
                return Err(MechanismsError::shape(what, state.shape(), format!("{expected:?}")));
            }
        }
        Ok(())
    }
}
