//! What the search for the nearest code needs beside its data.

use anyhow::Result;

use super::Work;
use super::work::quantizers;
use crate::experiment::{Context, Experiment, Outcome};
use crate::row::{Goal, Kind, Row};

const NAME: &str = "vq-memory";
/// What the matrix of all distances would take, in MB.
const MATRIX: f64 = quantizers::MEMORY[0] as f64 * quantizers::MEMORY[1] as f64 * 4e-6;

/// See [`Experiment::about`].
pub(super) struct VqMemory;

impl Experiment for VqMemory {
    fn name(&self) -> &'static str {
        NAME
    }

    fn kind(&self) -> Kind {
        Kind::Speed
    }

    fn about(&self) -> &'static str {
        "Indices of a million vectors of 64 among 8,192 codes: the peak memory of a whole process, less the vectors. The matrix of all distances would take 33 GB."
    }

    fn run(&self, context: &Context) -> Result<Outcome> {
        let mut outcome = Outcome::new();
        if let Some(program) = &context.speed.memory_probe
            && let Some(megabytes) = super::peak_megabytes(program, NAME)?
        {
            let beside = megabytes - quantizers::megabytes_of_vectors();
            outcome = outcome.row(
                Row::speed(NAME, "peak_mb", "MB", &[beside])
                    .reference(MATRIX, "the matrix of all distances")
                    .goal(Goal::AtMost(64.0)),
            );
        }
        Ok(outcome)
    }

    fn work(&self) -> Option<Work> {
        Some(quantizers::encode_large())
    }
}
