//! `icm-regimes`: local models compete for the rows of a table, and find which law each row follows.

use anyhow::Result;
use seedbed::autodiff::{Rng, Tensor};
use seedbed::mechanisms::evaluate::adjusted_rand_index;
use seedbed::mechanisms::regimes::{Regimes, RegimesConfig, regimes};
use seedbed::nn::Config as _;
use seedbed::quantizers::{Metric, kmeans};

use super::em::{em, soft_mixture};
use super::friedman::{self, SETS, Set, WAYS, beside};
use super::tables::{ALL, Laws, NOISE, Table};
use crate::experiment::{Context, Outcome};
use crate::experiments::claim::Claim;
use crate::experiments::jobs::side_by_side;
use crate::row::{Goal, Row};

pub(super) const CLAIM: Claim = Claim {
    name: NAME,
    about: "Tables whose rows follow one of two or three laws, which nobody names. As many experts as laws compete for the rows by squared error, from eight beginnings, of \
            which the one with the smallest loss on the rows of training counts. Baselines: one network for all rows; k-means on the rows (x and y), then a model for each cluster; a mixture of linear regressions by EM; and a soft mixture of \
            experts, whose gate sees x. Loss: of 1,000 further rows, each by the model that is nearest to it, in units of the noise's variance; the least that can be is about 1. Then Friedman's three regression sets (1991), which nobody made of \
            regimes: the loss on 1,000 further rows whose y nobody sees, local models being mixed by the regimes of the nearest 15 rows of training, in units of the variance of y.",
    long: false,
    run,
};

const NAME: &str = "icm-regimes";

/// Rows to learn from, and further ones.
const ROWS: [usize; 2] = [600, 1000];

/// What is read off what came of a table.
type Figure = fn(&Found) -> f64;

/// What came of one table, by ours and by those that find laws.
struct Found {
    ari: f64,
    ari_by_kmeans: f64,
    ari_by_em: f64,
    /// In the order of [`WAYS`].
    losses: [f64; 5],
}

fn run(context: &Context) -> Result<Outcome> {
    let seeds = context.seeds(3, 10) as u64;
    let jobs: Vec<(&Laws, u64)> =
        ALL.iter().flat_map(|laws| (0..seeds).map(move |seed| (laws, seed))).collect();
    context.progress.set_length(jobs.len() as u64);
    let found = side_by_side(&jobs, |&(laws, seed)| {
        let found = study(laws, seed)?;
        context.progress.inc(1);
        Ok(found)
    })?;
    let of = |wanted: &dyn Fn(&Laws) -> bool, value: Figure| -> Vec<f64> {
        let of_kind = jobs.iter().zip(&found).filter(|((laws, _), _)| wanted(laws));
        of_kind.map(|(_, found)| value(found)).collect()
    };
    let ratio = |found: &Found| {
        found.losses[1..].iter().copied().fold(f64::INFINITY, f64::min) / found.losses[0]
    };
    let mut outcome = Outcome::new()
        .row(
            Row::learn(NAME, "ari", "", &of(&|laws| laws.separable, |found| found.ari))
                .source("adjusted Rand index of tables whose laws keep apart, all seeds")
                .goal(Goal::AtLeast(0.95)),
        )
        .row(
            Row::learn(NAME, "loss_ratio", "×", &of(&|laws| laws.separable, ratio))
                .source("the best baseline's loss on further rows ÷ ours")
                .goal(Goal::AtLeast(1.0)),
        );
    for laws in &ALL {
        let name = format!("{NAME}-{}", laws.name);
        let here = |other: &Laws| other.name == laws.name;
        let figures: [(&str, Figure); 3] = [
            ("ari", |found| found.ari),
            ("ari_by_kmeans", |found| found.ari_by_kmeans),
            ("ari_by_em", |found| found.ari_by_em),
        ];
        for (metric, value) in figures {
            outcome = outcome.row(Row::learn(&name, metric, "", &of(&here, value)));
        }
        for (way, metric) in WAYS.into_iter().enumerate() {
            let found = jobs.iter().zip(&found).filter(|((laws, _), _)| here(laws));
            let values: Vec<f64> = found.map(|(_, found)| found.losses[way]).collect();
            outcome = outcome.row(Row::learn(&name, metric, "", &values));
        }
    }
    let jobs: Vec<(&Set, u64)> =
        SETS.iter().flat_map(|set| (0..seeds).map(move |seed| (set, seed))).collect();
    let found = side_by_side(&jobs, |&(set, seed)| friedman::study(set, seed))?;
    for (set, found) in SETS.iter().zip(found.chunks(seeds as usize)) {
        let name = format!("{NAME}-{}", set.name);
        for (way, metric) in WAYS.into_iter().enumerate() {
            let values: Vec<f64> = found.iter().map(|losses| losses[way]).collect();
            outcome = outcome.row(Row::learn(&name, metric, "", &values));
        }
    }
    Ok(outcome)
}

fn study(laws: &Laws, seed: u64) -> Result<Found> {
    let mut rng = Rng::new(seed);
    let [table, further] = ROWS.map(|rows| laws.draw(rows, &mut rng));
    let experts = laws.laws.len();
    let hidden = laws.hidden.to_vec();
    let config = RegimesConfig { experts, hidden, seed, ..Default::default() };
    let ours = regimes(&table.x, &table.y, &config.check()?)?;
    // One network has more room than all experts together.
    let one =
        RegimesConfig { experts: 1, hidden: vec![64], restarts: 2, seed, ..Default::default() };
    let one = regimes(&table.x, &table.y, &one.check()?)?;
    let (clusters, local) = by_kmeans(&table.x, &table.y, experts, laws.hidden, seed)?;
    let by_em = em(&table.x, &table.y, experts, 8, &mut rng);
    // In units of the deviation of y, as the other networks have it.
    let (mean, deviation) = (table.y.mean(..), table.y.var(..).sqrt());
    let scaled = (&table.y - &mean) / &deviation;
    let mixture = soft_mixture(&table.x, &scaled, [experts, 600], laws.hidden, &mut rng)?;
    let of_mixture: Vec<Tensor<f64>> =
        mixture.0.iter().map(|expert| expert.forward(&further.x) * &deviation + &mean).collect();
    Ok(Found {
        ari: adjusted_rand_index(&ours.regime, &table.law),
        ari_by_kmeans: adjusted_rand_index(&clusters, &table.law),
        ari_by_em: adjusted_rand_index(&by_em.law, &table.law),
        losses: [
            loss(&ours.predict(&further.x)?, &further),
            loss(&one.predict(&further.x)?, &further),
            loss(&beside(&local, &further.x)?, &further),
            loss(&by_em.predict(&further.x), &further),
            loss(&Tensor::concat(&of_mixture, 1), &further),
        ],
    })
}

/// The mean over rows of the squared error of the nearest model, in units of the noise's variance.
fn loss(each: &Tensor<f64>, table: &Table) -> f64 {
    let errors = each - table.y.unsqueeze(1);
    errors.square().min(-1).mean(..).item() / NOISE.powi(2)
}

/// k-means on standardised rows (x, y), the best of eight; and a model for the rows of each cluster.
pub(super) fn by_kmeans(
    x: &Tensor<f64>,
    y: &Tensor<f64>,
    experts: usize,
    hidden: &[usize],
    seed: u64,
) -> Result<(Vec<usize>, Vec<Regimes>)> {
    let rows = Tensor::concat(&[x.clone(), y.unsqueeze(1)], 1);
    let rows = (&rows - rows.mean_keepdim(0)) / rows.var_keepdim(0).sqrt();
    let dim = rows.shape()[1];
    let data = rows.cast::<f32>();
    let mut rng = Rng::new(seed);
    let mut best: Option<(f64, Vec<usize>)> = None;
    for _ in 0..8 {
        let found = kmeans(data.data(), dim, experts, 50, Metric::Euclidean, &mut rng)?;
        let nearest = |row: &[f32]| {
            let distance = |mean: &[f32]| {
                row.iter().zip(mean).map(|(a, b)| f64::from(a - b).powi(2)).sum::<f64>()
            };
            let distances: Vec<f64> = found.means.chunks_exact(dim).map(distance).collect();
            let best = (0..experts).min_by(|&a, &b| distances[a].total_cmp(&distances[b]));
            best.map(|best| (best, distances[best])).expect("at least one cluster")
        };
        let assigned: Vec<_> = data.data().chunks_exact(dim).map(nearest).collect();
        let total: f64 = assigned.iter().map(|(_, distance)| distance).sum();
        if best.as_ref().is_none_or(|(smallest, _)| total < *smallest) {
            best = Some((total, assigned.into_iter().map(|(cluster, _)| cluster).collect()));
        }
    }
    let (_, clusters) = best.expect("eight tries");
    let config = RegimesConfig {
        experts: 1,
        hidden: hidden.to_vec(),
        restarts: 2,
        seed,
        ..Default::default()
    };
    let config = config.check()?;
    let local = (0..experts).filter_map(|cluster| {
        let of_cluster: Vec<usize> =
            (0..clusters.len()).filter(|&row| clusters[row] == cluster).collect();
        let (x, y) = (x.index_select(0, &of_cluster), y.index_select(0, &of_cluster));
        (of_cluster.len() > 1).then(|| Ok(regimes(&x, &y, &config)?))
    });
    let local = local.collect::<Result<_>>()?;
    Ok((clusters, local))
}
