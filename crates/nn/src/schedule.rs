//! Learning-rate schedules: what to multiply the learning rate by, as a function of the step.

use std::f64::consts::PI;

use serde::{Deserialize, Deserializer, Serialize};

use crate::config::{Check, Config, ConfigError};
use crate::track::{Goal, Tracker};

/// A factor of the learning rate for every step, counted from 0. It has no state: resuming needs the step alone.
///
/// ```
/// use seedbed_nn::schedule::Schedule;
/// let schedule = Schedule::cosine(100).warm_up(10);
/// assert_eq!(schedule.factor(0), 0.1);
/// assert_eq!(schedule.factor(9), 1.0);
/// assert!((schedule.factor(60) - 0.5).abs() < 1e-12);
/// assert_eq!(schedule.factor(110), 0.0);
/// ```
///
/// In a file: `{ "kind": "warm_up", "steps": 10, "then": { "kind": "cosine", "steps": 100 } }`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Schedule {
    /// Always 1.
    #[default]
    #[serde(deserialize_with = "nothing_else")]
    Constant,
    /// `gamma^⌊step / every⌋`.
    Step {
        /// Steps between two falls.
        every: u64,
        /// The factor of each fall.
        gamma: f64,
    },
    /// From 1 straight to `end`, and then `end`.
    Linear {
        /// The step at which the end is reached.
        steps: u64,
        /// The last factor.
        #[serde(default)]
        end: f64,
    },
    /// `end + (1 − end) (1 + cos(π step / steps)) / 2`, and then `end` (Loshchilov and Hutter, "SGDR", 2017, equation 5,
    /// without restarts).
    Cosine {
        /// The step at which the end is reached.
        steps: u64,
        /// The last factor.
        #[serde(default)]
        end: f64,
    },
    /// Up from `start` to 1 along half a cosine in the share `rise` of the steps, and down to `end` along another in the rest, and then `end` (Smith and Topin, "Super-convergence", 2019, in the form of
    /// PyTorch's `OneCycleLR`, whose `start` is 1/25 and whose `end` is 4 · 10⁻⁶).
    OneCycle {
        /// All steps.
        steps: u64,
        /// The share of them that goes up.
        #[serde(default = "one_cycle::rise")]
        rise: f64,
        /// The first factor.
        #[serde(default = "one_cycle::start")]
        start: f64,
        /// The last factor.
        #[serde(default = "one_cycle::end")]
        end: f64,
    },
    /// [`Cosine`](Self::Cosine) again and again: the first time in `steps` steps, and each time in `longer` times as many as before (Loshchilov and Hutter, "SGDR", 2017, equation 5).
    WarmRestarts {
        /// The steps of the first cycle.
        steps: u64,
        /// How many times as long each cycle is as the one before it.
        #[serde(default = "one")]
        longer: u64,
        /// The factor at the end of a cycle, which is not reached.
        #[serde(default)]
        end: f64,
    },
    /// `(step + 1) / steps` of the first factor of `then`, and after `steps` steps `then` from its beginning (Goyal et
    /// al., "Accurate, large minibatch SGD", 2017, section 2.2).
    WarmUp {
        /// Steps until the full learning rate.
        steps: u64,
        /// What follows.
        then: Box<Schedule>,
    },
}

/// Refuses fields beside the kind, which `serde` lets pass for a variant without any.
fn nothing_else<'de, D: Deserializer<'de>>(fields: D) -> Result<(), D::Error> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Nothing {}
    Nothing::deserialize(fields).map(|Nothing {}| ())
}

impl Schedule {
    /// Divides the learning rate by 1 / `gamma` every `every` steps.
    pub fn step(every: u64, gamma: f64) -> Self {
        Self::Step { every, gamma }
    }

    /// Straight down to 0 in `steps` steps.
    pub fn linear(steps: u64) -> Self {
        Self::Linear { steps, end: 0.0 }
    }

    /// Down to 0 in `steps` steps along half a cosine.
    pub fn cosine(steps: u64) -> Self {
        Self::Cosine { steps, end: 0.0 }
    }

    /// Up in three tenths of the steps and down in the others, with PyTorch's ends.
    pub fn one_cycle(steps: u64) -> Self {
        Self::OneCycle {
            steps,
            rise: one_cycle::rise(),
            start: one_cycle::start(),
            end: one_cycle::end(),
        }
    }

    /// Down to 0 along half a cosine in `steps` steps, then from the beginning in `longer` times as many, and so on.
    ///
    /// ```
    /// use seedbed_nn::schedule::Schedule;
    /// let schedule = Schedule::warm_restarts(10, 2);
    /// assert_eq!([0, 10, 30, 70].map(|step| schedule.factor(step)), [1.0; 4]);
    /// assert!((schedule.factor(20) - 0.5).abs() < 1e-12);
    /// ```
    pub fn warm_restarts(steps: u64, longer: u64) -> Self {
        Self::WarmRestarts { steps, longer, end: 0.0 }
    }

    /// This schedule after a warm-up of `steps` steps.
    #[must_use]
    pub fn warm_up(self, steps: u64) -> Self {
        Self::WarmUp { steps, then: Box::new(self) }
    }

    /// The factor at a step, counted from 0.
    pub fn factor(&self, step: u64) -> f64 {
        match self {
            Self::Constant => 1.0,
            Self::Step { every, gamma } => gamma.powf((step / every.max(&1)) as f64),
            Self::Linear { steps, end } => end + (1.0 - end) * (1.0 - progress(step, *steps)),
            Self::Cosine { steps, end } if step < *steps => {
                end + (1.0 - end) * 0.5 * (1.0 + (PI * progress(step, *steps)).cos())
            }
            Self::Cosine { end, .. } => *end,
            Self::OneCycle { steps, rise, start, end } => {
                // The last step of the rise, and the last of all.
                let (top, last) = (rise * *steps as f64 - 1.0, *steps as f64 - 1.0);
                let step = step as f64;
                match step {
                    _ if step <= top && top > 0.0 => between(*start, 1.0, step / top),
                    _ if step < last => between(1.0, *end, (step - top) / (last - top)),
                    _ => *end,
                }
            }
            Self::WarmRestarts { steps, longer, end } => {
                let (in_cycle, cycle) = in_cycle(step, *steps, *longer);
                between(1.0, *end, in_cycle as f64 / cycle as f64)
            }
            Self::WarmUp { steps, then } if step < *steps => {
                (step + 1) as f64 / *steps as f64 * then.factor(0)
            }
            Self::WarmUp { steps, then } => then.factor(step - steps),
        }
    }
}

/// From `from` to `to` along half a cosine, of which a share is done.
fn between(from: f64, to: f64, share: f64) -> f64 {
    to + (from - to) * 0.5 * (1.0 + (PI * share).cos())
}

/// Where in its cycle a step stands, and how long that is.
fn in_cycle(mut step: u64, steps: u64, longer: u64) -> (u64, u64) {
    let mut cycle = steps.max(1);
    if longer <= 1 {
        return (step % cycle, cycle);
    }
    while step >= cycle {
        step -= cycle;
        cycle = cycle.saturating_mul(longer);
    }
    (step, cycle)
}

fn one() -> u64 {
    1
}

/// What PyTorch's `OneCycleLR` has by default.
mod one_cycle {
    pub(super) fn rise() -> f64 {
        0.3
    }
    pub(super) fn start() -> f64 {
        1.0 / 25.0
    }
    pub(super) fn end() -> f64 {
        4e-6
    }
}

/// How much of `steps` is done, in [0, 1].
fn progress(step: u64, steps: u64) -> f64 {
    if step < steps { step as f64 / steps as f64 } else { 1.0 }
}

impl Config for Schedule {
    fn validate(&self) -> Result<(), ConfigError> {
        let check = Check::of("Schedule");
        match self {
            Self::Constant => Ok(()),
            Self::Step { every, gamma } => {
                check.at_least_one("every", *every)?;
                check.that(*gamma > 0.0 && *gamma <= 1.0, "gamma", gamma, "in (0, 1]")
            }
            Self::Linear { steps, end } | Self::Cosine { steps, end } => {
                check.at_least_one("steps", *steps)?;
                check.non_negative_f32("end", *end)
            }
            Self::OneCycle { steps, rise, start, end } => {
                check.at_least_one("steps", *steps)?;
                check.that((0.0..=1.0).contains(rise), "rise", rise, "in [0, 1]")?;
                check.non_negative_f32("start", *start)?;
                check.non_negative_f32("end", *end)
            }
            Self::WarmRestarts { steps, longer, end } => {
                check.at_least_one("steps", *steps)?;
                check.at_least_one("longer", *longer)?;
                check.non_negative_f32("end", *end)
            }
            Self::WarmUp { steps, then } => {
                check.at_least_one("steps", *steps)?;
                then.validate()
            }
        }
    }
}

/// The configuration of a [`Plateau`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PlateauConfig {
    /// Multiplies the learning rate at each plateau.
    pub gamma: f64,
    /// Observations without improvement that make a plateau.
    pub patience: u64,
    /// What counts as an improvement: better by more than this.
    pub min_delta: f64,
    /// The factor never falls below this.
    pub min_factor: f64,
}

impl Default for PlateauConfig {
    fn default() -> Self {
        Self { gamma: 0.1, patience: 10, min_delta: 1e-4, min_factor: 0.0 }
    }
}

impl Config for PlateauConfig {
    fn validate(&self) -> Result<(), ConfigError> {
        let check = Check::of("PlateauConfig");
        check.that(self.gamma > 0.0 && self.gamma < 1.0, "gamma", self.gamma, "in (0, 1)")?;
        check.at_least_one("patience", self.patience)?;
        check.non_negative("min_delta", self.min_delta)?;
        let share = (0.0..=1.0).contains(&self.min_factor);
        check.that(share, "min_factor", self.min_factor, "in [0, 1]")
    }
}

/// Lowers the learning rate when a metric stops getting better.
///
/// It is the one schedule with a state, which `serde` reads and writes.
///
/// ```
/// use seedbed_nn::Config;
/// use seedbed_nn::schedule::{Plateau, PlateauConfig};
/// use seedbed_nn::Goal;
/// let config = PlateauConfig { gamma: 0.5, patience: 2, ..Default::default() }.check()?;
/// let mut plateau = Plateau::default();
/// let factors = [3.0, 2.0, 2.0, 2.0, 1.0].map(|loss| plateau.observe(loss, Goal::Min, &config));
/// assert_eq!(factors, [1.0, 1.0, 1.0, 0.5, 0.5]);
/// # Ok::<(), seedbed_nn::ConfigError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plateau {
    factor: f64,
    tracker: Tracker,
}

impl Default for Plateau {
    fn default() -> Self {
        Self { factor: 1.0, tracker: Tracker::default() }
    }
}

impl Plateau {
    /// The factor now.
    pub fn factor(&self) -> f64 {
        self.factor
    }

    /// Takes the metric's newest value into account, and returns the factor.
    pub fn observe(&mut self, value: f64, goal: Goal, config: &PlateauConfig) -> f64 {
        self.tracker.observe(value, goal, config.min_delta);
        if self.tracker.since_best() >= config.patience {
            self.factor = (self.factor * config.gamma).max(config.min_factor);
            self.tracker.be_patient_again();
        }
        self.factor
    }
}
