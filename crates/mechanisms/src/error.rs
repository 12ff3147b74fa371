use seedbed_autodiff::{Float, Tensor};

/// What can be wrong with what this crate is given.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum MechanismsError {
    /// There is nobody to compete.
    #[error("there are no experts, but should be at least 1")]
    NoExperts,
    /// There is nothing to compete for, or to learn from.
    #[error("{what} is empty, but should have at least 1 row")]
    Empty {
        /// What is empty.
        what: &'static str,
    },
    /// Something has another shape than it should.
    #[error("the shape of {what} is {found:?}, but should be {expected}")]
    Shape {
        /// What has it.
        what: String,
        /// The shape that was found.
        found: Vec<usize>,
        /// What would be right.
        expected: String,
    },
    /// A mechanism made images of another shape.
    #[error(
        "the mechanism {name} made images {to:?} of images {from:?}, but should keep their shape"
    )]
    ShapeChanged {
        /// The mechanism's name.
        name: String,
        /// The shape of what it was given.
        from: Vec<usize>,
        /// The shape of what it made.
        to: Vec<usize>,
    },
    /// A number is NaN or infinite.
    #[error("{what} is {value} in row {row}, but should be finite")]
    NotFinite {
        /// What it is a number of.
        what: String,
        /// The row or image.
        row: usize,
        /// The number.
        value: f64,
    },
    /// Nobody can win: every expert's score of a sample is NaN.
    #[error("every score of sample {sample} is NaN, so that no expert can win it")]
    NoScore {
        /// The sample.
        sample: usize,
    },
    /// An expert is named that does not exist.
    #[error(
        "sample {sample} is given to expert {expert}, but should be given to one below {experts}"
    )]
    NoSuchExpert {
        /// The sample.
        sample: usize,
        /// The expert that was named.
        expert: usize,
        /// How many there are.
        experts: usize,
    },
    /// A setting makes no sense.
    #[error("{setting} is {value}, but should be {expected}")]
    Setting {
        /// Its name.
        setting: &'static str,
        /// Its value.
        value: String,
        /// What would be right.
        expected: String,
    },
    /// A column says nothing.
    #[error("the column {column} has the value {value} in every row: leave it out")]
    ConstantColumn {
        /// Its name or number.
        column: String,
        /// Its only value.
        value: f64,
    },
}

impl MechanismsError {
    pub(crate) fn shape(
        what: impl Into<String>,
        found: &[usize],
        expected: impl Into<String>,
    ) -> Self {
        Self::Shape { what: what.into(), found: found.to_vec(), expected: expected.into() }
    }

    pub(crate) fn setting(
        setting: &'static str,
        value: impl ToString,
        expected: impl Into<String>,
    ) -> Self {
        Self::Setting { setting, value: value.to_string(), expected: expected.into() }
    }
}

/// Whether every number is finite; rows are along the first axis.
pub(crate) fn all_finite<F: Float>(
    x: &Tensor<F>,
    what: impl FnOnce() -> String,
) -> Result<(), MechanismsError> {
    let Some(at) = x.data().iter().position(|x| !x.is_finite()) else { return Ok(()) };
    let row = at / (x.len() / x.shape().first().copied().unwrap_or(1));
    Err(MechanismsError::NotFinite { what: what(), row, value: x.data()[at].f64() })
}
