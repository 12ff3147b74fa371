//! Irreducible losses for other programs; [`super::import`] reads all of these back.
//!
//! Files are replaced as [`IrreducibleLosses::save`] replaces its own: at every moment there is the old one or all of the new one.

use std::io::Write;
use std::path::Path;

#[cfg(feature = "import")]
use seedbed_data::npy::{self, Element};

use super::{IrreducibleLosses, StoreError, write};

/// `id,loss`, a line for each, in the order of ids. A loss has as many digits as give it back to the last bit.
///
/// # Errors
/// What the operating system says; or if the losses are from a file that is damaged.
pub fn csv(losses: &IrreducibleLosses, path: impl AsRef<Path>) -> Result<(), StoreError> {
    losses.verify()?;
    write::replace(path.as_ref(), |out| {
        let mut out = std::io::BufWriter::new(out);
        out.write_all(b"id,loss\n")?;
        let mut pairs = losses.stored.layout.iter(losses.body());
        pairs.try_for_each(|(id, loss)| writeln!(out, "{id},{loss}"))?;
        out.flush()
    })
}

/// Two arrays of one dimension, as `numpy.load` reads them: losses as `<f4` and ids as `<u8`, in the order of ids.
///
/// # Errors
/// What the operating system says; or if the losses are from a file that is damaged.
#[cfg(feature = "import")]
pub fn npy(
    losses: &IrreducibleLosses,
    path: impl AsRef<Path>,
    ids: impl AsRef<Path>,
) -> Result<(), StoreError> {
    losses.verify()?;
    let pairs = || losses.stored.layout.iter(losses.body());
    let n = losses.len();
    array(path.as_ref(), n, pairs().map(|(_, loss)| loss))?;
    array(ids.as_ref(), n, pairs().map(|(id, _)| id))
}

#[cfg(feature = "import")]
fn array<T: Element>(
    path: &Path,
    count: usize,
    mut numbers: impl Iterator<Item = T>,
) -> Result<(), StoreError> {
    write::replace(path, |out| {
        let mut out = std::io::BufWriter::new(out);
        out.write_all(&npy::prefix(T::KIND, &[count]))?;
        numbers.try_for_each(|number| out.write_all(number.bytes().as_ref()))?;
        out.flush()
    })
}

/// The tensors `losses`, F32, and `ids`, U64, in the order of ids.
///
/// # Errors
/// What the operating system says; or if the losses are from a file that is damaged.
#[cfg(feature = "import")]
pub fn safetensors(losses: &IrreducibleLosses, path: impl AsRef<Path>) -> Result<(), StoreError> {
    use ::safetensors::Dtype;
    use ::safetensors::tensor::TensorView;
    losses.verify()?;
    let pairs = || losses.stored.layout.iter(losses.body());
    let values: Vec<u8> = pairs().flat_map(|(_, loss)| loss.to_le_bytes()).collect();
    let ids: Vec<u8> = pairs().flat_map(|(id, _)| id.to_le_bytes()).collect();
    let view = |kind, bytes| TensorView::new(kind, vec![losses.len()], bytes).expect("as many");
    let tensors = [("ids", view(Dtype::U64, &ids)), ("losses", view(Dtype::F32, &values))];
    let bytes = ::safetensors::serialize(tensors, None).expect("two names and two views");
    write::replace(path.as_ref(), |out| out.write_all(&bytes))
}
