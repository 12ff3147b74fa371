use std::path::Path;

use seedbed_data::npy::{self, Whole};

use super::numbers::{NoId, ids_of_signed, no_ids, no_losses};
use super::{losses_of, one_column, read, refuse};
use crate::{IrreducibleLosses, StoreError};

/// Losses from a NumPy file of n floats (`numpy.save`), with ids from a second one of n whole numbers: floats of 16, 32 or 64 bits, whole numbers of
/// 8 to 64, in either order of bytes, in one dimension or as a column `(n, 1)`.
///
/// # Errors
/// If a file cannot be read, is no NPY file of one dimension and a known type, the lengths differ, an id is negative or given twice,
/// or a loss is not finite.
pub fn npy(losses: impl AsRef<Path>, ids: Option<&Path>) -> Result<IrreducibleLosses, StoreError> {
    let path = losses.as_ref();
    let losses = with_column(path, |array| match array.kind().is_float() {
        true => Ok(array.to_f32()),
        false => Err(no_losses(array.kind())),
    })?;
    let whole = |array: &npy::Array<'_>| {
        let found = match array.whole() {
            None => Err(NoId { at: 0, value: None }),
            Some(Whole::Unsigned(ids)) => Ok(ids),
            Some(Whole::Signed(numbers)) => ids_of_signed(numbers.into_iter()),
        };
        found.map_err(|bad| no_ids(array.kind(), &bad))
    };
    let ids = ids.map(|ids| with_column(ids, whole)).transpose()?;
    losses_of(path, ids, losses)
}

/// What is made of the array in a file, if it is one column.
fn with_column<T>(
    path: &Path,
    f: impl FnOnce(&npy::Array<'_>) -> Result<T, String>,
) -> Result<T, StoreError> {
    let bytes = read(path)?;
    let array = npy::Array::parse(&bytes).or_else(|error| refuse(path, error.to_string()))?;
    if one_column(array.shape()).is_none() {
        let shape = npy::tuple(array.shape());
        return refuse(path, format!("has the shape {shape}, must have one dimension"));
    }
    f(&array).or_else(|what| refuse(path, what))
}
