use seedbed_data::programs::{ProgramSize, ProgramTask};
use seedbed_nn::{Check, Config, ConfigError};
use serde::{Deserialize, Serialize};

/// How a machine is trained: see [`Trainer`](super::Trainer).
///
/// Errors are shares of programs that are not answered exactly, measured under noise, as running averages.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recipe {
    /// Steps of the training.
    pub steps: u64,
    /// Programs of a step.
    pub batch: usize,
    /// The learning rate.
    pub rate: f64,
    /// The last steps, in which the rate falls to a twentieth.
    pub cooling: u64,
    /// The share of tough numbers, and of names that differ from another in one bit only.
    pub tough: f64,
    /// The share of steps whose programs have more cells than they need, up to twice as many: cells have to hold what they have come to.
    pub roomy: f64,
    /// Curriculum: the first greatest size …
    pub first: ProgramSize,
    /// … and the last; it is the greatest that is ever trained on.
    pub full: ProgramSize,
    /// The size grows while the error at the greatest size is below this.
    pub grow_below: f64,
    /// Steps from one growth to the next, at least.
    pub grow_every: u64,
    /// The probability of rounding at first; in the end it is 1.
    pub rounding: f64,
    /// The share of heads that look at one slot alone at first; in the end it is 1.
    pub one_slot: f64,
    /// Noise and rounding grow while the error is below this …
    pub ramp_below: f64,
    /// … and go back above this.
    pub back_above: f64,
    /// By how much of their whole way noise and rounding grow at a time, every tenth step.
    pub ramp_step: f64,
    /// The greatest deviation of the noise on pre-activations of cells.
    pub noise: f64,
    /// Of the noise on states, relative to that.
    pub state_noise: f64,
    /// The greatest deviation of the noise on the parameters of heads.
    pub head_noise: f64,
    /// The decay of the average of the weights.
    pub average: f64,
    /// Steps between two validations.
    pub validate_every: u64,
    /// The size of the programs that are validated on, which is larger than any of training and smaller than what is reported.
    pub validation: ProgramSize,
    /// How many of them.
    pub validated: usize,
}

impl Recipe {
    /// What has worked for a task.
    pub fn of(task: ProgramTask) -> Self {
        let size = |items, operations, digits| ProgramSize { items, operations, digits };
        // With two items, the sum of all that is there answers most questions, and a machine that has learnt that learns to choose late.
        let first = size(3, 1, 1);
        let (full, validation) = match task {
            ProgramTask::KvAdd => (size(6, 2, 10), size(12, 2, 30)),
            ProgramTask::Registers => (size(4, 4, 8), size(6, 8, 24)),
            ProgramTask::Chase => (size(6, 4, 8), size(12, 8, 24)),
            ProgramTask::Ledger => (size(4, 6, 8), size(8, 20, 24)),
        };
        let (steps, cooling) = match task {
            ProgramTask::KvAdd | ProgramTask::Registers => (3_000, 1_000),
            ProgramTask::Chase | ProgramTask::Ledger => (8_000, 2_500),
        };
        Self {
            steps,
            batch: 32,
            rate: 0.005,
            cooling,
            tough: 0.5,
            roomy: 0.2,
            first,
            full,
            grow_below: 0.3,
            grow_every: 20,
            rounding: 0.4,
            one_slot: 0.4,
            ramp_below: 0.3,
            back_above: 0.45,
            ramp_step: 0.03,
            noise: 0.25,
            state_noise: 0.4,
            head_noise: 0.0,
            average: 0.995,
            validate_every: 200,
            validation,
            validated: 64,
        }
    }
}

impl Config for Recipe {
    fn validate(&self) -> Result<(), ConfigError> {
        let check = Check::of("Recipe");
        for (field, n) in [
            ("steps", self.steps),
            ("batch", self.batch as u64),
            ("grow_every", self.grow_every),
            ("validate_every", self.validate_every),
            ("validated", self.validated as u64),
        ] {
            check.at_least_one(field, n)?;
        }
        check.that(self.batch <= 1 << 16, "batch", self.batch, format!("at most {}", 1 << 16))?;
        let cooling = format!("at most steps, {}", self.steps);
        check.that(self.cooling <= self.steps, "cooling", self.cooling, cooling)?;
        check.positive_f32("rate", self.rate)?;
        for (field, x) in [
            ("tough", self.tough),
            ("roomy", self.roomy),
            ("grow_below", self.grow_below),
            ("rounding", self.rounding),
            ("one_slot", self.one_slot),
            ("ramp_below", self.ramp_below),
            ("back_above", self.back_above),
            ("ramp_step", self.ramp_step),
        ] {
            check.that((0.0..=1.0).contains(&x), field, x, "from 0 to 1")?;
        }
        let average = self.average;
        check.that((0.0..1.0).contains(&average), "average", average, "from 0 to below 1")?;
        for (field, x) in [
            ("noise", self.noise),
            ("state_noise", self.state_noise),
            ("head_noise", self.head_noise),
        ] {
            check.non_negative(field, x)?;
            check.that(x <= 1e3, field, x, "at most 1000: states are from -1 to 1")?;
        }
        let dims = |s: ProgramSize| [s.items, s.operations, s.digits];
        let fits = dims(self.first).iter().zip(dims(self.full)).all(|(first, full)| *first <= full);
        check.that(
            fits,
            "first",
            format!("{:?}", self.first),
            format!("at most full, {:?}", self.full),
        )
    }
}
