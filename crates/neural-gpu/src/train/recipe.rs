use seedbed_data::strings::{Arithmetic, Layout, Operation};
use seedbed_nn::{Check, Config, ConfigError};
use serde::{Deserialize, Serialize};

/// How a network is trained until it is exact: see [`Trainer`](super::Trainer) for what happens when.
///
/// Errors are shares of sequences that are not exact; in training they are measured under noise, as running averages over some twenty steps.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recipe {
    /// Examples of each of the three lengths of a step.
    pub examples: usize,
    /// Parts into which the examples of a step are divided, to be computed beside each other; a divisor of `examples`.
    pub shards: usize,
    /// The share of examples that are shorter than the number of steps they run for: the network has to hold its answer.
    pub shorter: f64,
    /// The share of tough examples, see [`StringTask::sample_tough`](seedbed_data::strings::StringTask::sample_tough).
    pub tough: f64,
    /// The learning rate.
    pub rate: f64,
    /// The decay of weights, in the same units as the rate: those that nothing needs fall to 0, and with them go states that mean nothing.
    pub decay: f64,
    /// The weight of the mean square of what one more step would change: a string shall come to rest.
    pub settle: f64,
    /// The decay of the average of the weights.
    pub average: f64,
    /// Curriculum: the first greatest length.
    pub first_length: usize,
    /// How much it grows at a time.
    pub growth: usize,
    /// How far it grows before the noise is at its maximum.
    pub ramp_length: usize,
    /// The greatest length of training.
    pub full_length: usize,
    /// It grows while the error at the greatest length is below this.
    pub grow_below: f64,
    /// The probability of rounding at first; in the end it is 1.
    pub rounding: f64,
    /// Gate 1: from this greatest length on, the network is tried at the full length every so many steps …
    pub gate_from: usize,
    /// …
    pub gate_every: u64,
    /// … and goes on if this share is exact, with half the rate.
    pub gate_accuracy: f64,
    /// A network that has neither passed nor grown for so many steps is given up.
    pub patience: u64,
    /// Ramp: noise and rounding grow while the error is below this …
    pub ramp_below: f64,
    /// … go back half a step above this …
    pub back_above: f64,
    /// … and above this the last good weights are taken again, with 0.7 of the rate.
    pub collapse_above: f64,
    /// Steps between two changes.
    pub ramp_every: u64,
    /// By how much the deviation of the noise on pre-activations grows.
    pub noise_step: f64,
    /// By how much the probability of rounding grows.
    pub rounding_step: f64,
    /// The greatest deviation of the noise on pre-activations.
    pub noise: f64,
    /// The deviation of the noise on the state, as a share of that.
    pub state_noise: f64,
    /// Gate 2, at the end of the ramp: below this error, and …
    pub calm_below: f64,
    /// … with this share exact at the full length, training goes on with the full length.
    pub settled_accuracy: f64,
    /// Cycles: they begin after so many steps of an error below `calm_below`.
    pub calm_steps: u64,
    /// Steps of a cycle, over which the rate falls …
    pub cycle_steps: u64,
    /// … to this share, and then starts again …
    pub cycle_end: f64,
    /// … at this share of its last start.
    pub cycle_restart: f64,
    /// In cycles the network is validated every so many steps.
    pub validate_every: u64,
    /// Lengths and numbers of examples of the validation, one stage after the other; a stage below 0.98 ends it.
    pub validation: Vec<[usize; 2]>,
    /// A network that has not passed this many stages after `discard_after` cycles is given up.
    pub discard_stages: usize,
    /// See `discard_stages`; 0 keeps every network.
    pub discard_after: u64,
    /// Whether the network is deployed with rounding: what gates and validation try.
    pub rounded: bool,
}

impl Recipe {
    /// What was found to work for a task on binary numbers and a state of `maps` numbers a cell.
    pub fn of(task: &Arithmetic, maps: usize) -> Self {
        let addition = Self {
            examples: 16,
            shards: 16,
            shorter: 0.3,
            tough: 0.5,
            rate: 0.01 * 48.0 / maps as f64,
            decay: 0.03,
            settle: 0.1,
            average: 0.998,
            first_length: 9,
            growth: 4,
            ramp_length: 25,
            full_length: 41,
            grow_below: 0.15,
            rounding: 0.6,
            gate_from: 17,
            gate_every: 50,
            gate_accuracy: 0.8,
            patience: 1000,
            ramp_below: 0.1,
            back_above: 0.3,
            collapse_above: 0.6,
            ramp_every: 20,
            noise_step: 0.005,
            rounding_step: 0.01,
            noise: 0.25,
            state_noise: 0.4,
            calm_below: 0.04,
            settled_accuracy: 0.96,
            calm_steps: 60,
            cycle_steps: 1200,
            cycle_end: 0.1,
            cycle_restart: 0.9,
            validate_every: 100,
            validation: vec![[101, 64], [201, 64], [401, 128], [401, 512], [401, 2048]],
            discard_stages: 3,
            discard_after: 4,
            rounded: true,
        };
        match (task.operation, task.layout) {
            (Operation::Multiply, _) => Self {
                decay: 0.0,
                settle: 0.0,
                tough: 0.3,
                first_length: 7,
                rounding: 0.4,
                gate_accuracy: 0.7,
                patience: 6000,
                ramp_below: 0.15,
                settled_accuracy: 0.9,
                cycle_steps: 1500,
                validate_every: 300,
                validation: vec![[101, 64], [201, 32], [401, 32], [401, 96]],
                discard_after: 0,
                ..addition
            },
            (_, Layout::Unaligned) => addition,
            // 20 bits, as above, are 21 cells.
            (_, Layout::Aligned) => Self {
                decay: 0.02,
                first_length: 5,
                growth: 2,
                ramp_length: 13,
                full_length: 21,
                gate_from: 9,
                cycle_steps: 600,
                validate_every: 200,
                validation: vec![[51, 64], [101, 64], [201, 128], [201, 512]],
                ..addition
            },
        }
    }
}

/// Whether each stage of a validation has strings.
pub(super) fn check_validation(check: Check, stages: &[[usize; 2]]) -> Result<(), ConfigError> {
    stages.iter().enumerate().try_for_each(|(i, &[length, examples])| {
        check.size(format!("validation[{i}][0]"), length)?;
        check.size(format!("validation[{i}][1]"), examples)
    })
}

impl Config for Recipe {
    fn validate(&self) -> Result<(), ConfigError> {
        let check = Check::of("Recipe");
        for (field, value) in [
            ("shorter", self.shorter),
            ("tough", self.tough),
            ("rounding", self.rounding),
            ("grow_below", self.grow_below),
            ("gate_accuracy", self.gate_accuracy),
            ("ramp_below", self.ramp_below),
            ("back_above", self.back_above),
            ("collapse_above", self.collapse_above),
            ("rounding_step", self.rounding_step),
            ("calm_below", self.calm_below),
            ("settled_accuracy", self.settled_accuracy),
            ("cycle_end", self.cycle_end),
            ("cycle_restart", self.cycle_restart),
        ] {
            check.that((0.0..=1.0).contains(&value), field, value, "in [0, 1]")?;
        }
        for (field, value) in [
            ("noise", self.noise),
            ("noise_step", self.noise_step),
            ("state_noise", self.state_noise),
        ] {
            check.non_negative(field, value)?;
            check.that(value <= 1e3, field, value, "at most 1000: states are from -1 to 1")?;
        }
        check.positive_f32("rate", self.rate)?;
        check.non_negative_f32("decay", self.decay)?;
        check.non_negative_f32("settle", self.settle)?;
        check.decay_rate("average", self.average)?;
        for (field, value) in [
            ("examples", self.examples),
            ("first_length", self.first_length),
            ("growth", self.growth),
            ("full_length", self.full_length),
        ] {
            check.size(field, value)?;
        }
        check_validation(check, &self.validation)?;
        for (field, value) in [
            ("examples", self.examples as u64),
            ("growth", self.growth as u64),
            ("first_length", self.first_length as u64),
            ("gate_every", self.gate_every),
            ("patience", self.patience),
            ("ramp_every", self.ramp_every),
            ("cycle_steps", self.cycle_steps),
            ("validate_every", self.validate_every),
            ("validation", self.validation.len() as u64),
        ] {
            check.at_least_one(field, value)?;
        }
        check.that(
            self.shards >= 1 && self.examples.is_multiple_of(self.shards),
            "shards",
            self.shards,
            "a divisor of examples",
        )?;
        let stages = self.validation.len();
        check.that(
            self.discard_after == 0 || self.discard_stages <= stages,
            "discard_stages",
            self.discard_stages,
            format!("at most {stages}, the stages of the validation"),
        )?;
        check.that(
            self.first_length <= self.ramp_length && self.ramp_length <= self.full_length,
            "ramp_length",
            self.ramp_length,
            "between first_length and full_length",
        )
    }
}
