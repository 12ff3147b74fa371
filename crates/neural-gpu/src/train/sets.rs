use seedbed_autodiff::Rng;
use seedbed_data::strings::{Example, StringTask};
use seedbed_nn::{Check, ConfigError};
use serde::{Deserialize, Serialize};

use super::Recipe;
use crate::evaluate::{draw, share_exact};
use crate::{DiagonalGpu, Machine};

/// The seed of the examples that networks are tried and validated on: the same ones in every training.
const SEED: u64 = 0x7a1d;

/// How many examples of the full length a gate tries.
const AT_GATES: usize = 128;

/// The share of exact strings from which a stage of the validation counts as passed.
const GOOD: f64 = 0.98;

/// The shares of exact strings in the stages of a validation, as far as it came.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Validated(pub Vec<f64>);

impl Validated {
    /// The sum of the shares: a later stage is only reached with a good share in all earlier ones.
    pub fn score(&self) -> f64 {
        self.0.iter().sum()
    }

    /// Stages with a share of 0.98 or more.
    pub fn good_stages(&self) -> usize {
        self.0.iter().filter(|&&share| share >= GOOD).count()
    }

    /// Whether every string of all so many stages was exact.
    pub fn is_exact(&self, stages: usize) -> bool {
        self.0.len() == stages && self.0.iter().all(|&share| share == 1.0)
    }
}

/// Whether a task has examples of every stage of a validation.
pub(super) fn check_lengths(
    check: Check,
    task: &dyn StringTask,
    stages: &[[usize; 2]],
) -> Result<(), ConfigError> {
    stages.iter().enumerate().try_for_each(|(i, &[length, _])| {
        let expected = "the length of the task's shortest example, or more";
        let fits = task.fitting(length).is_some();
        check.that(fits, format!("validation[{i}][0]"), length, expected)
    })
}

/// The examples that networks are tried and validated on.
pub(super) struct Sets {
    full_length: Vec<Example>,
    stages: Vec<Vec<Example>>,
}

impl Sets {
    pub(super) fn new(task: &dyn StringTask, recipe: &Recipe) -> Self {
        Self::of(task, recipe.full_length, &recipe.validation, recipe.tough)
    }

    /// Some strings of the full length, and stages of so many strings of a length.
    pub(super) fn of(
        task: &dyn StringTask,
        full_length: usize,
        validation: &[[usize; 2]],
        tough: f64,
    ) -> Self {
        let mut rng = Rng::new(SEED);
        let mut set = |length: usize, examples| {
            let length = task.fitting(length).expect("longer than strings of training");
            draw(task, length, examples, tough, &mut rng)
        };
        Self {
            full_length: set(full_length, AT_GATES),
            stages: validation.iter().map(|&[length, n]| set(length, n)).collect(),
        }
    }

    pub(super) fn share_at_full_length(&self, model: &DiagonalGpu, rounded: bool) -> f64 {
        share_exact(model, &self.full_length, rounded)
    }

    /// Goes through the stages, up to the first one that is not good.
    pub(super) fn validate<M: Machine>(&self, model: &M, rounded: bool) -> Validated {
        let mut shares = Vec::new();
        for stage in &self.stages {
            shares.push(share_exact(model, stage, rounded));
            if shares.last().is_some_and(|&share| share < GOOD) {
                break;
            }
        }
        Validated(shares)
    }
}
