//! The file: a header, a description, the table, and a checksum for each block of the table.
//!
//! All numbers are little-endian. Replace the file to change it; never write into it, for others may have mapped it.
//!
//! | bytes | |
//! |---|---|
//! | 0..8 | `SEEDBDIL` |
//! | 8..12 | version, 1 |
//! | 12..16 | 0: dense, ids are consecutive; 1: sparse, ids are listed |
//! | 16..24 | count n |
//! | 24..32 | the first id, where dense |
//! | 32..40 | bytes of the description, a JSON object, which follows the header |
//! | 40..48 | where the table begins, a multiple of 4096 |
//! | 48..56 | bytes of the whole file |
//! | 56..60 | CRC-32 of the description |
//! | 60..64 | CRC-32 of the list of checksums |
//! | 64..68 | CRC-32 of the 64 bytes before |
//!
//! The table is described in [`super::index`]. The CRC-32 of each of its blocks of 1 MiB follow it, 4 bytes each.

use std::ops::{Deref, Range};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use memmap2::Mmap;
use serde::{Deserialize, Serialize};

use super::StoreError;
use super::index::Layout;
use super::map::{self, Order};

pub(super) const MAGIC: &[u8; 8] = b"SEEDBDIL";
pub(super) const VERSION: u32 = 1;
/// Bytes of the header.
pub(super) const HEADER: usize = 68;
/// The table begins at a multiple of this: a page.
const PAGE: u64 = 4096;
/// Bytes of the table under one checksum.
const BLOCK: usize = 1 << 20;

/// What irreducible losses belong to, and where they come from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// Tells the data set from others; for example `ImageSet::fingerprint` of `seedbed-data`, or any hash of yours.
    pub fingerprint: u64,
    /// The data set's name.
    pub data_set: String,
    /// The reference model: its architecture, how long and on what it was trained.
    pub model: String,
}

/// The bytes of a table: in memory, or of a file.
#[derive(Debug)]
pub(super) enum Bytes {
    Owned(Vec<u8>),
    Mapped(Mmap),
}

impl Deref for Bytes {
    type Target = [u8];
    fn deref(&self) -> &[u8] {
        match self {
            Self::Owned(bytes) => bytes,
            Self::Mapped(map) => map,
        }
    }
}

impl Bytes {
    /// Reads all of them from front to back, which the system is told.
    pub(super) fn in_order<T>(&self, read: impl FnOnce(&[u8]) -> T) -> T {
        let expect = |order| {
            if let Self::Mapped(map) = self {
                map::expect(map, order);
            }
        };
        expect(Order::Sequential);
        let out = read(self);
        expect(Order::Random);
        out
    }
}

/// The header, read and checked.
#[derive(Debug)]
pub(super) struct Header {
    pub(super) layout: Layout,
    pub(super) origin: Origin,
    body: u64,
    checksums: u32,
    /// The blocks that were compared with their checksums, and at the end the list of these.
    compared: Vec<AtomicBool>,
}

impl Header {
    /// The header of a table with this layout; the checksum of the checksums comes with the [`bytes`](Self::bytes).
    pub(super) fn of(layout: Layout, origin: &Origin) -> Self {
        let description = Self::description(origin).len() as u64;
        let body = (HEADER as u64 + description).next_multiple_of(PAGE);
        Self { layout, origin: origin.clone(), body, checksums: 0, compared: Vec::new() }
    }

    fn description(origin: &Origin) -> Vec<u8> {
        serde_json::to_vec(origin).expect("strings and a number")
    }

    /// Where in the file the table lies.
    pub(super) fn body(&self) -> Range<usize> {
        self.body as usize..self.body as usize + self.layout.bytes()
    }

    /// Bytes of the whole file.
    fn file_len(&self) -> u64 {
        (self.body().end + 4 * self.blocks()) as u64
    }

    /// How many blocks have checksums.
    fn blocks(&self) -> usize {
        self.layout.bytes().div_ceil(BLOCK)
    }

    /// Everything before the table.
    pub(super) fn bytes(&self, checksums: &[u8]) -> Vec<u8> {
        let description = Self::description(&self.origin);
        let mut out = Vec::with_capacity(self.body as usize);
        out.extend_from_slice(MAGIC);
        out.extend_from_slice(&VERSION.to_le_bytes());
        out.extend_from_slice(&u32::from(self.layout.is_sparse()).to_le_bytes());
        out.extend_from_slice(&(self.layout.count as u64).to_le_bytes());
        out.extend_from_slice(&self.layout.first_id().to_le_bytes());
        out.extend_from_slice(&(description.len() as u64).to_le_bytes());
        out.extend_from_slice(&self.body.to_le_bytes());
        out.extend_from_slice(&self.file_len().to_le_bytes());
        out.extend_from_slice(&crc32fast::hash(&description).to_le_bytes());
        out.extend_from_slice(&crc32fast::hash(checksums).to_le_bytes());
        out.extend_from_slice(&crc32fast::hash(&out).to_le_bytes());
        out.extend_from_slice(&description);
        out.resize(self.body as usize, 0);
        out
    }

    /// Reads the header of a file.
    pub(super) fn read(file: &[u8], path: &Path) -> Result<Self, StoreError> {
        let path_buf = || path.to_owned();
        let damaged = |what: &str| StoreError::Damaged { path: path_buf(), what: what.into() };
        if !file.starts_with(MAGIC) {
            // A file cut within its first bytes is truncated, not another kind of file.
            if MAGIC.starts_with(file) && !file.is_empty() {
                let (expected, found) = (HEADER as u64, file.len() as u64);
                return Err(StoreError::Truncated { path: path_buf(), expected, found });
            }
            return Err(StoreError::NotAStore { path: path_buf() });
        }
        if file.len() < HEADER {
            let (expected, found) = (HEADER as u64, file.len() as u64);
            return Err(StoreError::Truncated { path: path_buf(), expected, found });
        }
        let version = u32_at(file, 8);
        if version != VERSION {
            let (found, supported) = (version, VERSION);
            return Err(StoreError::Version { path: path_buf(), found, supported });
        }
        if crc32fast::hash(&file[..64]) != u32_at(file, 64) {
            return Err(damaged("the header"));
        }
        let (expected, found) = (u64_at(file, 48), file.len() as u64);
        if expected != found {
            return Err(StoreError::Truncated { path: path_buf(), expected, found });
        }
        // Nothing can be longer than the file; so that no sum below overflows.
        let bounded = |at: usize| Some(u64_at(file, at)).filter(|&number| number <= found);
        let (Some(count), Some(length), Some(body)) = (bounded(16), bounded(32), bounded(40))
        else {
            return Err(damaged("the header"));
        };
        let description = file[HEADER..].get(..length as usize);
        let description = description.ok_or_else(|| damaged("the header"))?;
        if crc32fast::hash(description) != u32_at(file, 56) {
            return Err(damaged("the description"));
        }
        let origin = serde_json::from_slice(description).map_err(|_| damaged("the description"))?;
        let count = count as usize;
        let layout = match u32_at(file, 12) {
            0 => Layout::dense(u64_at(file, 24), count),
            1 => Layout::sparse(count),
            _ => return Err(damaged("the header")),
        };
        let compared = Vec::new();
        let mut header = Self { layout, origin, body, checksums: u32_at(file, 60), compared };
        if header.file_len() != found {
            return Err(damaged("the header"));
        }
        header.compared.resize_with(header.blocks() + 1, AtomicBool::default);
        Ok(header)
    }

    /// Compares the checksums of the blocks that a part of the table lies in, once each; names what is damaged.
    pub(super) fn compare(&self, file: &[u8], part: Range<usize>) -> Result<(), String> {
        let (body, list) = (self.body(), &file[self.body().end..]);
        let once = |at: usize, damaged: &dyn Fn() -> Option<String>| {
            if !self.compared[at].load(Ordering::Relaxed) {
                damaged().map_or(Ok(()), Err)?;
                self.compared[at].store(true, Ordering::Relaxed);
            }
            Ok(())
        };
        let blocks = self.blocks();
        once(blocks, &|| {
            let differs = crc32fast::hash(list) != self.checksums;
            differs.then(|| "the list of checksums".into())
        })?;
        (part.start / BLOCK..part.end.div_ceil(BLOCK)).try_for_each(|at| {
            once(at, &|| {
                let table = &file[body.clone()];
                let block = &table[at * BLOCK..table.len().min((at + 1) * BLOCK)];
                let differs = crc32fast::hash(block) != u32_at(list, 4 * at);
                differs.then(|| format!("block {at} of {blocks}"))
            })
        })
    }

    /// Compares every checksum, whether it was compared before or not.
    pub(super) fn verify(&self, file: &[u8], path: &Path) -> Result<(), StoreError> {
        self.compared.iter().for_each(|compared| compared.store(false, Ordering::Relaxed));
        let damaged = |what: String| StoreError::Damaged { path: path.to_owned(), what };
        self.compare(file, 0..self.layout.bytes()).map_err(damaged)
    }
}

/// The checksum of each block of a table.
pub(super) fn checksums(body: &[u8]) -> Vec<u8> {
    body.chunks(BLOCK).flat_map(|block| crc32fast::hash(block).to_le_bytes()).collect()
}

pub(super) fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(bytes[at..at + 4].try_into().expect("four bytes"))
}

pub(super) fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(bytes[at..at + 8].try_into().expect("eight bytes"))
}
