use seedbed_autodiff::{Module, Tensor, value_and_grad};
use seedbed_nn::optim::Optimizer;

use super::evaluate;
use crate::{Candidates, Selection, SelectionError, Selector};

/// One step of training with selection (Mindermann et al. 2022, algorithm 1, lines 5 to 10): score the candidates by a forward
/// pass, choose, and [train on the chosen](train_on).
///
/// `rows` are the candidates, `ids` their stable ids. A score that does not look at losses pays for no forward pass. For scores that
/// look at logits or features, or where scoring and training are passes in different modes, put the three together yourself: a pass that
/// gives [`Outputs`](super::Outputs), [`Selector::select`], [`train_on`].
///
/// # Errors
/// As [`Selector::select`]. The model is unchanged then.
pub fn selection_step<M: Module<f32>>(
    model: &mut M,
    optimizer: &mut impl Optimizer<f32, M>,
    selector: &mut Selector,
    rows: &[usize],
    ids: &[u64],
    losses: impl Fn(&M, &[usize]) -> Tensor<f32>,
) -> Result<Selection, SelectionError> {
    let selection = if selector.needs_losses() {
        let current = evaluate(model, rows, &losses);
        selector.select(&Candidates::new(ids, &current))?
    } else {
        selector.select(&Candidates::of_ids(ids))?
    };
    train_on(model, optimizer, &selection, rows, losses);
    Ok(selection)
}

/// A gradient step on the weighted mean loss of what was chosen of the candidates `rows`.
///
/// # Panics
/// If the choice is not one of these candidates, or the closure does not give one loss a row.
#[track_caller]
pub fn train_on<M: Module<f32>>(
    model: &mut M,
    optimizer: &mut impl Optimizer<f32, M>,
    selection: &Selection,
    rows: &[usize],
    losses: impl Fn(&M, &[usize]) -> Tensor<f32>,
) {
    let gradient = gradient_on(model, selection, rows, losses);
    optimizer.step_scaled(model, &gradient, 1.0);
}

/// The gradient of the weighted mean loss of what was chosen.
#[track_caller]
pub(super) fn gradient_on<M: Module<f32>>(
    model: &M,
    selection: &Selection,
    rows: &[usize],
    losses: impl Fn(&M, &[usize]) -> Tensor<f32>,
) -> M {
    let chosen: Vec<usize> = selection.indices.iter().map(|&i| rows[i]).collect();
    let weights = Tensor::new(selection.weights.clone(), &[chosen.len()]);
    value_and_grad(model, |m| (losses(m, &chosen) * &weights).mean(..)).1
}
