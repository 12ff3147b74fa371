//! Irreducible losses that other programs computed: NPY always; CSV and safetensors with the feature `import`; Parquet with the feature `parquet`.
//!
//! Ids may be left out; then the losses are those of the ids 0, 1, 2, …

#[cfg(feature = "import")]
mod csv;
mod npy;
mod numbers;
#[cfg(feature = "parquet")]
mod parquet;
#[cfg(feature = "import")]
mod safetensors;

#[cfg(feature = "import")]
pub use csv::csv;
pub use npy::npy;
#[cfg(feature = "parquet")]
pub use parquet::parquet;
#[cfg(feature = "import")]
pub use safetensors::safetensors;

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
