//! Omniglot's official archives: `images_background/ALPHABET/CHARACTER/DRAWING.png` in a zip.

use std::io::{BufReader, Cursor, Read, Seek};
use std::path::{Path, PathBuf};

use zip::ZipArchive;
use zip::result::ZipError;

use super::{Character, Limits, Omniglot, Part, check_side};
use crate::error::{DataError, Problem};
use crate::folder::{ImageStack, is_png};
use crate::png_image::Channels;
use crate::source;

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
    read_archives(&[(path.as_ref(), part)], side)
}

/// Several archives as one set, their drawings in the order of the archives.
pub(super) fn read_archives(
    archives: &[(&Path, Part)],
    side: usize,
) -> Result<Omniglot, DataError> {
    let mut drawings = Drawings::new(side, Limits::default())?;
    for &(path, part) in archives {
        let (file, _) = source::open(path)?;
        drawings.read(BufReader::new(file), path, part)?;
    }
    drawings.into_set()
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
    let mut drawings = Drawings::new(side, limits)?;
    drawings.read(Cursor::new(bytes), name.as_ref(), part)?;
    drawings.into_set()
}

/// The largest compressed drawing that is read. The real ones have some 250 bytes.
const MAX_DRAWING: u64 = 1 << 20;

/// Drawings of one archive or several.
struct Drawings {
    images: ImageStack,
    labels: Vec<usize>,
    characters: Vec<Character>,
}

impl Drawings {
    fn new(side: usize, limits: Limits) -> Result<Self, DataError> {
        let images = ImageStack::new(Channels::Gray, Some([check_side(side)?; 2]), limits);
        Ok(Self { images, labels: Vec::new(), characters: Vec::new() })
    }

    /// Adds those of an archive.
    fn read(
        &mut self,
        reader: impl Read + Seek,
        archive: &Path,
        part: Part,
    ) -> Result<(), DataError> {
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
        if drawings.is_empty() {
            return Err(DataError::malformed(archive, 0, Problem::Empty { what: "PNG image" }));
        }
        drawings.sort();
        for (alphabet, name, entry, index) in drawings {
            let png = unpack(&mut zip, index, archive)?;
            let path = archive.join(&entry);
            // Black on white in the file.
            self.images.push_with(&png, &path, |image| image.mapv_inplace(|pixel| 255 - pixel))?;
            let character = Character { alphabet, name, part };
            if self.characters.last() != Some(&character) {
                self.characters.push(character);
            }
            self.labels.push(self.characters.len() - 1);
        }
        Ok(())
    }

    fn into_set(self) -> Result<Omniglot, DataError> {
        Omniglot::new(self.images.into_array(), self.labels, self.characters)
    }
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
