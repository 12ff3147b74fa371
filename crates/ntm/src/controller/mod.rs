//! The network in the middle of a machine.

mod feed_forward;
mod lstm;
mod standard;

pub use feed_forward::FeedForward;
pub use lstm::{LstmController, LstmControllerState};
pub use standard::{StandardController, StandardState};

use seedbed_autodiff::{Float, Module, Tensor};

/// A controller: from an input xₜ and what the heads read at the step before, rₜ₋₁, to hₜ, which drives the heads.
///
/// The crate has [`FeedForward`] and [`LstmController`]; implement this for one of your own, and give it to
/// [`Ntm::with_controller`](crate::Ntm::with_controller).
pub trait Controller<F: Float>: Module<F> {
    /// What it carries from step to step; `()` if nothing.
    type State: Clone;

    /// Elements of an input xₜ.
    fn inputs(&self) -> usize;

    /// Elements of a read vector rₜ₋₁ of all heads together.
    fn reads(&self) -> usize;

    /// Elements of an output hₜ.
    fn outputs(&self) -> usize;

    /// The state before the first step.
    fn start(&self, batch: usize) -> Self::State;

    /// One step: from xₜ `[batch, inputs]`, rₜ₋₁ `[batch, reads]` and the state to hₜ `[batch, outputs]` and the next state.
    #[track_caller]
    fn step(
        &self,
        x: &Tensor<F>,
        reads: &Tensor<F>,
        state: &Self::State,
    ) -> (Tensor<F>, Self::State);
}

/// Panics unless a controller takes as many elements as a machine gives it.
#[track_caller]
pub(crate) fn must_fit<F: Float, C: Controller<F>>(
    machine: &str,
    controller: &C,
    inputs: usize,
    reads: usize,
) {
    for (what, has, needs) in [
        ("inputs", controller.inputs(), inputs),
        ("elements that were read", controller.reads(), reads),
    ] {
        assert!(
            has == needs,
            "{machine}: the controller takes {has} {what}, the configuration says {needs}"
        );
    }
}
