use std::io;

use seedbed_nn::ConfigError;

/// What can be wrong with what this crate is given.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MetaError {
    /// A configuration that cannot be.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// There is nothing to choose from.
    #[error("{what} is empty, but should have at least 1 {of}")]
    Empty {
        /// What is empty.
        what: &'static str,
        /// What it should have.
        of: &'static str,
    },
    /// A task asks for more than there is.
    #[error("a task needs {wanted} {what}, but there are {found}")]
    TooFew {
        /// What is counted.
        what: String,
        /// How many are needed.
        wanted: usize,
        /// How many there are.
        found: usize,
    },
    /// What should be images has other axes.
    #[error("the images are of shape {found:?}, but should be [n, height, width, channels]")]
    Shape {
        /// Their shape.
        found: Vec<usize>,
    },
    /// The text of a candidate that is not of the space.
    #[error("{text:?} is no candidate of this space: {reason}")]
    Candidate {
        /// The text.
        text: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A table that says not of every candidate how good it is.
    #[error("{table}: {reason}")]
    Table {
        /// The table's name, mostly its file.
        table: String,
        /// What is wrong with it, and where.
        reason: String,
    },
    /// A record of a search that belongs to another one.
    #[error("the record of the search cannot be continued: {0}")]
    Record(String),
    /// A score that nothing can be compared with.
    #[error("the score of {candidate} is {score}, but should be a finite number")]
    Score {
        /// The candidate's text.
        candidate: String,
        /// Its score.
        score: f64,
    },
    /// A file that cannot be read or written.
    #[error("{file}: {source}")]
    File {
        /// Its path.
        file: String,
        /// Why.
        source: io::Error,
    },
}
