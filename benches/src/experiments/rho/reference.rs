//! Reference models, trained once a seed and shared by the methods that ask for the same one.

use std::time::Instant;

use anyhow::Result;
use seedbed::autodiff::{Module as _, Rng, Tensor};
use seedbed::data::stratified_split;
use seedbed::nn::Sequential;
use seedbed::nn::optim::AdamWConfig;
use seedbed::rho_selection::train::{Outputs, ReferenceConfig, cross_fit, train_reference};
use seedbed::rho_selection::{IrreducibleLosses, Rows, score};

use super::net::{self, Arch};
use super::task::Task;

/// How irreducible losses come about.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Reference {
    pub arch: Arch,
    pub epochs: usize,
    pub batch_size: usize,
    /// On the halves of the training set in turn, in the place of a holdout set.
    pub cross_fit: bool,
}

impl Reference {
    /// One model on the holdout set.
    pub(crate) const fn holdout(arch: Arch, epochs: usize) -> Self {
        Self { arch, epochs, batch_size: 32, cross_fit: false }
    }

    /// Two models, each on one half of the training set.
    pub(crate) const fn halves(arch: Arch, epochs: usize) -> Self {
        Self { cross_fit: true, ..Self::holdout(arch, epochs) }
    }
}

/// A trained reference.
pub(crate) struct Fitted {
    pub irreducible: IrreducibleLosses,
    /// The entropy of its answer for each training row.
    pub entropies: Vec<f32>,
    /// What it took, the losses of the training rows included.
    pub seconds: f64,
    /// Its own accuracy on the test set, in percent; the mean of the two of a cross-fit.
    pub accuracy: f64,
    /// Numbers in one model.
    pub parameters: usize,
}

impl Fitted {
    pub(crate) fn new(task: &Task, reference: &Reference, rng: &mut Rng) -> Result<Self> {
        let begin = Instant::now();
        let losses = |m: &Sequential, rows: &[usize]| task.losses(m, rows);
        let (epochs, batch_size) = (reference.epochs, reference.batch_size);
        let config = ReferenceConfig { epochs, batch_size, optimizer: AdamWConfig::default() };
        let fresh = |rng: &mut Rng| reference.arch.init(rng);
        let (rows, losses, models) = if reference.cross_fit {
            let all = task.train();
            let halves = stratified_split(&task.labels(&all), &[0.5, 0.5], rng)?;
            let fit = cross_fit(fresh, [&halves[0], &halves[1]], losses, &config, rng)?;
            let losses = fit.losses();
            let models = fit.references.map(|reference| reference.model);
            (halves.concat(), losses, models.into_iter().zip(halves).collect::<Vec<_>>())
        } else {
            let (train, holdout) = (task.train(), task.holdout());
            let model = fresh(rng);
            let fit = train_reference(model, &holdout, &train, losses, &config, rng)?;
            (train.clone(), fit.losses, vec![(fit.model, train)])
        };
        let seconds = begin.elapsed().as_secs_f64();
        let ids: Vec<u64> = rows.iter().map(|&row| row as u64).collect();
        let mut entropies = vec![0.0; rows.len()];
        for (model, asked) in &models {
            let outputs = Outputs::over(asked, |rows| net::outputs(model, &task.x(rows)));
            let logits = Rows::new(outputs.logits.data(), task.classes())?;
            let of_asked = score::entropy(logits, asked.len())?;
            asked.iter().zip(of_asked).for_each(|(&row, entropy)| entropies[row] = entropy);
        }
        let accuracies = models.iter().map(|(model, _)| accuracy(model, task.test()));
        Ok(Self {
            irreducible: IrreducibleLosses::new(&ids, &losses)?,
            entropies,
            seconds,
            accuracy: accuracies.sum::<f64>() / models.len() as f64,
            parameters: models[0].0.num_params(),
        })
    }
}

/// The share of right answers, in percent.
pub(crate) fn accuracy(model: &Sequential, (x, labels): (&Tensor, &[usize])) -> f64 {
    let rows: Vec<usize> = (0..labels.len()).collect();
    let outputs = Outputs::over(&rows, |rows| net::outputs(model, &x.index_select(0, rows)));
    let right = outputs.correct(labels).into_iter().filter(|&right| right).count();
    100.0 * right as f64 / labels.len() as f64
}
