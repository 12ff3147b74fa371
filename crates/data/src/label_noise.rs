//! Wrong labels, made on purpose, for experiments on robustness.

use std::collections::BTreeMap;

use seedbed_kernels::Rng;
use serde::{Deserialize, Serialize};

use crate::error::DataError;
use crate::share::{check_share, count_of};
use crate::split::rows_by_class;

/// How labels are corrupted.
///
/// ```
/// use seedbed_autodiff::Rng;
/// use seedbed_data::{LabelNoise, mnist};
///
/// let digits = mnist::embedded().train;
/// let noise = LabelNoise::Uniform { share: 0.1 };
/// let noisy = noise.apply(digits.labels(), digits.num_classes(), &mut Rng::new(0))?;
/// assert_eq!(noisy.num_corrupted(), 1_000);
/// let digits = digits.with_labels(noisy.labels)?;
/// # Ok::<(), seedbed_data::DataError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum LabelNoise {
    /// ⌊share · n⌋ rows, chosen at random without replacement, get a label drawn uniformly from
    /// **all** C classes, the right one among them: about share · (1 − 1/C) of the labels end up
    /// wrong, 9 % at a share of 10 % and ten classes (Mindermann et al. 2022, the RHO-LOSS paper's
    /// code).
    Uniform {
        /// The share of rows that are relabelled.
        share: f64,
    },
    /// Some rows of one class get the label of one other class, as confusable classes do.
    Pairs {
        /// The flips. All are made on the original labels: no row is flipped twice.
        flips: Vec<Flip>,
    },
    /// Each label is drawn anew, from a distribution that depends on the true class.
    Matrix {
        /// `rows[c][k]` is the probability that a label `c` becomes `k`; each row adds up to one.
        rows: Vec<Vec<f64>>,
    },
}

/// One part of [`LabelNoise::Pairs`].
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Flip {
    /// The class that loses rows …
    pub from: usize,
    /// … to this one.
    pub to: usize,
    /// The share of the rows of `from`: exactly ⌊share · n⌋ of them, chosen at random.
    pub share: f64,
}

/// Labels after [`LabelNoise::apply`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoisyLabels {
    /// The new label of each row.
    pub labels: Vec<usize>,
    /// Whether the noise struck a row. With [`LabelNoise::Uniform`] that includes the rows that drew
    /// their own label; with the other kinds it is the same as `wrong`.
    pub corrupted: Vec<bool>,
    /// Whether a row's label differs from the original one.
    pub wrong: Vec<bool>,
}

impl NoisyLabels {
    /// The number of rows that the noise struck.
    pub fn num_corrupted(&self) -> usize {
        self.corrupted.iter().filter(|&&c| c).count()
    }

    /// The number of rows with another label than before.
    pub fn num_wrong(&self) -> usize {
        self.wrong.iter().filter(|&&w| w).count()
    }
}

impl LabelNoise {
    /// Corrupts labels of `classes` classes.
    ///
    /// # Errors
    /// [`DataError::Invalid`] if a label or a flip names a class that does not exist, a share or a
    /// probability is not in [0, 1], or probabilities do not add up.
    pub fn apply(
        &self,
        labels: &[usize],
        classes: usize,
        rng: &mut Rng,
    ) -> Result<NoisyLabels, DataError> {
        for &label in labels {
            check_class("a label", label, classes)?;
        }
        let mut noisy = labels.to_vec();
        let struck = match self {
            Self::Uniform { share } => Some(uniform(&mut noisy, *share, classes, rng)?),
            Self::Pairs { flips } => {
                flip(&mut noisy, flips, classes, rng)?;
                None
            }
            Self::Matrix { rows } => {
                draw(&mut noisy, rows, classes, rng)?;
                None
            }
        };
        let wrong: Vec<bool> = noisy.iter().zip(labels).map(|(a, b)| a != b).collect();
        let corrupted = struck.unwrap_or_else(|| wrong.clone());
        Ok(NoisyLabels { labels: noisy, corrupted, wrong })
    }
}

/// Returns which rows were chosen.
fn uniform(
    labels: &mut [usize],
    share: f64,
    classes: usize,
    rng: &mut Rng,
) -> Result<Vec<bool>, DataError> {
    let count = count_of(check_share("share", share)?, labels.len());
    let mut chosen = vec![false; labels.len()];
    for row in rng.permutation(labels.len()).into_iter().take(count) {
        chosen[row] = true;
        labels[row] = rng.below(classes);
    }
    Ok(chosen)
}

fn flip(
    labels: &mut [usize],
    flips: &[Flip],
    classes: usize,
    rng: &mut Rng,
) -> Result<(), DataError> {
    let mut taken = BTreeMap::new();
    for flip in flips {
        check_class("from", flip.from, classes)?;
        check_class("to", flip.to, classes)?;
        if flip.to == flip.from {
            return Err(DataError::invalid("to", flip.to, "another class than from"));
        }
        let taken: &mut f64 = taken.entry(flip.from).or_default();
        *taken += check_share("share", flip.share)?;
        if *taken > 1.0 + 1e-9 {
            let found = *taken;
            return Err(DataError::invalid("the sum of the shares of a class", found, "at most 1"));
        }
    }
    let mut left = rows_by_class(labels);
    let sizes: BTreeMap<usize, usize> = left.iter().map(|(&c, rows)| (c, rows.len())).collect();
    for rows in left.values_mut() {
        rng.shuffle(rows);
    }
    for flip in flips {
        let Some(rows) = left.get_mut(&flip.from) else { continue };
        let keep = rows.len().saturating_sub(count_of(flip.share, sizes[&flip.from]));
        for row in rows.drain(keep..) {
            labels[row] = flip.to;
        }
    }
    Ok(())
}

fn draw(
    labels: &mut [usize],
    matrix: &[Vec<f64>],
    classes: usize,
    rng: &mut Rng,
) -> Result<(), DataError> {
    if matrix.len() != classes {
        let expected = format!("{classes}, one a class");
        return Err(DataError::invalid("the number of rows", matrix.len(), expected));
    }
    for row in matrix {
        if row.len() != classes {
            let expected = format!("{classes}, one a class");
            return Err(DataError::invalid("the number of columns", row.len(), expected));
        }
        for &p in row {
            check_share("a probability", p)?;
        }
        let sum: f64 = row.iter().sum();
        if (sum - 1.0).abs() > 1e-6 {
            return Err(DataError::invalid("the sum of a row", sum, "1"));
        }
    }
    for label in labels {
        let row = &matrix[*label];
        let mut u = rng.uniform();
        // Rounding may leave a crumb of `u` at the end: it belongs to the last possible class.
        let last = row.iter().rposition(|&p| p > 0.0).expect("the row adds up to one");
        *label = row[..last]
            .iter()
            .position(|&p| {
                u -= p;
                u < 0.0
            })
            .unwrap_or(last);
    }
    Ok(())
}

fn check_class(name: &'static str, class: usize, classes: usize) -> Result<(), DataError> {
    if class < classes {
        return Ok(());
    }
    Err(DataError::invalid(name, class, format!("below {classes}, the number of classes")))
}
