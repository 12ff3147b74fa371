//! Data sets in MNIST's layout: images and labels in IDX files, for training and for test.

use std::path::Path;

use ndarray::ArrayD;

use crate::dir::DataDir;
use crate::error::{DataError, Problem};
use crate::idx;
use crate::image_set::{ImageSet, TrainTest};

/// A data set in MNIST's layout.
pub(crate) struct IdxDataSet {
    pub(crate) name: &'static str,
    pub(crate) subfolders: &'static [&'static str],
    pub(crate) classes: [&'static str; 10],
    /// The first training labels, by which the data set is told from others in the same layout:
    /// the file names are the same for all.
    pub(crate) first_labels: [usize; 10],
    pub(crate) how_to_get: &'static str,
}

impl IdxDataSet {
    /// The data set from its four files in `dir`.
    pub(crate) fn load(&self, dir: &DataDir) -> Result<TrainTest, DataError> {
        let find = |dir: &DataDir, subfolders: &[&str], part: &str, kind: &str, rank: u8| {
            // The second spelling is that of some unpacking programs and mirrors.
            let names = ['-', '.'].map(|c| format!("{part}-{kind}{c}idx{rank}-ubyte"));
            let names = names.each_ref().map(String::as_str);
            dir.find(self.name, subfolders, &names, self.how_to_get)
        };
        // All are taken from the folder of the first: those in another one may be of another data set.
        let first = find(dir, self.subfolders, "train", "images", 3)?;
        let folder = DataDir::new(first.parent().unwrap_or(dir.path()));
        let [train, test] = ["train", "t10k"].map(|part| {
            let find = |kind, rank| find(&folder, &[], part, kind, rank);
            Ok::<_, DataError>([find("images", 3)?, find("labels", 1)?])
        });
        let (train, test) = (train?, test?);
        let read = |[images, labels]: [std::path::PathBuf; 2]| {
            self.join(idx::read(&images)?, &images, idx::read(&labels)?, &labels)
        };
        let labels_name = train[1].clone();
        let train = read(train)?;
        if !train.labels().starts_with(&self.first_labels) {
            let found = train.labels().iter().copied().take(self.first_labels.len()).collect();
            let problem = Problem::OtherData { expected: self.name, found };
            return Err(DataError::malformed(labels_name, idx::LABELS_HEADER, problem));
        }
        Ok(TrainTest { train, test: read(test)? })
    }

    /// One part of the data set from its two arrays.
    pub(crate) fn join(
        &self,
        images: ArrayD<u8>,
        images_name: &Path,
        labels: ArrayD<u8>,
        labels_name: &Path,
    ) -> Result<ImageSet, DataError> {
        let images = idx::into_images(images, images_name)?;
        let labels = idx::into_labels(labels, self.classes.len(), labels_name)?;
        if labels.len() != images.dim().0 {
            let (found, expected) = (labels.len(), images.dim().0);
            let problem = Problem::Count { what: "labels", found, expected };
            return Err(DataError::malformed(labels_name, 4, problem));
        }
        ImageSet::new(images, labels, self.classes)
    }

    /// The data set from files that were compiled in.
    #[cfg(any(feature = "mnist", feature = "fashion-mnist"))]
    pub(crate) fn embedded(&self, train: [&[u8]; 2], test: [&[u8]; 2]) -> TrainTest {
        let [train, test] = [train, test].map(|[images, labels]| {
            let parse = |bytes| idx::parse(bytes, self.name, crate::Limits::default());
            let name = Path::new(self.name);
            parse(images)
                .and_then(|images| self.join(images, name, parse(labels)?, name))
                .expect("the embedded files are whole")
        });
        TrainTest { train, test }
    }
}
