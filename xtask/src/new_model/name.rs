//! The name of a model crate in the spellings that its files need.

use anyhow::{Result, ensure};

/// A checked name: lower-case words with hyphens, usable as crate, module and type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Name {
    /// `neural-gpu`: the directory, and the package after `seedbed-`.
    pub(crate) kebab: String,
    /// `neural_gpu`: the module in the facade.
    pub(crate) snake: String,
    /// `NeuralGpu`: the model's type.
    pub(crate) camel: String,
    /// `Neural gpu`: in prose.
    pub(crate) title: String,
}

const LONGEST: usize = 40;

/// Words that cannot name a module (Rust's keywords, strict and reserved), and names that would
/// shadow a crate of Rust's own or one of the facade's doors.
const TAKEN: &str = "\
    abstract as async await become box break const continue crate do dyn else enum extern false \
    final fn for gen if impl in let loop macro match mod move mut override priv pub ref return \
    self static struct super trait true try type typeof unsafe unsized use virtual where while \
    yield alloc core proc-macro std test prelude full default benches xtask";

impl Name {
    /// Checks `text`; the error says what is wrong with it.
    pub(crate) fn parse(text: &str) -> Result<Self> {
        let words: Vec<&str> = text.split('-').collect();
        let is_word = |word: &&str| {
            !word.is_empty() && word.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
        };
        ensure!(
            words.iter().all(is_word) && text.starts_with(|c: char| c.is_ascii_lowercase()),
            "`{text}` is not in kebab case: lower-case letters and digits, words joined by single \
             hyphens, a letter first, such as `neural-gpu`"
        );
        ensure!(text.len() <= LONGEST, "`{text}` is longer than {LONGEST} letters");
        let bare = text.strip_prefix("seedbed-");
        ensure!(bare.is_none(), "leave out the prefix: `{}`", bare.unwrap_or_default());
        ensure!(
            !TAKEN.split_whitespace().any(|taken| taken == text),
            "`{text}` cannot name a crate here: it means something in Rust, in cargo or in the facade"
        );
        let capital = |word: &str| word[..1].to_uppercase() + &word[1..];
        Ok(Self {
            kebab: text.to_owned(),
            snake: words.join("_"),
            camel: words.iter().copied().map(capital).collect(),
            title: capital(&words.join(" ")),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings() {
        let name = Name::parse("neural-gpu2").unwrap();
        let spelt = [&name.kebab, &name.snake, &name.camel, &name.title];
        assert_eq!(spelt, ["neural-gpu2", "neural_gpu2", "NeuralGpu2", "Neural gpu2"]);
    }

    #[test]
    fn bad_names_are_refused_with_a_reason() {
        for (text, reason) in [
            ("NeuralGpu", "kebab case"),
            ("neural_gpu", "kebab case"),
            ("", "kebab case"),
            ("-gpu", "kebab case"),
            ("gpu-", "kebab case"),
            ("a--b", "kebab case"),
            ("2fast", "kebab case"),
            ("../up", "kebab case"),
            ("überall", "kebab case"),
            ("match", "means something"),
            ("std", "means something"),
            ("seedbed-ntm", "`ntm`"),
            (&"a".repeat(41), "longer than 40"),
        ] {
            let error = Name::parse(text).unwrap_err().to_string();
            assert!(error.contains(reason), "{text}: {error}");
        }
    }
}
