//! Irreducible losses: by id, in memory or in a memory-mapped file, written here or imported.

mod change;
mod error;
pub mod export;
mod format;
#[cfg(any(feature = "import", feature = "parquet"))]
pub mod import;
mod index;
mod map;
mod write;

pub use error::StoreError;
pub use format::Origin;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::error::same_length;
use crate::{Example, SelectionError};
use format::{Bytes, Header};
use index::{Layout, Missed};

/// The irreducible loss of every training example, in nats, by its stable id.
///
/// It is computed once, by a model that was trained on a holdout set, and never updated (Mindermann et al. 2022,
/// approximation 2). Cheap to clone.
///
/// ```
/// use seedbed_rho_selection::{IrreducibleLosses, Origin};
/// # let dir = std::env::temp_dir().join(format!("il-doc-{}", std::process::id()));
/// # std::fs::create_dir_all(&dir)?;
/// let losses = IrreducibleLosses::new(&[7, 9], &[0.5, 0.1])?;
/// assert_eq!(losses.of(&[9, 7, 9])?, [0.1, 0.5, 0.1]);
/// assert!(losses.of(&[8]).is_err());
///
/// // In a file, with what they belong to.
/// let origin = Origin { fingerprint: 0xfeed, data_set: "digits".into(), model: "MLP 784-512-10".into() };
/// let path = dir.join("digits.il");
/// losses.save(&path, &origin)?;
/// let mapped = IrreducibleLosses::open_for(&path, 0xfeed)?;
/// assert_eq!(mapped.of(&[7])?, [0.5]);
/// assert!(IrreducibleLosses::open_for(&path, 0xbeef).is_err());
/// # std::fs::remove_dir_all(&dir)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct IrreducibleLosses {
    stored: Arc<Stored>,
    /// What an unknown id has.
    default: Option<f32>,
}

#[derive(Debug)]
struct Stored {
    layout: Layout,
    /// The whole file where there is one, else the table alone.
    bytes: Bytes,
    /// Where in `bytes` the table lies.
    body: std::ops::Range<usize>,
    file: Option<(PathBuf, Header)>,
}

impl Default for IrreducibleLosses {
    /// None at all: for scores that need none.
    fn default() -> Self {
        Self::new(&[], &[]).expect("nothing that could be wrong")
    }
}

impl IrreducibleLosses {
    /// The losses of these ids, in nats.
    ///
    /// # Errors
    /// If the lengths differ, an id is given twice, or a loss is not finite.
    pub fn new(ids: &[u64], losses: &[f32]) -> Result<Self, SelectionError> {
        same_length(("ids", ids.len()), ("irreducible losses", losses.len()))?;
        if let Some(i) = losses.iter().position(|loss| !loss.is_finite()) {
            let (what, value) = ("irreducible loss", losses[i]);
            return Err(SelectionError::NotFinite { what, example: Example::Id(ids[i]), value });
        }
        let (layout, body) = index::build(ids, losses)?;
        let range = 0..body.len();
        Ok(Self::of_stored(Stored { layout, bytes: Bytes::Owned(body), body: range, file: None }))
    }

    /// The losses in a file that [`save`](Self::save) wrote. The file is mapped into memory, not read: this takes a moment at any size, and
    /// pages are loaded one by one as they are looked at (the system may drop them again). So nobody may write into the file while it is open: to change it, write another and
    /// rename it, as [`save`](Self::save) does.
    ///
    /// The header is checked, and the length, which finds a truncated file. The numbers are compared with their checksums when they are first looked at,
    /// in blocks of 1 MiB: a loss with one flipped bit is another loss, a thousandth more or 10³⁸ times as much, that would decide without a word
    /// which examples are chosen. [`verify`](Self::verify) compares all of them at once, before a training starts.
    ///
    /// # Errors
    /// If the file cannot be opened, is none of these, was written by a newer version, or is truncated or otherwise damaged.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        let path = path.as_ref();
        let map = map::open(path)?;
        let header = Header::read(&map, path)?;
        let (body, layout) = (header.body(), header.layout.clone());
        let file = Some((path.to_owned(), header));
        Ok(Self::of_stored(Stored { layout, bytes: Bytes::Mapped(map), body, file }))
    }

    /// As [`open`](Self::open), for the data set with this fingerprint.
    ///
    /// # Errors
    /// As [`open`](Self::open); or if the losses are those of another data set.
    pub fn open_for(path: impl AsRef<Path>, fingerprint: u64) -> Result<Self, StoreError> {
        let losses = Self::open(path)?;
        let (path, header) = losses.stored.file.as_ref().expect("just opened");
        if header.origin.fingerprint != fingerprint {
            return Err(StoreError::WrongDataSet {
                path: path.clone(),
                expected: fingerprint,
                found: header.origin.fingerprint,
                data_set: header.origin.data_set.clone(),
            });
        }
        Ok(losses)
    }

    /// Writes the losses to a file, so that at every moment the path has either what it had before or all of this. Those who save to one path at
    /// the same time, threads or processes, wait for each other. One that is killed leaves `.NAME.tmp` beside the file, which the next save takes over.
    ///
    /// The default of unknown ids is not saved.
    ///
    /// # Errors
    /// What the operating system says; or if the losses are from a file that is damaged.
    pub fn save(&self, path: impl AsRef<Path>, origin: &Origin) -> Result<(), StoreError> {
        self.verify()?;
        write::table(path.as_ref(), &self.stored.layout, self.body(), origin)
    }

    /// Reads the whole file and compares its checksums.
    ///
    /// # Errors
    /// If a block is damaged. Losses that were never in a file are always right.
    pub fn verify(&self) -> Result<(), StoreError> {
        match &self.stored.file {
            Some((path, header)) => self.stored.bytes.in_order(|file| header.verify(file, path)),
            None => Ok(()),
        }
    }

    /// What the losses belong to, if they are from a file.
    pub fn origin(&self) -> Option<&Origin> {
        self.stored.file.as_ref().map(|(_, header)| &header.origin)
    }

    /// The losses of the given ids, in their order; of an unknown id the [default](Self::with_default).
    ///
    /// # Errors
    /// If an id has none and there is no default; or, in a file that was damaged, if a checksum differs or a loss is not finite.
    pub fn of(&self, ids: &[u64]) -> Result<Vec<f32>, SelectionError> {
        let check = |part| match &self.stored.file {
            Some((_, header)) => header.compare(&self.stored.bytes, part),
            None => Ok(()),
        };
        let losses = self.stored.layout.look_up(self.body(), ids, self.default, check);
        let losses = losses.map_err(|missed| match missed {
            Missed::Unknown(id) => SelectionError::MissingId { id, known: self.len() },
            Missed::Damaged(what) => self.damaged(what),
        })?;
        match losses.iter().position(|loss| !loss.is_finite()) {
            None => Ok(losses),
            Some(i) => Err(SelectionError::NotFinite {
                what: "irreducible loss",
                example: Example::Id(ids[i]),
                value: losses[i],
            }),
        }
    }

    /// How many examples have one.
    pub fn len(&self) -> usize {
        self.stored.layout.count
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn of_stored(stored: Stored) -> Self {
        Self { stored: Arc::new(stored), default: None }
    }

    fn body(&self) -> &[u8] {
        &self.stored.bytes[self.stored.body.clone()]
    }

    fn damaged(&self, what: String) -> SelectionError {
        let file = self.stored.file.as_ref();
        let file = file.map(|(path, _)| path.display().to_string()).unwrap_or_default();
        SelectionError::Damaged { file, what }
    }
}

/// Refuses what is no regular file: to open a pipe is to wait for its other end.
fn regular(path: &Path, doing: &'static str) -> Result<(), StoreError> {
    let found = std::fs::metadata(path).map_err(StoreError::io(path, doing))?;
    match found.is_file() {
        true => Ok(()),
        false => Err(StoreError::NotAFile { path: path.to_owned() }),
    }
}
