use seedbed_autodiff::{Module, Tensor, value_and_grad};
use seedbed_nn::optim::Optimizer;

use super::evaluate;
use super::reference::at_least_one;
use crate::{Example, SelectionError};

/// How a model is trained on a candidate, for [`holdout_gains`].
#[derive(Clone, Copy, Debug)]
pub struct Trial<'a> {
    /// Steps on the mean loss of the candidate and `seen` together.
    pub steps: usize,
    /// What was trained on before, D_t: without it many steps on one candidate forget everything else.
    pub seen: &'a [usize],
}

/// The criterion that reducible losses approximate, as Mindermann et al. 2022 first state it (equation 1): train on each
/// candidate alone, and see by how much the loss on the holdout rows falls,
///
/// Δ(x, y) = L[yʰᵒ | xʰᵒ; D_t] − L[yʰᵒ | xʰᵒ; D_t ∪ (x, y)],
///
/// the mean over the holdout rows, in nats. Every candidate starts from the same `model` and `optimizer`, which stay as they are.
///
/// It costs a training and a pass over the holdout rows for each candidate: it is there to measure how good an
/// approximation is, not to train with.
///
/// # Errors
/// If there is no candidate, no holdout row or no step, or the loss after training is not finite.
pub fn holdout_gains<M: Module<f32>>(
    model: &M,
    optimizer: &(impl Optimizer<f32, M> + Clone),
    candidates: &[usize],
    holdout: &[usize],
    losses: impl Fn(&M, &[usize]) -> Tensor<f32>,
    trial: Trial<'_>,
) -> Result<Vec<f32>, SelectionError> {
    at_least_one("candidates", candidates.len())?;
    at_least_one("holdout", holdout.len())?;
    at_least_one("steps", trial.steps)?;
    let holdout_loss = |model: &M| {
        let losses = evaluate(model, holdout, &losses);
        losses.iter().map(|&x| f64::from(x)).sum::<f64>() / losses.len() as f64
    };
    let before = holdout_loss(model);
    let gain = |&candidate: &usize| {
        let (mut model, mut optimizer) = (model.clone(), optimizer.clone());
        let rows: Vec<usize> = trial.seen.iter().copied().chain([candidate]).collect();
        for _ in 0..trial.steps {
            let (_, gradient) = value_and_grad(&model, |m| losses(m, &rows).mean(..));
            optimizer.step_scaled(&mut model, &gradient, 1.0);
        }
        let gain = (before - holdout_loss(&model)) as f32;
        match gain.is_finite() {
            true => Ok(gain),
            false => Err(SelectionError::NotFinite {
                what: "holdout gain",
                example: Example::Id(candidate as u64),
                value: gain,
            }),
        }
    };
    candidates.iter().map(gain).collect()
}

/// The losses of an ensemble, −ln (1/K) Σₖ pₖ(y | x), from each member's own losses: approximation 0 of the paper, with members that
/// were trained to convergence.
///
/// # Panics
/// If there is no member, or they give different numbers of losses.
///
/// ```
/// use seedbed_rho_selection::train::ensemble_losses;
/// // One member is sure, one has no idea: the mean probability of the label is ½ (1 + 0).
/// let losses = ensemble_losses(&[vec![0.0], vec![100.0]]);
/// assert!((losses[0] - 2_f32.ln()).abs() < 1e-6);
/// ```
#[track_caller]
pub fn ensemble_losses(members: &[Vec<f32>]) -> Vec<f32> {
    let first = members.first().expect("ensemble_losses: needs at least one member");
    assert!(
        members.iter().all(|member| member.len() == first.len()),
        "ensemble_losses: the members give different numbers of losses"
    );
    let of_row = |row: usize| {
        let losses = members.iter().map(|member| member[row]);
        let lowest = losses.clone().fold(f32::INFINITY, f32::min);
        // Where no member believes in the label at all, neither do they together.
        if lowest == f32::INFINITY {
            return lowest;
        }
        let sum: f32 = losses.map(|loss| (lowest - loss).exp()).sum();
        lowest + (members.len() as f32).ln() - sum.ln()
    };
    (0..first.len()).map(of_row).collect()
}
