use seedbed_autodiff::Rng;

use crate::score::finite;
use crate::{CheckedConfig, IrreducibleLosses, Score, SelectionError, reducible_loss, top_k};

/// What was chosen from a candidate batch.
#[derive(Clone, Debug, PartialEq)]
pub struct Selection {
    /// Positions in the candidate batch, best first.
    pub indices: Vec<usize>,
    /// The weight of each chosen example in the loss; 1 for top-k and uniform selection.
    pub weights: Vec<f32>,
    /// The score of every candidate.
    pub scores: Vec<f32>,
}

/// Chooses which examples of each candidate batch to train on.
///
/// It knows no framework: it takes ids and losses, and gives positions.
///
/// ```
/// use seedbed_autodiff::Rng;
/// use seedbed_rho_selection::{IrreducibleLosses, Score, SelectionConfig, Selector};
///
/// let config = SelectionConfig { score: Score::ReducibleLoss, candidates: 3, picked: 1 }.check()?;
/// let irreducible = IrreducibleLosses::new(&[10, 11, 12], &[0.1, 3.9, 0.2])?;
/// let selector = Selector::new(config, irreducible);
///
/// // In the training loop: the losses of the current model on the candidates.
/// let chosen = selector.select(&[10, 11, 12], &[0.1, 4.0, 2.0], &mut Rng::new(0))?;
/// assert_eq!(chosen.indices, [2]);
/// # Ok::<(), seedbed_rho_selection::SelectionError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Selector {
    config: CheckedConfig,
    irreducible: IrreducibleLosses,
}

impl Selector {
    /// A selector; `irreducible` may be empty where the score does not use it.
    pub fn new(config: CheckedConfig, irreducible: IrreducibleLosses) -> Self {
        Self { config, irreducible }
    }

    /// The configuration.
    pub fn config(&self) -> &CheckedConfig {
        &self.config
    }

    /// Chooses from the candidates with these stable ids and current training losses (in nats). `rng`
    /// is used by [`Score::Uniform`] only.
    ///
    /// The last batch of an epoch may be shorter than `candidates`; then the same share of it is picked,
    /// at least one.
    ///
    /// # Errors
    /// If the lengths differ, the batch is empty, a loss is not finite or an id has no irreducible
    /// loss.
    pub fn select(
        &self,
        ids: &[u64],
        losses: &[f32],
        rng: &mut Rng,
    ) -> Result<Selection, SelectionError> {
        if ids.len() != losses.len() {
            return Err(SelectionError::Lengths {
                left: "ids",
                left_len: ids.len(),
                right: "training losses",
                right_len: losses.len(),
            });
        }
        let scores = match self.config.score {
            Score::Uniform => ids.iter().map(|_| rng.uniform() as f32).collect(),
            Score::TrainingLoss => {
                finite("training loss", losses)?;
                losses.to_vec()
            }
            Score::ReducibleLoss => reducible_loss(losses, &self.irreducible.of(ids)?)?,
        };
        let indices = top_k(&scores, self.picked_of(ids.len()))?;
        let weights = vec![1.0; indices.len()];
        Ok(Selection { indices, weights, scores })
    }

    /// How many are picked of a batch of `n`.
    fn picked_of(&self, n: usize) -> usize {
        let share = n * self.config.picked / self.config.candidates;
        share.clamp(1, self.config.picked)
    }
}
