use serde::{Deserialize, Serialize};

use super::Recipe;

/// What a training is at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    /// Short strings, until gate 1.
    Search,
    /// Noise and rounding grow, until gate 2.
    Ramp,
    /// Strings of the full length, until the error has been low for some time.
    Calm,
    /// The rate falls and starts again.
    Cycles,
}

/// What is to be done after a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    Nothing,
    /// Try the network at the full length, for gate 1 or 2.
    TryGate,
    /// Keep these weights: they are good.
    Snapshot,
    /// Take the weights that were kept.
    Revert,
    /// Validate.
    Validate,
    /// Begin again with new weights.
    StartAgain,
}

/// Where a training stands: everything but weights and generators.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Progress {
    /// Steps so far, of all networks.
    pub step: u64,
    /// Networks that were given up.
    pub restarts: u64,
    /// Steps of this network.
    pub network_step: u64,
    /// The step of this network at which the greatest length last grew.
    pub grown_at: u64,
    /// What it is at.
    pub phase: Phase,
    /// The greatest length.
    pub length: usize,
    /// The deviation of the noise on pre-activations.
    pub noise: f64,
    /// The probability of rounding.
    pub rounding: f64,
    /// The learning rate at the start of a cycle, as a share of the recipe's.
    pub rate: f64,
    /// The running average of the error over all lengths.
    pub error: f64,
    /// The running average of the error at the greatest length.
    pub error_at_length: f64,
    /// Steps in a row with a low error.
    pub calm: u64,
    /// Steps since the cycles began.
    pub cycle_step: u64,
    /// The most stages of a validation that this network has passed.
    pub good_stages: usize,
    /// The weight of the saturation cost.
    pub saturation_weight: f64,
}

/// The weight of the newest error in a running average.
const NEWEST: f64 = 0.05;

impl Progress {
    /// Of the first network.
    pub(super) fn new(recipe: &Recipe) -> Self {
        Self {
            step: 0,
            restarts: 0,
            network_step: 0,
            grown_at: 0,
            phase: Phase::Search,
            length: recipe.first_length,
            noise: 0.0,
            rounding: recipe.rounding,
            rate: 1.0,
            error: 1.0,
            error_at_length: 1.0,
            calm: 0,
            cycle_step: 0,
            good_stages: 0,
            saturation_weight: 1e-3,
        }
    }

    /// Whether a training by this recipe can be here.
    pub(super) fn check(&self, recipe: &Recipe) -> Result<(), String> {
        let lengths = recipe.first_length..=recipe.full_length;
        let share = |x: f64| (0.0..=1.0).contains(&x);
        let wrong = |what: &str, found: String, expected: String| {
            Err(format!("the training's {what} is {found}, but should be {expected}"))
        };
        if !lengths.contains(&self.length) {
            let expected =
                format!("from {} to {}, as in the recipe", lengths.start(), lengths.end());
            return wrong("greatest length", self.length.to_string(), expected);
        }
        if !(0.0..=1e3).contains(&self.noise) {
            return wrong("noise", self.noise.to_string(), "from 0 to 1000".into());
        }
        for (what, x) in [
            ("probability of rounding", self.rounding),
            ("rate", self.rate),
            ("error", self.error),
            ("error at the greatest length", self.error_at_length),
            ("weight of the saturation", self.saturation_weight),
        ] {
            if !share(x) {
                return wrong(what, x.to_string(), "from 0 to 1".into());
            }
        }
        if self.grown_at > self.network_step || self.network_step > self.step {
            let found = format!("{} of {} of {}", self.grown_at, self.network_step, self.step);
            return wrong("count of steps", found, "in order".into());
        }
        Ok(())
    }

    /// Of the next network.
    pub(super) fn start_again(&mut self, recipe: &Recipe) {
        let (step, restarts) = (self.step, self.restarts + 1);
        *self = Self { step, restarts, ..Self::new(recipe) };
    }

    /// The share of the recipe's rate at this step.
    pub fn rate_now(&self, recipe: &Recipe) -> f64 {
        let within = (self.cycle_step % recipe.cycle_steps) as f64 / recipe.cycle_steps as f64;
        match self.phase {
            Phase::Cycles => self.rate * recipe.cycle_end.powf(within),
            _ => self.rate,
        }
    }

    /// Cycles that are over.
    pub fn cycles(&self, recipe: &Recipe) -> u64 {
        self.cycle_step / recipe.cycle_steps
    }

    /// Takes the errors of a step into account: at the greatest length, and over all lengths.
    pub(super) fn observe(&mut self, recipe: &Recipe, at_length: f64, all: f64) -> Action {
        self.step += 1;
        self.network_step += 1;
        self.error += NEWEST * (all - self.error);
        self.error_at_length += NEWEST * (at_length - self.error_at_length);
        match self.phase {
            Phase::Search => {
                self.grow(recipe, recipe.ramp_length);
                if self.network_step - self.grown_at >= recipe.patience {
                    return Action::StartAgain;
                }
                let due = self.network_step.is_multiple_of(recipe.gate_every);
                if due && self.length >= recipe.gate_from {
                    Action::TryGate
                } else {
                    Action::Nothing
                }
            }
            Phase::Ramp => self.ramp(recipe),
            Phase::Calm => {
                self.calm = if self.error < recipe.calm_below { self.calm + 1 } else { 0 };
                if self.calm >= recipe.calm_steps {
                    self.phase = Phase::Cycles;
                    return Action::Snapshot;
                }
                self.collapsed(recipe)
            }
            Phase::Cycles => {
                self.cycle_step += 1;
                if self.cycle_step.is_multiple_of(recipe.cycle_steps) {
                    self.rate *= recipe.cycle_restart;
                }
                match self.collapsed(recipe) {
                    Action::Nothing if self.cycle_step.is_multiple_of(recipe.validate_every) => {
                        Action::Validate
                    }
                    action => action,
                }
            }
        }
    }

    fn grow(&mut self, recipe: &Recipe, limit: usize) {
        if self.error_at_length < recipe.grow_below && self.length < limit {
            self.length = self.length.saturating_add(recipe.growth).min(limit);
            self.error_at_length = 1.0;
            self.grown_at = self.network_step;
        }
    }

    fn ramp(&mut self, recipe: &Recipe) -> Action {
        self.grow(recipe, recipe.ramp_length);
        if self.length < recipe.ramp_length || !self.network_step.is_multiple_of(recipe.ramp_every)
        {
            return Action::Nothing;
        }
        match self.error {
            e if e < recipe.ramp_below => {
                if self.noise < recipe.noise || self.rounding < 1.0 {
                    self.change_noise(recipe, 1.0);
                    Action::Snapshot
                } else if e < recipe.calm_below {
                    Action::TryGate
                } else {
                    Action::Nothing
                }
            }
            e if e > recipe.collapse_above => self.collapsed(recipe),
            e if e > recipe.back_above => {
                self.change_noise(recipe, -0.5);
                Action::Nothing
            }
            _ => Action::Nothing,
        }
    }

    fn change_noise(&mut self, recipe: &Recipe, steps: f64) {
        self.noise = (self.noise + steps * recipe.noise_step).clamp(0.0, recipe.noise);
        let rounding = self.rounding + steps * recipe.rounding_step;
        self.rounding = rounding.clamp(recipe.rounding, 1.0);
    }

    /// Whether what was learnt is lost; then the rate falls.
    fn collapsed(&mut self, recipe: &Recipe) -> Action {
        if self.error <= recipe.collapse_above {
            return Action::Nothing;
        }
        self.rate *= 0.7;
        // As after the snapshot, so that the network has some time before it is judged again.
        (self.error, self.calm) = (recipe.ramp_below, 0);
        Action::Revert
    }

    /// Gate 1 or 2 was passed.
    pub(super) fn pass_gate(&mut self, recipe: &Recipe) {
        match self.phase {
            Phase::Search => {
                self.phase = Phase::Ramp;
                self.rate *= 0.5;
            }
            _ => {
                self.phase = Phase::Calm;
                self.length = recipe.full_length;
            }
        }
    }
}
