//! Labelled images in memory.

use ndarray::{ArcArray, Array, Array4, Axis, Ix4};

use crate::error::DataError;
use crate::resize::resize;

/// Images (N, H, W, C) of unsigned bytes, each with a label and a stable id.
///
/// The pixels are shared: a clone is cheap, and so are the sets that
/// [`with_labels`](Self::with_labels) makes.
///
/// An **id** names an example for good: it is the example's position in the files that it was read
/// from, and goes with it through [`select`](Self::select). What is stored per example beside the
/// data set (an irreducible loss, a note, a score) belongs under its id, not under its row.
#[derive(Clone, Debug, PartialEq)]
pub struct ImageSet {
    images: ArcArray<u8, Ix4>,
    labels: Vec<usize>,
    ids: Vec<u64>,
    classes: Vec<String>,
}

/// The training and the test part of a data set.
#[derive(Clone, Debug, PartialEq)]
pub struct TrainTest {
    /// For training, and for what is split off from it.
    pub train: ImageSet,
    /// For the final measurement only.
    pub test: ImageSet,
}

impl ImageSet {
    /// A set of `images` (N, H, W, C), with ids from 0 to N − 1.
    ///
    /// ```
    /// use ndarray::Array4;
    /// use seedbed_data::ImageSet;
    ///
    /// let set = ImageSet::new(Array4::zeros((2, 5, 5, 1)), vec![1, 0], ["dark", "bright"])?;
    /// assert_eq!(set.len(), 2);
    /// assert_eq!(set.class_name(set.labels()[0]), "bright");
    /// # Ok::<(), seedbed_data::DataError>(())
    /// ```
    ///
    /// # Errors
    /// [`DataError::Invalid`] if there is not one label an image, or a label without a class.
    pub fn new(
        images: Array4<u8>,
        labels: Vec<usize>,
        classes: impl IntoIterator<Item = impl Into<String>>,
    ) -> Result<Self, DataError> {
        let ids = (0..images.len_of(Axis(0)) as u64).collect();
        let classes = classes.into_iter().map(Into::into).collect();
        let set = Self { images: images.into_shared(), labels: Vec::new(), ids, classes };
        set.with_labels(labels)
    }

    /// The same images and ids with other labels, as label noise makes them.
    ///
    /// # Errors
    /// [`DataError::Invalid`] if there is not one label an image, or a label without a class.
    pub fn with_labels(&self, labels: Vec<usize>) -> Result<Self, DataError> {
        if labels.len() != self.len() {
            let expected = format!("{}, one an image", self.len());
            return Err(DataError::invalid("the number of labels", labels.len(), expected));
        }
        let classes = self.classes.len();
        if let Some(label) = labels.iter().find(|&&label| label >= classes) {
            let expected = format!("below {classes}, the number of classes");
            return Err(DataError::invalid("a label", label, expected));
        }
        Ok(Self { labels, ..self.clone_but_labels() })
    }

    /// The same images and labels with other ids.
    ///
    /// # Errors
    /// [`DataError::Invalid`] if there is not one id an image.
    pub fn with_ids(mut self, ids: Vec<u64>) -> Result<Self, DataError> {
        if ids.len() != self.len() {
            let expected = format!("{}, one an image", self.len());
            return Err(DataError::invalid("the number of ids", ids.len(), expected));
        }
        self.ids = ids;
        Ok(self)
    }

    /// The number of images.
    pub fn len(&self) -> usize {
        self.images.len_of(Axis(0))
    }

    /// Whether there is no image.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The pixels, (N, H, W, C), always contiguous.
    pub fn images(&self) -> &ArcArray<u8, Ix4> {
        &self.images
    }

    /// Height, width and channels of each image.
    pub fn image_shape(&self) -> [usize; 3] {
        let (_, h, w, c) = self.images.dim();
        [h, w, c]
    }

    /// The class of each image.
    pub fn labels(&self) -> &[usize] {
        &self.labels
    }

    /// The id of each image.
    pub fn ids(&self) -> &[u64] {
        &self.ids
    }

    /// The number of classes, whether they occur or not.
    pub fn num_classes(&self) -> usize {
        self.classes.len()
    }

    /// The name of class `label`.
    ///
    /// # Panics
    /// If there is no such class.
    #[track_caller]
    pub fn class_name(&self, label: usize) -> &str {
        &self.classes[label]
    }

    /// The names of all classes, in the order of their labels.
    pub fn class_names(&self) -> &[String] {
        &self.classes
    }

    /// How many images each class has.
    pub fn class_counts(&self) -> Vec<usize> {
        let mut counts = vec![0; self.num_classes()];
        for &label in &self.labels {
            counts[label] += 1;
        }
        counts
    }

    /// A copy of these rows, in this order, with their labels and ids.
    ///
    /// A row that is named twice appears twice, under one id.
    ///
    /// # Panics
    /// If a row does not exist.
    #[track_caller]
    pub fn select(&self, rows: &[usize]) -> Self {
        self.check_rows("select", rows);
        let size: usize = self.image_shape().iter().product();
        let mut pixels = Vec::with_capacity(rows.len() * size);
        for &row in rows {
            pixels.extend_from_slice(self.pixels(row));
        }
        let [h, w, c] = self.image_shape();
        let images = Array::from_shape_vec((rows.len(), h, w, c), pixels)
            .expect("one image a row")
            .into_shared();
        Self {
            images,
            labels: rows.iter().map(|&row| self.labels[row]).collect(),
            ids: rows.iter().map(|&row| self.ids[row]).collect(),
            classes: self.classes.clone(),
        }
    }

    /// The same set with images of `size` = [height, width], each resized by area: see [`resize`].
    ///
    /// # Panics
    /// As [`resize`].
    #[track_caller]
    pub fn resized(&self, size: [usize; 2]) -> Self {
        let mut images = Array4::zeros((self.len(), size[0], size[1], self.image_shape()[2]));
        for (mut to, from) in images.outer_iter_mut().zip(self.images.outer_iter()) {
            to.assign(&resize(from, size));
        }
        Self { images: images.into_shared(), ..self.clone() }
    }

    /// The same examples with other images of the same shape.
    pub(crate) fn with_images(&self, images: Array4<u8>) -> Self {
        debug_assert_eq!(images.shape(), self.images.shape());
        Self { images: images.into_shared(), ..self.clone() }
    }

    /// Several sets with the same classes and image shape as one, with new ids from 0.
    ///
    /// # Errors
    /// [`DataError::Invalid`] if there is no set, or their image shapes or classes differ.
    pub fn concat(sets: &[Self]) -> Result<Self, DataError> {
        let Some(first) = sets.first() else {
            return Err(DataError::invalid("the number of sets", 0, "at least 1"));
        };
        for set in sets {
            if set.image_shape() != first.image_shape() {
                let found = format!("{:?}", set.image_shape());
                let expected = format!("{:?}, as in the first set", first.image_shape());
                return Err(DataError::invalid("the shape of a set's images", found, expected));
            }
            if set.classes != first.classes {
                let found = format!("{:?}", set.classes);
                let expected = format!("{:?}, as in the first set", first.classes);
                return Err(DataError::invalid("a set's list of classes", found, expected));
            }
        }
        let views: Vec<_> = sets.iter().map(|set| set.images.view()).collect();
        let images = ndarray::concatenate(Axis(0), &views).expect("the shapes were compared");
        let labels = sets.iter().flat_map(|set| set.labels.iter().copied()).collect();
        Self::new(images, labels, first.classes.clone())
    }

    /// A 64-bit FNV-1a hash of the images, labels, ids and classes, to recognise a data set again.
    ///
    /// It is the same on every machine. It guards against mistakes, not against an adversary.
    pub fn fingerprint(&self) -> u64 {
        let shape = self.images.shape().iter().map(|&d| d as u64);
        let numbers = shape.chain(self.labels.iter().map(|&l| l as u64)).chain(self.ids.clone());
        let names = self.classes.iter().flat_map(|name| name.bytes().chain([0]));
        let bytes = numbers.flat_map(u64::to_le_bytes).chain(names);
        let pixels = self.images.as_slice().expect("contiguous").iter().copied();
        bytes.chain(pixels).fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
        })
    }

    /// The bytes of one image, (H, W, C) row-major.
    pub(crate) fn pixels(&self, row: usize) -> &[u8] {
        let size: usize = self.image_shape().iter().product();
        &self.images.as_slice().expect("contiguous")[row * size..][..size]
    }

    #[track_caller]
    pub(crate) fn check_rows(&self, what: &str, rows: &[usize]) {
        if let Some(row) = rows.iter().find(|&&row| row >= self.len()) {
            panic!("{what}: row {row} of a data set with {} rows", self.len());
        }
    }

    fn clone_but_labels(&self) -> Self {
        Self {
            images: self.images.clone(),
            labels: Vec::new(),
            ids: self.ids.clone(),
            classes: self.classes.clone(),
        }
    }
}
