//! `quant-residual`: what is left after one, two, four stages.

use anyhow::Result;
use seedbed::quantizers::levels_for_bits;
use seedbed::quantizers::train::{
    FsqConfig, LearnerConfig, ResidualFsqConfig, ResidualVqConfig, Revival, VqConfig,
};

use super::study::{Job, Measured, clothes, train};
use crate::experiment::{Context, Outcome};
use crate::experiments::claim::Claim;
use crate::experiments::jobs::side_by_side;
use crate::figure::{Figure, Series};
use crate::row::Row;

/// See the module.
pub(crate) const CLAIM: Claim = Claim {
    name: "quant-residual",
    about: "The autoencoder of quant-usage with residual stages of 8 bits (VQ) and about 8 bits (FSQ) each, beside single FSQ stages of as many bits: the peak signal-to-noise ratio of the test pictures \
        against bits a pixel.",
    long: true,
    run,
};

/// Stages of each kind.
const STAGES: [usize; 3] = [1, 2, 4];

type Kind = (&'static str, fn(usize) -> LearnerConfig);

const KINDS: [Kind; 3] = [("rvq", residual_vq), ("rfsq", residual_fsq), ("fsq", single)];

fn residual_vq(stages: usize) -> LearnerConfig {
    let revival = Some(Revival { threshold: 0.01, reset: 1.0 });
    let stage = VqConfig { codebook_size: 256, commitment: 0.25, revival, ..Default::default() };
    LearnerConfig::ResidualVq(ResidualVqConfig { stages, stage, ..Default::default() })
}

fn residual_fsq(stages: usize) -> LearnerConfig {
    LearnerConfig::ResidualFsq(ResidualFsqConfig {
        levels: vec![4, 4, 4, 4],
        stages,
        ..Default::default()
    })
}

fn single(stages: usize) -> LearnerConfig {
    let levels = levels_for_bits(8 * stages as u32);
    LearnerConfig::Fsq(FsqConfig { levels, ..Default::default() })
}

/// The peak signal-to-noise ratio of pixels from 0 to 1, in decibels.
fn psnr(result: &Measured) -> f64 {
    -10.0 * result.square.log10()
}

fn run(context: &Context) -> Result<Outcome> {
    let data = clothes(context)?;
    let (seeds, steps) = (context.seeds(3, 3), context.pick(400, 4_000));
    let mut jobs = Vec::new();
    for kind in KINDS {
        for stages in STAGES {
            for seed in 0..seeds {
                jobs.push((kind, stages, seed));
            }
        }
    }
    context.progress.set_length(jobs.len() as u64);
    let results = side_by_side(&jobs, |&((_, of), stages, seed)| {
        let quantizer = of(stages);
        let result = train(&data, &Job { quantizer, normalize: false, steps, seed: seed as u64 });
        context.progress.inc(1);
        result
    })?;
    let (mut outcome, mut series) = (Outcome::new(), Vec::new());
    for (k, (name, _)) in KINDS.iter().enumerate() {
        let mut curves = vec![vec![]; seeds];
        for (s, stages) in STAGES.iter().enumerate() {
            let runs = &results[(k * STAGES.len() + s) * seeds..][..seeds];
            let row = format!("quant-residual-{name}-{stages}");
            let bpp: Vec<f64> = runs.iter().map(|r| r.bits_per_pixel).collect();
            let ratios: Vec<f64> = runs.iter().map(psnr).collect();
            outcome = outcome
                .row(Row::learn(&row, "psnr", "dB", &ratios))
                .row(Row::learn(&row, "bpp", "bits", &bpp));
            for (seed, run) in runs.iter().enumerate() {
                curves[seed].push((run.bits_per_pixel, psnr(run)));
            }
        }
        series.push(Series::new(name, curves));
    }
    Ok(outcome.figure(Figure::curves("Rate and distortion", "bits a pixel", "dB", series)))
}
