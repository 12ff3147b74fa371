//! From trained machines to rows and pictures.

use seedbed::data::tasks::{SequenceBatch, SequenceTask};
use seedbed::ntm::train::{Cost, Trained, evaluate};
use seedbed::ntm::{Ntm, NtmError, Picture};

use super::network::Model;
use super::study::test_batches;
use crate::figure::{Figure, Image, Series};
use crate::row::Row;

/// How many sequences it took; infinite for a seed that never solved the task.
pub(super) fn sequences_to_solve(name: &str, runs: &[Trained<Model>]) -> Row {
    let solved = |run: &Trained<Model>| run.solved_at.map_or(f64::INFINITY, |n| n as f64);
    let values: Vec<f64> = runs.iter().map(solved).collect();
    Row::learn(name, "sequences_to_solve", "sequences", &values)
}

/// The share of seeds that did something.
pub(super) fn share(name: &str, metric: &str, did: &[bool]) -> Row {
    let share = did.iter().filter(|&&d| d).count() as f64 / did.len() as f64;
    Row { seeds: did.len(), ..Row::learn(name, metric, "share", &[share]) }
}

/// The share of seeds that solved the task.
pub(super) fn seeds_solved(name: &str, runs: &[Trained<Model>]) -> Row {
    share(name, "seeds_solved", &runs.iter().map(|run| run.solved_at.is_some()).collect::<Vec<_>>())
}

/// The last validation of every seed, in bits a sequence.
pub(super) fn last_bits(name: &str, runs: &[Trained<Model>]) -> Row {
    let last = |run: &Trained<Model>| run.curve.last().map_or(f64::NAN, |p| p.cost.bits);
    Row::learn(name, "bits", "bits", &runs.iter().map(last).collect::<Vec<_>>())
        .source("on the validation sequences, after the last step")
}

/// The share of answers that every seed's model gets wrong, thresholded, on twenty test sequences of a task.
pub(super) fn bit_error(name: &str, runs: &[Trained<Model>], task: &dyn SequenceTask) -> Row {
    let errors: Vec<f64> = tested(runs, task).iter().map(|cost| cost.bit_error).collect();
    Row::learn(name, "bit_error", "share", &errors)
}

/// What every seed's model costs on twenty test sequences of a task.
pub(super) fn tested(runs: &[Trained<Model>], task: &dyn SequenceTask) -> Vec<Cost> {
    let batches = test_batches(task);
    runs.iter().map(|run| evaluate(&run.model, &batches)).collect()
}

/// Bits a sequence over the sequences trained on, a line a study.
pub(super) fn curves(title: &str, studies: &[(&str, &[Trained<Model>])]) -> Figure {
    let points = |run: &Trained<Model>| {
        run.curve.iter().map(|p| (p.sequences as f64, p.cost.bits)).collect()
    };
    let series = |(label, runs): &(&str, &[Trained<Model>])| {
        Series::new(label, runs.iter().map(points).collect())
    };
    let series = studies.iter().map(series).collect();
    Figure::curves(title, "sequences trained on", "bits per sequence", series)
}

/// What the heads of a machine do on the first sequence of a batch.
pub(super) fn heads(title: &str, ntm: &Ntm, batch: &SequenceBatch) -> Figure {
    let zoom = (240 / batch.steps()).clamp(1, 6);
    let (logits, trace) = ntm.forward_traced(&batch.inputs);
    let Picture { width, height, pixels } =
        trace.picture(&batch.inputs, &logits.sigmoid(), 0, zoom);
    let caption = "The time runs to the right. Left, from above: inputs, what is added, what is erased, where it is written. Right: outputs, \
                   what is read, the length of each row of the memory, where it is read.";
    Figure::images(title, caption, 1, vec![Image::grey(width, height, pixels, "")])
        .wide(width as f64)
}

/// The machines among the models.
fn ntms(runs: &[Trained<Model>]) -> impl Iterator<Item = &Ntm> {
    runs.iter().filter_map(|run| match &run.model {
        Model::Ntm(ntm) => Some(ntm),
        Model::Dnc(_) | Model::Lstm(_) => None,
    })
}

/// The machines with a memory of so many rows.
pub(super) fn with_slots(runs: &[Trained<Model>], slots: usize) -> Result<Vec<Ntm>, NtmError> {
    ntms(runs).map(|ntm| ntm.with_slots(slots)).collect()
}

/// The machine of the first seed, if it is one.
pub(super) fn first_ntm(runs: &[Trained<Model>]) -> Option<&Ntm> {
    ntms(runs).next()
}
