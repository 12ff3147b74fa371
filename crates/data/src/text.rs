//! Text as characters, and lines that are corrupted on purpose.

use std::collections::BTreeSet;

use seedbed_kernels::Rng;

use crate::dir::DataDir;
use crate::error::{DataError, Problem};
use crate::share::{check_share, count_of};
use crate::source::{Limits, Source};

/// A text as numbers: each character is its place in the vocabulary.
///
/// ```
/// use seedbed_data::text::Text;
/// let text = Text::new("abba\ncab\n");
/// assert_eq!(text.vocabulary(), ['\n', 'a', 'b', 'c']);
/// assert_eq!(text.tokens()[..5], [1, 2, 2, 1, 0]);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text {
    tokens: Vec<usize>,
    vocabulary: Vec<char>,
}

impl Text {
    /// The characters of a text, with a vocabulary of those that occur, in their own order.
    pub fn new(text: &str) -> Self {
        // A set: the characters of all the text would take four times its memory.
        let vocabulary: Vec<char> = text.chars().collect::<BTreeSet<_>>().into_iter().collect();
        let token = |c| vocabulary.binary_search(&c).expect("every character is in it");
        Self { tokens: text.chars().map(token).collect(), vocabulary }
    }

    /// The text.
    pub fn tokens(&self) -> &[usize] {
        &self.tokens
    }

    /// What each number stands for.
    pub fn vocabulary(&self) -> &[char] {
        &self.vocabulary
    }

    /// Where each line begins, and after the last one the end of the text. The newline belongs to its line.
    pub fn line_starts(&self) -> Vec<usize> {
        let newline = self.vocabulary.binary_search(&'\n').ok();
        let ends = self.tokens.iter().enumerate().filter(|&(_, &token)| Some(token) == newline);
        let mut starts: Vec<usize> = std::iter::once(0).chain(ends.map(|(i, _)| i + 1)).collect();
        if starts.last() != Some(&self.tokens.len()) {
            starts.push(self.tokens.len());
        }
        starts
    }

    /// The same text in which ⌊share · lines⌋ lines, chosen at random, are noise: each of their characters but the newline is drawn
    /// uniformly from the vocabulary without it. Also says which characters were struck.
    ///
    /// ```
    /// use seedbed_autodiff::Rng;
    /// use seedbed_data::text::Text;
    /// let text = Text::new("one\ntwo\nsix\n");
    /// let (noisy, struck) = text.corrupt_lines(0.34, &mut Rng::new(0))?;
    /// assert_eq!(noisy.tokens().len(), text.tokens().len());
    /// assert_eq!(struck.iter().filter(|&&struck| struck).count(), 3);
    /// # Ok::<(), seedbed_data::DataError>(())
    /// ```
    ///
    /// # Errors
    /// [`DataError::Invalid`] if `share` is not in [0, 1].
    pub fn corrupt_lines(&self, share: f64, rng: &mut Rng) -> Result<(Self, Vec<bool>), DataError> {
        let starts = self.line_starts();
        let lines = starts.len() - 1;
        let count = count_of(check_share("share", share)?, lines);
        let newline = self.vocabulary.binary_search(&'\n').ok();
        let letters: Vec<usize> =
            (0..self.vocabulary.len()).filter(|&token| Some(token) != newline).collect();
        let mut noisy = self.clone();
        let mut struck = vec![false; self.tokens.len()];
        for line in rng.permutation(lines).into_iter().take(count) {
            let of_line = starts[line]..starts[line + 1];
            for (token, struck) in
                noisy.tokens[of_line.clone()].iter_mut().zip(&mut struck[of_line])
            {
                if Some(*token) != newline {
                    *token = letters[rng.below(letters.len())];
                    *struck = true;
                }
            }
        }
        Ok((noisy, struck))
    }
}

/// Tiny Shakespeare (Karpathy 2015): a megabyte of plays, from `tinyshakespeare.txt`, gzipped or not, in `dir` or in its subfolder `text`.
///
/// # Errors
/// [`DataError::Missing`], which says how to get it; [`DataError::Io`] if it cannot be read, [`DataError::Malformed`] if it is not
/// UTF-8 or empty.
pub fn tiny_shakespeare(dir: &DataDir) -> Result<Text, DataError> {
    const HOW_TO_GET: &str = "download input.txt from the folder data/tinyshakespeare of Andrej Karpathy's repository \
        char-rnn, and put it into your folder of data sets as text/tinyshakespeare.txt.";
    let file = dir.find("Tiny Shakespeare", &["text"], &["tinyshakespeare.txt"], HOW_TO_GET)?;
    /// Far more than the plays have; a character takes eight bytes as a number.
    const MAX_TEXT: u64 = 1 << 26;
    let (mut source, limit) = (Source::open(&file)?, Limits::default().bytes.min(MAX_TEXT));
    let bytes = source.at_most(limit)?;
    if !source.at_most(1)?.is_empty() {
        let problem = Problem::TooLarge { shape: vec![limit + 1], limit };
        return Err(source.malformed(limit, problem));
    }
    if bytes.is_empty() {
        return Err(DataError::malformed(file, 0, Problem::Empty { what: "text" }));
    }
    match String::from_utf8(bytes) {
        Ok(text) => Ok(Text::new(&text)),
        Err(error) => {
            let at = error.utf8_error().valid_up_to() as u64;
            let problem = Problem::Broken { format: "UTF-8", message: error.to_string() };
            Err(DataError::malformed(file, at, problem))
        }
    }
}
