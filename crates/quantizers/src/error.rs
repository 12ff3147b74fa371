/// What can be wrong with a quantizer's settings, or with the vectors and indices it is given.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum QuantizerError {
    /// There are no levels, stages, groups or codes.
    #[error("there are no {what}: at least one is needed")]
    Empty {
        /// What is missing.
        what: &'static str,
    },
    /// A dimension has too few levels to tell anything apart, or more than `f32` counts.
    #[error("levels[{at}] is {levels}: it must be from {least} to {most}")]
    Levels {
        /// The dimension.
        at: usize,
        /// Its levels.
        levels: u32,
        /// The fewest that are allowed.
        least: u32,
        /// The most that are allowed.
        most: u32,
    },
    /// Levels that the dialect was never defined for.
    #[error("levels[{at}] is {levels}: the dialect {dialect} takes {expected} only")]
    LevelsOfDialect {
        /// The dimension.
        at: usize,
        /// Its levels.
        levels: u32,
        /// The dialect's name.
        dialect: &'static str,
        /// What would be right.
        expected: &'static str,
    },
    /// There are more codes than an index can name.
    #[error(
        "{what} make more than 2^63 codes: an index would overflow; take fewer, or split them into groups with an index each"
    )]
    TooManyCodes {
        /// What was multiplied: levels or bits.
        what: String,
    },
    /// A codebook of bits must have as many codes as bits can tell apart.
    #[error("a codebook of {size} codes has no whole number of bits: take a power of two, such as {}", size.next_power_of_two())]
    NotPowerOfTwo {
        /// The size that was asked for.
        size: u64,
    },
    /// Numbers cannot be a matrix of this width.
    #[error(
        "{what} has {numbers} numbers, which are no rows of {width}: the width must divide them"
    )]
    Width {
        /// What was given.
        what: &'static str,
        /// How many numbers it has.
        numbers: usize,
        /// How wide a row is.
        width: usize,
    },
    /// Something has another length than it must have.
    #[error("{what} has {found} entries, but should have {expected}")]
    Length {
        /// What was given.
        what: &'static str,
        /// How many entries it has.
        found: usize,
        /// How many would be right.
        expected: usize,
    },
    /// An index names no code.
    #[error("index {index} at position {position} is out of range: the codebook has {size} codes")]
    IndexRange {
        /// Where among the indices.
        position: usize,
        /// The index.
        index: u64,
        /// How many codes there are.
        size: u64,
    },
    /// The type of the indices is too small for the codebook.
    #[error(
        "a codebook of {size} codes needs indices of more than {bits} bits: take the next larger type"
    )]
    IndexType {
        /// How many codes there are.
        size: u64,
        /// Bits of the type that was given.
        bits: u32,
    },
    /// A number of a vector is NaN or infinite.
    #[error("number {channel} of vector {vector} is {value}: it must be finite")]
    NotFinite {
        /// Which vector.
        vector: usize,
        /// Which of its numbers.
        channel: usize,
        /// What it is.
        value: f32,
    },
    /// No dialect has this name.
    #[error("no dialect is named {name:?}; there are {known}")]
    UnknownDialect {
        /// The name.
        name: String,
        /// All names.
        known: String,
    },
    /// A setting is out of its range.
    #[error("{field} is {value}, but should be {expected}")]
    Setting {
        /// The field of the configuration, or the argument.
        field: &'static str,
        /// What it was set to.
        value: String,
        /// What would be right.
        expected: String,
    },
}

impl QuantizerError {
    /// The error of a setting.
    pub(crate) fn setting(
        field: &'static str,
        value: impl ToString,
        expected: impl Into<String>,
    ) -> Self {
        Self::Setting { field, value: value.to_string(), expected: expected.into() }
    }

    /// The same error, where its vectors or indices begin at vector `first` of the caller's, who has `tokens` indices a vector.
    pub(crate) fn shifted(self, first: usize, tokens: usize) -> Self {
        match self {
            Self::NotFinite { vector, channel, value } => {
                Self::NotFinite { vector: vector + first, channel, value }
            }
            Self::IndexRange { position, index, size } => {
                Self::IndexRange { position: position + first * tokens, index, size }
            }
            other => other,
        }
    }
}

/// How many rows of `width` there are.
pub(crate) fn rows_of(
    what: &'static str,
    numbers: usize,
    width: usize,
) -> Result<usize, QuantizerError> {
    if width == 0 || !numbers.is_multiple_of(width) {
        return Err(QuantizerError::Width { what, numbers, width });
    }
    Ok(numbers / width)
}

/// Room for `a · b` numbers.
///
/// # Errors
/// If so many cannot be counted, or there is no memory for them.
pub(crate) fn room<T>(what: &'static str, a: usize, b: usize) -> Result<Vec<T>, QuantizerError> {
    let mut room = Vec::new();
    match a.checked_mul(b).map(|n| room.try_reserve_exact(n)) {
        Some(Ok(())) => Ok(room),
        _ => Err(QuantizerError::setting(
            what,
            format!("{a} × {b} numbers"),
            "so few that there is memory for them",
        )),
    }
}

/// Refuses another length than the expected.
pub(crate) fn same_length(
    what: &'static str,
    found: usize,
    expected: usize,
) -> Result<(), QuantizerError> {
    if found == expected { Ok(()) } else { Err(QuantizerError::Length { what, found, expected }) }
}

/// The error of the first number that is not finite, if there is one.
pub(crate) fn not_finite(x: &[f32], width: usize) -> Option<QuantizerError> {
    /// Numbers that are looked at together, without a branch for each.
    const BLOCK: usize = 1024;
    let all_finite = |block: &[f32]| block.iter().fold(true, |ok, x| ok & x.is_finite());
    let block = x.chunks(BLOCK).position(|block| !all_finite(block))?;
    let at = block * BLOCK + x[block * BLOCK..].iter().position(|x| !x.is_finite())?;
    Some(QuantizerError::NotFinite { vector: at / width, channel: at % width, value: x[at] })
}
