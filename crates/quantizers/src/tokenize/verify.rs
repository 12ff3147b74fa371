//! `tokenize verify`: tokens that differ.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};

use super::job::{self, REPORT};
use super::shard;
use super::{TokenizeError, say};

/// What a comparison found.
#[derive(Debug, PartialEq)]
struct Found {
    /// Tokens that were compared.
    compared: u64,
    differ: u64,
    /// The first that differs, and both values.
    first: Option<(u64, u64, u64)>,
    /// How many tokens only one side has.
    more: [u64; 2],
}

/// Prints how many tokens differ, and tells whether none does.
pub(super) fn run(a: &Path, b: &Path) -> Result<bool, TokenizeError> {
    let Found { compared, differ, first, more } = compare(Stream::open(a)?, Stream::open(b)?)?;
    let share = if compared == 0 { 0.0 } else { differ as f64 / compared as f64 };
    say(format_args!("{differ} of {compared} tokens differ ({share:.1e})"));
    if let Some((at, in_a, in_b)) = first {
        say(format_args!(
            "the first is token {at}: {in_a} in {}, {in_b} in {}",
            a.display(),
            b.display()
        ));
    }
    for (path, more) in [a, b].iter().zip(more).filter(|&(_, more)| more > 0) {
        say(format_args!("{} has {more} tokens more", path.display()));
    }
    Ok(differ == 0 && more == [0, 0])
}

/// The tokens of a file or of a directory's files in order, of which one at a time is in memory.
struct Stream {
    files: VecDeque<PathBuf>,
    tokens: Vec<u64>,
    at: usize,
}

impl Stream {
    fn open(path: &Path) -> Result<Self, TokenizeError> {
        let mut files = VecDeque::from([path.to_owned()]);
        if path.is_dir() {
            let manifest = job::manifest_of(path)?;
            let shards = manifest.shards();
            files = shards.iter().map(|shard| path.join(&shard.name)).collect();
            let report = path.join(REPORT);
            let missing = files.iter().chain([&report]).find(|file| !file.exists());
            if let Some(missing) = missing {
                let missing = missing.file_name().unwrap_or_default().to_string_lossy().into();
                return Err(TokenizeError::Unfinished { dir: path.into(), missing });
            }
        }
        Ok(Self { files, tokens: Vec::new(), at: 0 })
    }

    /// Tokens that were not taken yet: none only at the end.
    fn rest(&mut self) -> Result<&[u64], TokenizeError> {
        while self.at == self.tokens.len() {
            let Some(file) = self.files.pop_front() else { return Ok(&[]) };
            let parts = shard::read(&file)?;
            self.tokens = parts.into_iter().flat_map(|part| part.tokens).collect();
            self.at = 0;
        }
        Ok(&self.tokens[self.at..])
    }
}

fn compare(mut a: Stream, mut b: Stream) -> Result<Found, TokenizeError> {
    let mut found = Found { compared: 0, differ: 0, first: None, more: [0, 0] };
    loop {
        let (in_a, in_b) = (a.rest()?, b.rest()?);
        let both = in_a.len().min(in_b.len());
        if both == 0 {
            break;
        }
        for (i, (&x, &y)) in in_a.iter().zip(in_b).enumerate() {
            if x != y {
                found.differ += 1;
                found.first.get_or_insert((found.compared + i as u64, x, y));
            }
        }
        found.compared += both as u64;
        (a.at, b.at) = (a.at + both, b.at + both);
    }
    for (stream, more) in [&mut a, &mut b].into_iter().zip(&mut found.more) {
        loop {
            let rest = stream.rest()?.len();
            if rest == 0 {
                break;
            }
            *more += rest as u64;
            stream.at += rest;
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_are_counted_across_files_of_different_lengths() {
        let stream =
            |tokens: &[u64]| Stream { files: VecDeque::new(), tokens: tokens.to_vec(), at: 0 };
        let found = compare(stream(&[1, 2, 3, 4]), stream(&[1, 9, 3, 8, 5, 6])).unwrap();
        let expected = Found { compared: 4, differ: 2, first: Some((1, 2, 9)), more: [0, 2] };
        assert_eq!(found, expected);
        let equal = compare(stream(&[7]), stream(&[7])).unwrap();
        assert_eq!(equal, Found { compared: 1, differ: 0, first: None, more: [0, 0] });
    }
}
