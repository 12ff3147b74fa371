use seedbed_nn::{Check, Config, ConfigError};
use serde::{Deserialize, Serialize};

use super::super::recipe::check_validation;

/// How the original network is trained: see [`RelaxedTrainer`](super::RelaxedTrainer). The default values are those of Kaiser and Sutskever's program.
///
/// ```
/// use seedbed_neural_gpu::train::RelaxedRecipe;
/// use seedbed_nn::Config;
/// let error = RelaxedRecipe { examples: 30, shards: 4, ..Default::default() }.check().unwrap_err();
/// assert_eq!(error.to_string(), "RelaxedRecipe.shards is 4, but should be a divisor of examples");
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RelaxedRecipe {
    /// Examples of a step, all of one length.
    pub examples: usize,
    /// Parts into which they are divided, to be computed beside each other; a divisor of `examples`.
    pub shards: usize,
    /// The share of tough examples.
    pub tough: f64,
    /// The learning rate of Adam.
    pub rate: f64,
    /// ε of Adam.
    pub eps: f64,
    /// The greatest norm of a gradient.
    pub clip: f64,
    /// The scale of the noise that is added to a clipped gradient, which falls with steps and errors; 0 for none.
    pub gradient_noise: f64,
    /// A state of n cells is dropped with the probability of `dropout` · 8 / n in each step, by numbers.
    pub dropout: f64,
    /// The deviation of the noise on the state after a step, as a multiple of the pull: it grows with progress. 0 for none.
    pub state_noise: f64,
    /// Curriculum: the first greatest length.
    pub first_length: usize,
    /// The greatest length of training.
    pub full_length: usize,
    /// The greatest length grows, and the pull with it, where the share of wrong strings of the last steps is below this.
    pub grow_below: f64,
    /// The probability that the longer of two drawn lengths is taken.
    pub longer: f64,
    /// The probability that a length may be any of the curriculum's, also one that is not reached yet.
    pub mixed: f64,
    /// Steps between two decisions.
    pub every: u64,
    /// The first pull: the weight of the squared distances between the copies of a weight.
    pub pull: f64,
    /// By what it grows.
    pub pull_growth: f64,
    /// From here on all copies are replaced by their mean instead.
    pub greatest_pull: f64,
    /// What the rate is multiplied with where the loss does not fall any more.
    pub slower: f64,
    /// Lengths and numbers of examples of the validation, one stage after the other; a stage below 0.98 ends it.
    pub validation: Vec<[usize; 2]>,
    /// It happens with a decision, where the share of wrong strings is below this.
    pub validate_below: f64,
}

impl Default for RelaxedRecipe {
    fn default() -> Self {
        Self {
            examples: 32,
            shards: 4,
            tough: 0.0,
            rate: 1e-3,
            eps: 1e-4,
            clip: 1.0,
            gradient_noise: 0.0,
            dropout: 0.15,
            state_noise: 0.0,
            first_length: 6,
            full_length: 41,
            grow_below: 0.15,
            longer: 0.6,
            mixed: 0.25,
            every: 200,
            pull: 5e-4,
            pull_growth: 1.2,
            greatest_pull: 0.1,
            slower: 0.98,
            validation: vec![[101, 64], [401, 32]],
            validate_below: 0.05,
        }
    }
}

impl Config for RelaxedRecipe {
    fn validate(&self) -> Result<(), ConfigError> {
        let check = Check::of("RelaxedRecipe");
        for (field, value) in [
            ("rate", self.rate),
            ("eps", self.eps),
            ("clip", self.clip),
            ("pull", self.pull),
            ("greatest_pull", self.greatest_pull),
        ] {
            check.positive_f32(field, value)?;
        }
        check.non_negative_f32("gradient_noise", self.gradient_noise)?;
        check.non_negative("state_noise", self.state_noise)?;
        check.that(self.state_noise <= 1e6, "state_noise", self.state_noise, "at most 1e6")?;
        check.size("examples", self.examples)?;
        check.size("first_length", self.first_length)?;
        check.size("full_length", self.full_length)?;
        check_validation(check, &self.validation)?;
        for (field, value) in [
            ("tough", self.tough),
            ("longer", self.longer),
            ("mixed", self.mixed),
            ("grow_below", self.grow_below),
            ("validate_below", self.validate_below),
        ] {
            check.that((0.0..=1.0).contains(&value), field, value, "between 0 and 1")?;
        }
        // The shortest string has at least 3 cells.
        let dropout = (0.0..0.375).contains(&self.dropout);
        check.that(dropout, "dropout", self.dropout, "at least 0 and below 0.375")?;
        let slower = self.slower > 0.0 && self.slower <= 1.0;
        check.that(slower, "slower", self.slower, "above 0 and at most 1")?;
        check.that(
            self.pull_growth >= 1.0 && self.pull_growth.is_finite(),
            "pull_growth",
            self.pull_growth,
            "at least 1",
        )?;
        check.that(self.pull_growth <= 1e3, "pull_growth", self.pull_growth, "at most 1000")?;
        check.at_least_one("every", self.every)?;
        let divides = self.shards > 0 && self.examples.is_multiple_of(self.shards);
        check.that(divides, "shards", self.shards, "a divisor of examples")?;
        let lengths = self.first_length <= self.full_length;
        check.that(lengths, "first_length", self.first_length, "at most full_length")
    }
}
