//! Folders of PNG images, one subfolder a class.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use ndarray::{Array3, Array4};

use crate::error::{DataError, Problem};
use crate::image_set::ImageSet;
use crate::memory::reserve;
use crate::png_image::{self, Channels};
use crate::resize::resize;
use crate::source::{self, Limits, checked_len};

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
/// sizes differ, if a class or the whole folder is empty, or if all together exceed the limits;
/// [`DataError::Invalid`] if the size to resize to has no pixels.
pub fn read(folder: impl AsRef<Path>, options: FolderOptions) -> Result<ImageSet, DataError> {
    let folder = folder.as_ref();
    if let Some([h, w]) = options.size.filter(|size| size.contains(&0)) {
        return Err(DataError::invalid("size", format!("{h}×{w} pixels"), "at least 1×1"));
    }
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

/// The bytes of a file that is no longer than allowed, whatever happens to it meanwhile.
fn read_file(path: &Path, limits: Limits) -> Result<Vec<u8>, DataError> {
    let (file, length) = source::open(path)?;
    let too_large = |length| {
        let problem = Problem::TooLarge { shape: vec![length], limit: limits.bytes };
        DataError::malformed(path, 0, problem)
    };
    if length > limits.bytes {
        return Err(too_large(length));
    }
    let mut bytes = Vec::new();
    let most = limits.bytes.saturating_add(1);
    let read = reserve(&mut bytes, length as usize, length as usize)
        .and_then(|()| file.take(most).read_to_end(&mut bytes));
    match read.map_err(|e| DataError::io(path, e))? as u64 {
        read if read > limits.bytes => Err(too_large(read)),
        _ => Ok(bytes),
    }
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
    images: usize,
    pixels: Vec<u8>,
}

impl ImageStack {
    pub(crate) fn new(channels: Channels, size: Option<[usize; 2]>, limits: Limits) -> Self {
        Self { channels, wanted: size, limits, size: None, images: 0, pixels: Vec::new() }
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
        let found = self.wanted.unwrap_or([image.dim().0, image.dim().1]);
        let expected = *self.size.get_or_insert(found);
        if found != expected {
            return Err(DataError::malformed(name, 0, Problem::ImageSize { found, expected }));
        }
        // Before an image of that size is made.
        let [h, w] = found.map(|side| side as u64);
        let room = self.limits.bytes.saturating_sub(self.pixels.len() as u64);
        if checked_len(&[h, w, self.channels.count() as u64], room).is_none() {
            let images = self.images as u64 + 1;
            let problem = Problem::TooLarge { shape: vec![images, h, w], limit: self.limits.bytes };
            return Err(DataError::malformed(name, 0, problem));
        }
        if self.wanted.is_some() {
            image = resize(image.view(), found);
        }
        self.images += 1;
        let most = usize::try_from(self.limits.bytes).unwrap_or(usize::MAX);
        reserve(&mut self.pixels, image.len(), most).map_err(|e| DataError::io(name, e))?;
        self.pixels.extend(image.iter());
        Ok(())
    }

    /// All images, (N, H, W, C).
    pub(crate) fn into_array(self) -> Array4<u8> {
        let [h, w] = self.size.unwrap_or_default();
        let c = self.channels.count();
        Array4::from_shape_vec((self.images, h, w, c), self.pixels)
            .expect("whole images of one size")
    }
}
