use std::path::Path;

use ::safetensors::tensor::TensorView;
use ::safetensors::{Dtype, SafeTensors};

use super::numbers::{Kind, no_ids, no_losses};
use super::{losses_of, named_once, one_column, read, refuse};
use crate::{IrreducibleLosses, StoreError};

/// Losses from a tensor of a safetensors file, with ids from another of the same length in it: floats of 16 (either kind), 32 or 64 bits, whole numbers of
/// 8 to 64, in one dimension or as a column `[n, 1]`.
///
/// # Errors
/// If the file cannot be read, a tensor is missing, comes twice, has another type or more than one dimension, the lengths differ, an id is negative or
/// given twice, or a loss is not finite.
pub fn safetensors(
    path: impl AsRef<Path>,
    losses: &str,
    ids: Option<&str>,
) -> Result<IrreducibleLosses, StoreError> {
    let path = path.as_ref();
    let bytes = read(path)?;
    let file = match SafeTensors::deserialize(&bytes) {
        Ok(file) => file,
        Err(error) => return refuse(path, format!("is no safetensors file: {error}")),
    };
    let names = names(&bytes).or_else(|what| refuse(path, what))?;
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let vector = |name: &str| {
        named_once(path, "tensor", &names, name)?;
        vector(&file, name).or_else(|what| refuse(path, what))
    };
    let (kind, data) = vector(losses)?;
    let Some(numbers) = kind.losses(data) else {
        return refuse(path, format!("{losses:?} {}", no_losses(kind)));
    };
    let ids = match ids {
        None => None,
        Some(name) => {
            let (kind, data) = vector(name)?;
            let bad = |bad| refuse(path, format!("{name:?}: {}", no_ids(kind, &bad)));
            Some(kind.ids(data).or_else(bad)?)
        }
    };
    losses_of(path, ids, numbers)
}

/// The names in the header, as often as they stand there: a map would keep the last of two alike.
fn names(file: &[u8]) -> Result<Vec<String>, String> {
    use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
    struct Names;
    impl<'de> Visitor<'de> for Names {
        type Value = Vec<String>;
        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("an object")
        }
        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Vec<String>, A::Error> {
            let mut names = Vec::new();
            while let Some((name, IgnoredAny)) = map.next_entry::<String, IgnoredAny>()? {
                if name != "__metadata__" {
                    names.push(name);
                }
            }
            Ok(names)
        }
    }
    let header = file
        .split_first_chunk::<8>()
        .and_then(|(length, rest)| rest.get(..usize::try_from(u64::from_le_bytes(*length)).ok()?));
    let header = header.ok_or("is no safetensors file: the header is cut off")?;
    let names = serde_json::Deserializer::from_slice(header).deserialize_map(Names);
    names.map_err(|error| format!("is no safetensors file: {error}"))
}

/// A tensor of one dimension.
fn vector<'a>(file: &SafeTensors<'a>, name: &str) -> Result<(Kind, &'a [u8]), String> {
    let tensor: TensorView<'a> = file.tensor(name).map_err(|error| error.to_string())?;
    if one_column(tensor.shape()).is_none() {
        return Err(format!(
            "{name:?} has the shape {:?}, must have one dimension",
            tensor.shape()
        ));
    }
    let kind = match tensor.dtype() {
        Dtype::F16 => Kind::F16,
        Dtype::BF16 => Kind::BF16,
        Dtype::F32 => Kind::F32,
        Dtype::F64 => Kind::F64,
        Dtype::I8 => Kind::I8,
        Dtype::I16 => Kind::I16,
        Dtype::I32 => Kind::I32,
        Dtype::I64 => Kind::I64,
        Dtype::U8 => Kind::U8,
        Dtype::U16 => Kind::U16,
        Dtype::U32 => Kind::U32,
        Dtype::U64 => Kind::U64,
        other => {
            return Err(format!(
                "{name:?} holds {other:?}, must hold floats of 16 to 64 bits or whole numbers"
            ));
        }
    };
    Ok((kind, tensor.data()))
}
