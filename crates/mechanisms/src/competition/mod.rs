//! Experts compete for samples: scores in, winners and weights out.
//!
//! Nothing here knows what an expert is. Whoever can score what it made of a sample can compete: image networks by a
//! discriminator's opinion, regressions by their squared error, the layers of a mixture of experts by their gate.

mod assignment;
mod load;
mod round;

pub use round::{Round, Statistics};

use seedbed_autodiff::{Float, Rng, Tensor};
use serde::{Deserialize, Serialize};

use crate::MechanismsError;

/// Who gets a sample.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind", deny_unknown_fields)]
pub enum Rule {
    /// The expert with the highest score (Parascandolo et al. 2018); of equal ones the first.
    #[default]
    Argmax,
    /// The highest sum of scores at which no expert gets more than ⌈(1 + `slack`) · samples / experts⌉ samples.
    Balanced {
        /// What an expert may get beyond its equal share, as a part of it; at least 0.
        slack: f64,
    },
    /// The highest score − `strength` · ln(experts · share): who has won much lately needs a better score. The share is a running mean over
    /// rounds.
    LoadBias {
        /// In units of the scores; at most 1e30.
        strength: f64,
        /// How much of the running share stays in a round, in [0, 1).
        decay: f64,
    },
    /// Every expert gets every sample, with weights softmax(scores / `temperature`): a mixture of experts. The winner is the highest score.
    Soft {
        /// From 1e-30 to 1e30.
        temperature: f64,
    },
    /// Any expert, whatever the scores.
    Random,
}

/// A competition between experts, round after round.
///
/// ```
/// use seedbed_autodiff::{Rng, Tensor};
/// use seedbed_mechanisms::competition::{Competition, Rule};
///
/// // Three samples, two experts.
/// let scores = Tensor::<f32>::new(vec![0.9, 0.1, 0.8, 0.7, 0.6, 0.2], &[3, 2]);
/// let mut free = Competition::new(2, Rule::Argmax)?;
/// assert_eq!(free.judge(&scores, &mut Rng::new(0))?.winners(), [0, 0, 0]);
///
/// // Nobody gets more than two of three: the sample that costs least goes to the other.
/// let mut fair = Competition::new(2, Rule::Balanced { slack: 0.0 })?;
/// assert_eq!(fair.judge(&scores, &mut Rng::new(0))?.winners(), [0, 1, 0]);
/// # Ok::<(), seedbed_mechanisms::MechanismsError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Saved")]
pub struct Competition {
    rule: Rule,
    /// The running share of each expert; the shares add up to 1.
    shares: Vec<f64>,
}

/// What a file says of a [`Competition`].
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Saved {
    rule: Rule,
    shares: Vec<f64>,
}

impl TryFrom<Saved> for Competition {
    type Error = MechanismsError;

    fn try_from(Saved { rule, shares }: Saved) -> Result<Self, MechanismsError> {
        let mut competition = Self::new(shares.len(), rule)?;
        if let Some(wrong) = shares.iter().find(|share| !(0.0..=1.0 + 1e-6).contains(*share)) {
            return Err(MechanismsError::setting("a share", wrong, "from 0 to 1"));
        }
        competition.shares = shares;
        Ok(competition)
    }
}

/// The smallest and the largest scale of scores: single precision can divide by either.
const LEAST: f64 = 1e-30;
const MOST: f64 = 1e30;

/// The most that compete: a score is kept for each, of every sample.
const MOST_EXPERTS: usize = 1 << 24;

impl Competition {
    /// Before the first round, with equal shares.
    ///
    /// # Errors
    /// If there are no experts, or more than 2²⁴, or the rule's numbers make no sense.
    pub fn new(experts: usize, rule: Rule) -> Result<Self, MechanismsError> {
        if experts == 0 {
            return Err(MechanismsError::NoExperts);
        }
        if experts > MOST_EXPERTS {
            return Err(MechanismsError::setting("experts", experts, "at most 2^24"));
        }
        rule.check()?;
        Ok(Self { rule, shares: vec![1.0 / experts as f64; experts] })
    }

    /// The rule.
    pub fn rule(&self) -> Rule {
        self.rule
    }

    /// How many experts compete.
    pub fn experts(&self) -> usize {
        self.shares.len()
    }

    /// The running share of wins of each expert, which [`Rule::LoadBias`] looks at; without that rule the share of the last round.
    pub fn shares(&self) -> &[f64] {
        &self.shares
    }

    /// Two experts share equally what both had, as after one became a copy of the other.
    ///
    /// # Panics
    /// If one does not exist.
    #[track_caller]
    pub fn level(&mut self, [a, b]: [usize; 2]) {
        let mean = (self.shares[a] + self.shares[b]) / 2.0;
        (self.shares[a], self.shares[b]) = (mean, mean);
    }

    /// Goes on by another rule; the running shares stay.
    ///
    /// # Errors
    /// If the rule's numbers make no sense.
    pub fn set_rule(&mut self, rule: Rule) -> Result<(), MechanismsError> {
        rule.check()?;
        self.rule = rule;
        Ok(())
    }

    /// One round: the scores are `[samples, experts]`, higher is better. A score that is NaN loses against every number, −∞ too, and
    /// [`Statistics::nan`] counts it.
    ///
    /// The gradient goes into the scores through the weights of [`Rule::Soft`] only: who wins is no differentiable question.
    ///
    /// # Errors
    /// If the scores have another shape, there are no samples, or a sample has NaN from every expert. The running shares stay as they were.
    pub fn judge<F: Float>(
        &mut self,
        scores: &Tensor<F>,
        rng: &mut Rng,
    ) -> Result<Round<F>, MechanismsError> {
        let experts = self.experts();
        let rows = round::rows(scores, experts)?;
        let best = best_of(&rows, |_| 0.0);
        let winners = match self.rule {
            Rule::Argmax | Rule::Soft { .. } => best.clone(),
            Rule::Balanced { slack } => {
                let fair = rows.len() as f64 / experts as f64;
                let capacity = ((1.0 + slack) * fair - 1e-9).ceil().min(rows.len() as f64) as usize;
                assignment::assign(&rows, capacity.max(1))
            }
            Rule::LoadBias { strength, .. } => {
                best_of(&rows, |expert| strength * load::surplus(self.shares[expert], experts))
            }
            Rule::Random => rows
                .iter()
                .map(|row| {
                    loop {
                        let expert = rng.below(experts);
                        if !row[expert].is_nan() {
                            break expert;
                        }
                    }
                })
                .collect(),
        };
        let decay = match self.rule {
            Rule::LoadBias { decay, .. } => decay,
            _ => 0.0,
        };
        load::update(&mut self.shares, &winners, decay);
        let weights = match self.rule {
            Rule::Soft { temperature } => round::soft(scores, temperature),
            _ => Tensor::one_hot(&winners, experts),
        };
        Ok(Round::new(winners, weights, &rows, &best))
    }
}

/// For each sample the expert with the highest score less `handicap`; of equal ones the first, and NaN only where there is nothing else.
fn best_of(rows: &[Vec<f64>], handicap: impl Fn(usize) -> f64) -> Vec<usize> {
    let best = |row: &Vec<f64>| {
        let mut best: Option<(usize, f64)> = None;
        for (expert, score) in row.iter().enumerate().filter(|(_, score)| !score.is_nan()) {
            let score = score - handicap(expert);
            if best.is_none_or(|(_, other)| score > other) {
                best = Some((expert, score));
            }
        }
        best.expect("a row has a score that is not NaN").0
    };
    rows.iter().map(best).collect()
}

impl Rule {
    /// Whether its numbers make sense.
    pub(crate) fn check(self) -> Result<(), MechanismsError> {
        let wrong = |setting, value: f64, expected: &str| {
            Err(MechanismsError::setting(setting, value, expected))
        };
        match self {
            Self::Balanced { slack } if !(slack >= 0.0 && slack.is_finite()) => {
                wrong("slack", slack, "a finite number >= 0")
            }
            Self::LoadBias { strength, .. } if !(strength >= 0.0 && strength.is_finite()) => {
                wrong("strength", strength, "a finite number >= 0")
            }
            Self::LoadBias { strength, .. } if strength > MOST => {
                wrong("strength", strength, "at most 1e30")
            }
            Self::LoadBias { decay, .. } if !(0.0..1.0).contains(&decay) => {
                wrong("decay", decay, "in [0, 1)")
            }
            Self::Soft { temperature } if !(temperature > 0.0 && temperature.is_finite()) => {
                wrong("temperature", temperature, "a finite number > 0")
            }
            Self::Soft { temperature } if !(LEAST..=MOST).contains(&temperature) => {
                wrong("temperature", temperature, "from 1e-30 to 1e30")
            }
            _ => Ok(()),
        }
    }
}
