use std::fs;
use std::path::{Path, PathBuf};

use super::{Checkpoint, CheckpointError, Writer};

/// A directory of checkpoints, one a step, of which the last few are kept.
///
/// ```
/// use seedbed_autodiff::Tensor;
/// use seedbed_nn::checkpoint::{CheckpointDir, Writer};
/// # let temporary = tempfile::tempdir()?;
/// # let path = temporary.path().join("run");
/// let dir = CheckpointDir::open(&path, 2)?;
/// for step in [100, 200, 300] {
///     let mut writer = Writer::new();
///     writer.module("model", &Tensor::<f32>::full(&[4], step as f64));
///     dir.save(step, &writer)?;
/// }
/// let latest = dir.latest()?.expect("three were saved");
/// assert_eq!(latest.step, 300);
/// assert_eq!(dir.files()?.len(), 2);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct CheckpointDir {
    dir: PathBuf,
    keep: usize,
}

/// The newest checkpoint that can be read.
#[derive(Debug)]
pub struct Latest {
    /// Its step.
    pub step: u64,
    /// The checkpoint.
    pub checkpoint: Checkpoint,
    /// Why newer ones were passed over.
    pub skipped: Vec<CheckpointError>,
}

const EXTENSION: &str = ".safetensors";

impl CheckpointDir {
    /// The directory, made if it is not there, of which the newest `keep` checkpoints (at least one) are kept.
    ///
    /// # Errors
    /// If it cannot be made.
    pub fn open(dir: impl Into<PathBuf>, keep: usize) -> Result<Self, CheckpointError> {
        let dir = dir.into();
        fs::create_dir_all(&dir).map_err(CheckpointError::io(&dir, "make the directory"))?;
        Ok(Self { dir, keep: keep.max(1) })
    }

    /// The directory.
    pub fn path(&self) -> &Path {
        &self.dir
    }

    /// Writes `step-NUMBER.safetensors`, then removes those that are older than the newest few up to this step.
    ///
    /// # Errors
    /// If it cannot be written, or an old one cannot be removed.
    pub fn save(&self, step: u64, writer: &Writer) -> Result<PathBuf, CheckpointError> {
        let file = self.dir.join(format!("step-{step:012}{EXTENSION}"));
        writer.write(&file)?;
        // Later steps are of a run that was wound back, and may be why: they do not count.
        let old: Vec<_> = self.files()?.into_iter().filter(|(s, _)| *s <= step).collect();
        for (_, file) in &old[..old.len().saturating_sub(self.keep)] {
            fs::remove_file(file)
                .map_err(CheckpointError::io(file, "remove the old checkpoint"))?;
        }
        Ok(file)
    }

    /// The checkpoints with their steps, the oldest first; whether they can be read is not looked at.
    ///
    /// # Errors
    /// If the directory cannot be read.
    pub fn files(&self) -> Result<Vec<(u64, PathBuf)>, CheckpointError> {
        let error = || CheckpointError::io(&self.dir, "list it");
        let mut files = Vec::new();
        for entry in fs::read_dir(&self.dir).map_err(error())? {
            let entry = entry.map_err(error())?;
            let name = entry.file_name();
            let number =
                name.to_str().and_then(|n| n.strip_prefix("step-")?.strip_suffix(EXTENSION));
            if let Some(step) = number.and_then(|n| n.parse().ok()) {
                files.push((step, entry.path()));
            }
        }
        files.sort();
        Ok(files)
    }

    /// The newest checkpoint that can be read; `None` if there is no checkpoint at all.
    ///
    /// # Errors
    /// If there are some, but all are bad, or the directory cannot be read.
    pub fn latest(&self) -> Result<Option<Latest>, CheckpointError> {
        let files = self.files()?;
        let mut skipped = Vec::new();
        for (step, file) in files.iter().rev() {
            match Checkpoint::read(file) {
                Ok(checkpoint) => return Ok(Some(Latest { step: *step, checkpoint, skipped })),
                Err(error) => skipped.push(error),
            }
        }
        match skipped.into_iter().next() {
            None => Ok(None),
            Some(newest) => Err(CheckpointError::NoneGood {
                dir: self.dir.clone(),
                number: files.len(),
                newest: Box::new(newest),
            }),
        }
    }
}
