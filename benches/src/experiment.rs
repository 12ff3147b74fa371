//! How a model crate joins the scoreboard: one type that implements [`Experiment`].
//!
//! ```
//! use seedbed_benches::{Context, Experiment, Figure, Goal, Kind, Outcome, Row, Series};
//!
//! struct Coin;
//!
//! impl Experiment for Coin {
//!     fn name(&self) -> &'static str { "coin" }
//!     fn kind(&self) -> Kind { Kind::Learn }
//!     fn about(&self) -> &'static str { "A fair coin lands heads half of the time." }
//!     fn run(&self, context: &Context) -> anyhow::Result<Outcome> {
//!         let seeds = context.seeds(3, 10);
//!         context.progress.set_length(seeds as u64);
//!         let mut heads = Vec::new();
//!         for seed in 0..seeds {
//!             heads.push(if seed % 2 == 0 { 0.4 } else { 0.6 });
//!             context.progress.inc(1);
//!         }
//!         let runs = heads.iter().map(|&h| vec![(0.0, 0.0), (100.0, h)]).collect();
//!         Ok(Outcome::new()
//!             .row(Row::learn("coin", "heads", "", &heads).goal(Goal::AtLeast(0.3)))
//!             .figure(Figure::curves("Heads", "tosses", "share", vec![Series::new("coin", runs)])))
//!     }
//! }
//! # let row = &Coin.run(&Context::default()).unwrap().rows[0];
//! # assert_eq!(row.holds, Some(true));
//! ```
//!
//! To join: add a file under `src/experiments/` with such a type, and name it in
//! [`crate::experiments::all`].

use std::path::PathBuf;

use indicatif::ProgressBar;

use seedbed::data::{DataDir, DataError};

use crate::figure::Figure;
use crate::row::{Kind, Row};
use crate::speed::{SpeedContext, Work};

/// How long a run may take.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Profile {
    /// Embedded data, few seeds: all rows within about ten minutes on two cores.
    #[default]
    Quick,
    /// Full data sets (see `--data`), more seeds, longer training.
    Full,
}

/// What an experiment is run with.
#[derive(Debug)]
pub struct Context {
    /// Quick or full.
    pub profile: Profile,
    /// The folder of `--data`; `None` leaves the search to `SEEDBED_DATA` and the usual places.
    pub data: Option<PathBuf>,
    /// A bar on stderr: set its length and message, advance it.
    pub progress: ProgressBar,
    /// What `--seeds` asked for.
    pub seeds_asked: Option<usize>,
    /// Peers and the machine's peak, for speed rows.
    pub speed: SpeedContext,
}

impl Default for Context {
    /// The quick profile, without a visible bar, peers or memory.
    fn default() -> Self {
        Context {
            profile: Profile::Quick,
            data: None,
            progress: ProgressBar::hidden(),
            seeds_asked: None,
            speed: SpeedContext::default(),
        }
    }
}

impl Context {
    /// How many seeds to run: `--seeds` if given, else the number for this profile.
    pub fn seeds(&self, quick: usize, full: usize) -> usize {
        self.seeds_asked.unwrap_or(self.pick(quick, full))
    }

    /// The folder of full data sets, by `--data` or `SEEDBED_DATA`.
    ///
    /// # Errors
    /// If it was named by neither.
    pub fn data_dir(&self) -> Result<DataDir, DataError> {
        DataDir::resolve(self.data.as_deref())
    }

    /// The value for this profile.
    pub fn pick<T>(&self, quick: T, full: T) -> T {
        match self.profile {
            Profile::Quick => quick,
            Profile::Full => full,
        }
    }
}

/// What an experiment gives back: rows for the table, pictures for the report.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// The measured figures. Their `name` begins with the experiment's.
    pub rows: Vec<Row>,
    /// The pictures, in order.
    pub figures: Vec<Figure>,
}

impl Outcome {
    /// Nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a row.
    pub fn row(mut self, row: Row) -> Self {
        self.rows.push(row);
        self
    }

    /// Adds a picture.
    pub fn figure(mut self, figure: Figure) -> Self {
        self.figures.push(figure);
        self
    }
}

/// One claim of the scoreboard. See the [module](self) for a whole one.
pub trait Experiment: Send + Sync {
    /// The name by which rows are selected, such as `rho-mnist-noise`. Lower case, hyphens.
    fn name(&self) -> &'static str;

    /// Learning or speed.
    fn kind(&self) -> Kind;

    /// What is measured, in a sentence or two: stands above the pictures in the report.
    fn about(&self) -> &'static str;

    /// Whether it takes many minutes even in the quick profile. Such rows run when they or their kind are named, and not when a newcomer asks
    /// for the scoreboard. Every system has at least one that is not long.
    fn is_long(&self) -> bool {
        false
    }

    /// Measures.
    ///
    /// # Errors
    /// What keeps it from measuring, such as a missing data set. The other experiments still run.
    fn run(&self, context: &Context) -> anyhow::Result<Outcome>;

    /// One piece of work that stands for the row, for measuring its memory in a process of its
    /// own; `None` (the default) where there is none.
    fn work(&self) -> Option<Work> {
        None
    }
}

/// The experiments of `kinds` whose names begin with one of `prefixes` (all, if there is none). The name of one row of an experiment, which begins
/// with the experiment's, selects it.
///
/// # Errors
/// If a prefix selects nothing: the message lists the known names.
pub fn select<'a>(
    experiments: &'a [Box<dyn Experiment>],
    kind: Option<Kind>,
    prefixes: &[String],
) -> anyhow::Result<Vec<&'a dyn Experiment>> {
    let of_kind: Vec<&dyn Experiment> = experiments
        .iter()
        .map(Box::as_ref)
        .filter(|e| kind.is_none_or(|k| e.kind() == k))
        .collect();
    let mut wanted: Vec<&str> = Vec::new();
    for prefix in prefixes {
        let begins = of_kind.iter().any(|e| e.name().starts_with(prefix.as_str()));
        let names = of_kind.iter().map(|e| e.name());
        let of_row = names.filter(|name| prefix.starts_with(name)).max_by_key(|name| name.len());
        match of_row {
            _ if begins => wanted.push(prefix),
            Some(name) => wanted.push(name),
            None => {
                let known: Vec<_> = of_kind.iter().map(|e| e.name()).collect();
                let what = kind.map_or(String::new(), |k| format!("{k} "));
                anyhow::bail!("no {what}row begins with {prefix:?}; known: {}", known.join(", "));
            }
        }
    }
    let is_wanted = |name: &str| wanted.iter().any(|prefix| name.starts_with(prefix));
    Ok(of_kind.into_iter().filter(|e| wanted.is_empty() || is_wanted(e.name())).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Named(&'static str);

    impl Experiment for Named {
        fn name(&self) -> &'static str {
            self.0
        }
        fn kind(&self) -> Kind {
            Kind::Learn
        }
        fn about(&self) -> &'static str {
            ""
        }
        fn run(&self, _: &Context) -> anyhow::Result<Outcome> {
            Ok(Outcome::new())
        }
    }

    #[test]
    fn names_select_by_prefix_and_rows_their_experiment() {
        let all: Vec<Box<dyn Experiment>> =
            ["rho-mnist", "rho-mnist-clean", "ntm-recall"].map(|n| Box::new(Named(n)) as _).into();
        let selected = |prefixes: &[&str]| {
            let prefixes: Vec<String> = prefixes.iter().map(ToString::to_string).collect();
            let found = select(&all, Some(Kind::Learn), &prefixes);
            found.map(|found| found.iter().map(|e| e.name()).collect::<Vec<_>>())
        };
        assert_eq!(selected(&[]).unwrap().len(), 3);
        assert_eq!(selected(&["rho"]).unwrap(), ["rho-mnist", "rho-mnist-clean"]);
        assert_eq!(selected(&["ntm-recall-ff"]).unwrap(), ["ntm-recall"]);
        assert_eq!(selected(&["rho-mnist-clean-uniform"]).unwrap(), ["rho-mnist-clean"]);
        let error = selected(&["nothing"]).unwrap_err().to_string();
        assert!(error.starts_with("no learn row begins with \"nothing\"; known: "), "{error}");
    }
}
