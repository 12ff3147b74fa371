use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};

use super::{Checkpoint, CheckpointError, Writer};
use crate::files;

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

/// A directory that belongs to one training, until this is dropped.
#[derive(Debug)]
#[must_use = "dropped at once, it locks nothing"]
pub struct DirLock {
    _file: File,
}

/// The newest checkpoint that can be read.
#[derive(Debug)]
pub struct Latest {
    /// Its step.
    pub step: u64,
    /// The checkpoint.
    pub checkpoint: Checkpoint,
    /// Why newer ones were passed over: damaged ones, copies of another step's, things that are no files.
    pub skipped: Vec<CheckpointError>,
}

const EXTENSION: &str = ".safetensors";

/// The file whose lock is the directory's.
const LOCK: &str = ".lock";

fn name_of(step: u64) -> String {
    format!("step-{step:012}{EXTENSION}")
}

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

    /// Locks the directory, against every other [`lock`](Self::lock) in this process and others, and removes the temporary files that
    /// killed processes left. The lock ends with the process, however that ends.
    ///
    /// A [`Trainer`](crate::train::Trainer) does this by itself; a loop of one's own should, for two that go on with one run would
    /// write over each other's files.
    ///
    /// # Errors
    /// [`CheckpointError::Locked`] if it is locked already; what the operating system says.
    pub fn lock(&self) -> Result<DirLock, CheckpointError> {
        let path = self.dir.join(LOCK);
        let error = || CheckpointError::io(&path, "lock it");
        if let Ok(there) = fs::symlink_metadata(&path) {
            files::check_regular(&there).map_err(error())?;
        }
        let mut options = File::options();
        let file = (options.read(true).write(true).create(true).truncate(false).open(&path))
            .map_err(error())?;
        // A file system without locks has none to take.
        if matches!(file.try_lock(), Err(TryLockError::WouldBlock)) {
            return Err(CheckpointError::Locked { dir: self.dir.clone() });
        }
        files::remove_temporaries(&self.dir)
            .map_err(CheckpointError::io(&self.dir, "remove old temporary files"))?;
        Ok(DirLock { _file: file })
    }

    /// Writes `step-NUMBER.safetensors`, then removes those that are older than the newest few up to this step.
    ///
    /// # Errors
    /// If it cannot be written, or an old one cannot be removed.
    pub fn save(&self, step: u64, writer: &Writer) -> Result<PathBuf, CheckpointError> {
        let file = self.dir.join(name_of(step));
        writer.write_as(&file, Some(step))?;
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
        let mut files = self.entries()?;
        files.retain(|(_, path)| fs::metadata(path).is_ok_and(|of| of.is_file()));
        Ok(files)
    }

    /// What is named as [`save`](Self::save) names its files, whether it is a file or not.
    fn entries(&self) -> Result<Vec<(u64, PathBuf)>, CheckpointError> {
        let error = || CheckpointError::io(&self.dir, "list it");
        let mut entries = Vec::new();
        for entry in fs::read_dir(&self.dir).map_err(error())? {
            let entry = entry.map_err(error())?;
            let name = entry.file_name();
            let number =
                name.to_str().and_then(|n| n.strip_prefix("step-")?.strip_suffix(EXTENSION));
            if let Some(step) = number.and_then(|n| n.parse().ok())
                && *name == *name_of(step)
            {
                entries.push((step, entry.path()));
            }
        }
        entries.sort();
        Ok(entries)
    }

    /// The newest checkpoint that can be read; `None` if there is no checkpoint at all.
    ///
    /// # Errors
    /// If there are some, but all are bad, or the directory cannot be read.
    pub fn latest(&self) -> Result<Option<Latest>, CheckpointError> {
        let files = self.entries()?;
        let mut skipped = Vec::new();
        for &(step, ref file) in files.iter().rev() {
            match Checkpoint::read(file) {
                Ok(checkpoint) => match checkpoint.step() {
                    Some(expected) if expected != step => {
                        let file = file.clone();
                        skipped.push(CheckpointError::OtherStep { file, found: step, expected });
                    }
                    _ => return Ok(Some(Latest { step, checkpoint, skipped })),
                },
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
