//! CIFAR-10's binary version: records of a label and a planar 32×32 colour image.
//!
//! ```text
//! label (1 byte)   red (1024 bytes, row-major)   green (1024)   blue (1024)
//! ```

use std::path::Path;

use ndarray::Array4;

use crate::dir::DataDir;
use crate::error::{DataError, Problem};
use crate::image_set::{ImageSet, TrainTest};
use crate::memory::reserve;
use crate::source::{Limits, Source};

/// The names of CIFAR-10's classes, in the order of their labels.
pub const CLASSES: [&str; 10] =
    ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"];

const SIDE: usize = 32;
const CHANNELS: usize = 3;
const PIXELS: usize = CHANNELS * SIDE * SIDE;

/// Reads one binary batch file (`data_batch_1.bin` …), gzipped or not: images (N, 32, 32, 3).
///
/// The ids are the positions in the file.
///
/// # Errors
/// [`DataError::Io`] if the file cannot be read, [`DataError::Malformed`] if it is not a whole
/// number of records with labels below 10, or holds more than [`Limits::default`].
pub fn read(path: impl AsRef<Path>) -> Result<ImageSet, DataError> {
    let mut records = Records::new(CIFAR_10);
    records.read(&mut Source::open(path.as_ref())?, Limits::default())?;
    records.into_set()
}

/// As [`read`], from bytes; `name` is what errors call them.
///
/// ```
/// use seedbed_data::{Limits, cifar};
///
/// let mut record = vec![6]; // a frog …
/// record.extend([255; 1024]); // … red all over
/// record.extend([0; 2048]);
/// let set = cifar::parse(&record, "one frog", Limits::default())?;
/// assert_eq!(set.images().shape(), [1, 32, 32, 3]);
/// assert_eq!(set.class_name(set.labels()[0]), "frog");
/// assert_eq!(set.images()[[0, 31, 0, 0]], 255);
/// # Ok::<(), seedbed_data::DataError>(())
/// ```
///
/// # Errors
/// As [`read`].
pub fn parse(bytes: &[u8], name: impl AsRef<Path>, limits: Limits) -> Result<ImageSet, DataError> {
    let mut records = Records::new(CIFAR_10);
    records.read(&mut Source::of(bytes, name.as_ref())?, limits)?;
    records.into_set()
}

/// Full CIFAR-10, 50,000 + 10,000 images, from its binary version's files in `dir`, or in its
/// subfolder `cifar-10-batches-bin`, `cifar10` or `cifar-10`.
///
/// The ids of the training images run through `data_batch_1.bin` to `data_batch_5.bin`.
///
/// # Errors
/// [`DataError::Missing`] if a file is not there, [`DataError::Malformed`] if the training files have not all as many images as the first, and
/// those of [`read`].
pub fn load(dir: &DataDir) -> Result<TrainTest, DataError> {
    const TRAIN: [&str; 5] = [
        "data_batch_1.bin",
        "data_batch_2.bin",
        "data_batch_3.bin",
        "data_batch_4.bin",
        "data_batch_5.bin",
    ];
    let find = |name| {
        dir.find("CIFAR-10", &["cifar-10-batches-bin", "cifar10", "cifar-10"], &[name], HOW_TO_GET)
    };
    // All are looked for before the first one is read, which takes a while.
    let train = TRAIN.into_iter().map(find).collect::<Result<Vec<_>, _>>()?;
    let test = find("test_batch.bin")?;
    let mut records = Records::new(CIFAR_10);
    let mut counts = Vec::new();
    for file in &train {
        counts.push(records.read(&mut Source::open(file)?, Limits::default())?);
    }
    // Ids run on from batch to batch: a batch that was cut would move those of all that follow.
    if let Some((&found, file)) = counts.iter().zip(&train).find(|(count, _)| **count != counts[0])
    {
        let problem = Problem::Count { what: "images", found, expected: counts[0] };
        return Err(DataError::malformed(file, 0, problem));
    }
    Ok(TrainTest { train: records.into_set()?, test: read(test)? })
}

const HOW_TO_GET: &str = "download cifar-10-binary.tar.gz (\"CIFAR-10 binary version, suitable for C \
    programs\") from the CIFAR page of the University of Toronto, and unpack it in your folder of \
    data sets.";

/// What stands before the pixels of a record.
#[derive(Clone, Copy)]
pub(crate) struct Layout {
    /// How many labels, of a byte each.
    pub(crate) labels: usize,
    /// Which of them is taken.
    pub(crate) taken: usize,
    /// The names of its classes.
    pub(crate) classes: &'static [&'static str],
}

const CIFAR_10: Layout = Layout { labels: 1, taken: 0, classes: &CLASSES };

/// Records of one file or several. Pixels are put in their order as they come, so that they are in memory once.
pub(crate) struct Records {
    layout: Layout,
    labels: Vec<usize>,
    pixels: Vec<u8>,
}

impl Records {
    pub(crate) fn new(layout: Layout) -> Self {
        Self { layout, labels: Vec::new(), pixels: Vec::new() }
    }

    /// The bytes of a record.
    fn record(&self) -> u64 {
        (self.layout.labels + PIXELS) as u64
    }

    /// Adds the records of a file, and returns how many there are.
    pub(crate) fn read(
        &mut self,
        source: &mut Source<'_>,
        limits: Limits,
    ) -> Result<usize, DataError> {
        let before = self.labels.len();
        // As many as the file has if it is plain, and no more than it may have.
        let (of_a_record, classes) = (self.record(), self.layout.classes.len());
        let expected = source.expected().min(limits.bytes) / of_a_record;
        self.make_room(expected as usize, limits).map_err(|e| source.io(e))?;
        loop {
            let start = source.offset();
            let record = source.at_most(of_a_record)?;
            if record.is_empty() {
                break;
            }
            if (record.len() as u64) < of_a_record {
                let (needed, found) = (of_a_record, record.len() as u64);
                let problem = Problem::Truncated { from: start, needed, found };
                return Err(source.malformed(source.offset(), problem));
            }
            let (labels, planes) = record.split_at(self.layout.labels);
            let label = labels[self.layout.taken];
            if usize::from(label) >= classes {
                let problem = Problem::Label { found: label.into(), classes };
                return Err(source.malformed(start + self.layout.taken as u64, problem));
            }
            if source.offset() > limits.bytes {
                let records = (self.labels.len() - before) as u64 + 1;
                let shape = vec![records, of_a_record];
                let problem = Problem::TooLarge { shape, limit: limits.bytes };
                return Err(source.malformed(start, problem));
            }
            self.make_room(1, limits).map_err(|e| source.io(e))?;
            self.labels.push(usize::from(label));
            let (red, rest) = planes.split_at(SIDE * SIDE);
            let (green, blue) = rest.split_at(SIDE * SIDE);
            for ((&r, &g), &b) in red.iter().zip(green).zip(blue) {
                self.pixels.extend([r, g, b]);
            }
        }
        Ok(self.labels.len() - before)
    }

    /// Room for this many more records of a file that has no more than the limit says.
    fn make_room(&mut self, records: usize, limits: Limits) -> std::io::Result<()> {
        let of_a_file = usize::try_from(limits.bytes / self.record()).unwrap_or(usize::MAX);
        let most = self.labels.len().saturating_add(of_a_file);
        reserve(&mut self.labels, records, most)?;
        reserve(&mut self.pixels, records * PIXELS, most.saturating_mul(PIXELS))
    }

    pub(crate) fn into_set(self) -> Result<ImageSet, DataError> {
        let shape = (self.labels.len(), SIDE, SIDE, CHANNELS);
        let images = Array4::from_shape_vec(shape, self.pixels).expect("whole images");
        ImageSet::new(images, self.labels, self.layout.classes.iter().copied())
    }
}
