use seedbed_autodiff::{Module, Tensor};
use seedbed_nn::optim::Optimizer;

use super::evaluate;
use super::step::{check, gradient_on};
use crate::{Candidates, Selection, SelectionError, Selector};

/// Scoring in parallel with training: while one thread computes the gradient on what was chosen before, another one scores the next
/// candidates by the same parameters. So each choice is made by a model that is older by one step, and a step takes as long as the
/// longer of the two.
///
/// The results do not depend on threads: they are those of a loop that scores by the parameters of the step before.
#[derive(Debug)]
pub struct Overlapped {
    selector: Selector,
    /// The candidates of the step before and what was chosen of them.
    pending: Option<(Vec<usize>, Selection)>,
}

impl Overlapped {
    /// Nothing is chosen yet: the first step only scores.
    pub fn new(selector: Selector) -> Self {
        Self { selector, pending: None }
    }

    /// Goes on where another one stopped: with its selector, and the candidates and the choice that wait for their step. A resumed run
    /// is one that was never interrupted if these are saved with the model, the choice as JSON for instance.
    pub fn from_parts(selector: Selector, pending: Option<(Vec<usize>, Selection)>) -> Self {
        Self { selector, pending }
    }

    /// The selector.
    pub fn selector(&self) -> &Selector {
        &self.selector
    }

    /// The candidates and the choice that the next step trains on: to be saved with a checkpoint, and to [train on](super::train_on) at the
    /// end. `None` before the first step.
    pub fn pending(&self) -> Option<&(Vec<usize>, Selection)> {
        self.pending.as_ref()
    }

    /// Trains on what was chosen at the last call, and chooses from these candidates for the next one. Gives what was trained on:
    /// the candidates and the choice; nothing at the first call.
    ///
    /// # Errors
    /// As [`selection_step`](super::selection_step). The model and the pending choice are unchanged then.
    pub fn step<M: Module<f32> + Send + Sync>(
        &mut self,
        model: &mut M,
        optimizer: &mut impl Optimizer<f32, M>,
        rows: Vec<usize>,
        ids: &[u64],
        losses: impl Fn(&M, &[usize]) -> Tensor<f32> + Sync,
    ) -> Result<Option<(Vec<usize>, Selection)>, SelectionError> {
        check(&self.selector, &rows, ids)?;
        let (pending, now, needs_losses) = (&self.pending, &*model, self.selector.needs_losses());
        let (gradient, scored) = std::thread::scope(|scope| {
            let score = || needs_losses.then(|| evaluate(now, &rows, &losses));
            // The first step has nothing to train on, and a score without losses nothing to compute.
            let Some((rows, selection)) = pending else { return (None, score()) };
            let scored = needs_losses.then(|| scope.spawn(score));
            let gradient = gradient_on(now, selection, rows, &losses);
            let join = |thread: std::thread::ScopedJoinHandle<'_, _>| {
                thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
            };
            (Some(gradient), scored.and_then(join))
        });
        let selection = match &scored {
            Some(losses) => self.selector.select(&Candidates::new(ids, losses))?,
            None => self.selector.select(&Candidates::of_ids(ids))?,
        };
        if let Some(gradient) = gradient {
            optimizer.step_scaled(model, &gradient, 1.0);
        }
        Ok(self.pending.replace((rows, selection)))
    }
}
