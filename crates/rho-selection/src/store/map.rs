//! The one place where a file is mapped into memory, and where the system is told how it will be read.

use std::fs::File;
use std::path::Path;

use memmap2::Mmap;

use super::StoreError;

/// The file's bytes, loaded page by page when they are looked at, in any order.
#[expect(unsafe_code, reason = "mapping a file is unsafe everywhere: others may change it")]
pub(super) fn open(path: &Path) -> Result<Mmap, StoreError> {
    super::regular(path, "open it")?;
    let file = File::open(path).map_err(StoreError::io(path, "open it"))?;
    // SAFETY: a mapping is sound as long as nobody changes the file in place. `super::write` never does: it renames a new
    // file over the old, whose pages the mapping keeps. Against other programs there is no protection; the documentation of the file format tells
    // them to replace the file too. The bytes are only ever read as numbers, for which every bit pattern is valid.
    let map = unsafe { Mmap::map(&file) }.map_err(StoreError::io(path, "map it into memory"))?;
    expect(&map, Order::Random);
    Ok(map)
}

/// What is read after what.
#[derive(Clone, Copy, Debug)]
pub(super) enum Order {
    /// A page here, a page there: those beside it are not read along, which would cost time and memory for nothing.
    Random,
    /// From front to back: what follows is read ahead.
    Sequential,
}

/// Tells the system in which order pages will be looked at. It is a hint: where it is not taken, everything is as right, and slower.
pub(super) fn expect(map: &Mmap, order: Order) {
    #[cfg(unix)]
    {
        let advice = match order {
            Order::Random => memmap2::Advice::Random,
            Order::Sequential => memmap2::Advice::Sequential,
        };
        let _ = map.advise(advice);
    }
    #[cfg(not(unix))]
    let _ = (map, order);
}
