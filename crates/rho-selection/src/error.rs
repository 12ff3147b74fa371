/// What can be wrong with a selection's settings or inputs.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SelectionError {
    /// A setting is out of its range.
    #[error("{field}: is {value}, must be {expected}")]
    Setting {
        /// The field of the configuration.
        field: &'static str,
        /// What it was set to.
        value: String,
        /// What would be right.
        expected: String,
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
    /// An id was given twice.
    #[error("id {id} is given twice: ids must be unique")]
    DuplicateId {
        /// The id.
        id: u64,
    },
}
