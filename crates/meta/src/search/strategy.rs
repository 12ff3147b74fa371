//! Ways to search: each is asked for what to try next, and told how good that was.

use std::collections::{BTreeSet, VecDeque};
use std::fmt::Debug;

use seedbed_autodiff::Rng;
use serde::{Deserialize, Serialize};

use super::space::SearchSpace;

/// How long a candidate is trained.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Budget {
    /// A part of it.
    Short,
    /// The whole training.
    Whole,
}

/// A candidate to be trained, and how long.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trial<C> {
    /// The candidate.
    pub candidate: C,
    /// How long.
    pub budget: Budget,
}

/// A search. The same seed and the same answers give the same questions.
pub trait Strategy<S: SearchSpace> {
    /// What to try next; `None` where nothing is left.
    fn ask(&mut self, space: &S, rng: &mut Rng) -> Option<Trial<S::Candidate>>;

    /// How good it was: the larger, the better. Every question is answered before the next is asked. NaN, as of a training that diverged, is worse than any number.
    fn tell(&mut self, trial: &Trial<S::Candidate>, score: f64);
}

/// A score that all others can be compared with.
fn comparable(score: f64) -> f64 {
    if score.is_nan() { f64::NEG_INFINITY } else { score }
}

fn whole<C>(candidate: C) -> Option<Trial<C>> {
    Some(Trial { candidate, budget: Budget::Whole })
}

/// Draws so often until a candidate is new; `None` after many draws in vain: then the space is nearly exhausted.
fn unseen<S: SearchSpace>(
    space: &S,
    seen: &BTreeSet<S::Candidate>,
    rng: &mut Rng,
) -> Option<S::Candidate> {
    const DRAWS: usize = 10_000;
    (0..DRAWS).map(|_| space.sample(rng)).find(|candidate| !seen.contains(candidate))
}

/// Candidates at random, none twice: what every other search has to beat.
#[derive(Clone, Debug)]
pub struct RandomSearch<C> {
    seen: BTreeSet<C>,
}

impl<C> Default for RandomSearch<C> {
    fn default() -> Self {
        Self { seen: BTreeSet::new() }
    }
}

impl<S: SearchSpace> Strategy<S> for RandomSearch<S::Candidate> {
    fn ask(&mut self, space: &S, rng: &mut Rng) -> Option<Trial<S::Candidate>> {
        whole(unseen(space, &self.seen, rng)?)
    }

    fn tell(&mut self, trial: &Trial<S::Candidate>, _: f64) {
        self.seen.insert(trial.candidate.clone());
    }
}

/// Steepest ascent (White et al. 2021): all neighbours are tried, the best becomes the next candidate, and where none is better the search
/// starts again at random. No candidate is tried twice.
#[derive(Clone, Debug)]
pub struct LocalSearch<C> {
    seen: BTreeSet<C>,
    /// Where the search stands, and how good that is.
    at: Option<(C, f64)>,
    /// The best neighbour so far.
    best: Option<(C, f64)>,
    waiting: VecDeque<C>,
}

impl<C> Default for LocalSearch<C> {
    fn default() -> Self {
        Self { seen: BTreeSet::new(), at: None, best: None, waiting: VecDeque::new() }
    }
}

impl<S: SearchSpace> Strategy<S> for LocalSearch<S::Candidate> {
    fn ask(&mut self, space: &S, rng: &mut Rng) -> Option<Trial<S::Candidate>> {
        loop {
            if let Some(candidate) = self.waiting.pop_front() {
                if self.seen.contains(&candidate) {
                    continue;
                }
                return whole(candidate);
            }
            // All neighbours are known: go on to the best, if it is better; else start again.
            self.at = match (self.at.take(), self.best.take()) {
                (Some((_, score)), Some(best)) if best.1 > score => Some(best),
                (None, Some(best)) => Some(best),
                _ => None,
            };
            match &self.at {
                Some((candidate, _)) => self.waiting.extend(space.neighbours(candidate)),
                None => return whole(unseen(space, &self.seen, rng)?),
            }
            if self.waiting.iter().all(|candidate| self.seen.contains(candidate)) {
                // Nothing new around it: a local optimum, as far as is known.
                self.waiting.clear();
            }
        }
    }

    fn tell(&mut self, trial: &Trial<S::Candidate>, score: f64) {
        let score = comparable(score);
        self.seen.insert(trial.candidate.clone());
        if self.best.as_ref().is_none_or(|(_, best)| score > *best) {
            self.best = Some((trial.candidate.clone(), score));
        }
    }
}

/// Regularised evolution (Real et al. 2019): the best of a few members of the population has a mutated child, and the oldest member dies.
#[derive(Clone, Debug)]
pub struct Evolution<C> {
    population: usize,
    sample: usize,
    members: VecDeque<(C, f64)>,
}

impl<C> Evolution<C> {
    /// Members of the population, and how many of them compete to have a child; the paper's comparison on tables uses 10 and 3.
    ///
    /// # Panics
    /// If one is 0.
    #[track_caller]
    pub fn new(population: usize, sample: usize) -> Self {
        assert!(
            population > 0 && sample > 0,
            "Evolution: a population of {population} and a sample of {sample} should be at least 1"
        );
        Self { population, sample, members: VecDeque::new() }
    }
}

impl<S: SearchSpace> Strategy<S> for Evolution<S::Candidate> {
    fn ask(&mut self, space: &S, rng: &mut Rng) -> Option<Trial<S::Candidate>> {
        if self.members.len() < self.population {
            return whole(space.sample(rng));
        }
        let drawn = (0..self.sample).map(|_| &self.members[rng.below(self.members.len())]);
        let (parent, _) = drawn.max_by(|a, b| a.1.total_cmp(&b.1)).expect("a sample of at least 1");
        whole(space.mutate(parent, rng))
    }

    fn tell(&mut self, trial: &Trial<S::Candidate>, score: f64) {
        self.members.push_back((trial.candidate.clone(), comparable(score)));
        if self.members.len() > self.population {
            self.members.pop_front();
        }
    }
}

/// Successive halving (Jamieson and Talwalkar 2016) with two budgets: candidates at random are trained shortly, and the best share of them
/// wholly; then others.
#[derive(Clone, Debug)]
pub struct Halving<C> {
    candidates: usize,
    keep: usize,
    seen: BTreeSet<C>,
    /// Those that were trained shortly.
    short: Vec<(C, f64)>,
    promoted: VecDeque<C>,
}

impl<C> Halving<C> {
    /// So many candidates a round, of which the best `keep` are trained wholly.
    ///
    /// # Panics
    /// If `keep` is 0 or above `candidates`.
    #[track_caller]
    pub fn new(candidates: usize, keep: usize) -> Self {
        assert!(
            (1..=candidates).contains(&keep),
            "Halving: {keep} of {candidates} candidates should be kept: at least 1, and not more than there are"
        );
        let (seen, short, promoted) = (BTreeSet::new(), Vec::new(), VecDeque::new());
        Self { candidates, keep, seen, short, promoted }
    }

    /// The best of the round go on.
    fn promote(&mut self) {
        self.short.sort_by(|a, b| b.1.total_cmp(&a.1));
        let best = self.short.drain(..).take(self.keep);
        self.promoted = best.map(|(candidate, _)| candidate).collect();
    }
}

impl<S: SearchSpace> Strategy<S> for Halving<S::Candidate> {
    fn ask(&mut self, space: &S, rng: &mut Rng) -> Option<Trial<S::Candidate>> {
        if let Some(candidate) = self.promoted.pop_front() {
            return whole(candidate);
        }
        match unseen(space, &self.seen, rng) {
            Some(candidate) => Some(Trial { candidate, budget: Budget::Short }),
            // A round that the space has too few candidates for ends with those that there are.
            None if !self.short.is_empty() => {
                self.promote();
                self.promoted.pop_front().and_then(whole)
            }
            None => None,
        }
    }

    fn tell(&mut self, trial: &Trial<S::Candidate>, score: f64) {
        self.seen.insert(trial.candidate.clone());
        if trial.budget == Budget::Whole {
            return;
        }
        self.short.push((trial.candidate.clone(), comparable(score)));
        if self.short.len() == self.candidates {
            self.promote();
        }
    }
}

/// Hyperband (Li et al. 2018) with two budgets: rounds of [`Halving`] that differ in how many of their candidates they keep, from few to all.
#[derive(Clone, Debug)]
pub struct Hyperband<C> {
    rounds: Vec<(usize, usize)>,
    at: usize,
    round: Halving<C>,
    /// Whole trainings that the round still has.
    left: usize,
}

impl<C> Hyperband<C> {
    /// Candidates of each round and how many of them are trained wholly, over and over.
    ///
    /// # Panics
    /// If there is no round, or as [`Halving::new`].
    #[track_caller]
    pub fn new(rounds: &[(usize, usize)]) -> Self {
        assert!(!rounds.is_empty(), "Hyperband: needs at least one round");
        for &(candidates, keep) in rounds {
            let _ = Halving::<C>::new(candidates, keep);
        }
        let (candidates, keep) = rounds[0];
        let round = Halving::new(candidates, keep);
        Self { rounds: rounds.to_vec(), at: 0, round, left: keep }
    }
}

impl<S: SearchSpace> Strategy<S> for Hyperband<S::Candidate> {
    fn ask(&mut self, space: &S, rng: &mut Rng) -> Option<Trial<S::Candidate>> {
        if self.left == 0 {
            self.at = (self.at + 1) % self.rounds.len();
            let (candidates, keep) = self.rounds[self.at];
            // What was seen stays seen.
            let seen = std::mem::take(&mut self.round.seen);
            self.round = Halving { seen, ..Halving::new(candidates, keep) };
            self.left = keep;
        }
        let (candidates, keep) = self.rounds[self.at];
        if candidates == keep && self.round.promoted.is_empty() {
            // All are kept: a short training would say nothing.
            return whole(unseen(space, &self.round.seen, rng)?);
        }
        self.round.ask(space, rng)
    }

    fn tell(&mut self, trial: &Trial<S::Candidate>, score: f64) {
        if trial.budget == Budget::Whole {
            self.left -= 1;
        }
        Strategy::<S>::tell(&mut self.round, trial, score);
    }
}
