use std::path::Path;

use ::safetensors::tensor::TensorView;
use ::safetensors::{Dtype, SafeTensors};

use super::numbers::{Kind, no_ids};
use super::{losses_of, refuse};
use crate::{IrreducibleLosses, StoreError};

/// Losses from a tensor of a safetensors file, with ids from another of the same length in it.
///
/// # Errors
/// If the file cannot be read, a tensor is missing, has another type or more than one dimension, the lengths differ, an id is negative or
/// given twice, or a loss is not finite.
pub fn safetensors(
    path: impl AsRef<Path>,
    losses: &str,
    ids: Option<&str>,
) -> Result<IrreducibleLosses, StoreError> {
    let path = path.as_ref();
    let bytes = std::fs::read(path).map_err(StoreError::io(path, "read it"))?;
    let file = match SafeTensors::deserialize(&bytes) {
        Ok(file) => file,
        Err(error) => return refuse(path, format!("is no safetensors file: {error}")),
    };
    let (kind, data) = vector(&file, losses).or_else(|what| refuse(path, what))?;
    let Some(numbers) = kind.losses(data) else {
        return refuse(path, format!("{losses:?} holds {kind:?}, losses must be F32 or F64"));
    };
    let ids = match ids {
        None => None,
        Some(name) => {
            let (kind, data) = vector(&file, name).or_else(|what| refuse(path, what))?;
            match kind.ids(data) {
                Ok(ids) => Some(ids),
                Err(negative) => return refuse(path, format!("{name:?}: {}", no_ids(negative))),
            }
        }
    };
    losses_of(path, ids, numbers)
}

/// A tensor of one dimension.
fn vector<'a>(file: &SafeTensors<'a>, name: &str) -> Result<(Kind, &'a [u8]), String> {
    let tensor: TensorView<'a> = match file.tensor(name) {
        Ok(tensor) => tensor,
        Err(_) => return Err(format!("has no tensor {name:?}, but {}", file.names().join(", "))),
    };
    if tensor.shape().len() != 1 {
        return Err(format!(
            "{name:?} has the shape {:?}, must have one dimension",
            tensor.shape()
        ));
    }
    let kind = match tensor.dtype() {
        Dtype::F32 => Kind::F32,
        Dtype::F64 => Kind::F64,
        Dtype::I32 => Kind::I32,
        Dtype::I64 => Kind::I64,
        Dtype::U32 => Kind::U32,
        Dtype::U64 => Kind::U64,
        other => {
            return Err(format!("{name:?} holds {other:?}, must hold numbers of 32 or 64 bits"));
        }
    };
    Ok((kind, tensor.data()))
}
