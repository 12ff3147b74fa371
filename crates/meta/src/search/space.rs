//! What is searched: candidates that can be drawn, changed, written down and read again.

use std::collections::HashSet;
use std::fmt::Debug;
use std::hash::Hash;

use seedbed_autodiff::Rng;

use crate::MetaError;

/// A set of candidates, and how to get from one to another.
pub trait SearchSpace {
    /// A candidate.
    type Candidate: Clone + Debug + Eq + Hash + Ord + Send + Sync;

    /// A candidate, each with the same probability.
    fn sample(&self, rng: &mut Rng) -> Self::Candidate;

    /// A random neighbour of a candidate; the candidate itself where it has none.
    fn mutate(&self, candidate: &Self::Candidate, rng: &mut Rng) -> Self::Candidate {
        let neighbours = self.neighbours(candidate);
        match neighbours.len() {
            0 => candidate.clone(),
            n => neighbours[rng.below(n)].clone(),
        }
    }

    /// All candidates that differ in one decision, without the candidate itself, in a fixed order.
    fn neighbours(&self, candidate: &Self::Candidate) -> Vec<Self::Candidate>;

    /// The candidate as a text; different ones have different texts.
    fn encode(&self, candidate: &Self::Candidate) -> String;

    /// The candidate of a text.
    ///
    /// # Errors
    /// [`MetaError::Candidate`] if the text is of no candidate.
    fn decode(&self, text: &str) -> Result<Self::Candidate, MetaError>;

    /// How many candidates there are, if that is a number of 64 bits.
    fn size(&self) -> Option<u64>;
}

/// A space of independent choices: at every position one of its options.
///
/// A candidate is the number of the option at each position, and is written as the options' names with `|` between them.
///
/// ```
/// use seedbed_meta::search::{Choices, SearchSpace};
///
/// let space = Choices::new([vec!["relu", "tanh"], vec!["16", "32", "64"]])?;
/// assert_eq!(space.size(), Some(6));
/// let candidate = space.decode("tanh|16")?;
/// assert_eq!(candidate, [1, 0]);
/// assert_eq!(space.neighbours(&candidate).len(), 3);
/// assert_eq!(
///     space.decode("relu|8").unwrap_err().to_string(),
///     "\"relu|8\" is no candidate of this space: position 1 offers 16, 32, 64, but not \"8\""
/// );
/// # Ok::<(), seedbed_meta::MetaError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choices {
    positions: Vec<Vec<String>>,
}

impl Choices {
    /// The options of each position.
    ///
    /// # Errors
    /// If there is no position, one without an option, an option with `|` in its name, or one that is named twice.
    pub fn new<P, O>(positions: P) -> Result<Self, MetaError>
    where
        P: IntoIterator<Item = O>,
        O: IntoIterator<Item: Into<String>>,
    {
        let positions: Vec<Vec<String>> = positions
            .into_iter()
            .map(|options| options.into_iter().map(Into::into).collect())
            .collect();
        if positions.is_empty() {
            return Err(MetaError::Empty { what: "the space", of: "position" });
        }
        for options in &positions {
            if options.is_empty() {
                return Err(MetaError::Empty { what: "a position of the space", of: "option" });
            }
            let mut seen = HashSet::new();
            for option in options {
                let wrong = |reason: &str| MetaError::Candidate {
                    text: option.clone(),
                    reason: reason.into(),
                };
                if option.contains(SEPARATOR) {
                    return Err(wrong("the name of an option must not have | in it"));
                }
                if !seen.insert(option) {
                    return Err(wrong("the option is named twice"));
                }
            }
        }
        Ok(Self { positions })
    }

    /// The options of each position, by name.
    pub fn positions(&self) -> &[Vec<String>] {
        &self.positions
    }

    /// Every candidate, the last position changing first; as many as [`size`](SearchSpace::size) says.
    pub fn all(&self) -> impl Iterator<Item = Vec<usize>> + '_ {
        let first = Some(vec![0; self.positions.len()]);
        std::iter::successors(first, |last| {
            let mut next = last.clone();
            for (choice, options) in next.iter_mut().zip(&self.positions).rev() {
                *choice += 1;
                if *choice < options.len() {
                    return Some(next);
                }
                *choice = 0;
            }
            None
        })
    }
}

const SEPARATOR: char = '|';

impl SearchSpace for Choices {
    type Candidate = Vec<usize>;

    fn sample(&self, rng: &mut Rng) -> Vec<usize> {
        self.positions.iter().map(|options| rng.below(options.len())).collect()
    }

    fn neighbours(&self, candidate: &Vec<usize>) -> Vec<Vec<usize>> {
        let mut all = Vec::new();
        for (at, options) in self.positions.iter().enumerate() {
            for option in (0..options.len()).filter(|&option| option != candidate[at]) {
                let mut neighbour = candidate.clone();
                neighbour[at] = option;
                all.push(neighbour);
            }
        }
        all
    }

    fn encode(&self, candidate: &Vec<usize>) -> String {
        let names: Vec<&str> =
            self.positions.iter().zip(candidate).map(|(names, &at)| &*names[at]).collect();
        names.join("|")
    }

    fn decode(&self, text: &str) -> Result<Vec<usize>, MetaError> {
        let wrong = |reason| MetaError::Candidate { text: text.into(), reason };
        let names: Vec<&str> = text.split(SEPARATOR).collect();
        if names.len() != self.positions.len() {
            let (found, wanted) = (names.len(), self.positions.len());
            return Err(wrong(format!("it makes {found} choices, but there are {wanted}")));
        }
        let choice = |(at, (name, options)): (usize, (&str, &Vec<String>))| {
            options.iter().position(|option| option == name).ok_or_else(|| {
                let options = options.join(", ");
                wrong(format!("position {at} offers {options}, but not {name:?}"))
            })
        };
        names.into_iter().zip(&self.positions).enumerate().map(choice).collect()
    }

    fn size(&self) -> Option<u64> {
        self.positions.iter().try_fold(1u64, |n, options| n.checked_mul(options.len() as u64))
    }
}
