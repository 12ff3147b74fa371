use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::format::{Header, checksums};
use super::index::Layout;
use super::{Origin, StoreError};

/// Writes a table with its header and checksums.
pub(super) fn table(
    path: &Path,
    layout: &Layout,
    body: &[u8],
    origin: &Origin,
) -> Result<(), StoreError> {
    let header = Header::of(layout.clone(), origin);
    let checksums = checksums(body);
    replace(path, |out| {
        out.write_all(&header.bytes(&checksums))?;
        out.write_all(body)?;
        out.write_all(&checksums)
    })
}

/// Replaces a file: `fill` writes to a temporary one beside it, which is synced and renamed.
///
/// There is one temporary name for each path. Who writes to it holds a lock on it, and others wait; the system gives the lock back when a process ends,
/// and what one that was killed has left is written over.
pub(super) fn replace(
    path: &Path,
    fill: impl FnOnce(&mut File) -> io::Result<()>,
) -> Result<(), StoreError> {
    let temporary = temporary_name(path);
    // Open, and with it locked, until it has its name.
    let mut out = locked(&temporary).map_err(StoreError::io(&temporary, "create it"))?;
    let written = out
        .set_len(0)
        .and_then(|()| fill(&mut out))
        .and_then(|()| out.sync_all())
        .map_err(StoreError::io(&temporary, "write to it"))
        .and_then(|()| {
            fs::rename(&temporary, path).map_err(StoreError::io(path, "move the new one here"))
        });
    if written.is_err() {
        // The old file is untouched; what there is of the new one is of no use. That this may fail too changes nothing.
        let _ = fs::remove_file(&temporary);
    }
    written?;
    sync_directory_of(path)
}

/// The temporary file, of which nobody else holds the lock.
fn locked(temporary: &Path) -> io::Result<File> {
    loop {
        // A link would be followed, and a pipe waited for: neither is a left-over of ours.
        if fs::symlink_metadata(temporary).is_ok_and(|found| !found.is_file()) {
            fs::remove_file(temporary)?;
        }
        // Emptied only under the lock.
        let out = File::options().write(true).create(true).truncate(false).open(temporary)?;
        match out.lock() {
            Err(error) if error.kind() == io::ErrorKind::Unsupported => {}
            locked => locked?,
        }
        // One who held the lock until now has moved the file to its place, or removed it.
        if lies_at(&out, temporary) {
            return Ok(out);
        }
    }
}

/// Whether an open file is the one that a path names.
#[cfg(unix)]
fn lies_at(open: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    let place = |of: io::Result<fs::Metadata>| of.map(|of| (of.dev(), of.ino())).ok();
    let here = place(open.metadata());
    here.is_some() && here == place(fs::symlink_metadata(path))
}

/// Whether an open file is the one that a path names: here nobody can move one that is open.
#[cfg(not(unix))]
fn lies_at(_: &File, _: &Path) -> bool {
    true
}

/// `.NAME.tmp` beside the file: on the same file system, and hidden.
fn temporary_name(path: &Path) -> PathBuf {
    let mut name = OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(".tmp");
    path.with_file_name(name)
}

/// Makes the renaming outlive a power cut.
fn sync_directory_of(path: &Path) -> Result<(), StoreError> {
    if cfg!(unix) {
        let parent = path.parent().filter(|dir| !dir.as_os_str().is_empty());
        let dir = parent.unwrap_or(Path::new("."));
        let synced = File::open(dir).and_then(|dir| dir.sync_all());
        synced.map_err(StoreError::io(dir, "sync the directory"))?;
    }
    Ok(())
}
