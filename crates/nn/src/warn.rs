//! Words on the standard error, for what would otherwise go wrong without any.

/// Says something that the user should know, and that is no error.
pub(crate) fn warn(text: impl std::fmt::Display) {
    eprintln!("warning: seedbed: {text}");
}

/// Says something that a person waits for.
pub(crate) fn tell(text: impl std::fmt::Display) {
    eprintln!("seedbed: {text}");
}
