use rustc_hash::FxHashSet;
use seedbed_kernels::Rng;
use serde::{Deserialize, Serialize};

use crate::error::{TEMPERATURES, between, positive, same_length};
use crate::{Example, NotFinite, SelectionError};

/// What a [`StreamSelector`] keeps.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StreamConfig {
    /// How many examples.
    pub k: usize,
    /// `None` keeps the highest scores; a temperature T draws without replacement, ∝ exp(score / T).
    #[serde(default)]
    pub temperature: Option<f64>,
    /// What to do about scores that are NaN or infinite.
    #[serde(default)]
    pub not_finite: NotFinite,
    /// Seeds the draws.
    #[serde(default)]
    pub seed: u64,
}

impl StreamConfig {
    /// The `k` highest scores.
    pub fn top(k: usize) -> Self {
        Self { k, temperature: None, not_finite: NotFinite::Error, seed: 0 }
    }

    /// Refuses settings that make no sense: of a new selector, and of one that was read from a file.
    fn check(&self) -> Result<(), SelectionError> {
        positive("k", self.k as f64)?;
        self.temperature.map_or(Ok(()), |t| between("temperature", t, TEMPERATURES))
    }
}

/// Chooses `k` examples of a stream that is too long to be held: scores come in chunks, and memory depends on `k` alone
/// (about 100 bytes for each of the `k`).
///
/// The result is the same for any cut into chunks, and the same as choosing from all at once. The selector can be saved with `serde` between chunks,
/// and goes on as if it had not been interrupted. Takes O(1) a score on average. It can be asked for its choice at any time, and goes on after that.
///
/// Ids must be unique. One that comes twice is noticed as soon as both scores are among the best so far; what was dropped is not remembered.
///
/// ```
/// use seedbed_rho_selection::{StreamConfig, StreamSelector};
/// let mut best = StreamSelector::new(StreamConfig::top(2))?;
/// best.push(&[10, 11, 12], &[0.5, 3.0, 1.0])?;
/// best.push(&[13, 14], &[-1.0, 2.0])?;
/// let chosen = best.finish()?;
/// assert_eq!((chosen.ids, chosen.scores), (vec![11, 14], vec![3.0, 2.0]));
/// # Ok::<(), seedbed_rho_selection::SelectionError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StreamSelector {
    config: StreamConfig,
    /// At most 2 k (or a few more, for a small k) of the best so far, in any order.
    kept: Vec<Kept>,
    /// Keys at or below have no chance any more; `None` until k are kept.
    bar: Option<f64>,
    seen: u64,
    dropped: u64,
    #[serde(skip)]
    ids: Ids,
}

/// The ids of what is kept, made anew where they are not as many. All of it follows from the rest of the selector.
#[derive(Clone, Debug, Default)]
struct Ids(FxHashSet<u64>);

impl PartialEq for Ids {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

/// What was chosen from a stream.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StreamSelection {
    /// The chosen, best (or first drawn) first.
    pub ids: Vec<u64>,
    /// Where in the stream each stood, from 0.
    pub positions: Vec<u64>,
    /// The score of each.
    pub scores: Vec<f32>,
    /// The weight of each in the loss: 1.
    pub weights: Vec<f32>,
    /// Scores that were seen, dropped ones among them.
    pub seen: u64,
    /// Scores that were dropped because they were not finite.
    pub dropped: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Kept {
    /// What decides: the score, or the score at a temperature with noise.
    key: f64,
    position: u64,
    id: u64,
    score: f32,
}

/// Room beyond k below which cutting down would be frequent.
const ROOM: usize = 1024;

impl StreamSelector {
    /// A selector that has seen nothing.
    ///
    /// # Errors
    /// If `k` is 0 or the temperature is not from 10⁻¹⁰⁰ to 10¹⁰⁰.
    pub fn new(config: StreamConfig) -> Result<Self, SelectionError> {
        config.check()?;
        Ok(Self { config, kept: Vec::new(), bar: None, seen: 0, dropped: 0, ids: Ids::default() })
    }

    /// Chooses from an iterator of chunks, `(ids, scores)` each.
    ///
    /// # Errors
    /// As [`new`](Self::new), [`push`](Self::push) and [`finish`](Self::finish).
    pub fn select<I: AsRef<[u64]>, S: AsRef<[f32]>>(
        config: StreamConfig,
        chunks: impl IntoIterator<Item = (I, S)>,
    ) -> Result<StreamSelection, SelectionError> {
        let mut selector = Self::new(config)?;
        for (ids, scores) in chunks {
            selector.push(ids.as_ref(), scores.as_ref())?;
        }
        selector.finish()
    }

    /// Looks at the next chunk.
    ///
    /// # Errors
    /// If the lengths differ, a score is not finite (see [`NotFinite`]), or an id comes twice. Nothing of the chunk has been taken then: the stream
    /// can go on without it, or with what is left of it.
    pub fn push(&mut self, ids: &[u64], scores: &[f32]) -> Result<(), SelectionError> {
        self.config.check()?;
        same_length(("ids", ids.len()), ("scores", scores.len()))?;
        if self.config.not_finite == NotFinite::Error
            && let Some(i) = scores.iter().position(|score| !score.is_finite())
        {
            let (what, value) = ("score", scores[i]);
            return Err(SelectionError::NotFinite { what, example: Example::Id(ids[i]), value });
        }
        let mut noise = self.config.temperature.map(|t| (t, self.noise()));
        let mut key = |score: f32| match &mut noise {
            None => f64::from(score),
            Some((temperature, noise)) => f64::from(score) / *temperature + noise.gumbel(),
        };
        let mut better = Vec::new();
        let mut dropped = 0;
        for ((&id, &score), position) in ids.iter().zip(scores).zip(self.seen..) {
            let key = key(score);
            if !score.is_finite() {
                dropped += 1;
            } else if self.bar.is_none_or(|bar| key > bar) {
                better.push(Kept { key, position, id, score });
            }
        }
        self.refuse_twice(&better)?;
        self.seen += ids.len() as u64;
        self.dropped += dropped;
        for new in better {
            // The bar may have risen within the chunk.
            if self.bar.is_none_or(|bar| new.key > bar) {
                self.ids.0.insert(new.id);
                self.kept.push(new);
                if self.kept.len() >= self.config.k.saturating_add(self.config.k.max(ROOM)) {
                    self.cut();
                }
            }
        }
        Ok(())
    }

    /// Refuses an id that is among the kept, or comes twice among the new.
    fn refuse_twice(&mut self, new: &[Kept]) -> Result<(), SelectionError> {
        if self.ids.0.len() != self.kept.len() {
            self.ids.0 = self.kept.iter().map(|kept| kept.id).collect();
        }
        let mut here = FxHashSet::default();
        match new.iter().find(|new| self.ids.0.contains(&new.id) || !here.insert(new.id)) {
            None => Ok(()),
            Some(twice) => Err(SelectionError::DuplicateId { id: twice.id }),
        }
    }

    /// The chosen so far. Nothing is lost: the stream may go on.
    ///
    /// # Errors
    /// If fewer than `k` scores were seen.
    pub fn finish(&self) -> Result<StreamSelection, SelectionError> {
        let k = self.config.k;
        if self.kept.len() < k {
            return Err(SelectionError::TooMany { k, n: self.kept.len() });
        }
        let mut kept = self.kept.clone();
        kept.sort_unstable_by(order);
        kept.truncate(k);
        Ok(StreamSelection {
            ids: kept.iter().map(|kept| kept.id).collect(),
            positions: kept.iter().map(|kept| kept.position).collect(),
            scores: kept.iter().map(|kept| kept.score).collect(),
            weights: vec![1.0; k],
            seen: self.seen,
            dropped: self.dropped,
        })
    }

    /// How many scores were seen.
    pub fn seen(&self) -> u64 {
        self.seen
    }

    /// Keeps the best k alone, and raises the bar to the last of them: a later one with the same key would come after it.
    fn cut(&mut self) {
        let k = self.config.k;
        if self.kept.len() > k {
            self.kept.select_nth_unstable_by(k - 1, order);
            self.kept.truncate(k);
            self.ids.0 = self.kept.iter().map(|kept| kept.id).collect();
        }
        self.bar = self.kept.iter().map(|kept| kept.key).min_by(f64::total_cmp);
    }

    /// The noise from the current position on: one number a score, so that it does not depend on chunks.
    fn noise(&self) -> Rng {
        Rng::numbered(self.config.seed, 0).after(self.seen)
    }
}

/// Higher keys first; equal ones in the order of the stream.
fn order(a: &Kept, b: &Kept) -> std::cmp::Ordering {
    b.key.total_cmp(&a.key).then(a.position.cmp(&b.position))
}
