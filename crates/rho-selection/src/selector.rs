use seedbed_kernels::Rng;
use serde::{Deserialize, Serialize};

use crate::pick::{self, Picked};
use crate::score::scores_of;
use crate::subset::Subset;
use crate::telemetry::{self, Telemetry};
use crate::{
    Candidates, CheckedConfig, Example, IrreducibleLosses, NotFinite, Off, Policy, Repair, Score,
    SelectionConfig, SelectionError,
};

/// What was chosen from a batch of candidates.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Selection {
    /// Positions in the batch, best first. Importance sampling may name one more than once.
    pub indices: Vec<usize>,
    /// The weight of each pick: the loss to train on is (1/k) Σ wᵢ Lᵢ. All 1, but for importance sampling.
    pub weights: Vec<f32>,
    /// The score of every candidate, NaN for one that was dropped; empty where none were computed.
    pub scores: Vec<f32>,
    /// What the choice looks like.
    pub telemetry: Telemetry,
}

/// Where a [`Selector`] stands: all that has to be saved to resume it.
///
/// Every step draws from a stream of random numbers of its own, numbered by the step, so that nothing else has to be kept.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SelectorState {
    /// Score, policy, schedules, and the seed of all random choices.
    pub config: SelectionConfig,
    /// Steps taken.
    pub step: u64,
}

/// Chooses which examples of each batch to train on: a score, a policy and a schedule put together.
///
/// It knows no framework: it takes ids and losses, and gives positions and weights.
///
/// ```
/// use seedbed_rho_selection::{Candidates, IrreducibleLosses, SelectionConfig, Selector};
///
/// let irreducible = IrreducibleLosses::new(&[10, 11, 12], &[0.1, 3.9, 0.2])?;
/// let config = SelectionConfig { ratio: 0.34.into(), ..Default::default() };
/// let mut selector = Selector::new(config.check()?, irreducible)?;
///
/// // In the training loop: the losses of the current model on the candidates.
/// let chosen = selector.select(&Candidates::new(&[10, 11, 12], &[0.1, 4.0, 2.0]))?;
/// assert_eq!((chosen.indices, chosen.weights), (vec![2], vec![1.0]));
/// # Ok::<(), seedbed_rho_selection::SelectionError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Selector {
    config: CheckedConfig,
    irreducible: IrreducibleLosses,
    /// Steps taken.
    step: u64,
}

impl Selector {
    /// A selector at step 0; `irreducible` may be empty where the score does not use it.
    ///
    /// # Errors
    /// If the score needs irreducible losses and there are none.
    pub fn new(
        config: CheckedConfig,
        irreducible: IrreducibleLosses,
    ) -> Result<Self, SelectionError> {
        let none = irreducible.is_empty() && irreducible.default_loss().is_none();
        if config.needs_irreducible() && none {
            return Err(SelectionError::Setting {
                field: "irreducible losses",
                value: "empty".into(),
                expected: format!(
                    "those of the training set for the score {}",
                    config.score.name()
                ),
            });
        }
        Ok(Self { config, irreducible, step: 0 })
    }

    /// The configuration.
    pub fn config(&self) -> &CheckedConfig {
        &self.config
    }

    /// Refuses a training set on which a later step would fail: ids that are given twice, or that have no irreducible loss
    /// where the score needs one. To be called once, before training starts; see also [`Self::check_batch`].
    ///
    /// # Errors
    /// Naming the first such id.
    pub fn check_ids(&self, ids: &[u64]) -> Result<(), SelectionError> {
        crate::candidates::unique(ids)?;
        if self.config.needs_irreducible() {
            self.irreducible.of(ids)?;
        }
        Ok(())
    }

    /// Refuses a batch of candidates, with all that is known of them, on which a step that selects would fail: a score or policy
    /// that looks at more than was given is found before training starts, and not after a warm-up.
    ///
    /// # Errors
    /// As [`Self::select`].
    pub fn check_batch(&self, candidates: &Candidates<'_>) -> Result<(), SelectionError> {
        self.choose(candidates, self.config.next_that_selects(self.step)).map(drop)
    }

    /// Where the selector stands, to be saved with a checkpoint.
    pub fn state(&self) -> SelectorState {
        SelectorState { config: *self.config, step: self.step }
    }

    /// Goes on where a selector of the same configuration stood.
    ///
    /// # Errors
    /// If its configuration was another one: the choices would not be those of an uninterrupted run. To go on with another one on
    /// purpose, put it in the state.
    pub fn restore(&mut self, state: SelectorState) -> Result<(), SelectionError> {
        if state.config != *self.config {
            return Err(SelectionError::Setting {
                field: "configuration",
                value: format!("{:?}", *self.config),
                expected: format!("that of the saved selector, {:?}", state.config),
            });
        }
        self.step = state.step;
        Ok(())
    }

    /// Whether the next step selects, rather than to warm up or to pause.
    pub fn selects(&self) -> bool {
        self.config.selects_at(self.step)
    }

    /// Whether the next step looks at training losses: if not, no forward pass is needed for them.
    pub fn needs_losses(&self) -> bool {
        // Calibrated losses are computed from logits.
        let from_logits = matches!(self.config.repair, Repair::Temperature { .. });
        self.uses_scores() && self.config.score.needs_losses() && !from_logits
    }

    /// Whether the next step looks at logits.
    pub fn needs_logits(&self) -> bool {
        let of_score = self.config.score.needs_logits()
            || matches!(self.config.repair, Repair::Temperature { .. });
        let diverse = matches!(self.config.policy, Policy::Diverse { .. });
        self.uses_scores() && of_score || self.selects() && diverse
    }

    fn uses_scores(&self) -> bool {
        self.selects() && self.config.uses_scores()
    }

    /// Chooses from the candidates, and moves on to the next step.
    ///
    /// round(ratio · n) of n candidates are picked, at least one; so a short last batch keeps the share.
    ///
    /// # Errors
    /// If the batch is empty, lengths differ, an id is given twice or has no irreducible loss, a number is not finite (see
    /// [`NotFinite`]), or what score or policy need was not given. The selector stays at its step then.
    pub fn select(&mut self, candidates: &Candidates<'_>) -> Result<Selection, SelectionError> {
        let selection = self.choose(candidates, self.step)?;
        self.step = self.step.saturating_add(1);
        Ok(selection)
    }

    /// Chooses as step `step` does.
    fn choose(&self, candidates: &Candidates<'_>, step: u64) -> Result<Selection, SelectionError> {
        candidates.check()?;
        match self.finite_positions(candidates)? {
            None => self.choose_known(candidates, step),
            Some(left) => {
                let subset = Subset::of(candidates, &left);
                let chosen = self.choose_known(&subset.view(), step)?;
                Ok(widen(chosen, &left, candidates.len()))
            }
        }
    }

    /// The positions that are left when those that are not finite are dropped; `None` where nothing is dropped.
    fn finite_positions(
        &self,
        candidates: &Candidates<'_>,
    ) -> Result<Option<Vec<usize>>, SelectionError> {
        let n = candidates.len();
        let Some((first, (what, value))) =
            (0..n).find_map(|i| candidates.not_finite(i).map(|bad| (i, bad)))
        else {
            return Ok(None);
        };
        match self.config.not_finite {
            NotFinite::Error => {
                let example = Example::Id(candidates.ids[first]);
                Err(SelectionError::NotFinite { what, example, value })
            }
            NotFinite::Drop => {
                let left: Vec<usize> =
                    (0..n).filter(|&i| candidates.not_finite(i).is_none()).collect();
                if left.is_empty() { Err(SelectionError::AllDropped { n }) } else { Ok(Some(left)) }
            }
        }
    }

    /// Chooses from candidates whose numbers are all finite; what is wrong with one is said by its id.
    fn choose_known(
        &self,
        candidates: &Candidates<'_>,
        step: u64,
    ) -> Result<Selection, SelectionError> {
        self.choose_finite(candidates, step).map_err(|error| error.with_ids(candidates.ids))
    }

    fn choose_finite(
        &self,
        candidates: &Candidates<'_>,
        step: u64,
    ) -> Result<Selection, SelectionError> {
        let (config, n) = (&self.config, candidates.len());
        let (selects, mut rng) = (config.selects_at(step), Rng::numbered(config.seed, step));
        let k = config.picked_of(n, step);
        let mut scores = Vec::new();
        let picked = if !selects {
            Picked::unweighted(match config.off {
                Off::Uniform => pick::uniform(n, k, &mut rng)?,
                Off::Everything => (0..n).collect(),
            })
        } else if config.score == Score::Uniform && config.policy.needs_scores() {
            Picked::unweighted(pick::uniform(n, k, &mut rng)?)
        } else {
            if config.uses_scores() {
                scores = scores_of(config.score, config.repair, candidates, &self.irreducible)?;
            }
            config.policy.pick(&scores, candidates, k, step, &mut rng)?
        };
        let telemetry = telemetry::of(step, selects, candidates, &scores, &picked);
        let Picked { indices, weights } = picked;
        Ok(Selection { indices, weights, scores, telemetry })
    }
}

/// A choice among some positions, as one among all `n`.
fn widen(chosen: Selection, positions: &[usize], n: usize) -> Selection {
    let mut telemetry = chosen.telemetry;
    telemetry.dropped = n - positions.len();
    telemetry.candidates = n;
    let mut scores = Vec::new();
    if !chosen.scores.is_empty() {
        scores = vec![f32::NAN; n];
        positions.iter().zip(chosen.scores).for_each(|(&i, score)| scores[i] = score);
    }
    let indices = chosen.indices.into_iter().map(|i| positions[i]).collect();
    Selection { indices, weights: chosen.weights, scores, telemetry }
}
