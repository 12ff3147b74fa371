//! What a reference is worth, told before training starts: a report on two reference models that were asked about the same examples, with a recommendation.

mod judged;

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::error::{labels_below, logits_of, same_length};
use crate::{Rows, SelectionError};
use judged::Judged;

/// What to train with, given a reference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Recommendation {
    /// Uniform selection: the reference cannot tell what is worth learning.
    Uniform,
    /// RHO-LOSS as it is.
    Rho,
    /// RHO-LOSS with the [veto](crate::Repair::veto) at ln C.
    RhoVeto,
}

impl fmt::Display for Recommendation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Uniform => "uniform",
            Self::Rho => "rho",
            Self::RhoVeto => "rho + veto",
        })
    }
}

/// How long models are trained.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrainingLengths {
    /// The steps that are planned with selection.
    pub planned: u64,
    /// The steps that the reference had when it was best: the lower of the two.
    pub reference: u64,
    /// Whether both were still getting better when their training ended: the best epoch was the last.
    pub unfinished: bool,
}

/// Estimates of the share of wrong labels among what is picked. Uniform selection picks as many as there are.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct WrongPicks {
    /// By uniform selection.
    pub uniform: f64,
    /// By RHO-LOSS.
    pub rho: f64,
    /// By RHO-LOSS with the veto at ln C.
    pub veto: f64,
}

/// What two reference models say of a training set, and of each other.
///
/// Of every example one model was *asked*, which was not trained on it and gives its irreducible loss; the *other* may have been trained on it, as the halves of a
/// cross-fit are (`CrossFit::report`). The figures about wrong labels are estimates: they take the errors of the two models to be independent, and
/// what both find hard to be wrong.
///
/// ```
/// use seedbed_rho_selection::Rows;
/// use seedbed_rho_selection::report::{Recommendation, ReferenceReport, TrainingLengths};
/// // Two models that know all classes; every fifth label is wrong.
/// let labels: Vec<usize> = (0..40).map(|i| if i % 5 == 4 { 1 - i % 2 } else { i % 2 }).collect();
/// let logits: Vec<f32> = (0..40).flat_map(|i| if i % 2 == 0 { [3.0, 0.0] } else { [0.0, 3.0] }).collect();
/// let (asked, other) = (Rows::new(&logits, 2)?, Rows::new(&logits, 2)?);
/// let lengths = TrainingLengths { planned: 1_000, reference: 500, unfinished: false };
/// let report = ReferenceReport::new(asked, other, &labels, lengths)?;
/// assert_eq!((report.accuracy, report.wrong_labels), (0.8, 0.2));
/// assert_eq!(report.recommendation, Recommendation::RhoVeto);
/// println!("{report}");
/// # Ok::<(), seedbed_rho_selection::SelectionError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReferenceReport {
    /// Examples.
    pub examples: usize,
    /// The share of labels that the model predicts which was asked.
    pub accuracy: f64,
    /// The share of the most frequent label: the accuracy of one who always says the same.
    pub most_frequent: f64,
    /// The share of right labels that it would predict, estimated.
    pub accuracy_on_right_labels: f64,
    /// Its mean loss, in nats: the mean irreducible loss.
    pub mean_loss: f64,
    /// The share of examples about which the two models say the same.
    pub agreement: f64,
    /// The share of wrong labels, estimated: where the two agree, how often they contradict the label.
    pub wrong_labels: f64,
    /// The share that the veto at ln C leaves to the last.
    pub vetoed: f64,
    /// How alike the other model's losses are on what is kept and on what is vetoed: 0 where every vetoed example has a higher loss than every kept one,
    /// so that the two models agree on what is vetoed; 1 where they differ by chance. None where nothing is vetoed or everything.
    pub overlap: Option<f64>,
    /// Wrong labels among the picks, estimated.
    pub wrong_picks: WrongPicks,
    /// How long models are trained.
    pub lengths: TrainingLengths,
    /// What to train with.
    pub recommendation: Recommendation,
}

/// Estimated shares of wrong labels from which on the veto gains more than it costs. Chosen on other data and seeds than those of the scoreboard's row `rho-verdict`.
const NOISY: f64 = 0.1;
/// The planned steps, as a share of the reference's, from which on an unfinished reference will be overtaken. Chosen likewise.
const OVERTAKEN: f64 = 0.75;

impl ReferenceReport {
    /// The report on these examples. `asked` and `other` are the two models' logits, a row an example.
    ///
    /// # Errors
    /// If there are no examples, lengths or widths differ, a label names no class, a logit is NaN or +∞, or all of a row are −∞.
    pub fn new(
        asked: Rows<'_>,
        other: Rows<'_>,
        labels: &[usize],
        lengths: TrainingLengths,
    ) -> Result<Self, SelectionError> {
        let n = labels.len();
        if n == 0 {
            return Err(SelectionError::Empty { what: "examples" });
        }
        for (name, logits) in [("logits of the asked", asked), ("logits of the other", other)] {
            same_length(("labels", n), (name, logits.len()))?;
            same_length(("classes", asked.width()), (name, logits.width()))?;
            logits_of(n, logits)?;
        }
        labels_below(labels, asked.width())?;
        let judged = Judged::new(asked, other, labels);
        let mut report = Self {
            examples: n,
            accuracy: judged.share(|row| row.asked_agrees),
            most_frequent: most_frequent(labels),
            accuracy_on_right_labels: judged.accuracy_on_right_labels(),
            mean_loss: judged.mean_loss(),
            agreement: judged.share(|row| row.models_agree),
            wrong_labels: judged.wrong_labels(),
            vetoed: judged.share(|row| row.vetoed),
            overlap: judged.overlap(),
            wrong_picks: judged.wrong_picks(),
            lengths,
            recommendation: Recommendation::Uniform,
        };
        report.recommendation = report.recommend().0;
        Ok(report)
    }

    /// The recommendation, and why.
    fn recommend(&self) -> (Recommendation, &'static str) {
        let TrainingLengths { planned, reference, unfinished } = self.lengths;
        // Two standard errors of a share.
        let chance =
            2.0 * (self.most_frequent * (1.0 - self.most_frequent) / self.examples as f64).sqrt();
        if self.accuracy <= self.most_frequent + chance {
            let why = "the reference is no better than always the most frequent label";
            return (Recommendation::Uniform, why);
        }
        if unfinished && planned as f64 >= OVERTAKEN * reference as f64 {
            let why = "the reference was still getting better, and the model will be trained as long: train the reference for more epochs, or a larger one";
            return (Recommendation::Uniform, why);
        }
        if self.wrong_labels > NOISY {
            return (Recommendation::RhoVeto, "many labels contradict both models");
        }
        (Recommendation::Rho, "the reference is good and few labels are wrong")
    }
}

impl fmt::Display for ReferenceReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let percent = |share: f64| 100.0 * share;
        let (recommendation, why) = self.recommend();
        writeln!(f, "{} examples", self.examples)?;
        writeln!(
            f,
            "accuracy on examples it was not trained on: {:.1} % (always the most frequent label: {:.1} %; on right labels about {:.0} %)",
            percent(self.accuracy),
            percent(self.most_frequent),
            percent(self.accuracy_on_right_labels)
        )?;
        writeln!(f, "mean irreducible loss: {:.3} nats", self.mean_loss)?;
        writeln!(f, "the two models agree on {:.1} %", percent(self.agreement))?;
        write!(f, "vetoed: {:.1} %", percent(self.vetoed))?;
        match self.overlap {
            Some(overlap) => writeln!(f, ", overlap of losses with the kept: {overlap:.2}")?,
            None => writeln!(f)?,
        }
        let WrongPicks { uniform, rho, veto } = self.wrong_picks;
        writeln!(
            f,
            "wrong labels, about: {:.0} % of all and of uniform picks, {:.0} % of rho's, {:.0} % of those with the veto",
            percent(uniform),
            percent(rho),
            percent(veto)
        )?;
        write!(f, "recommended: {recommendation} ({why})")
    }
}

/// The share of the most frequent label.
fn most_frequent(labels: &[usize]) -> f64 {
    let mut sorted = labels.to_vec();
    sorted.sort_unstable();
    let longest = sorted.chunk_by(|a, b| a == b).map(<[usize]>::len).max();
    longest.unwrap_or(0) as f64 / labels.len() as f64
}
