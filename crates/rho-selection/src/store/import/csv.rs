use std::path::Path;

use super::{losses_of, named_once, refuse};
use crate::{IrreducibleLosses, StoreError};

/// Losses and ids from two columns of a CSV file with a line of names, such as `id,loss`. Other columns are left alone.
///
/// # Errors
/// If the file cannot be read, a column is missing or comes twice, a field is no number (the line is named), an id is given twice, or a loss
/// is not finite.
pub fn csv(path: impl AsRef<Path>, id: &str, loss: &str) -> Result<IrreducibleLosses, StoreError> {
    let path = path.as_ref();
    let file = std::fs::File::open(path).map_err(StoreError::io(path, "open it"))?;
    let mut reader = ::csv::ReaderBuilder::new().trim(::csv::Trim::All).from_reader(file);
    let wrong =
        |error: ::csv::Error| StoreError::Import { path: path.to_owned(), what: error.to_string() };
    let names = reader.headers().map_err(wrong)?.clone();
    let names: Vec<&str> = names.iter().collect();
    let (id, loss) =
        (named_once(path, "column", &names, id)?, named_once(path, "column", &names, loss)?);
    let (mut ids, mut losses) = (Vec::new(), Vec::new());
    let mut record = ::csv::StringRecord::new();
    while reader.read_record(&mut record).map_err(wrong)? {
        let line = record.position().map_or(0, ::csv::Position::line);
        let bad = |what: &str, field: &str, right: &str| {
            refuse(path, format!("line {line}: the {what} is {field:?}, must be {right}"))
        };
        match record[id].parse::<u64>() {
            Ok(number) => ids.push(number),
            Err(_) => return bad("id", &record[id], "a whole number, at least 0"),
        }
        match record[loss].parse::<f32>() {
            Ok(number) => losses.push(number),
            Err(_) => return bad("loss", &record[loss], "a number"),
        }
    }
    losses_of(path, Some(ids), losses)
}
