use std::path::Path;

use ::parquet::file::reader::{FileReader, SerializedFileReader};
use ::parquet::record::Field;
use ::parquet::schema::types::Type;

use super::{losses_of, refuse};
use crate::{IrreducibleLosses, StoreError};

/// Losses and ids from two columns of a Parquet file (plain or Snappy-compressed). Other columns are not read.
///
/// # Errors
/// If the file cannot be read, a column is missing or has another type, a value is null, an id is negative or given twice, or a loss
/// is not finite.
pub fn parquet(
    path: impl AsRef<Path>,
    id: &str,
    loss: &str,
) -> Result<IrreducibleLosses, StoreError> {
    let path = path.as_ref();
    let file = std::fs::File::open(path).map_err(StoreError::io(path, "open it"))?;
    let wrong = |error: ::parquet::errors::ParquetError| StoreError::Import {
        path: path.to_owned(),
        what: format!("cannot be read as Parquet: {error}"),
    };
    let reader = SerializedFileReader::new(file).map_err(wrong)?;
    let schema = reader.metadata().file_metadata().schema().clone();
    let column = |name: &str| match schema.get_fields().iter().find(|field| field.name() == name) {
        Some(field) => Ok(field.clone()),
        None => {
            let known: Vec<&str> = schema.get_fields().iter().map(|f| f.name()).collect();
            refuse(path, format!("has no column {name:?}, but {}", known.join(", ")))
        }
    };
    let columns = vec![column(id)?, column(loss)?];
    let projection = Type::group_type_builder(schema.name()).with_fields(columns).build();
    let rows = reader.get_row_iter(Some(projection.map_err(wrong)?)).map_err(wrong)?;
    let (mut ids, mut losses) = (Vec::new(), Vec::new());
    for (at, row) in rows.enumerate() {
        let row = row.map_err(wrong)?;
        for (name, field) in row.get_column_iter() {
            let bad = |right| refuse(path, format!("row {at}: {name} is {field}, must be {right}"));
            if name == id {
                match whole(field) {
                    Some(number) => ids.push(number),
                    None => return bad("a whole number, at least 0"),
                }
            }
            if name == loss {
                match float(field) {
                    Some(number) => losses.push(number),
                    None => return bad("a float"),
                }
            }
        }
    }
    losses_of(path, Some(ids), losses)
}

fn whole(field: &Field) -> Option<u64> {
    match *field {
        Field::ULong(n) => Some(n),
        Field::UInt(n) => Some(n.into()),
        Field::Long(n) => n.try_into().ok(),
        Field::Int(n) => n.try_into().ok(),
        _ => None,
    }
}

fn float(field: &Field) -> Option<f32> {
    match *field {
        Field::Float(x) => Some(x),
        Field::Double(x) => Some(x as f32),
        _ => None,
    }
}
