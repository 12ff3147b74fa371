//! Files that are read or written as a whole: what stands at their path is a regular file or nothing.
//!
//! ```
//! # let dir = tempfile::tempdir()?;
//! # let file = dir.path().join("tokens.npy");
//! seedbed_nn::files::write(&file, b"all of it")?;
//! assert_eq!(std::fs::read(&file)?, b"all of it");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::ffi::OsString;
use std::fs::{self, File, Metadata, TryLockError};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use crate::checkpoint::CheckpointError;

/// The contents of a regular file. Opening a pipe would wait for somebody to write into it.
pub(crate) fn read(file: &Path) -> io::Result<Vec<u8>> {
    check_regular(&fs::metadata(file)?)?;
    fs::read(file)
}

/// An error for what is neither a file nor a link to one.
pub(crate) fn check_regular(of: &Metadata) -> io::Result<()> {
    match of.is_file() {
        true => Ok(()),
        false => Err(io::Error::new(io::ErrorKind::InvalidInput, "it is not a regular file")),
    }
}

/// Writes a file so that at every moment its path has either what it had before or all of this.
///
/// The bytes go to a temporary file in the same directory, which is synced and then renamed; then the directory is synced. If
/// that fails, the temporary file is removed; that of a process that was killed is written over next time.
///
/// # Errors
/// What the operating system says, or [`CheckpointError::Busy`] if another process is writing to the same path.
pub fn write(file: impl AsRef<Path>, bytes: &[u8]) -> Result<(), CheckpointError> {
    let file = file.as_ref();
    let temporary = temporary_name(file);
    let mut out = open_temporary(&temporary)?;
    let moved = (out.set_len(0).and_then(|()| out.write_all(bytes)).and_then(|()| out.sync_all()))
        .map_err(CheckpointError::io(&temporary, "write to it"))
        .and_then(|()| {
            fs::rename(&temporary, file).map_err(CheckpointError::io(file, "move the new one here"))
        });
    if moved.is_err() {
        // Still locked, so that it is nobody else's. The first error is the one to tell.
        let _ = fs::remove_file(&temporary);
    }
    moved?;
    sync_directory_of(file)
}

/// The temporary file, locked, with whatever a killed process left in it.
fn open_temporary(path: &Path) -> Result<File, CheckpointError> {
    if fs::symlink_metadata(path).is_ok_and(|there| !is_plain(&there)) {
        // A link or a pipe: what is written must not go through it.
        fs::remove_file(path).map_err(CheckpointError::io(path, "remove what stands there"))?;
    }
    // Emptied only under the lock.
    let mut options = File::options();
    let out = (options.write(true).create(true).truncate(false).open(path))
        .map_err(CheckpointError::io(path, "create it"))?;
    // One who held the lock until now has moved the file to its place: what is locked then is no longer the temporary file.
    if matches!(out.try_lock(), Err(TryLockError::WouldBlock)) || !lies_at(&out, path) {
        return Err(CheckpointError::Busy { file: path.into() });
    }
    Ok(out)
}

/// Removes the temporary files in a directory that nobody is writing; called by the one who holds the directory's lock.
pub(crate) fn remove_temporaries(dir: &Path) -> io::Result<()> {
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        let name = entry.file_name();
        let is_temporary = name
            .to_str()
            .and_then(|n| n.strip_prefix('.')?.strip_suffix(".tmp"))
            .is_some_and(|n| n.ends_with(".safetensors") || n == "metrics.jsonl");
        if is_temporary
            && entry.file_type()?.is_file()
            && let Ok(_locked) = open_temporary(&entry.path())
        {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

/// A regular file of one name.
#[cfg(unix)]
fn is_plain(of: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    of.is_file() && of.nlink() == 1
}

/// A regular file.
#[cfg(not(unix))]
fn is_plain(of: &Metadata) -> bool {
    of.is_file()
}

/// Whether an open file is the plain one that a path names.
#[cfg(unix)]
fn lies_at(open: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    match (open.metadata(), fs::symlink_metadata(path)) {
        (Ok(open), Ok(there)) => {
            is_plain(&there) && (open.dev(), open.ino()) == (there.dev(), there.ino())
        }
        _ => false,
    }
}

/// Whether an open file is the one that a path names: here nobody can move one that is open.
#[cfg(not(unix))]
fn lies_at(_: &File, _: &Path) -> bool {
    true
}

/// `.NAME.tmp` beside the file: on the same file system, and hidden.
fn temporary_name(file: &Path) -> PathBuf {
    let mut name = OsString::from(".");
    name.push(file.file_name().unwrap_or_default());
    name.push(".tmp");
    file.with_file_name(name)
}

/// Makes the renaming outlive a power cut.
fn sync_directory_of(file: &Path) -> Result<(), CheckpointError> {
    if cfg!(unix) {
        let dir = file.parent().filter(|d| !d.as_os_str().is_empty()).unwrap_or(Path::new("."));
        File::open(dir)
            .and_then(|d| d.sync_all())
            .map_err(CheckpointError::io(dir, "sync the directory"))?;
    }
    Ok(())
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_was_moved_away_is_not_written_to() {
        let dir = tempfile::tempdir().unwrap();
        let [here, there] = ["here", "there"].map(|name| dir.path().join(name));
        let open = File::create(&here).unwrap();
        assert!(lies_at(&open, &here));
        fs::rename(&here, &there).unwrap();
        assert!(!lies_at(&open, &here) && lies_at(&open, &there));
        File::create(&here).unwrap();
        assert!(!lies_at(&open, &here));
    }

    #[test]
    fn links_in_the_temporary_files_place_are_not_written_through() {
        let dir = tempfile::tempdir().unwrap();
        let [file, temporary, victim] =
            ["x.bin", ".x.bin.tmp", "victim"].map(|name| dir.path().join(name));
        for link in [std::os::unix::fs::symlink, |a: &Path, b: &Path| fs::hard_link(a, b)] {
            fs::write(&victim, "precious").unwrap();
            link(&victim, &temporary).unwrap();
            write(&file, b"new").unwrap();
            assert_eq!(fs::read(&victim).unwrap(), b"precious");
            assert_eq!(fs::read(&file).unwrap(), b"new");
            assert!(!temporary.exists() && !fs::symlink_metadata(&file).unwrap().is_symlink());
            // And one that leads nowhere.
            fs::remove_file(&victim).unwrap();
        }
        std::os::unix::fs::symlink(&victim, &temporary).unwrap();
        write(&file, b"newer").unwrap();
        assert!(!victim.exists(), "nothing is made where the link leads");
        assert_eq!(fs::read(&file).unwrap(), b"newer");
    }

    #[test]
    fn a_pipe_in_the_temporary_files_place_does_not_hang() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("x.bin");
        let made = std::process::Command::new("mkfifo").arg(dir.path().join(".x.bin.tmp")).status();
        assert!(made.unwrap().success());
        write(&file, b"new").unwrap();
        assert_eq!(read(&file).unwrap(), b"new");
    }

    #[test]
    fn a_write_that_fails_leaves_no_temporary_file() {
        let dir = tempfile::tempdir().unwrap();
        // A directory in the file's place: the rename fails.
        let file = dir.path().join("taken");
        fs::create_dir_all(file.join("full")).unwrap();
        let error = write(&file, b"new").unwrap_err().to_string();
        assert!(error.contains("taken: cannot move the new one here: "), "{error}");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }
}
