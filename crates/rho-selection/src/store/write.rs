use std::ffi::OsString;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use super::format::{Header, checksums};
use super::index::Layout;
use super::{Origin, StoreError};

/// Writes a table with its header and checksums to a temporary file beside `path`, syncs it, and renames it.
pub(super) fn write(
    path: &Path,
    layout: &Layout,
    body: &[u8],
    origin: &Origin,
) -> Result<(), StoreError> {
    let header = Header::of(layout.clone(), origin);
    let checksums = checksums(body);
    let temporary = temporary_name(path);
    let written = File::create(&temporary)
        .and_then(|mut out| {
            out.write_all(&header.bytes(&checksums))?;
            out.write_all(body)?;
            out.write_all(&checksums)?;
            out.sync_all()
        })
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

/// `.NAME.PROCESS.tmp` beside the file: on the same file system, hidden, and no other process's.
fn temporary_name(path: &Path) -> PathBuf {
    let mut name = OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(format!(".{}.tmp", std::process::id()));
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
