//! `rho-ladder`: how well each approximation ranks candidates (Mindermann et al. 2022, section 3 and its study of approximations).

use anyhow::Result;
use seedbed::autodiff::{Rng, value_and_grad};
use seedbed::data::Batches;
use seedbed::nn::optim::{AdamW, AdamWConfig, Sgd, SgdConfig};
use seedbed::nn::{Config as _, Sequential};
use seedbed::rho_selection::train::{
    ReferenceConfig, Trial, ensemble_losses, evaluate, holdout_gains, selection_step, train_on,
    train_reference,
};
use seedbed::rho_selection::{IrreducibleLosses, SelectionConfig, Selector};

use super::net::Arch;
use super::rank::{shared_top, spearman};
use super::task::{self, Holdout, Task};
use crate::experiment::{Context, Outcome};
use crate::experiments::claim::Claim;
use crate::experiments::jobs::side_by_side;
use crate::figure::{Bar, Figure};
use crate::row::Row;

/// See the module.
pub(crate) const CLAIM: Claim = Claim {
    name: "rho-ladder",
    about: "Rank correlations (Spearman) of the scores of a batch of candidates, on MNIST with one label in ten replaced at random and a fifth of the digits five times; the holdout set is \
        clean, as in the authors' code. rank_correlation: with the score of ensembles of five nets that were trained to fit what was selected so far, with and without the holdout set, as the paper \
        measures it. rank_correlation_exact: with the exact criterion, by how much one short gradient step on the candidate alone lowers the loss of the net in training on the holdout set. \
        top_tenth_shared: of the ensembles' best tenth, how much is in this best tenth.",
    long: true,
    run,
};

/// The rungs below the ensemble, with the paper's rank correlations. Each has the approximations of the one before and one more; the last two have those of
/// the reference model without that of the net in training, which is far from converged after so few steps.
const RUNGS: [(&str, &str, Option<f64>); 6] = [
    ("-single", "one converged net", Some(0.75)),
    ("-one-step", "one step a batch", Some(0.76)),
    ("-frozen", "reference model never updated", Some(0.63)),
    ("-small", "small reference model", Some(0.51)),
    ("-converged-frozen", "converged net, frozen reference model", None),
    ("-converged-small", "converged net, small reference model", None),
];

/// How much is spent.
struct Size {
    arch: Arch,
    small: Arch,
    members: usize,
    /// Steps after which scores are compared.
    steps: usize,
    holdout: usize,
    candidates: usize,
    /// Of the candidates, for the exact criterion, on so many rows.
    exact: usize,
    exact_rows: usize,
}

/// A net has converged when the mean loss of an epoch is below this, in nats.
const FITS: f64 = 0.05;
/// Or after so many epochs.
const EPOCHS: usize = 30;
/// The learning rate of the exact criterion's step. Ten times as much gives nearly the same order of candidates, a hundred times another one.
const SHORT: f64 = 1e-4;

fn run(context: &Context) -> Result<Outcome> {
    let source = task::digits(context)?;
    let size = Size {
        arch: context.pick(Arch::Mlp(&[128]), Arch::Mlp(&[512])),
        small: context.pick(Arch::Mlp(&[64]), Arch::Mlp(&[256])),
        members: 5,
        steps: context.pick(100, 300),
        holdout: context.pick(4_000, 20_000),
        candidates: 1_000,
        exact: context.pick(200, 300),
        exact_rows: context.pick(500, 1_000),
    };
    let seeds: Vec<u64> = (0..context.seeds(2, 5) as u64).collect();
    context.progress.set_length(seeds.len() as u64);
    let all = side_by_side(&seeds, |&seed| {
        let rng = &mut Rng::new(seed);
        let rungs = climb(&task::repeated(&source, Holdout::Clean, rng)?, &size, rng)?;
        context.progress.inc(1);
        Ok(rungs)
    })?;
    Ok(report(&all))
}

/// What was measured of a rung.
struct Rung {
    with_ensemble: f64,
    top_tenth: f64,
    with_exact: f64,
}

/// Those of the ensembles and then of each of [`RUNGS`], of one seed.
fn climb(task: &Task, size: &Size, rng: &mut Rng) -> Result<Vec<Rung>> {
    let losses = |m: &Sequential, rows: &[usize]| task.losses(m, rows);
    let mut holdout = task.holdout();
    rng.shuffle(&mut holdout);
    // One part is for the reference models, the exact criterion looks at the other.
    let (reference, judged) = holdout.split_at(size.holdout);
    let judged = &judged[..size.exact_rows];
    let train = task.train();
    let mut of_holdout = |arch: Arch| -> Result<Sequential> {
        let fresh = arch.init(rng);
        let config = ReferenceConfig::default();
        Ok(train_reference(fresh, reference, &train, losses, &config, rng)?.model)
    };
    let (frozen, small) = (of_holdout(size.arch)?, of_holdout(size.small)?);

    // Approximation 2 chooses what is trained on; approximation 1b's reference model takes the same steps.
    let ids: Vec<u64> = train.iter().map(|&row| row as u64).collect();
    let irreducible = IrreducibleLosses::new(&ids, &evaluate(&frozen, &train, losses))?;
    let mut selector = Selector::new(SelectionConfig::default().check()?, irreducible)?;
    let (mut online, mut updated) = (size.arch.init(rng), frozen.clone());
    let mut steps = [adamw(&online), adamw(&updated)];
    let mut batches = Batches::new(train.len(), 320, rng.split())?;
    let mut seen = Vec::new();
    for _ in 0..size.steps {
        let rows = batches.next_rows();
        let ids: Vec<u64> = rows.iter().map(|&row| row as u64).collect();
        let chosen =
            selection_step(&mut online, &mut steps[0], &mut selector, &rows, &ids, losses)?;
        train_on(&mut updated, &mut steps[1], &chosen, &rows, losses);
        seen.extend(chosen.indices.iter().map(|&i| rows[i]));
    }
    seen.sort_unstable();
    seen.dedup();

    let candidates = &rng.permutation(train.len())[..size.candidates];
    let of = |net: &Sequential| evaluate(net, candidates, losses);
    // The last net of each is the single one: it is no member of the ensemble that it is compared with.
    let mut nets = |rows: &[usize]| -> Vec<Vec<f32>> {
        (0..=size.members).map(|_| of(&converged(task, size.arch, rows, rng))).collect()
    };
    let (without, with) = (nets(&seen), nets(&[&seen[..], reference].concat()));
    let ensemble = |losses: &[Vec<f32>]| ensemble_losses(&losses[..size.members]);
    let scores = [
        difference(&ensemble(&without), &ensemble(&with)),
        difference(&without[size.members], &with[size.members]),
        difference(&of(&online), &of(&updated)),
        difference(&of(&online), &of(&frozen)),
        difference(&of(&online), &of(&small)),
        difference(&without[size.members], &of(&frozen)),
        difference(&without[size.members], &of(&small)),
    ];
    let sgd = Sgd::new(&online, SgdConfig { lr: SHORT, ..Default::default() }.check()?);
    let trial = Trial { steps: 1, seen: &[] };
    let exact = holdout_gains(&online, &sgd, &candidates[..size.exact], judged, losses, trial)?;
    let rung = |of_rung: &Vec<f32>| Rung {
        with_ensemble: spearman(of_rung, &scores[0]),
        top_tenth: shared_top(of_rung, &scores[0], size.candidates / 10),
        with_exact: spearman(&of_rung[..size.exact], &exact),
    };
    Ok(scores.iter().map(rung).collect())
}

/// A fresh net after as many epochs as it takes to fit these rows, wrong labels included.
fn converged(task: &Task, arch: Arch, rows: &[usize], rng: &mut Rng) -> Sequential {
    let mut net = arch.init(rng);
    let mut optimizer = adamw(&net);
    let mut order = rows.to_vec();
    for _ in 0..EPOCHS {
        rng.shuffle(&mut order);
        let mut sum = 0.0;
        for rows in order.chunks(32) {
            let (loss, gradient) = value_and_grad(&net, |net| task.losses(net, rows).mean(..));
            sum += f64::from(loss.item()) * rows.len() as f64;
            optimizer.step(&mut net, &gradient);
        }
        if sum < FITS * rows.len() as f64 {
            break;
        }
    }
    net
}

fn adamw(net: &Sequential) -> AdamW<Sequential> {
    AdamW::new(net, AdamWConfig::default().check().expect("the defaults are in range"))
}

fn difference(a: &[f32], b: &[f32]) -> Vec<f32> {
    a.iter().zip(b).map(|(a, b)| a - b).collect()
}

fn report(seeds: &[Vec<Rung>]) -> Outcome {
    let row = |name: &str, metric: &str, at: usize, figure: fn(&Rung) -> f64| {
        let values: Vec<f64> = seeds.iter().map(|rungs| figure(&rungs[at])).collect();
        Row::learn(name, metric, "", &values)
    };
    let ensemble = row("rho-ladder-ensemble", "rank_correlation_exact", 0, |r| r.with_exact);
    let (mut outcome, mut bars) = (Outcome::new().row(ensemble), Vec::new());
    for (i, (suffix, label, paper)) in RUNGS.into_iter().enumerate() {
        let (name, at) = (format!("{}{suffix}", CLAIM.name), i + 1);
        let with_ensemble = row(&name, "rank_correlation", at, |r| r.with_ensemble);
        bars.push(Bar::new(label, with_ensemble.measured).spread(with_ensemble.spread));
        let source = "Mindermann et al. 2022, QMNIST, 3 seeds";
        let with_ensemble = match paper {
            Some(paper) => with_ensemble.reference(paper, source),
            None => with_ensemble,
        };
        outcome = outcome
            .row(with_ensemble)
            .row(row(&name, "rank_correlation_exact", at, |r| r.with_exact))
            .row(row(&name, "top_tenth_shared", at, |r| r.top_tenth));
    }
    let title = "Rank correlation with the score of converged ensembles";
    outcome.figure(Figure::bars(title, "Spearman's ρ", bars))
}
