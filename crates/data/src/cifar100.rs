//! CIFAR-100's binary version: records of two labels and a planar 32×32 colour image.
//!
//! ```text
//! coarse label (1 byte)   fine label (1)   red (1024 bytes, row-major)   green (1024)   blue (1024)
//! ```

use std::path::Path;

use crate::cifar::{Layout, Records};
use crate::dir::DataDir;
use crate::error::DataError;
use crate::image_set::{ImageSet, TrainTest};
use crate::source::{Limits, Source};

/// The names of the 100 classes, in the order of their labels.
#[rustfmt::skip]
pub const FINE: [&str; 100] = [
    "apple", "aquarium_fish", "baby", "bear", "beaver", "bed", "bee", "beetle", "bicycle", "bottle",
    "bowl", "boy", "bridge", "bus", "butterfly", "camel", "can", "castle", "caterpillar", "cattle",
    "chair", "chimpanzee", "clock", "cloud", "cockroach", "couch", "crab", "crocodile", "cup", "dinosaur",
    "dolphin", "elephant", "flatfish", "forest", "fox", "girl", "hamster", "house", "kangaroo", "keyboard",
    "lamp", "lawn_mower", "leopard", "lion", "lizard", "lobster", "man", "maple_tree", "motorcycle", "mountain",
    "mouse", "mushroom", "oak_tree", "orange", "orchid", "otter", "palm_tree", "pear", "pickup_truck", "pine_tree",
    "plain", "plate", "poppy", "porcupine", "possum", "rabbit", "raccoon", "ray", "road", "rocket",
    "rose", "sea", "seal", "shark", "shrew", "skunk", "skyscraper", "snail", "snake", "spider",
    "squirrel", "streetcar", "sunflower", "sweet_pepper", "table", "tank", "telephone", "television", "tiger", "tractor",
    "train", "trout", "tulip", "turtle", "wardrobe", "whale", "willow_tree", "wolf", "woman", "worm",
];

/// The names of the 20 groups of classes, in the order of their labels.
#[rustfmt::skip]
pub const COARSE: [&str; 20] = [
    "aquatic_mammals", "fish", "flowers", "food_containers", "fruit_and_vegetables", "household_electrical_devices",
    "household_furniture", "insects", "large_carnivores", "large_man-made_outdoor_things", "large_natural_outdoor_scenes",
    "large_omnivores_and_herbivores", "medium_mammals", "non-insect_invertebrates", "people", "reptiles", "small_mammals",
    "trees", "vehicles_1", "vehicles_2",
];

/// Which of an image's two labels is taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Labels {
    /// One of 100 classes.
    #[default]
    Fine,
    /// One of 20 groups of five classes.
    Coarse,
}

impl Labels {
    fn layout(self) -> Layout {
        match self {
            Self::Fine => Layout { labels: 2, taken: 1, classes: &FINE },
            Self::Coarse => Layout { labels: 2, taken: 0, classes: &COARSE },
        }
    }
}

/// Reads a binary file (`train.bin` or `test.bin`), gzipped or not: images (N, 32, 32, 3).
///
/// The ids are the positions in the file.
///
/// # Errors
/// [`DataError::Io`] if the file cannot be read, [`DataError::Malformed`] if it is not a whole number of records whose label is a class, or holds more than
/// [`Limits::default`].
pub fn read(path: impl AsRef<Path>, labels: Labels) -> Result<ImageSet, DataError> {
    let mut records = Records::new(labels.layout());
    records.read(&mut Source::open(path.as_ref())?, Limits::default())?;
    records.into_set()
}

/// As [`read`], from bytes; `name` is what errors call them.
///
/// ```
/// use seedbed_data::cifar100::{self, Labels};
/// use seedbed_data::Limits;
///
/// let mut record = vec![4, 51]; // fruit and vegetables, a mushroom …
/// record.extend([200; 3072]); // … all grey
/// let set = cifar100::parse(&record, "one mushroom", Labels::Fine, Limits::default())?;
/// assert_eq!(set.class_name(set.labels()[0]), "mushroom");
/// let set = cifar100::parse(&record, "one mushroom", Labels::Coarse, Limits::default())?;
/// assert_eq!(set.class_name(set.labels()[0]), "fruit_and_vegetables");
/// # Ok::<(), seedbed_data::DataError>(())
/// ```
///
/// # Errors
/// As [`read`].
pub fn parse(
    bytes: &[u8],
    name: impl AsRef<Path>,
    labels: Labels,
    limits: Limits,
) -> Result<ImageSet, DataError> {
    let mut records = Records::new(labels.layout());
    records.read(&mut Source::of(bytes, name.as_ref())?, limits)?;
    records.into_set()
}

/// Full CIFAR-100, 50,000 + 10,000 images, from its binary version's files in `dir`, or in its subfolder `cifar-100-binary`, `cifar100` or `cifar-100`.
///
/// # Errors
/// [`DataError::Missing`] if a file is not there, and those of [`read`].
pub fn load(dir: &DataDir, labels: Labels) -> Result<TrainTest, DataError> {
    const FOLDERS: [&str; 3] = ["cifar-100-binary", "cifar100", "cifar-100"];
    let find = |name| dir.find("CIFAR-100", &FOLDERS, &[name], HOW_TO_GET);
    let (train, test) = (find("train.bin")?, find("test.bin")?);
    Ok(TrainTest { train: read(train, labels)?, test: read(test, labels)? })
}

const HOW_TO_GET: &str = "download cifar-100-binary.tar.gz (\"CIFAR-100 binary version, suitable for C \
    programs\") from the CIFAR page of the University of Toronto, and unpack it in your folder of \
    data sets.";
