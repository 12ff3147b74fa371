use seedbed_autodiff::{Module, Tensor, value_and_grad};
use seedbed_nn::optim::Optimizer;

use super::evaluate;
use crate::{Candidates, Selection, SelectionError, Selector};

/// One step of training with selection (Mindermann et al. 2022, algorithm 1, lines 5 to 10): score the candidates by a forward
/// pass, choose, and take a gradient step on the weighted mean loss of the chosen.
///
/// `rows` are the candidates, `ids` their stable ids. A score that does not look at losses pays for no forward pass.
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
    let chosen: Vec<usize> = selection.indices.iter().map(|&i| rows[i]).collect();
    let weights = Tensor::new(selection.weights.clone(), &[chosen.len()]);
    let (_, gradient) = value_and_grad(model, |m| (losses(m, &chosen) * &weights).mean(..));
    optimizer.step_scaled(model, &gradient, 1.0);
    Ok(selection)
}
