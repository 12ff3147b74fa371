//! Which files of tokens a run makes, and whether a directory is its own.

use std::fs;
use std::io::Read as _;
use std::path::Path;

use seedbed_nn::checkpoint::{CheckpointDir, CheckpointError, DirLock};
use seedbed_nn::files;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::TokenizeError;
use super::cli::{Container, TokenType};
use super::encoder::Identity;
use super::source::{About, Reading, open_regular};

/// The inputs and the settings: what decides every byte of the tokens.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Manifest {
    /// Of the layout of the directory.
    pub(super) version: u32,
    pub(super) quantizer: Identity,
    /// The sizes of the codebooks of a vector's tokens.
    pub(super) codes: Vec<u64>,
    pub(super) inputs: Vec<About>,
    pub(super) reading: Reading,
    pub(super) container: Container,
    pub(super) token_type: TokenType,
    /// Items of a file of tokens, where it was asked for.
    pub(super) shard: Option<usize>,
}

/// The version of the directories that this writes.
pub(super) const VERSION: u32 = 1;

const MANIFEST: &str = "manifest.json";
pub(super) const REPORT: &str = "report.json";

/// Items of a file of tokens by default: rows of an array, and samples.
const ROWS: usize = 1 << 20;
const SAMPLES: usize = 10_000;

/// A file of tokens: the items `from..to` of an input.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Shard {
    pub(super) name: String,
    pub(super) input: usize,
    pub(super) from: usize,
    pub(super) to: usize,
}

impl Manifest {
    /// Items of a file of tokens of an input.
    fn most(&self, about: &About) -> usize {
        self.shard.unwrap_or(if about.samples { SAMPLES } else { ROWS })
    }

    /// How many files of tokens there are; none where each has no items.
    fn shard_count(&self) -> Option<usize> {
        self.inputs.iter().try_fold(0_usize, |sum, about| match self.most(about) {
            0 => None,
            most => Some(sum.saturating_add(about.items.div_ceil(most))),
        })
    }

    /// All files of tokens, in order.
    pub(super) fn shards(&self) -> Vec<Shard> {
        let mut shards = Vec::new();
        for (input, about) in self.inputs.iter().enumerate() {
            let most = self.most(about);
            for from in (0..about.items).step_by(most) {
                let name = format!("tokens-{:06}.{}", shards.len(), self.container.extension());
                shards.push(Shard {
                    name,
                    input,
                    from,
                    to: from.saturating_add(most).min(about.items),
                });
            }
        }
        shards
    }
}

/// Takes the directory for a run, alone: a new one, or one that was begun with the same inputs and settings.
pub(super) fn begin(dir: &Path, manifest: &Manifest) -> Result<DirLock, TokenizeError> {
    let lock = CheckpointDir::open(dir, 1)?.lock().map_err(|error| match error {
        CheckpointError::Locked { dir } => TokenizeError::Busy { dir },
        other => other.into(),
    })?;
    let path = dir.join(MANIFEST);
    let own = serde_json::to_value(manifest).expect("names and numbers can be written");
    if path.exists() {
        let found = read(&path)?;
        let found: Value = serde_json::from_slice(&found)
            .map_err(|error| TokenizeError::malformed(&path, format!("is damaged: {error}")))?;
        let mut differences = Vec::new();
        compare("", &found, &own, &mut differences);
        return if differences.is_empty() {
            Ok(lock)
        } else {
            Err(TokenizeError::OtherSettings { dir: dir.into(), differences })
        };
    }
    for entry in fs::read_dir(dir).map_err(TokenizeError::io(dir, "list it"))? {
        let name = entry.map_err(TokenizeError::io(dir, "list it"))?.file_name();
        // The lock, and what a run left that was killed as it began.
        if !name.as_encoded_bytes().starts_with(b".") {
            let example = name.to_string_lossy().into_owned();
            return Err(TokenizeError::NotEmpty { dir: dir.into(), example });
        }
    }
    files::write(&path, &pretty(manifest))?;
    Ok(lock)
}

/// The manifest of a directory, if it has one.
pub(super) fn manifest_of(dir: &Path) -> Result<Manifest, TokenizeError> {
    let path = dir.join(MANIFEST);
    if !path.exists() {
        let missing = MANIFEST.to_owned();
        return Err(TokenizeError::Unfinished { dir: dir.into(), missing });
    }
    let found = read(&path)?;
    let manifest: Manifest = serde_json::from_slice(&found)
        .map_err(|error| TokenizeError::malformed(&path, format!("is damaged: {error}")))?;
    // Before as many names are made: can it be true?
    let files = fs::read_dir(dir).map_err(TokenizeError::io(dir, "list it"))?.count();
    match manifest.shard_count() {
        None => Err(TokenizeError::malformed(&path, "is damaged: files of 0 items")),
        Some(count) if count > files => {
            let missing = format!("{} of {count} files", count - files);
            Err(TokenizeError::Unfinished { dir: dir.into(), missing })
        }
        Some(_) => Ok(manifest),
    }
}

/// A regular file's bytes.
fn read(path: &Path) -> Result<Vec<u8>, TokenizeError> {
    let mut bytes = Vec::new();
    let (mut file, _) = open_regular(path)?;
    file.read_to_end(&mut bytes).map_err(TokenizeError::io(path, "read it"))?;
    Ok(bytes)
}

/// A file of JSON for people to read.
pub(super) fn pretty(value: &impl Serialize) -> Vec<u8> {
    let mut bytes = serde_json::to_vec_pretty(value).expect("names and numbers can be written");
    bytes.push(b'\n');
    bytes
}

/// Each setting that differs, with both values.
fn compare(at: &str, there: &Value, here: &Value, differences: &mut Vec<String>) {
    let within = |key: &str| if at.is_empty() { key.to_owned() } else { format!("{at}.{key}") };
    match (there, here) {
        (Value::Object(there), Value::Object(here)) => {
            let keys = there.keys().chain(here.keys().filter(|key| !there.contains_key(*key)));
            for key in keys {
                let value = |of: &serde_json::Map<String, Value>| of.get(key).cloned();
                let [there, here] = [there, here].map(|of| value(of).unwrap_or(Value::Null));
                compare(&within(key), &there, &here, differences);
            }
        }
        (Value::Array(there), Value::Array(here)) if there.len() == here.len() => {
            for (i, (there, here)) in there.iter().zip(here).enumerate() {
                compare(&within(&i.to_string()), there, here, differences);
            }
        }
        _ if there != here => {
            differences.push(format!("  {at}: there {there}, here {here}"));
        }
        _ => (),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn differences_are_named_with_both_values() {
        let there = json!({"a": [1, {"b": 2}], "c": null, "d": [1]});
        let here = json!({"a": [1, {"b": 3}], "c": null, "d": [1, 2], "e": "x"});
        let mut found = Vec::new();
        compare("", &there, &here, &mut found);
        assert_eq!(
            found,
            [
                "  a.1.b: there 2, here 3",
                "  d: there [1], here [1,2]",
                "  e: there null, here \"x\""
            ]
        );
        found.clear();
        compare("", &there, &there, &mut found);
        assert!(found.is_empty());
    }
}
