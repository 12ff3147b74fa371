//! Strategies compared on a table, over many runs.

use seedbed_autodiff::Rng;
use seedbed_kernels::par;

use super::space::Choices;
use super::strategy::{Budget, Evolution, Halving, Hyperband, LocalSearch, RandomSearch, Strategy};
use super::table::Table;

/// A candidate of a table.
type Candidate = Vec<usize>;

/// A strategy by name.
pub struct Named {
    /// Its name in tables and pictures.
    pub name: &'static str,
    make: fn() -> Box<dyn Strategy<Choices> + Send>,
}

impl Named {
    /// One that is made anew for every run.
    pub const fn new(name: &'static str, make: fn() -> Box<dyn Strategy<Choices> + Send>) -> Self {
        Self { name, make }
    }
}

/// The strategies of this crate with their usual settings.
pub const STRATEGIES: [Named; 5] = [
    Named::new("random", || Box::new(RandomSearch::<Candidate>::default())),
    Named::new("local", || Box::new(LocalSearch::<Candidate>::default())),
    Named::new("evolution", || Box::new(Evolution::<Candidate>::new(10, 3))),
    Named::new("halving", || Box::new(Halving::<Candidate>::new(16, 4))),
    Named::new("hyperband", || Box::new(Hyperband::<Candidate>::new(&[(27, 3), (12, 4), (6, 6)]))),
];

/// How runs are made.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Comparison {
    /// Runs of each strategy, with seeds from 0.
    pub runs: u64,
    /// What a run may spend, in whole trainings.
    pub evaluations: usize,
    /// What a short training costs, in whole ones.
    pub short_cost: f64,
}

impl Default for Comparison {
    /// 1,000 runs of 200 evaluations; a short training costs a quarter.
    fn default() -> Self {
        Self { runs: 1000, evaluations: 200, short_cost: 0.25 }
    }
}

/// What came of one strategy.
#[derive(Clone, Debug, PartialEq)]
pub struct Regrets {
    /// For each number of evaluations from 1: the regret of each run. It is the best test score of the table less that of the candidate with
    /// the best validation score so far; before the first whole training, the table's worst.
    pub by_evaluations: Vec<Vec<f64>>,
    /// For each run: evaluations until the candidate with the best validation score was found; the number of all, and one more, where it never was.
    pub to_best: Vec<f64>,
}

impl Regrets {
    /// The mean regret after so many evaluations.
    ///
    /// # Panics
    /// If there were fewer, or none are asked for.
    #[track_caller]
    pub fn mean_after(&self, evaluations: usize) -> f64 {
        let runs = self.after(evaluations);
        runs.iter().sum::<f64>() / runs.len() as f64
    }

    /// The regret below which this share of runs is after so many evaluations.
    ///
    /// # Panics
    /// If there were fewer, or none are asked for; or the share is not from 0 to 1.
    #[track_caller]
    pub fn quantile_after(&self, evaluations: usize, share: f64) -> f64 {
        assert!((0.0..=1.0).contains(&share), "quantile_after: a share of {share} runs");
        let mut runs = self.after(evaluations).to_vec();
        runs.sort_by(f64::total_cmp);
        runs[((runs.len() - 1) as f64 * share).round() as usize]
    }

    /// The regrets of all runs after so many evaluations.
    #[track_caller]
    fn after(&self, evaluations: usize) -> &[f64] {
        let all = self.by_evaluations.len();
        assert!(
            (1..=all).contains(&evaluations),
            "Regrets: after {evaluations} evaluations, but there were 1 to {all}"
        );
        &self.by_evaluations[evaluations - 1]
    }
}

/// Runs a strategy on a table, from many seeds.
///
/// ```
/// use seedbed_meta::search::{Comparison, STRATEGIES, Table, compare};
///
/// let table = Table::cells();
/// let settings = Comparison { runs: 50, evaluations: 100, ..Default::default() };
/// let [random, local] = [0, 1].map(|i| compare(&STRATEGIES[i], &table, settings));
/// assert!(local.mean_after(100) < random.mean_after(100));
/// ```
///
/// # Panics
/// If there are no runs, or no evaluations, or more of both together than 2³⁰; or a short training costs nothing.
#[track_caller]
pub fn compare(strategy: &Named, table: &Table, settings: Comparison) -> Regrets {
    let Comparison { runs, evaluations, short_cost } = settings;
    assert!(
        runs > 0 && evaluations > 0 && short_cost > 0.0,
        "compare: {runs} runs of {evaluations} evaluations, a short one at {short_cost}: all should be above 0"
    );
    let numbers = runs.saturating_mul(evaluations as u64);
    assert!(
        numbers <= 1 << 30,
        "compare: {runs} runs of {evaluations} evaluations, but at most 2^30 in all can be kept"
    );
    let (best_test, best_validation) = (table.best().1, table.best_validation());
    let worst = table.space().all().map(|c| table.test(&c)).fold(f64::INFINITY, f64::min);
    let all: Vec<(Vec<f64>, f64)> = par::map(runs as usize, usize::MAX, |run| {
        let rng = &mut Rng::new(run as u64);
        let mut strategy = (strategy.make)();
        let mut regrets = vec![best_test - worst; evaluations];
        let (mut spent, mut incumbent) = (0.0, None::<(f64, f64)>);
        let mut to_best = evaluations as f64 + 1.0;
        while let Some(trial) = strategy.ask(table.space(), rng) {
            let (cost, score) = match trial.budget {
                Budget::Short => (short_cost, table.short(&trial.candidate)),
                Budget::Whole => (1.0, table.validation(&trial.candidate)),
            };
            spent += cost;
            if spent > evaluations as f64 + 1e-9 {
                break;
            }
            if trial.budget == Budget::Whole {
                if incumbent.is_none_or(|(best, _)| score > best) {
                    incumbent = Some((score, best_test - table.test(&trial.candidate)));
                    // From here on, until a better one is found.
                    let from = (spent.ceil() as usize).max(1) - 1;
                    regrets[from..].fill(incumbent.expect("just found").1);
                }
                if score >= best_validation {
                    to_best = to_best.min(spent);
                }
            }
            strategy.tell(&trial, score);
        }
        (regrets, to_best)
    });
    let by_evaluations = (0..evaluations).map(|at| all.iter().map(|(run, _)| run[at]).collect());
    Regrets {
        by_evaluations: by_evaluations.collect(),
        to_best: all.iter().map(|(_, to_best)| *to_best).collect(),
    }
}
