//! Irreducible losses that other programs computed: NPY, CSV and safetensors with the feature `import`; Parquet with the feature `parquet`.
//!
//! Ids may be left out; then the losses are those of the ids 0, 1, 2, …

#[cfg(feature = "import")]
mod csv;
#[cfg(feature = "import")]
mod npy;
#[cfg(any(feature = "import", feature = "parquet"))]
mod numbers;
#[cfg(feature = "parquet")]
mod parquet;
#[cfg(feature = "import")]
mod safetensors;

#[cfg(feature = "import")]
pub use csv::csv;
#[cfg(feature = "import")]
pub use npy::npy;
#[cfg(feature = "parquet")]
pub use parquet::parquet;
#[cfg(feature = "import")]
pub use safetensors::safetensors;

use std::fs::File;
#[cfg(feature = "import")]
use std::io::Read;
use std::path::Path;

use super::{IrreducibleLosses, StoreError};

/// The losses, by ids or in the order of 0, 1, 2, …
fn losses_of(
    path: &Path,
    ids: Option<Vec<u64>>,
    losses: Vec<f32>,
) -> Result<IrreducibleLosses, StoreError> {
    let ids = ids.unwrap_or_else(|| (0..losses.len() as u64).collect());
    IrreducibleLosses::new(&ids, &losses)
        .map_err(|source| StoreError::Losses { path: path.to_owned(), source })
}

fn refuse<T>(path: &Path, what: impl Into<String>) -> Result<T, StoreError> {
    Err(StoreError::Import { path: path.to_owned(), what: what.into() })
}

/// Opens a regular file: a pipe would be waited for, and a device may have no end.
fn open(path: &Path) -> Result<File, StoreError> {
    super::regular(path, "read it")?;
    File::open(path).map_err(StoreError::io(path, "read it"))
}

/// All bytes of a regular file.
#[cfg(feature = "import")]
fn read(path: &Path) -> Result<Vec<u8>, StoreError> {
    let mut bytes = Vec::new();
    open(path)?.read_to_end(&mut bytes).map_err(StoreError::io(path, "read it"))?;
    Ok(bytes)
}

/// The position of a name that must be there, and once.
#[cfg(any(feature = "import", feature = "parquet"))]
fn named_once(path: &Path, what: &str, names: &[&str], wanted: &str) -> Result<usize, StoreError> {
    let mut found = (0..names.len()).filter(|&i| names[i] == wanted);
    match (found.next(), found.count()) {
        (None, _) => refuse(path, format!("has no {what} {wanted:?}, but {}", names.join(", "))),
        (Some(at), 0) => Ok(at),
        (Some(_), more) => {
            let times = more + 1;
            refuse(path, format!("has {times} {what}s {wanted:?}: which is meant cannot be told"))
        }
    }
}

/// How many numbers a shape of one column holds: n, n × 1 or 1 × n. `None` for any other.
#[cfg(feature = "import")]
fn one_column(shape: &[usize]) -> Option<usize> {
    let mut long = shape.iter().copied().filter(|&n| n != 1);
    match (shape.len(), long.next(), long.next()) {
        (0, ..) | (_, _, Some(_)) => None,
        (_, count, None) => Some(count.unwrap_or(1)),
    }
}
