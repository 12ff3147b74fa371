//! Folders of PNG images, one subfolder a class.

use std::fs;
use std::path::{Path, PathBuf};

use ndarray::{Array3, Array4};

use crate::error::{DataError, Problem};
use crate::image_set::ImageSet;
use crate::png_image::{self, Channels};
use crate::resize::resize;
use crate::source::Limits;

/// How [`read`] turns files into one array.
#[derive(Clone, Copy, Debug, Default)]
pub struct FolderOptions {
    /// Grey (the default) or colour.
    pub channels: Channels,
    /// [height, width] to resize every image to; without it, all must have one size.
    pub size: Option<[usize; 2]>,
    /// How large a file, and all of them together, may unpack.
    pub limits: Limits,
}

/// Reads `folder/CLASS/NAME.png`: the subfolders are the classes, in the order of their names.
///
/// Within a class the files come in the order of their names; ids count through all of them. Files
/// that do not end in `.png`, and names that start with a dot, are passed over.
///
/// ```no_run
/// use seedbed_data::{Channels, FolderOptions, folder};
///
/// let options = FolderOptions { channels: Channels::Rgb, size: Some([64, 64]), ..Default::default() };
/// let pets = folder::read("pets", options)?; // pets/cat/*.png, pets/dog/*.png
/// assert_eq!(pets.class_names(), ["cat", "dog"]);
/// # Ok::<(), seedbed_data::DataError>(())
/// ```
///
/// # Errors
/// [`DataError::Io`] if a file cannot be read; [`DataError::Malformed`] if one is not a PNG image, if
/// sizes differ, if a class or the whole folder is empty, or if all together exceed the limits.
pub fn read(folder: impl AsRef<Path>, options: FolderOptions) -> Result<ImageSet, DataError> {
    let folder = folder.as_ref();
    let mut images = ImageStack::new(options.channels, options.size, options.limits);
    let mut labels = Vec::new();
    let mut classes = Vec::new();
    for class in entries(folder)?.into_iter().filter(|path| path.is_dir()) {
        let files: Vec<_> = entries(&class)?.into_iter().filter(|path| is_png(path)).collect();
        if files.is_empty() {
            return Err(DataError::malformed(&class, 0, Problem::Empty { what: "PNG image" }));
        }
        for file in files {
            images.push(&read_file(&file, options.limits)?, &file)?;
            labels.push(classes.len());
        }
        classes.push(class.file_name().unwrap_or_default().to_string_lossy().into_owned());
    }
    if classes.is_empty() {
        return Err(DataError::malformed(folder, 0, Problem::Empty { what: "subfolder" }));
    }
    ImageSet::new(images.into_array(), labels, classes)
}

/// The bytes of a file that is no longer than allowed.
fn read_file(path: &Path, limits: Limits) -> Result<Vec<u8>, DataError> {
    let io = |e| DataError::io(path, e);
    let length = fs::metadata(path).map_err(io)?.len();
    if length > limits.bytes {
        let problem = Problem::TooLarge { shape: vec![length], limit: limits.bytes };
        return Err(DataError::malformed(path, 0, problem));
    }
    fs::read(path).map_err(io)
}

/// What is in a folder, in the order of the names, without hidden files.
fn entries(folder: &Path) -> Result<Vec<PathBuf>, DataError> {
    let io = |e| DataError::io(folder, e);
    let entries = fs::read_dir(folder).map_err(io)?;
    let paths = entries.map(|entry| entry.map(|e| e.path())).collect::<Result<Vec<_>, _>>();
    let mut paths = paths.map_err(io)?;
    let hidden = |path: &PathBuf| {
        path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."))
    };
    paths.retain(|path| !hidden(path));
    paths.sort();
    Ok(paths)
}

pub(crate) fn is_png(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("png"))
}

/// PNG images of one size, decoded one after the other.
pub(crate) struct ImageStack {
    channels: Channels,
    wanted: Option<[usize; 2]>,
    limits: Limits,
    size: Option<[usize; 2]>,
    pixels: Vec<u8>,
}

impl ImageStack {
    pub(crate) fn new(channels: Channels, size: Option<[usize; 2]>, limits: Limits) -> Self {
        Self { channels, wanted: size, limits, size: None, pixels: Vec::new() }
    }

    /// Decodes an image, resizes it if so wanted, and appends it.
    pub(crate) fn push(&mut self, png: &[u8], name: &Path) -> Result<(), DataError> {
        self.push_with(png, name, |_| ())
    }

    /// As `push`, with a change to the decoded image before it is resized.
    pub(crate) fn push_with(
        &mut self,
        png: &[u8],
        name: &Path,
        change: impl FnOnce(&mut Array3<u8>),
    ) -> Result<(), DataError> {
        let mut image = png_image::decode(png, self.channels, name, self.limits)?;
        change(&mut image);
        if let Some(size) = self.wanted {
            image = resize(image.view(), size);
        }
        let found = [image.dim().0, image.dim().1];
        let expected = *self.size.get_or_insert(found);
        if found != expected {
            return Err(DataError::malformed(name, 0, Problem::ImageSize { found, expected }));
        }
        if (self.pixels.len() + image.len()) as u64 > self.limits.bytes {
            let images = (self.pixels.len() / image.len() + 1) as u64;
            let shape = vec![images, found[0] as u64, found[1] as u64];
            let problem = Problem::TooLarge { shape, limit: self.limits.bytes };
            return Err(DataError::malformed(name, 0, problem));
        }
        self.pixels.extend(image.iter());
        Ok(())
    }

    /// All images, (N, H, W, C).
    pub(crate) fn into_array(self) -> Array4<u8> {
        let [h, w] = self.size.unwrap_or_default();
        let c = self.channels.count();
        let n = self.pixels.len().checked_div(h * w * c).unwrap_or(0);
        Array4::from_shape_vec((n, h, w, c), self.pixels).expect("whole images of one size")
    }
}
