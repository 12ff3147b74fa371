use seedbed_autodiff::{Module, Tensor, value_and_grad, value_and_grad_aux};
use seedbed_nn::optim::Optimizer;

use super::{evaluate, one_each};
use crate::error::same_length;
use crate::{Candidates, Policy, Repair, Selection, SelectionConfig, SelectionError, Selector};

/// One step of training with selection (Mindermann et al. 2022, algorithm 1, lines 5 to 10): score the candidates by a forward
/// pass, choose, and [train on the chosen](train_on).
///
/// `rows` are the candidates, `ids` their stable ids. A score that does not look at losses pays for no forward pass. For scores that
/// look at logits or features, or where scoring and training are passes in different modes, put the three together yourself: a pass that
/// gives [`Outputs`](super::Outputs), [`Selector::select`], [`train_on`].
///
/// # Errors
/// As [`Selector::select`], and at the first step already if score or policy look at more than losses. The model is unchanged then.
///
/// # Panics
/// If the closure does not give one loss a row.
#[track_caller]
pub fn selection_step<M: Module<f32>>(
    model: &mut M,
    optimizer: &mut impl Optimizer<f32, M>,
    selector: &mut Selector,
    rows: &[usize],
    ids: &[u64],
    losses: impl Fn(&M, &[usize]) -> Tensor<f32>,
) -> Result<Selection, SelectionError> {
    check(selector, rows, ids)?;
    let selection = if selector.needs_losses() {
        let current = evaluate(model, rows, &losses);
        selector.select(&Candidates::new(ids, &current))?
    } else {
        selector.select(&Candidates::of_ids(ids))?
    };
    train_on(model, optimizer, &selection, rows, losses);
    Ok(selection)
}

/// [`selection_step`] with one forward pass in the place of two: the pass that scores the candidates is recorded, and the gradient
/// goes back through it from the losses of the chosen.
///
/// The choice and, up to rounding, the gradient are the same. A [linear layer](Tensor::linear) leaves the rows out that were not chosen, so that the way back costs
/// what it costs for the chosen alone; other layers may do it for all candidates, and [`selection_step`] is cheaper then. It needs the memory
/// of a recorded pass over all candidates, and a model that treats them alike whether they are scored or learnt from, each by
/// itself: without dropout, without batch normalisation.
///
/// # Errors
/// As [`selection_step`].
///
/// # Panics
/// If the closure does not give one loss a row.
#[track_caller]
pub fn selection_step_in_one_pass<M: Module<f32>>(
    model: &mut M,
    optimizer: &mut impl Optimizer<f32, M>,
    selector: &mut Selector,
    rows: &[usize],
    ids: &[u64],
    losses: impl Fn(&M, &[usize]) -> Tensor<f32>,
) -> Result<Selection, SelectionError> {
    if !selector.needs_losses() {
        return selection_step(model, optimizer, selector, rows, ids, losses);
    }
    check(selector, rows, ids)?;
    let (_, selection, gradient) = value_and_grad_aux(model, |m| {
        let losses = one_each(&losses, m, rows);
        match selector.select(&Candidates::new(ids, losses.data())) {
            Ok(selection) => {
                let chosen = losses.index_select(0, &selection.indices);
                (weighted_mean(&chosen, &selection), Ok(selection))
            }
            Err(error) => (Tensor::zeros(&[]), Err(error)),
        }
    });
    let selection = selection?;
    optimizer.step_scaled(model, &gradient, 1.0);
    Ok(selection)
}

/// Refuses at any step what would fail at one that selects.
pub(super) fn check(
    selector: &Selector,
    rows: &[usize],
    ids: &[u64],
) -> Result<(), SelectionError> {
    same_length(("rows", rows.len()), ("ids", ids.len()))?;
    losses_suffice(selector.config())
}

/// Refuses a score, repair or policy that looks at more than losses.
fn losses_suffice(config: &SelectionConfig) -> Result<(), SelectionError> {
    let given = Candidates::new(&[], &[]);
    if config.uses_scores() && config.score.needs_logits() {
        given.required_logits(config.score.name())?;
    }
    if matches!(config.repair, Repair::Temperature { .. }) {
        given.required_logits("repair.temperature")?;
    }
    match config.policy {
        Policy::ClassBalanced => given.required_labels("class-balanced").map(drop),
        Policy::Diverse { .. } => given.required_logits("diverse").map(drop),
        Policy::Joint { .. } => given.required_joint("joint").map(drop),
        _ => Ok(()),
    }
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
    value_and_grad(model, |m| weighted_mean(&one_each(&losses, m, &chosen), selection)).1
}

/// (1/k) Σ wᵢ Lᵢ over the k chosen.
#[track_caller]
fn weighted_mean(losses: &Tensor<f32>, selection: &Selection) -> Tensor<f32> {
    let weights = Tensor::new(selection.weights.clone(), &[selection.weights.len()]);
    (losses * weights).mean(..)
}
