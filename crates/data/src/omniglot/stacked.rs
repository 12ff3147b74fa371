//! Omniglot as one IDX array (class, drawing, row, column) with a table of its classes.

use std::path::Path;

use ndarray::{Array4, ArrayView3};
use serde::Deserialize;

use super::{Character, Omniglot, Part, check_side};
use crate::error::{DataError, Problem};
use crate::idx;
use crate::resize::resize;
use crate::source::Source;

/// One row of the table. Columns beside these are passed over.
#[derive(Deserialize)]
struct Row {
    class: usize,
    alphabet: String,
    character: String,
    split: Split,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Split {
    Background,
    Evaluation,
}

/// Reads an IDX file of rank 4 (class, drawing, row, column), 255 = ink, with a table `classes` in
/// CSV: one line a class, in order, with at least the columns `class` (0, 1, …), `alphabet`,
/// `character` and `split` (`background` or `evaluation`).
///
/// # Errors
/// [`DataError::Io`] if a file cannot be read; [`DataError::Malformed`] if one is not in its format, or they
/// do not fit together; [`DataError::Invalid`] if `side` is larger than the drawings are.
pub fn read_stacked(
    drawings: impl AsRef<Path>,
    classes: impl AsRef<Path>,
    side: usize,
) -> Result<Omniglot, DataError> {
    let (drawings, classes) = (drawings.as_ref(), classes.as_ref());
    let side = check_side(side)?;
    let array = idx::read(drawings)?;
    let &[characters, copies, h, w] = array.shape() else {
        let expected = "4 (classes, drawings, rows, columns)";
        let problem = Problem::Rank { found: array.ndim(), expected };
        return Err(DataError::malformed(drawings, 3, problem));
    };
    if h == 0 || w == 0 {
        let shape = array.shape().iter().map(|&d| d as u64).collect();
        let problem = Problem::NoPixels { shape };
        return Err(DataError::malformed(drawings, 4, problem));
    }
    if side > h.min(w) {
        let expected = format!("at most {}, the side of the drawings in the file", h.min(w));
        return Err(DataError::invalid("side", side, expected));
    }
    let table = read_table(classes)?;
    if table.len() != characters {
        let (found, expected) = (table.len(), characters);
        let problem = Problem::Count { what: "lines", found, expected };
        return Err(DataError::malformed(classes, 0, problem));
    }
    let n = characters * copies;
    let images = shrunk(array.into_raw_vec_and_offset().0, [h, w], side);
    let images = Array4::from_shape_vec((n, side, side, 1), images).expect("n images");
    let labels = (0..characters).flat_map(|class| std::iter::repeat_n(class, copies)).collect();
    Omniglot::new(images, labels, table)
}

/// All images at `side` × `side` pixels, which is no more than they have, in the memory in which they lie.
fn shrunk(mut pixels: Vec<u8>, [h, w]: [usize; 2], side: usize) -> Vec<u8> {
    let images = pixels.len() / (h * w);
    if [h, w] != [side; 2] {
        for i in 0..images {
            let image = ArrayView3::from_shape((h, w, 1), &pixels[i * h * w..][..h * w]);
            let small = resize(image.expect("h · w pixels"), [side; 2]);
            // What is written over was read before.
            pixels[i * side * side..][..side * side]
                .copy_from_slice(small.as_slice().expect("new"));
        }
        pixels.truncate(images * side * side);
    }
    pixels
}

fn read_table(path: &Path) -> Result<Vec<Character>, DataError> {
    /// Far more than any table of classes has.
    const MAX_TABLE: u64 = 1 << 26;
    let mut source = Source::open(path)?;
    let bytes = source.at_most(MAX_TABLE)?;
    source.end()?;
    parse_table(&bytes, path)
}

fn parse_table(bytes: &[u8], name: &Path) -> Result<Vec<Character>, DataError> {
    let mut reader = csv::Reader::from_reader(bytes);
    let headers = reader.headers().map_err(|e| csv_error(&e, name))?.clone();
    let mut characters = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|e| csv_error(&e, name))?;
        let row: Row = record.deserialize(Some(&headers)).map_err(|e| csv_error(&e, name))?;
        if row.class != characters.len() {
            let at = record.position().map_or(0, csv::Position::byte);
            let (found, expected) = (row.class, characters.len());
            let problem = Problem::Order { found, expected };
            return Err(DataError::malformed(name, at, problem));
        }
        let part = match row.split {
            Split::Background => Part::Background,
            Split::Evaluation => Part::Evaluation,
        };
        characters.push(Character { alphabet: row.alphabet, name: row.character, part });
    }
    Ok(characters)
}

fn csv_error(error: &csv::Error, name: &Path) -> DataError {
    let at = error.position().map_or(0, csv::Position::byte);
    let problem = Problem::Broken { format: "CSV table", message: error.to_string() };
    DataError::malformed(name, at, problem)
}
