//! The one place where a file is mapped into memory.

use std::fs::File;
use std::path::Path;

use memmap2::Mmap;

use super::StoreError;

/// The file's bytes, loaded page by page when they are looked at.
pub(super) fn open(path: &Path) -> Result<Mmap, StoreError> {
    let file = File::open(path).map_err(StoreError::io(path, "open it"))?;
    // SAFETY: a mapping is sound as long as nobody changes the file in place. `super::write` never does: it renames a new
    // file over the old, whose pages the mapping keeps. Against other programs there is no protection; the documentation of the file format tells
    // them to replace the file too. The bytes are only ever read as numbers, for which every bit pattern is valid.
    unsafe { Mmap::map(&file) }.map_err(StoreError::io(path, "map it into memory"))
}
