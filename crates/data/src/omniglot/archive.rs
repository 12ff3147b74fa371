//! Omniglot's official archives: `images_background/ALPHABET/CHARACTER/DRAWING.png` in a zip.

use std::fs::File;
use std::io::{BufReader, Cursor, Read, Seek};
use std::path::{Path, PathBuf};

use zip::ZipArchive;
use zip::result::ZipError;

use super::{Character, Limits, Omniglot, Part, check_side};
use crate::error::{DataError, Problem};
use crate::folder::{ImageStack, is_png};
use crate::png_image::Channels;

/// Reads an official archive, `images_background.zip` or `images_evaluation.zip`.
///
/// Classes are in the order of (alphabet, character), drawings in that of their file names. Entries
/// other than PNG images are passed over.
///
/// # Errors
/// [`DataError::Io`] if the file cannot be read; [`DataError::Malformed`] if it is not a zip archive, an
/// image in it is not a PNG or has another size, or a name does not fit.
pub fn read_archive(
    path: impl AsRef<Path>,
    part: Part,
    side: usize,
) -> Result<Omniglot, DataError> {
    let path = path.as_ref();
    let file = File::open(path).map_err(|e| DataError::io(path, e))?;
    read(BufReader::new(file), path, part, side, Limits::default())
}

/// As [`read_archive`], from bytes; `name` is what errors call them.
///
/// # Errors
/// As [`read_archive`].
pub fn parse_archive(
    bytes: &[u8],
    name: impl AsRef<Path>,
    part: Part,
    side: usize,
    limits: Limits,
) -> Result<Omniglot, DataError> {
    read(Cursor::new(bytes), name.as_ref(), part, side, limits)
}

/// The largest compressed drawing that is read. The real ones have some 250 bytes.
const MAX_DRAWING: u64 = 1 << 20;

fn read(
    reader: impl Read + Seek,
    archive: &Path,
    part: Part,
    side: usize,
    limits: Limits,
) -> Result<Omniglot, DataError> {
    let side = check_side(side)?;
    let mut zip = ZipArchive::new(reader).map_err(|e| zip_error(e, archive, 0))?;
    let mut drawings = Vec::new();
    for index in 0..zip.len() {
        let entry = zip.by_index_raw(index).map_err(|e| zip_error(e, archive, 0))?;
        let at = entry.central_header_start();
        let name = entry.name().map_err(|e| zip_error(e, archive, at))?.into_owned();
        if entry.is_file() && is_drawing(&name) {
            let (alphabet, character) = split(&name)
                .ok_or_else(|| DataError::malformed(archive, at, unlike_omniglot(&name)))?;
            drawings.push((alphabet.to_string(), character.to_string(), name, index));
        }
    }
    drawings.sort();

    let mut images = ImageStack::new(Channels::Gray, Some([side; 2]), limits);
    let mut labels = Vec::with_capacity(drawings.len());
    let mut characters: Vec<Character> = Vec::new();
    for (alphabet, name, entry, index) in drawings {
        let png = unpack(&mut zip, index, archive)?;
        let path = archive.join(&entry);
        // Black on white in the file.
        images.push_with(&png, &path, |image| image.mapv_inplace(|pixel| 255 - pixel))?;
        let character = Character { alphabet, name, part };
        if characters.last() != Some(&character) {
            characters.push(character);
        }
        labels.push(characters.len() - 1);
    }
    if characters.is_empty() {
        return Err(DataError::malformed(archive, 0, Problem::Empty { what: "PNG image" }));
    }
    Omniglot::new(images.into_array(), labels, characters)
}

/// Not hidden files and the shadow copies that macOS puts into archives.
fn is_drawing(name: &str) -> bool {
    let hidden = name.split('/').any(|part| part.starts_with('.') || part == "__MACOSX");
    is_png(Path::new(name)) && !hidden
}

/// Alphabet and character of `…/ALPHABET/CHARACTER/DRAWING.png`.
fn split(name: &str) -> Option<(&str, &str)> {
    let mut parts = name.rsplit('/').skip(1);
    let (character, alphabet) = (parts.next()?, parts.next()?);
    (!character.is_empty() && !alphabet.is_empty()).then_some((alphabet, character))
}

fn unlike_omniglot(name: &str) -> Problem {
    let expected = "images_background/Greek/character01/0394_01.png";
    Problem::Name { found: name.to_string(), expected }
}

/// The bytes of one entry.
fn unpack(
    zip: &mut ZipArchive<impl Read + Seek>,
    index: usize,
    archive: &Path,
) -> Result<Vec<u8>, DataError> {
    let entry = zip.by_index(index).map_err(|e| zip_error(e, archive, 0))?;
    let at = entry.header_start();
    let mut bytes = Vec::new();
    let result = entry.take(MAX_DRAWING + 1).read_to_end(&mut bytes);
    result.map_err(|e| zip_error(ZipError::Io(e), archive, at))?;
    if bytes.len() as u64 > MAX_DRAWING {
        let problem = Problem::TooLarge { shape: vec![bytes.len() as u64], limit: MAX_DRAWING };
        return Err(DataError::malformed(archive, at, problem));
    }
    Ok(bytes)
}

fn zip_error(error: ZipError, archive: &Path, offset: u64) -> DataError {
    // The decoder reports broken data as i/o errors; those of the system carry its error number.
    match error {
        ZipError::Io(error) if error.raw_os_error().is_some() => DataError::io(archive, error),
        error => {
            let problem = Problem::Broken { format: "zip archive", message: error.to_string() };
            DataError::malformed(PathBuf::from(archive), offset, problem)
        }
    }
}
