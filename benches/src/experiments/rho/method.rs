//! The ways to choose that are compared: a table.

use anyhow::Result;
use seedbed::rho_selection::pick::{Draw, Proposal};
use seedbed::rho_selection::score::LaplaceConfig;
use seedbed::rho_selection::{CheckedConfig, Policy, Repair, Score, SelectionConfig};

use super::net::Arch;
use super::reference::Reference;

/// One way to choose, and what it trains.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Method {
    /// The end of the row's name; empty for the method that the row is about.
    pub suffix: &'static str,
    /// In pictures.
    pub label: &'static str,
    pub score: Score,
    pub policy: Policy,
    pub repair: Repair,
    /// Passes with dropout that a score looks at; none: the pass is in inference mode.
    pub dropout_samples: usize,
    /// The posterior whose scores are chosen by in the place of losses.
    pub laplace: Option<LaplaceConfig>,
    /// Which candidates it is shown.
    pub pool: Pool,
    /// Where its irreducible losses are from.
    pub reference: Option<Reference>,
    /// The network that is trained.
    pub arch: Arch,
    pub lr: f64,
}

/// Which training rows are candidates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pool {
    All,
    /// Those without a wrong label, as only an oracle knows them.
    Clean,
    /// The tenth of which the reference model is least sure: "selection via proxy" (Coleman et al. 2020).
    CoreSet,
}

impl Method {
    fn new(suffix: &'static str, label: &'static str, score: Score) -> Self {
        Self {
            suffix,
            label,
            score,
            policy: Policy::TopK,
            repair: Repair::None,
            dropout_samples: 0,
            laplace: None,
            pool: Pool::All,
            reference: None,
            arch: Arch::Mlp(&[512, 512]),
            lr: 1e-3,
        }
    }

    /// RHO-LOSS with these irreducible losses.
    pub(crate) fn rho(reference: Reference) -> Self {
        Self::new("", "RHO-LOSS", Score::ReducibleLoss).with(reference)
    }

    pub(crate) fn uniform() -> Self {
        Self::new("-uniform", "uniform", Score::Uniform)
    }

    /// RHO-LOSS that leaves to the last what the reference model believes to be worse than a guess.
    pub(crate) fn veto(reference: Reference) -> Self {
        Self::rho(reference).repaired("-veto", "RHO-LOSS with veto", Repair::veto(10))
    }

    /// RHO-LOSS that is never shown a wrong label: what perfect knowledge of the noise would give.
    pub(crate) fn oracle(reference: Reference) -> Self {
        let pool = Pool::Clean;
        Self { pool, ..Self::new("-oracle", "oracle", Score::ReducibleLoss).with(reference) }
    }

    /// The baselines of the paper, and those that came after it.
    pub(crate) fn baselines(reference: Reference) -> Vec<Self> {
        use Score::*;
        let importance = Policy::Importance { proposal: Proposal::Proportional, tau: 0.0 };
        vec![
            Self::uniform(),
            Self::new("-loss", "highest loss", TrainingLoss),
            Self::new("-gradnorm", "gradient norm", GradientNorm),
            Self {
                policy: importance,
                ..Self::new("-gradnorm-is", "gradient norm, importance sampling", GradientNorm)
            },
            Self::new("-irreducible", "lowest irreducible loss", LowIrreducibleLoss)
                .with(reference),
            Self {
                pool: Pool::CoreSet,
                ..Self::new("-svp", "selection via proxy", Uniform).with(reference)
            },
            Self {
                policy: Policy::RankLaw,
                ..Self::new("-backprop", "selective backprop", TrainingLoss)
            },
            Self {
                policy: Policy::Diverse { draw: Draw::Greedy },
                ..Self::new("-divbs", "diverse (DivBS)", TrainingLoss)
            },
        ]
    }

    /// RHO-LOSS whose scores are from a pass in training mode, as those of the authors' code.
    pub(crate) fn in_training_mode(reference: Reference) -> Self {
        let label = "RHO-LOSS, scored with dropout";
        Self { dropout_samples: 1, ..Self::rho(reference).named("-train-mode", label) }
    }

    /// Bayesian data selection (Deng et al. 2023), with the irreducible losses in the place of a zero-shot model's.
    pub(crate) fn laplace(reference: Reference) -> Self {
        let method = Self::new("", "last-layer Laplace", Score::Given).with(reference);
        Self { laplace: Some(LaplaceConfig::default()), ..method }
    }

    /// The baselines of active learning, with ten samples of Monte-Carlo dropout.
    pub(crate) fn active_learning() -> Vec<Self> {
        use Score::*;
        [
            ("-bald", "BALD", Bald),
            ("-entropy", "entropy", Entropy),
            ("-conditional-entropy", "conditional entropy", ConditionalEntropy),
            ("-loss-minus-entropy", "loss − conditional entropy", LossMinusConditionalEntropy),
        ]
        .map(|(suffix, label, score)| Self {
            dropout_samples: 10,
            ..Self::new(suffix, label, score)
        })
        .into()
    }

    pub(crate) fn with(self, reference: Reference) -> Self {
        Self { reference: Some(reference), ..self }
    }

    pub(crate) fn repaired(
        self,
        suffix: &'static str,
        label: &'static str,
        repair: Repair,
    ) -> Self {
        Self { suffix, label, repair, ..self }
    }

    pub(crate) fn named(self, suffix: &'static str, label: &'static str) -> Self {
        Self { suffix, label, ..self }
    }

    pub(crate) fn training(self, arch: Arch, lr: f64) -> Self {
        Self { arch, lr, ..self }
    }

    /// The selector's configuration: a tenth of the candidates.
    pub(crate) fn config(&self, seed: u64) -> Result<CheckedConfig> {
        let (score, policy, repair) = (self.score, self.policy, self.repair);
        let config = SelectionConfig { score, policy, repair, seed, ..Default::default() };
        Ok(config.check()?)
    }
}
