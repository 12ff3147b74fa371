//! `rho-ladder`: how well each approximation ranks candidates (Mindermann et al. 2022, section 3 and its study of approximations).

use anyhow::Result;
use seedbed::autodiff::Rng;
use seedbed::data::Batches;
use seedbed::nn::optim::{AdamW, AdamWConfig, Sgd, SgdConfig};
use seedbed::nn::{Config as _, Sequential};
use seedbed::rho_selection::train::{
    ReferenceConfig, Trial, ensemble_losses, evaluate, holdout_gains, selection_step, train_on,
    train_reference,
};
use seedbed::rho_selection::{IrreducibleLosses, SelectionConfig, Selector};

use super::net::Arch;
use super::task::{self, Task};
use crate::experiment::{Context, Experiment, Outcome};
use crate::experiments::jobs::side_by_side;
use crate::figure::{Bar, Figure};
use crate::row::{Kind, Row};

/// See the module.
pub(crate) struct RhoLadder;

/// The rungs below the ensemble, with the paper's rank correlations.
const RUNGS: [(&str, &str, f64); 4] = [
    ("-single", "one converged net", 0.75),
    ("-one-step", "one step a batch", 0.76),
    ("-frozen", "reference model never updated", 0.63),
    ("-small", "small reference model", 0.51),
];

/// How much is spent.
struct Size {
    arch: Arch,
    small: Arch,
    members: usize,
    epochs: usize,
    /// Steps after which scores are compared.
    steps: usize,
    holdout: usize,
    candidates: usize,
    /// Of the candidates, for the exact criterion, on so many rows.
    exact: usize,
    exact_rows: usize,
}

impl Experiment for RhoLadder {
    fn name(&self) -> &'static str {
        "rho-ladder"
    }

    fn kind(&self) -> Kind {
        Kind::Learn
    }

    fn about(&self) -> &'static str {
        "Rank correlations (Spearman) of the scores of a batch of candidates, on MNIST with one label in ten replaced at random and a fifth of the digits five times. rank_correlation: with the \
         score of ensembles of five nets that were trained to convergence with and without the holdout set, as the paper measures it. rank_correlation_exact: with the exact criterion, by how much one gradient step on the \
         candidate alone lowers the loss of the converged net on the holdout set."
    }

    fn is_long(&self) -> bool {
        true
    }

    fn run(&self, context: &Context) -> Result<Outcome> {
        let source = task::digits(context)?;
        let size = Size {
            arch: Arch::Mlp(&[256, 256]),
            small: Arch::Mlp(&[32]),
            members: 5,
            epochs: context.pick(10, 8),
            steps: 30,
            // Far more than is trained on: else what the holdout set adds drowns in the nets' own differences.
            holdout: context.pick(4_000, 20_000),
            candidates: context.pick(500, 1_000),
            exact: context.pick(150, 300),
            exact_rows: context.pick(500, 1_000),
        };
        let seeds: Vec<u64> = (0..context.seeds(2, 5) as u64).collect();
        context.progress.set_length(seeds.len() as u64);
        let all = side_by_side(&seeds, |&seed| {
            let rng = &mut Rng::new(seed);
            let correlations = climb(&task::repeated(&source, rng)?, &size, rng)?;
            context.progress.inc(1);
            Ok(correlations)
        })?;

        let each = |f: &dyn Fn(&Correlations) -> f64| all.iter().map(f).collect::<Vec<f64>>();
        let mut outcome = Outcome::new();
        let mut bars = Vec::new();
        for (i, (suffix, label, paper)) in RUNGS.into_iter().enumerate() {
            let name = format!("{}{suffix}", self.name());
            let row = Row::learn(&name, "rank_correlation", "", &each(&|c| c.with_ensemble[i]));
            bars.push(Bar::new(label, row.measured).spread(row.spread));
            outcome = outcome
                .row(row.reference(paper, "Mindermann et al. 2022, QMNIST, 3 seeds"))
                .row(Row::learn(
                    &name,
                    "rank_correlation_exact",
                    "",
                    &each(&|c| c.with_exact[i + 1]),
                ));
        }
        let ensemble = Row::learn(
            "rho-ladder-ensemble",
            "rank_correlation_exact",
            "",
            &each(&|c| c.with_exact[0]),
        );
        let title = "Rank correlation with the score of converged ensembles";
        Ok(outcome.row(ensemble).figure(Figure::bars(title, "Spearman's ρ", bars)))
    }
}

/// Of one seed.
struct Correlations {
    /// Of each rung with the ensembles' score.
    with_ensemble: Vec<f64>,
    /// Of the ensembles' score and then of each rung with the exact criterion.
    with_exact: Vec<f64>,
}

fn climb(task: &Task, size: &Size, rng: &mut Rng) -> Result<Correlations> {
    let losses = |m: &Sequential, rows: &[usize]| task.losses(m, rows);
    let mut holdout = task.holdout();
    rng.shuffle(&mut holdout);
    // Three parts: one to train on, one that says when a net has converged, one that the exact criterion looks at.
    let (reference, rest) = holdout.split_at(size.holdout);
    let (validation, judged) = rest.split_at(size.exact_rows);
    let judged = &judged[..size.exact_rows];
    let config = ReferenceConfig { epochs: size.epochs, ..Default::default() };
    let converge = |arch: Arch, rows: &[usize], rng: &mut Rng| -> Result<Sequential> {
        let fresh = arch.init(rng);
        Ok(train_reference(fresh, rows, validation, losses, &config, rng)?.model)
    };

    // Approximation 2 chooses what is trained on; approximation 1b's reference model takes the same steps.
    let train = task.train();
    let frozen = converge(size.arch, reference, rng)?;
    let ids: Vec<u64> = train.iter().map(|&row| row as u64).collect();
    let irreducible = IrreducibleLosses::new(&ids, &evaluate(&frozen, &train, losses))?;
    let mut selector = Selector::new(SelectionConfig::default().check()?, irreducible)?;
    let adamw = AdamWConfig::default();
    let (mut online, mut updated) = (size.arch.init(rng), frozen.clone());
    let mut steps = [&online, &updated]
        .map(|m| AdamW::new(m, adamw.clone().check().expect("the defaults are in range")));
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

    let candidates = &rng.permutation(train.len())[..size.candidates];
    let with_holdout = [&seen[..], reference].concat();
    let mut nets = |rows: &[usize]| -> Result<Vec<Sequential>> {
        (0..=size.members).map(|_| converge(size.arch, rows, rng)).collect()
    };
    // The last net of each is the single one: it is no member of the ensemble that it is compared with.
    let (without, with) = (nets(&seen)?, nets(&with_holdout)?);
    let small = converge(size.small, reference, rng)?;
    let of = |net: &Sequential| evaluate(net, candidates, losses);
    let ensemble = |nets: &[Sequential]| {
        ensemble_losses(&nets[..size.members].iter().map(of).collect::<Vec<_>>())
    };
    let gold = difference(&ensemble(&without), &ensemble(&with));
    let single = &without[size.members];
    let rungs = [
        difference(&of(single), &of(&with[size.members])),
        difference(&of(&online), &of(&updated)),
        difference(&of(&online), &of(&frozen)),
        difference(&of(&online), &of(&small)),
    ];
    let sgd = Sgd::new(single, SgdConfig { lr: 0.01, ..Default::default() }.check()?);
    let trial = Trial { steps: 1, seen: &[] };
    let exact = holdout_gains(single, &sgd, &candidates[..size.exact], judged, losses, trial)?;
    let with_exact = |scores: &[f32]| spearman(&scores[..size.exact], &exact);
    Ok(Correlations {
        with_ensemble: rungs.iter().map(|scores| spearman(scores, &gold)).collect(),
        with_exact: std::iter::once(&gold).chain(&rungs).map(|scores| with_exact(scores)).collect(),
    })
}

fn difference(a: &[f32], b: &[f32]) -> Vec<f32> {
    a.iter().zip(b).map(|(a, b)| a - b).collect()
}

/// Spearman's rank correlation: that of the ranks, ties in the order given.
fn spearman(a: &[f32], b: &[f32]) -> f64 {
    let ranks = |x: &[f32]| -> Vec<f64> {
        let mut order: Vec<usize> = (0..x.len()).collect();
        order.sort_by(|&i, &j| x[i].total_cmp(&x[j]));
        let mut ranks = vec![0.0; x.len()];
        order.into_iter().enumerate().for_each(|(rank, i)| ranks[i] = rank as f64);
        ranks
    };
    let (a, b, n) = (ranks(a), ranks(b), a.len() as f64);
    let squares: f64 = a.iter().zip(&b).map(|(a, b)| (a - b).powi(2)).sum();
    1.0 - 6.0 * squares / (n * (n * n - 1.0))
}

#[cfg(test)]
mod tests {
    use super::spearman;

    #[test]
    fn rank_correlation_looks_at_the_order_alone() {
        let x = [0.1, 5.0, -2.0, 0.3];
        assert_eq!(spearman(&x, &x.map(f32::exp)), 1.0);
        assert_eq!(spearman(&x, &x.map(|x| -x)), -1.0);
        // Ranks 1 3 0 2 against 0 1 2 3: squared differences 1 + 4 + 4 + 1.
        assert!((spearman(&x, &[0.0, 1.0, 2.0, 3.0]) - (1.0 - 60.0 / 60.0)).abs() < 1e-12);
    }
}
