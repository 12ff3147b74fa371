//! Irreducible losses: by id, in memory or in a memory-mapped file, written here or imported.

mod error;
mod format;
pub mod import;
mod index;
mod map;
mod write;

pub use error::StoreError;
pub use format::Origin;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::SelectionError;
use crate::error::same_length;
use format::{Bytes, Header};
use index::Layout;

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
pub struct IrreducibleLosses(Arc<Stored>);

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
            return Err(SelectionError::NotFinite { what, id: ids[i], value });
        }
        let (layout, body) = index::build(ids, losses)?;
        let range = 0..body.len();
        Ok(Self(Arc::new(Stored { layout, bytes: Bytes::Owned(body), body: range, file: None })))
    }

    /// The losses in a file that [`save`](Self::save) wrote. The file is mapped into memory, not read: this takes a moment at any size, and
    /// pages are loaded one by one as they are looked at (the system may drop them again). So nobody may write into the file while it is open: to change it, write another and
    /// rename it, as [`save`](Self::save) does.
    ///
    /// The header is checked, and the length, which finds a truncated file. The numbers are not: see [`verify`](Self::verify).
    ///
    /// # Errors
    /// If the file cannot be opened, is none of these, was written by a newer version, or is truncated or otherwise damaged.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        let path = path.as_ref();
        let map = map::open(path)?;
        let header = Header::read(&map, path)?;
        let (body, layout) = (header.body(), header.layout.clone());
        let file = Some((path.to_owned(), header));
        Ok(Self(Arc::new(Stored { layout, bytes: Bytes::Mapped(map), body, file })))
    }

    /// As [`open`](Self::open), for the data set with this fingerprint.
    ///
    /// # Errors
    /// As [`open`](Self::open); or if the losses are those of another data set.
    pub fn open_for(path: impl AsRef<Path>, fingerprint: u64) -> Result<Self, StoreError> {
        let losses = Self::open(path)?;
        let (path, header) = losses.0.file.as_ref().expect("just opened");
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

    /// Writes the losses to a file, so that at every moment the path has either what it had before or all of this.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn save(&self, path: impl AsRef<Path>, origin: &Origin) -> Result<(), StoreError> {
        write::write(path.as_ref(), &self.0.layout, self.body(), origin)
    }

    /// Reads the whole file and compares its checksums.
    ///
    /// # Errors
    /// If a block is damaged. Losses that were never in a file are always right.
    pub fn verify(&self) -> Result<(), StoreError> {
        match &self.0.file {
            Some((path, header)) => {
                self.0.bytes.in_order(|file| header.verify(self.body(), file, path))
            }
            None => Ok(()),
        }
    }

    /// What the losses belong to, if they are from a file.
    pub fn origin(&self) -> Option<&Origin> {
        self.0.file.as_ref().map(|(_, header)| &header.origin)
    }

    /// The losses of the given ids, in their order.
    ///
    /// # Errors
    /// If an id has none, or (in a file that was damaged) it is not finite.
    pub fn of(&self, ids: &[u64]) -> Result<Vec<f32>, SelectionError> {
        let losses = self.0.layout.look_up(self.body(), ids);
        let losses = losses.map_err(|id| SelectionError::MissingId { id, known: self.len() })?;
        match losses.iter().position(|loss| !loss.is_finite()) {
            None => Ok(losses),
            Some(i) => Err(SelectionError::NotFinite {
                what: "irreducible loss",
                id: ids[i],
                value: losses[i],
            }),
        }
    }

    /// How many examples have one.
    pub fn len(&self) -> usize {
        self.0.layout.count
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn body(&self) -> &[u8] {
        &self.0.bytes[self.0.body.clone()]
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
