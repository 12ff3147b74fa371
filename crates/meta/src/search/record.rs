//! A search whose trials are kept in a file, so that it goes on where it was stopped.

use std::fs::{File, TryLockError};
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::path::Path;

use seedbed_autodiff::Rng;
use serde::{Deserialize, Serialize};

use super::space::SearchSpace;
use super::strategy::{Budget, Strategy, Trial};
use crate::MetaError;

/// A line of the record.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    candidate: String,
    budget: Budget,
    score: f64,
}

/// What a search has found: every trial, in order.
#[derive(Clone, Debug, PartialEq)]
pub struct Found<C> {
    /// Trials and their scores.
    pub trials: Vec<(Trial<C>, f64)>,
    /// How many of them the record already had.
    pub resumed: usize,
}

impl<C> Found<C> {
    /// The best whole trainings, the best first; of equal ones the first that was found.
    pub fn leaderboard(&self, places: usize) -> Vec<&(Trial<C>, f64)> {
        let whole = self.trials.iter().filter(|(trial, _)| trial.budget == Budget::Whole);
        let mut best: Vec<_> = whole.collect();
        best.sort_by(|a, b| b.1.total_cmp(&a.1));
        best.truncate(places);
        best
    }
}

/// Searches until there are so many trials, or the strategy has no further question, and keeps every score in a file of JSON lines.
///
/// If the file is there already, the strategy is asked again from the start and told what the file says, without a training; then the search goes on. So a search that was stopped ends as one that
/// was not, as long as the strategy, the seed and the space are the same. A last line that was not written whole is left out.
///
/// ```
/// use seedbed_meta::search::{Budget, LocalSearch, Table, search};
///
/// # let folder = tempfile::tempdir()?;
/// let table = Table::cells();
/// let record = folder.path().join("trials.jsonl");
/// let mut train = |trial: &seedbed_meta::search::Trial<Vec<usize>>| table.validation(&trial.candidate);
/// search(table.space(), &mut LocalSearch::default(), 20, 0, &record, &mut train)?;
/// let found = search(table.space(), &mut LocalSearch::default(), 50, 0, &record, &mut train)?;
/// assert_eq!((found.trials.len(), found.resumed), (50, 20));
/// let (best, score) = found.leaderboard(1)[0];
/// println!("{} has {score}", seedbed_meta::search::SearchSpace::encode(table.space(), &best.candidate));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// If the file cannot be read or written, another process is writing to it, a line is damaged, it is of another search, or a score is not a finite number.
pub fn search<S: SearchSpace, T: Strategy<S>>(
    space: &S,
    strategy: &mut T,
    trials: usize,
    seed: u64,
    record: &Path,
    train: &mut dyn FnMut(&Trial<S::Candidate>) -> f64,
) -> Result<Found<S::Candidate>, MetaError> {
    let name = record.display().to_string();
    let failed = |source| MetaError::File { file: name.clone(), source };
    let mut file = File::options()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(record)
        .map_err(failed)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            return Err(MetaError::Record(format!("another process is writing to {name}")));
        }
        Err(TryLockError::Error(source)) => return Err(failed(source)),
    }
    let known = known(&mut file, &name)?;
    let rng = &mut Rng::new(seed);
    let mut found = Found { trials: Vec::new(), resumed: 0 };
    while found.trials.len() < trials
        && let Some(trial) = strategy.ask(space, rng)
    {
        let candidate = space.encode(&trial.candidate);
        let score = match known.get(found.trials.len()) {
            Some(line) => {
                if line.candidate != candidate || line.budget != trial.budget {
                    return Err(MetaError::Record(format!(
                        "line {} of {name} is of {:?} ({:?}), but this search asks for {candidate:?} ({:?}): the strategy, the seed or the space is another one",
                        found.trials.len() + 1,
                        line.candidate,
                        line.budget,
                        trial.budget,
                    )));
                }
                found.resumed += 1;
                line.score
            }
            None => {
                let score = train(&trial);
                if !score.is_finite() {
                    return Err(MetaError::Score { candidate, score });
                }
                let line = Line { candidate, budget: trial.budget, score };
                let line = serde_json::to_string(&line).expect("text and a finite number") + "\n";
                // Whole, and on the disk before the next training begins.
                file.write_all(line.as_bytes()).and_then(|()| file.sync_data()).map_err(failed)?;
                score
            }
        };
        strategy.tell(&trial, score);
        found.trials.push((trial, score));
    }
    Ok(found)
}

/// The lines of a record; a last one that was not written whole is cut off.
fn known(file: &mut File, name: &str) -> Result<Vec<Line>, MetaError> {
    let failed = |source| MetaError::File { file: name.into(), source };
    let mut text = Vec::new();
    file.read_to_end(&mut text).map_err(failed)?;
    let whole = text.iter().rposition(|&byte| byte == b'\n').map_or(0, |last| last + 1);
    file.set_len(whole as u64).map_err(failed)?;
    file.seek(SeekFrom::Start(whole as u64)).map_err(failed)?;
    let lines = text[..whole].split_inclusive(|&byte| byte == b'\n').enumerate();
    let parsed = lines.map(|(i, line)| {
        serde_json::from_slice(line)
            .map_err(|error| MetaError::Record(format!("line {} of {name}: {error}", i + 1)))
    });
    parsed.collect()
}
