//! Irreducible losses for other programs; [`super::import`] reads all of these back.
//!
//! Files are replaced as [`IrreducibleLosses::save`] replaces its own: at every moment there is the old one or all of the new one.

use std::io::Write;
use std::path::Path;

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
pub fn npy(
    losses: &IrreducibleLosses,
    path: impl AsRef<Path>,
    ids: impl AsRef<Path>,
) -> Result<(), StoreError> {
    losses.verify()?;
    let pairs = || losses.stored.layout.iter(losses.body());
    let n = losses.len();
    array(path.as_ref(), "<f4", n, pairs().map(|(_, loss)| loss.to_le_bytes()))?;
    array(ids.as_ref(), "<u8", n, pairs().map(|(id, _)| id.to_le_bytes()))
}

fn array<const N: usize>(
    path: &Path,
    kind: &str,
    count: usize,
    mut numbers: impl Iterator<Item = [u8; N]>,
) -> Result<(), StoreError> {
    let header = format!("{{'descr': '{kind}', 'fortran_order': False, 'shape': ({count},), }}");
    // The numbers begin at a multiple of 64; the header ends with a line break.
    let length = (10 + header.len() + 1).next_multiple_of(64) - 10;
    let header = format!("{header:<width$}\n", width = length - 1);
    write::replace(path, |out| {
        let mut out = std::io::BufWriter::new(out);
        out.write_all(b"\x93NUMPY\x01\x00")?;
        out.write_all(&(length as u16).to_le_bytes())?;
        out.write_all(header.as_bytes())?;
        numbers.try_for_each(|number| out.write_all(&number))?;
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
