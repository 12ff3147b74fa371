//! What a method makes of a forward pass.

use anyhow::{Context as _, Result};
use seedbed::autodiff::{Rng, Tensor};
use seedbed::nn::Sequential;
use seedbed::rho_selection::score::LastLayerLaplace;
use seedbed::rho_selection::train::Outputs;
use seedbed::rho_selection::{IrreducibleLosses, Rows};

use super::method::Method;
use super::net;

/// Scores candidates for a method: their losses, or what its posterior says of them.
pub(crate) struct Scorer<'a> {
    method: &'a Method,
    irreducible: &'a IrreducibleLosses,
    /// Made at the first look, which tells its size.
    posterior: Option<LastLayerLaplace>,
}

impl<'a> Scorer<'a> {
    pub(crate) fn new(method: &'a Method, irreducible: &'a IrreducibleLosses) -> Self {
        Self { method, irreducible, posterior: None }
    }

    /// The forward pass over candidates, in the mode of the method, and the losses or scores that the selector is given.
    pub(crate) fn score(
        &mut self,
        model: &Sequential,
        x: &Tensor,
        ids: &[u64],
        labels: &[usize],
        masks: &mut Rng,
    ) -> Result<(Outputs, Vec<f32>)> {
        let outputs = match self.method.dropout_samples {
            0 => net::outputs(model, x),
            samples => net::dropout_samples(model, x, samples, masks),
        };
        let Some(config) = self.method.laplace else {
            let losses = outputs.losses(labels);
            return Ok((outputs, losses));
        };
        let (features, logits) = last_layer(&outputs)?;
        let posterior = match &mut self.posterior {
            Some(posterior) => posterior,
            none => none.insert(LastLayerLaplace::new(features.width(), logits.width(), config)?),
        };
        let irreducible = self.irreducible.of(ids)?;
        let scores = posterior.scores(features, logits, labels, &irreducible)?;
        Ok((outputs, scores))
    }

    /// Tells the posterior, where there is one, what is trained on: these of the candidates that were scored last.
    pub(crate) fn observe(
        &mut self,
        outputs: &Outputs,
        labels: &[usize],
        chosen: &[usize],
    ) -> Result<()> {
        let Some(posterior) = &mut self.posterior else { return Ok(()) };
        let pick = |x: &Tensor| x.index_select(0, chosen);
        let chosen_outputs = Outputs {
            logits: pick(&outputs.logits),
            features: outputs.features.as_ref().map(pick),
        };
        let labels: Vec<usize> = chosen.iter().map(|&i| labels[i]).collect();
        let (features, logits) = last_layer(&chosen_outputs)?;
        Ok(posterior.observe(features, logits, &labels)?)
    }
}

/// Features and logits as matrices.
fn last_layer(outputs: &Outputs) -> Result<(Rows<'_>, Rows<'_>)> {
    let features = outputs.features.as_ref().context("a posterior needs features")?;
    let logits = &outputs.logits;
    let features = Rows::new(features.data(), features.shape()[1])?;
    Ok((features, Rows::new(logits.data(), logits.shape()[1])?))
}
