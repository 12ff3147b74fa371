//! `rho-overlap`: scoring in parallel with training, by parameters that are stale by one step.

use std::time::Instant;

use anyhow::Result;
use seedbed::autodiff::Rng;
use seedbed::data::{Batches, LabelNoise};
use seedbed::nn::optim::{AdamW, AdamWConfig};
use seedbed::nn::{Config as _, Sequential};
use seedbed::rho_selection::train::{Overlapped, selection_step};
use seedbed::rho_selection::{SelectionConfig, Selector};

use super::net::Arch;
use super::reference::{Fitted, Reference, accuracy};
use super::task::{self, Holdout};
use crate::experiment::{Context, Outcome};
use crate::experiments::claim::Claim;
use crate::row::Row;

/// See the module.
pub(crate) const CLAIM: Claim = Claim {
    name: "rho-overlap",
    about: "Scoring the next candidates on a second thread while the first computes the gradient, against one after the other with every kernel on all threads. Both train the network of rho-mnist-noise and take turns step by step; \
        wallclock_speedup is the ratio of their median steps, accuracy_gain what staleness costs (below 0) at the end.",
    long: true,
    run,
};

fn run(context: &Context) -> Result<Outcome> {
    let source = task::digits(context)?;
    let steps = context.pick(150, 1_000);
    let (mut speedups, mut gains) = (Vec::new(), Vec::new());
    let seeds = context.seeds(2, 5);
    context.progress.set_length((seeds * steps) as u64);
    for seed in 0..seeds {
        let mut rng = Rng::new(seed as u64);
        let noise = LabelNoise::Uniform { share: 0.1 };
        let task = task::halves(&source, &noise, Holdout::Alike, &mut rng)?;
        let reference = Reference::holdout(Arch::Mlp(&[128]), context.pick(6, 4));
        let irreducible = Fitted::new(&task, &reference, &mut rng)?.irreducible;
        let losses = |m: &Sequential, rows: &[usize]| task.losses(m, rows);
        let mut selector = Selector::new(SelectionConfig::default().check()?, irreducible)?;
        let mut overlapped = Overlapped::new(selector.clone());
        let mut fresh = Arch::Mlp(&[512, 512]).init(&mut rng);
        let mut stale = fresh.clone();
        let adamw = || AdamWConfig::default().check();
        let (mut of_fresh, mut of_stale) =
            (AdamW::new(&fresh, adamw()?), AdamW::new(&stale, adamw()?));
        let mut batches = Batches::new(task.train().len(), 320, rng.split())?;
        let mut seconds = [Vec::new(), Vec::new()];
        for _ in 0..steps {
            let rows = batches.next_rows();
            let ids: Vec<u64> = rows.iter().map(|&row| row as u64).collect();
            let begin = Instant::now();
            selection_step(&mut fresh, &mut of_fresh, &mut selector, &rows, &ids, losses)?;
            seconds[0].push(begin.elapsed().as_secs_f64());
            let begin = Instant::now();
            overlapped.step(&mut stale, &mut of_stale, rows, &ids, losses)?;
            seconds[1].push(begin.elapsed().as_secs_f64());
            context.progress.inc(1);
        }
        let [one_after_the_other, side_by_side] = seconds.map(median);
        speedups.push(one_after_the_other / side_by_side);
        gains.push(accuracy(&stale, task.test()) - accuracy(&fresh, task.test()));
    }
    let threads = format!("with {} threads", rayon::current_num_threads());
    Ok(Outcome::new()
        .row(Row::learn(CLAIM.name, "wallclock_speedup", "×", &speedups).source(&threads))
        .row(Row::learn(CLAIM.name, "accuracy_gain", "points", &gains)))
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
