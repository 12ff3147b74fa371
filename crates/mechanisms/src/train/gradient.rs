//! The two gradients of a step.

use seedbed_autodiff::{Float, Tensor, grad, value_and_grad};

use super::{Statistics, TrainConfig};
use crate::competition::Round;
use crate::experts::Experts;
use crate::network::{Discriminator, Expert, Moments};

/// − mean ln D(x) − mean ln (1 − D(y)), with canonical images x and made ones y, and the regularisers; beside it the logits of y and the loss without the
/// regulariser R1, as constants.
///
/// # Panics
/// If the images are not of the size that the discriminator was made for.
#[track_caller]
pub fn discriminator_loss<F: Float>(
    discriminator: &Discriminator<F>,
    config: &TrainConfig,
    real: &Tensor<F>,
    fakes: &Tensor<F>,
) -> (Tensor<F>, (Tensor<F>, f64)) {
    let n = real.shape()[0];
    let (loss, of_fakes) = told_apart(discriminator, config.smoothing, real, fakes);
    let (scores, value) = (of_fakes.stop_gradient(), loss.item().f64());
    if config.r1 == 0.0 {
        return (loss, (scores, value));
    }
    // γ/2 · mean ‖∂D(x)/∂x‖²
    let slope = grad(real, |x| discriminator.forward(x).sum(..));
    let penalty = slope.square().sum(..) * (config.r1 / 2.0 / n as f64);
    (loss + penalty, (scores, value))
}

/// − mean ln D(x) − mean ln (1 − D(y)), and the logits of y.
pub(super) fn told_apart<F: Float>(
    discriminator: &Discriminator<F>,
    smoothing: f64,
    real: &Tensor<F>,
    fakes: &Tensor<F>,
) -> (Tensor<F>, Tensor<F>) {
    let (n, m) = (real.shape()[0], fakes.shape()[0]);
    // One pass, so that each weight is packed once.
    let logits = discriminator.forward(&Tensor::concat(&[real, fakes], 0));
    let (of_real, of_fakes) = (logits.slice(0, ..n), logits.slice(0, n..));
    let wanted = Tensor::full(&[n], 1.0 - smoothing);
    let loss = of_real.bce_with_logits(&wanted) + of_fakes.bce_with_logits(&Tensor::zeros(&[m]));
    (loss, of_fakes)
}

/// − Σ ln D(E_j(x)) / batch over the images that each expert won, and the gradients of those experts that won any. Nothing is recorded for the others.
pub(super) fn winners<F: Float>(
    model: &Experts<F>,
    statistics: Statistics,
    x: &Tensor<F>,
    round: &Round<F>,
    moments: &[Moments<F>],
) -> (f64, Vec<(usize, Expert<F>)>) {
    let batch = x.shape()[0];
    let won: Vec<(usize, Vec<usize>)> = (0..model.experts.len())
        .map(|j| (j, round.won_by(j)))
        .filter(|(_, samples)| !samples.is_empty())
        .collect();
    let learning: Vec<Expert<F>> = won.iter().map(|&(j, _)| model.experts[j].clone()).collect();
    let (loss, gradients) = value_and_grad(&learning, |learning| {
        let restored = learning.iter().zip(&won).map(|(expert, (j, samples))| match statistics {
            Statistics::Fixed => expert.forward_with(&x.index_select(0, samples), &moments[*j]),
            Statistics::Through => {
                let (y, again) = expert.forward_train(x);
                again.into_iter().for_each(|moments| moments.discard());
                y.index_select(0, samples)
            }
        });
        let restored: Vec<Tensor<F>> = restored.collect();
        let logits = model.discriminator.forward(&Tensor::concat(&restored, 0));
        logits.bce_with_logits(&Tensor::ones(&[batch]))
    });
    (loss.item().f64(), won.into_iter().map(|(j, _)| j).zip(gradients).collect())
}
