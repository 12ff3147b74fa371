//! What a choice looks like: shares of bad picks, classes, scores, effective sample size.

mod jsonl;

pub use jsonl::TelemetryWriter;

use serde::{Deserialize, Serialize};

use crate::Candidates;
use crate::pick::Picked;

/// What one choice looks like; a line of the JSONL file that a [`TelemetryWriter`] writes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Telemetry {
    /// The step, from 0.
    pub step: u64,
    /// Whether score and policy chose; false in the warm-up and in pauses.
    pub selected: bool,
    /// Examples to choose from.
    pub candidates: usize,
    /// Candidates left out because their loss or logits were not finite.
    pub dropped: usize,
    /// Picks, repeated ones counted.
    pub picked: usize,
    /// Different examples among the picks.
    pub unique: usize,
    /// (Σ w)² / Σ w² over the examples that were picked, an example's weights added up (Kish 1965): how many equal weights would
    /// be as good.
    pub effective_sample_size: f64,
    /// Wrong labels, if known.
    pub corrupted: Option<Share>,
    /// Copies of other examples, if known.
    pub duplicated: Option<Share>,
    /// Examples that the model answered correctly before the step, if known or worked out from logits and labels.
    pub already_correct: Option<Share>,
    /// Examples of little use for the test distribution, if known.
    pub low_relevance: Option<Share>,
    /// How many picks are of each class, of the first 1,024; empty without labels.
    pub classes: Vec<usize>,
    /// Picks with any other label: of a class beyond those, or a mark such as −1 or −100 that was made a `usize`.
    #[serde(default)]
    pub other_classes: usize,
    /// Of the candidates' scores; `None` where none were computed.
    pub scores: Option<Quantiles>,
    /// Of the picks' scores.
    pub picked_scores: Option<Quantiles>,
    /// How the choice relates to the training losses; `None` where these were not given.
    pub losses: Option<LossShare>,
}

/// A share among the picks, beside its base rate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Share {
    /// Among the picks.
    pub picked: f64,
    /// Among the candidates: what uniform selection would pick on average.
    pub base: f64,
}

/// Quantiles, the median among them interpolated like the others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Quantiles {
    /// The smallest.
    pub min: f32,
    /// A quarter is below.
    pub q25: f32,
    /// Half is below.
    pub median: f32,
    /// Three quarters are below.
    pub q75: f32,
    /// The largest.
    pub max: f32,
}

/// How a choice relates to the training losses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LossShare {
    /// The share of the candidates' total loss that the picks hold. NaN (`null` in JSON) never: 0 where all losses are 0.
    pub picked: f64,
    /// The share that the fifth with the highest losses holds: how concentrated loss is.
    pub top_fifth: f64,
    /// The share of the different picks that are also among as many with the highest losses.
    pub overlap_highest: f64,
    /// The share that would be expected of uniform picks.
    pub overlap_uniform: f64,
}

impl Quantiles {
    fn of(mut values: Vec<f32>) -> Option<Self> {
        values.sort_unstable_by(f32::total_cmp);
        let last = values.len().checked_sub(1)?;
        let at = |q: f64| {
            let at = q * last as f64;
            let (below, above) = (values[at.floor() as usize], values[at.ceil() as usize]);
            // In double precision: the difference of two large scores may be no `f32`.
            let (below, above) = (f64::from(below), f64::from(above));
            (below + (above - below) * at.fract()) as f32
        };
        Some(Self {
            min: values[0],
            q25: at(0.25),
            median: at(0.5),
            q75: at(0.75),
            max: values[last],
        })
    }
}

/// The telemetry of a choice.
pub(crate) fn of(
    step: u64,
    selected: bool,
    candidates: &Candidates<'_>,
    scores: &[f32],
    picked: &Picked,
) -> Telemetry {
    let (n, indices) = (candidates.len(), &picked.indices);
    // Weights by example: those of one that was drawn again add up.
    let mut weights = vec![0.0; n];
    indices.iter().zip(&picked.weights).for_each(|(&i, &w)| weights[i] += f64::from(w));
    let (sum, squares) =
        weights.iter().fold((0.0, 0.0), |(sum, squares), w| (sum + w, squares + w * w));
    let share = |flags: &[bool]| Share {
        picked: ratio(indices.iter().filter(|&&i| flags[i]).count(), indices.len()),
        base: ratio(flags.iter().filter(|&&flag| flag).count(), n),
    };
    let known = candidates.known;
    let correct = match known.already_correct {
        Some(flags) => Some(share(flags)),
        None => correct_by_logits(candidates).map(|flags| share(&flags)),
    };
    let (classes, other_classes) =
        candidates.labels.map(|labels| histogram(labels, indices)).unwrap_or_default();
    Telemetry {
        step,
        selected,
        candidates: n,
        dropped: 0,
        picked: indices.len(),
        unique: weights.iter().filter(|&&w| w > 0.0).count(),
        effective_sample_size: if squares > 0.0 { sum * sum / squares } else { 0.0 },
        corrupted: known.corrupted.map(share),
        duplicated: known.duplicated.map(share),
        already_correct: correct,
        low_relevance: known.low_relevance.map(share),
        classes,
        other_classes,
        scores: Quantiles::of(scores.to_vec()),
        picked_scores: match scores.is_empty() {
            true => None,
            false => Quantiles::of(indices.iter().map(|&i| scores[i]).collect()),
        },
        losses: candidates.losses.map(|losses| loss_share(losses, &weights)),
    }
}

/// Whether the largest logit, averaged over samples, is the label's.
fn correct_by_logits(candidates: &Candidates<'_>) -> Option<Vec<bool>> {
    let (logits, labels) = (candidates.logits?, candidates.labels?);
    let n = candidates.len();
    let correct = |i: usize| {
        let total = |class: usize| -> f64 {
            (i..logits.len()).step_by(n).map(|row| f64::from(logits.row(row)[class])).sum()
        };
        let right = total(labels[i]);
        (0..logits.width()).all(|class| class == labels[i] || total(class) < right)
    };
    Some((0..n).map(correct).collect())
}

/// Classes that are counted one by one: a line of telemetry is written every step, and has to stay small.
const CLASSES: usize = 1_024;

/// How many picks are of each class, and how many of those that are not counted one by one.
fn histogram(labels: &[usize], indices: &[usize]) -> (Vec<usize>, usize) {
    let counted = labels.iter().filter(|&&label| label < CLASSES);
    let mut counts = vec![0; counted.max().map_or(0, |max| max + 1)];
    let mut others = 0;
    for &i in indices {
        *counts.get_mut(labels[i]).unwrap_or(&mut others) += 1;
    }
    (counts, others)
}

fn loss_share(losses: &[f32], weights: &[f64]) -> LossShare {
    let n = losses.len();
    let mut order: Vec<usize> = (0..n).collect();
    let mut highest = |k: usize| {
        let by_loss = |&a: &usize, &b: &usize| losses[b].total_cmp(&losses[a]).then(a.cmp(&b));
        if k < n {
            order.select_nth_unstable_by(k, by_loss);
        }
        order[..k].to_vec()
    };
    let total: f64 = losses.iter().map(|&loss| f64::from(loss)).sum();
    let held = |positions: &mut dyn Iterator<Item = usize>| {
        let held: f64 = positions.map(|i| f64::from(losses[i])).sum();
        if total == 0.0 { 0.0 } else { held / total }
    };
    let is_picked = |i: &usize| weights[*i] > 0.0;
    let unique = (0..n).filter(is_picked).count();
    LossShare {
        picked: held(&mut (0..n).filter(is_picked)),
        top_fifth: held(&mut highest(n.div_ceil(5)).into_iter()),
        overlap_highest: ratio(highest(unique).iter().filter(|i| is_picked(i)).count(), unique),
        overlap_uniform: ratio(unique, n),
    }
}

fn ratio(part: usize, whole: usize) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}
