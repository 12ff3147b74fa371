use crate::error::{bad_logit, labels_below, same_length};
use crate::{Rows, SelectionError};

/// What is known about a batch of candidates: ids and losses, and whatever else a score or policy needs.
///
/// ```
/// use seedbed_rho_selection::{Candidates, Rows};
/// let logits = Rows::new(&[2.0, 0.0, 0.0, 1.0], 2)?;
/// let batch = Candidates::new(&[10, 11], &[0.1, 1.3]).labels(&[0, 0]).logits(logits);
/// assert_eq!(batch.len(), 2);
/// # Ok::<(), seedbed_rho_selection::SelectionError>(())
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Candidates<'a> {
    pub(crate) ids: &'a [u64],
    pub(crate) losses: Option<&'a [f32]>,
    pub(crate) labels: Option<&'a [usize]>,
    pub(crate) logits: Option<Rows<'a>>,
    pub(crate) features: Option<Rows<'a>>,
    pub(crate) joint: Option<Rows<'a>>,
    pub(crate) known: Known<'a>,
}

/// What an experimenter may know about the candidates, one flag each: only for [telemetry](crate::Telemetry), never for choosing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Known<'a> {
    /// The label is wrong.
    pub corrupted: Option<&'a [bool]>,
    /// The example is a copy of another.
    pub duplicated: Option<&'a [bool]>,
    /// The model answers it correctly before the step. Worked out from logits and labels where those are given.
    pub already_correct: Option<&'a [bool]>,
    /// The example is of little use for the test distribution.
    pub low_relevance: Option<&'a [bool]>,
}

impl<'a> Candidates<'a> {
    /// Candidates with these stable ids, and the loss of the model in training on each, in nats.
    ///
    /// With [`Score::Given`](crate::Score::Given) the losses are scores of your own.
    pub fn new(ids: &'a [u64], losses: &'a [f32]) -> Self {
        Self { ids, losses: Some(losses), ..Self::default() }
    }

    /// Candidates whose losses nobody computed: enough for uniform steps and for [`Policy::Diverse`](crate::Policy::Diverse).
    pub fn of_ids(ids: &'a [u64]) -> Self {
        Self { ids, ..Self::default() }
    }

    /// Adds the class of each candidate, from 0.
    pub fn labels(self, labels: &'a [usize]) -> Self {
        Self { labels: Some(labels), ..self }
    }

    /// Adds the logits: a row of classes for each candidate; or, for scores over Monte-Carlo samples
    /// (dropout, ensembles), all rows of the first sample, then all of the second, and so on.
    pub fn logits(self, logits: Rows<'a>) -> Self {
        Self { logits: Some(logits), ..self }
    }

    /// Adds what goes into the last layer: a row of features for each candidate.
    pub fn features(self, features: Rows<'a>) -> Self {
        Self { features: Some(features), ..self }
    }

    /// Adds the joint scores of pairs, a row of n for each of the n candidates; see [`joint_scores`](crate::score::joint_scores).
    pub fn joint(self, joint: Rows<'a>) -> Self {
        Self { joint: Some(joint), ..self }
    }

    /// Adds what is known about them, for telemetry.
    pub fn known(self, known: Known<'a>) -> Self {
        Self { known, ..self }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// Refuses an empty batch, lengths that differ, labels without a class, and ids that are given twice.
    pub(crate) fn check(&self) -> Result<(), SelectionError> {
        let n = self.len();
        if n == 0 {
            return Err(SelectionError::Empty { what: "candidates" });
        }
        let ids = ("ids", n);
        if let Some(losses) = self.losses {
            same_length(ids, ("training losses", losses.len()))?;
        }
        if let Some(labels) = self.labels {
            same_length(ids, ("labels", labels.len()))?;
        }
        if let Some(logits) = self.logits {
            logits.samples(n)?;
            if let Some(labels) = self.labels {
                labels_below(labels, logits.width()).map_err(|error| error.with_ids(self.ids))?;
            }
        }
        if let Some(features) = self.features {
            same_length(ids, ("features", features.len()))?;
        }
        if let Some(joint) = self.joint {
            same_length(ids, ("joint scores (rows)", joint.len()))?;
            same_length(ids, ("joint scores (columns)", joint.width()))?;
        }
        for (name, flags) in self.known.named() {
            if let Some(flags) = flags {
                same_length(ids, (name, flags.len()))?;
            }
        }
        unique(self.ids)
    }

    /// Which candidates have a number that is not finite: the quantity and its value.
    pub(crate) fn not_finite(&self, i: usize) -> Option<(&'static str, f32)> {
        let bad = |row: &[f32]| row.iter().copied().find(|x| !x.is_finite());
        if let Some(value) = self.losses.and_then(|losses| bad(&losses[i..=i])) {
            return Some(("training loss", value));
        }
        let sampled = self.logits.and_then(|logits| {
            let rows = (i..logits.len()).step_by(self.len());
            rows.into_iter().find_map(|row| bad_logit(logits.row(row)))
        });
        if let Some(value) = sampled {
            return Some(("logit", value));
        }
        let feature = self.features.and_then(|rows| bad(rows.row(i)));
        // A bad example spoils its whole column, too: which one it is shows on the diagonal.
        let joint = self.joint.and_then(|rows| bad(&rows.row(i)[i..=i]));
        let feature = feature.map(|value| ("feature", value));
        feature.or_else(|| joint.map(|value| ("joint score", value)))
    }
}

impl<'a> Known<'a> {
    pub(crate) fn named(&self) -> [(&'static str, Option<&'a [bool]>); 4] {
        [
            ("known.corrupted", self.corrupted),
            ("known.duplicated", self.duplicated),
            ("known.already_correct", self.already_correct),
            ("known.low_relevance", self.low_relevance),
        ]
    }
}

/// Refuses ids that are given twice.
pub(crate) fn unique(ids: &[u64]) -> Result<(), SelectionError> {
    let mut sorted = ids.to_vec();
    sorted.sort_unstable();
    match sorted.windows(2).find(|pair| pair[0] == pair[1]) {
        None => Ok(()),
        Some(pair) => Err(SelectionError::DuplicateId { id: pair[0] }),
    }
}
