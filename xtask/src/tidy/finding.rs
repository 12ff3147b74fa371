//! What a rule found.

use std::fmt;

/// One breach of a rule: where, what, why it matters and what would be right.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Finding {
    pub(crate) file: String,
    /// Counted from 1; 0 speaks of the whole file.
    pub(crate) line: usize,
    what: String,
    why: String,
    right: String,
}

impl Finding {
    pub(crate) fn new(
        (file, line): (&str, usize),
        what: impl Into<String>,
        why: impl Into<String>,
        right: impl Into<String>,
    ) -> Self {
        let (what, why, right) = (what.into(), why.into(), right.into());
        Self { file: file.to_owned(), line, what, why, right }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, line, what, why, right } = self;
        let place = if *line == 0 { file.clone() } else { format!("{file}:{line}") };
        write!(f, "{place}: {what}\n    why:   {why}\n    right: {right}")
    }
}
