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
    #[error("{what} of example {id} is {value}: it must be finite")]
    NotFinite {
        /// Which quantity.
        what: &'static str,
        /// The example's stable id, or its position where it has none.
        id: u64,
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
    #[error("{what} of example {id} is {value}: it must be {expected}")]
    OutOfRange {
        /// Which quantity.
        what: &'static str,
        /// The example's stable id, or its position where it has none.
        id: u64,
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

/// Refuses NaN and infinite values, naming the first by its position.
pub(crate) fn finite(what: &'static str, values: &[f32]) -> Result<(), SelectionError> {
    match values.iter().position(|x| !x.is_finite()) {
        None => Ok(()),
        Some(i) => Err(SelectionError::NotFinite { what, id: i as u64, value: values[i] }),
    }
}

/// Refuses labels that name no class, naming the first by its position.
pub(crate) fn labels_below(labels: &[usize], classes: usize) -> Result<(), SelectionError> {
    match labels.iter().position(|&label| label >= classes) {
        None => Ok(()),
        Some(i) => Err(SelectionError::OutOfRange {
            what: "label",
            id: i as u64,
            value: labels[i].to_string(),
            expected: format!("below the number of classes ({classes})"),
        }),
    }
}

/// Refuses k = 0 and k > n.
pub(crate) fn at_most(k: usize, n: usize) -> Result<(), SelectionError> {
    if k == 0 || k > n { Err(SelectionError::TooMany { k, n }) } else { Ok(()) }
}

/// Refuses a setting that is not a finite number above 0.
pub(crate) fn positive(field: &'static str, value: f64) -> Result<(), SelectionError> {
    if value.is_finite() && value > 0.0 {
        return Ok(());
    }
    let expected = "a finite number above 0".into();
    Err(SelectionError::Setting { field, value: value.to_string(), expected })
}
