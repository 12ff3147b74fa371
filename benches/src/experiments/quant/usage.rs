//! `quant-usage`: how much of a codebook is used, and what that buys.

use anyhow::Result;

use super::kinds::KINDS;
use super::study::{Job, Measured, clothes, train};
use crate::experiment::{Context, Outcome};
use crate::experiments::claim::Claim;
use crate::experiments::jobs::side_by_side;
use crate::figure::{Figure, Series};
use crate::row::{Goal, Row};

/// See the module.
pub(crate) const CLAIM: Claim = Claim {
    name: "quant-usage",
    about: "One autoencoder (patches of 4×4 pixels, an MLP with 128 hidden units either way) on Fashion-MNIST, with codebooks of 2⁴ to 2¹⁶ codes of every kind: the share of the codes \
        that occur in the test pictures, the mean absolute error of a pixel, and the perplexity of the codes. Names of VQ: codes that learn by gradient begin on ±1/K (vq-over-size) or where the reference \
        has them (vq-reference); the others begin at k-means and are averages, with revival but for vq-no-revival.",
    long: true,
    run,
};

fn run(context: &Context) -> Result<Outcome> {
    let data = clothes(context)?;
    let bits: &[u32] = context.pick(&[4, 8, 10, 12], &[4, 6, 8, 10, 12, 14, 16]);
    let (seeds, steps) = (context.seeds(3, 3), context.pick(400, 4_000));
    let mut jobs = Vec::new();
    for kind in KINDS {
        for &bits in bits {
            for seed in 0..seeds {
                jobs.push((kind, bits, seed));
            }
        }
    }
    context.progress.set_length(jobs.len() as u64);
    let results = side_by_side(&jobs, |&(kind, bits, seed)| {
        let quantizer = (kind.of)(bits);
        let job = Job { quantizer, normalize: kind.normalize, steps, seed: seed as u64 };
        let result = train(&data, &job);
        context.progress.inc(1);
        result
    })?;
    let mut outcome = Outcome::new();
    let (mut errors, mut shares) = (Vec::new(), Vec::new());
    for (k, kind) in KINDS.iter().enumerate() {
        let (mut error_curves, mut share_curves) = (vec![vec![]; seeds], vec![vec![]; seeds]);
        for (b, &size) in bits.iter().enumerate() {
            let runs = &results[(k * bits.len() + b) * seeds..][..seeds];
            let of = |f: fn(&Measured) -> f64| runs.iter().map(f).collect::<Vec<f64>>();
            let name = format!("quant-usage-{}-{}", kind.name, 1_u64 << size);
            let used = Row::learn(&name, "used", "", &of(|r| r.used));
            let used = match (kind.name, size) {
                ("fsq", 12) => used.goal_when_full(context, Goal::AtLeast(0.99)),
                _ => used,
            };
            outcome = outcome
                .row(used)
                .row(Row::learn(&name, "error", "", &of(|r| r.error)))
                .row(Row::learn(&name, "perplexity", "codes", &of(|r| r.perplexity)));
            for (seed, run) in runs.iter().enumerate() {
                error_curves[seed].push((f64::from(size), run.error));
                share_curves[seed].push((f64::from(size), run.used));
            }
        }
        errors.push(Series::new(kind.name, error_curves));
        shares.push(Series::new(kind.name, share_curves));
    }
    Ok(outcome
        .figure(Figure::curves("Error", "bits of a code", "mean absolute error", errors))
        .figure(Figure::curves("Codes in use", "bits of a code", "share", shares)))
}
