//! Fashion-MNIST: articles of clothing, 28×28, grey, 0 = background (Xiao, Rasul, Vollgraf 2017).

use crate::dir::DataDir;
use crate::error::DataError;
use crate::idx_pair::IdxDataSet;
use crate::image_set::TrainTest;

/// The names of the classes.
pub const CLASSES: [&str; 10] = [
    "T-shirt/top",
    "trouser",
    "pullover",
    "dress",
    "coat",
    "sandal",
    "shirt",
    "sneaker",
    "bag",
    "ankle boot",
];

const FASHION_MNIST: IdxDataSet = IdxDataSet {
    name: "Fashion-MNIST",
    subfolders: &["fashion_mnist", "fashion-mnist", "FashionMNIST/raw", "FashionMNIST"],
    classes: CLASSES,
    first_labels: [9, 0, 0, 3, 0, 2, 7, 2, 5, 5],
    how_to_get: "Debian's package dataset-fashion-mnist has the four files; \
        `apt-get install dataset-fashion-mnist`, then, in your folder of data sets, \
        `ln -s /usr/share/datasets/fashion-mnist fashion-mnist`.",
};

/// The first 5,000 training and 1,000 test images, compiled in (2.6 MB).
///
/// They are unpacked at each call, which takes tens of milliseconds: keep the result.
///
/// ```
/// let clothes = seedbed_data::fashion_mnist::embedded();
/// assert_eq!(clothes.train.len(), 5_000);
/// assert_eq!(clothes.test.images().shape(), [1_000, 28, 28, 1]);
/// ```
#[cfg(feature = "fashion-mnist")]
pub fn embedded() -> TrainTest {
    FASHION_MNIST.embedded(
        [
            include_bytes!("../embedded/fashion-mnist-train-images-idx3-ubyte.gz"),
            include_bytes!("../embedded/fashion-mnist-train-labels-idx1-ubyte.gz"),
        ],
        [
            include_bytes!("../embedded/fashion-mnist-t10k-images-idx3-ubyte.gz"),
            include_bytes!("../embedded/fashion-mnist-t10k-labels-idx1-ubyte.gz"),
        ],
    )
}

/// All 60,000 training and 10,000 test images, from the four IDX files (plain or `.gz`) in `dir` or
/// in its subfolder `fashion_mnist`, `fashion-mnist`, `FashionMNIST/raw` or `FashionMNIST`.
///
/// # Errors
/// [`DataError::Missing`], which says how to get the files, and those of [`idx::read`](crate::idx::read).
pub fn load(dir: &DataDir) -> Result<TrainTest, DataError> {
    FASHION_MNIST.load(dir)
}
