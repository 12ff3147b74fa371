use std::fmt;

use crate::Rows;

/// Which example an error is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Example {
    /// The one with this stable id.
    Id(u64),
    /// The one at this place of what was given, from 0: there were no ids.
    Position(usize),
}

impl fmt::Display for Example {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Id(id) => write!(f, "of example {id}"),
            Self::Position(at) => write!(f, "at position {at}"),
        }
    }
}

/// What can be wrong with a selection's settings or inputs.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SelectionError {
    /// A setting is out of its range.
    #[error("{field}: is {value}, must be {expected}")]
    Setting {
        /// The field of the configuration, or the argument.
        field: &'static str,
        /// What it was set to.
        value: String,
        /// What would be right.
        expected: String,
    },
    /// There is nothing to choose from.
    #[error("there are no {what}: at least one is needed")]
    Empty {
        /// What is missing.
        what: &'static str,
    },
    /// An input is needed and was not given.
    #[error("{by} needs {what} of the candidates, and none were given: add them with {method}")]
    Missing {
        /// The input.
        what: &'static str,
        /// The score or policy that needs it.
        by: &'static str,
        /// How it is given.
        method: &'static str,
    },
    /// Two inputs that belong together have different lengths.
    #[error("{left} has {left_len} entries and {right} has {right_len}: they must be as many")]
    Lengths {
        /// The first input.
        left: &'static str,
        /// Its length.
        left_len: usize,
        /// The second input.
        right: &'static str,
        /// Its length.
        right_len: usize,
    },
    /// Numbers cannot be a matrix of this width.
    #[error(
        "{numbers} numbers are no rows of {width}: the width must be at least 1 and divide them"
    )]
    Width {
        /// How many numbers were given.
        numbers: usize,
        /// How wide a row was to be.
        width: usize,
    },
    /// Rows cannot be samples of the examples.
    #[error(
        "{rows} rows for {examples} examples: there must be one row an example, or as many for each \
         (all of the first sample, then all of the second, …)"
    )]
    Samples {
        /// How many rows were given.
        rows: usize,
        /// How many examples there are.
        examples: usize,
    },
    /// More examples are asked for than there are.
    #[error("cannot pick {k} of {n} candidates: k must be from 1 to {n}")]
    TooMany {
        /// How many were asked for.
        k: usize,
        /// How many candidates there are.
        n: usize,
    },
    /// A number that selection would rank is NaN or infinite.
    #[error("{what} {example} is {value}: it must be finite")]
    NotFinite {
        /// Which quantity.
        what: &'static str,
        /// Whose.
        example: Example,
        /// The value.
        value: f32,
    },
    /// Every candidate was dropped, because none had finite numbers.
    #[error(
        "all {n} candidates have a loss or logits that are not finite: nothing is left to pick"
    )]
    AllDropped {
        /// How many candidates there were.
        n: usize,
    },
    /// A number has a value that makes no sense for what it is.
    #[error("{what} {example} is {value}: it must be {expected}")]
    OutOfRange {
        /// Which quantity.
        what: &'static str,
        /// Whose.
        example: Example,
        /// The value.
        value: String,
        /// What would be right.
        expected: String,
    },
    /// An example has no irreducible loss.
    #[error(
        "example {id} has no irreducible loss: the reference model must have scored every training example \
         ({known} ids are known)"
    )]
    MissingId {
        /// The example's stable id.
        id: u64,
        /// How many ids have one.
        known: usize,
    },
    /// A file of irreducible losses was changed since it was written.
    #[error("{file}: {what} is damaged (the checksum differs): write the file again")]
    Damaged {
        /// The file.
        file: String,
        /// Which part.
        what: String,
    },
    /// An example has no training loss yet, not even an old one.
    #[error("example {id} was never scored: compute its loss first, see StaleLosses::outdated")]
    NeverScored {
        /// The example's stable id.
        id: u64,
    },
    /// An id was given twice.
    #[error("id {id} is given twice: ids must be unique")]
    DuplicateId {
        /// The id.
        id: u64,
    },
}

/// Refuses inputs that belong together and are not as many.
pub(crate) fn same_length(
    (left, left_len): (&'static str, usize),
    (right, right_len): (&'static str, usize),
) -> Result<(), SelectionError> {
    if left_len == right_len {
        return Ok(());
    }
    Err(SelectionError::Lengths { left, left_len, right, right_len })
}

impl SelectionError {
    /// The same where positions are those of samples of `n` examples.
    pub(crate) fn modulo(mut self, n: usize) -> Self {
        if let Self::NotFinite { example, .. } | Self::OutOfRange { example, .. } = &mut self
            && let Example::Position(at) = example
        {
            *at %= n;
        }
        self
    }

    /// The same about examples that have ids.
    pub(crate) fn with_ids(mut self, ids: &[u64]) -> Self {
        if let Self::NotFinite { example, .. } | Self::OutOfRange { example, .. } = &mut self
            && let Example::Position(at) = *example
            && let Some(&id) = ids.get(at)
        {
            *example = Example::Id(id);
        }
        self
    }
}

/// Refuses NaN and infinite values, naming the first by its position.
pub(crate) fn finite(what: &'static str, values: &[f32]) -> Result<(), SelectionError> {
    match values.iter().position(|x| !x.is_finite()) {
        None => Ok(()),
        Some(i) => Err(not_finite(what, i, values[i])),
    }
}

/// Refuses NaN and infinite values, naming the first by its row.
pub(crate) fn finite_rows(what: &'static str, rows: Rows<'_>) -> Result<(), SelectionError> {
    match rows.data().iter().position(|x| !x.is_finite()) {
        None => Ok(()),
        Some(i) => Err(not_finite(what, i / rows.width(), rows.data()[i])),
    }
}

/// Refuses logits that are no distribution, naming the first by the position of its example: rows may be samples of `examples`.
pub(crate) fn logits_of(examples: usize, logits: Rows<'_>) -> Result<(), SelectionError> {
    let bad = |(row, z)| bad_logit(z).map(|value| (row, value));
    match logits.iter().enumerate().find_map(bad) {
        None => Ok(()),
        Some((row, value)) => Err(not_finite("logit", row % examples.max(1), value)),
    }
}

/// What of a row of logits makes no distribution: NaN, +∞, or −∞ throughout. A class that cannot be has the logit −∞, as a mask gives it,
/// and the probability 0.
pub(crate) fn bad_logit(row: &[f32]) -> Option<f32> {
    let bad = row.iter().copied().find(|z| z.is_nan() || *z == f32::INFINITY);
    let none = || row.iter().all(|&z| z == f32::NEG_INFINITY).then_some(f32::NEG_INFINITY);
    bad.or_else(none)
}

pub(crate) fn not_finite(what: &'static str, position: usize, value: f32) -> SelectionError {
    SelectionError::NotFinite { what, example: Example::Position(position), value }
}

/// Refuses labels that name no class, naming the first by its position.
pub(crate) fn labels_below(labels: &[usize], classes: usize) -> Result<(), SelectionError> {
    let Some(i) = labels.iter().position(|&label| label >= classes) else { return Ok(()) };
    let label = labels[i];
    let value = match label > isize::MAX as usize {
        // What marks a label to be ignored elsewhere.
        true => format!("{label} ({} as a signed number)", label as isize),
        false => label.to_string(),
    };
    Err(SelectionError::OutOfRange {
        what: "label",
        example: Example::Position(i),
        value,
        expected: format!("below the number of classes ({classes})"),
    })
}

/// Refuses k = 0 and k > n.
pub(crate) fn at_most(k: usize, n: usize) -> Result<(), SelectionError> {
    if k == 0 || k > n { Err(SelectionError::TooMany { k, n }) } else { Ok(()) }
}

/// Refuses a setting that is not from `low` to `high`.
pub(crate) fn between(
    field: &'static str,
    value: f64,
    (low, high): (f64, f64),
) -> Result<(), SelectionError> {
    if (low..=high).contains(&value) {
        return Ok(());
    }
    let expected = format!("from {low:e} to {high:e}");
    Err(SelectionError::Setting { field, value: value.to_string(), expected })
}

/// Temperatures of scores: what is divided by them stays finite in double precision.
pub(crate) const TEMPERATURES: (f64, f64) = (1e-100, 1e100);

/// Refuses a setting that is not a finite number above 0.
pub(crate) fn positive(field: &'static str, value: f64) -> Result<(), SelectionError> {
    if value.is_finite() && value > 0.0 {
        return Ok(());
    }
    let expected = "a finite number above 0".into();
    Err(SelectionError::Setting { field, value: value.to_string(), expected })
}
