//! Omniglot: 1,623 handwritten characters from 50 alphabets, 20 drawings of each (Lake,
//! Salakhutdinov, Tenenbaum 2015).
//!
//! Pixels are 255 for ink and 0 for paper, the other way round than in the original files and as in
//! MNIST. The original drawings have 105×105 pixels; at another size they are resized by area
//! ([`resize`](crate::resize)), in the way most experiments use them at 28×28.

mod archive;
mod stacked;

use crate::dir::DataDir;
use crate::error::DataError;
use crate::image_set::ImageSet;
use crate::source::Limits;

use archive::read_archives;
pub use archive::{parse_archive, read_archive};
pub use stacked::read_stacked;

/// Height and width of the original drawings.
pub const ORIGINAL_SIDE: usize = 105;

/// The two parts into which Omniglot's alphabets fall.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Part {
    /// 30 alphabets, 964 characters, to learn from.
    Background,
    /// 20 other alphabets, 659 characters, to be tested on.
    Evaluation,
}

/// One character, which is one class.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Character {
    /// Such as `Futurama`.
    pub alphabet: String,
    /// Such as `character03`.
    pub name: String,
    /// The part that the alphabet belongs to.
    pub part: Part,
}

/// Omniglot's drawings, and what is known about their classes.
#[derive(Clone, Debug, PartialEq)]
pub struct Omniglot {
    /// The drawings (N, side, side, 1), class by class; class names are `alphabet/character`.
    pub images: ImageSet,
    /// One entry a class, in the order of the labels.
    pub characters: Vec<Character>,
}

impl Omniglot {
    /// The rows whose characters belong to `part`.
    pub fn rows_of(&self, part: Part) -> Vec<usize> {
        let labels = self.images.labels().iter().enumerate();
        labels.filter(|&(_, &l)| self.characters[l].part == part).map(|(row, _)| row).collect()
    }

    fn new(
        images: ndarray::Array4<u8>,
        labels: Vec<usize>,
        characters: Vec<Character>,
    ) -> Result<Self, DataError> {
        let names = characters.iter().map(|c| format!("{}/{}", c.alphabet, c.name));
        Ok(Self { images: ImageSet::new(images, labels, names)?, characters })
    }
}

/// Full Omniglot from `dir` or its subfolder `omniglot` or `omniglot-py`, at `side` × `side` pixels.
///
/// Read are the two official archives, or else an IDX file of rank 4 (class, drawing, row, column)
/// with its `classes.csv`; see [`read_archive`] and [`read_stacked`].
///
/// # Errors
/// [`DataError::Missing`] if neither is there, and those of the two readers.
pub fn load(dir: &DataDir, side: usize) -> Result<Omniglot, DataError> {
    let find =
        |names: &[&str]| dir.find("Omniglot", &["omniglot", "omniglot-py"], names, HOW_TO_GET);
    let background = find(&["images_background.zip"]);
    let evaluation = find(&["images_evaluation.zip"]);
    if let (Ok(background), Ok(evaluation)) = (&background, &evaluation) {
        let archives = [(&**background, Part::Background), (&**evaluation, Part::Evaluation)];
        return read_archives(&archives, side);
    }
    match (find(&["omniglot28-idx4-ubyte", "omniglot-idx4-ubyte"]), find(&["classes.csv"])) {
        (Ok(drawings), Ok(classes)) => read_stacked(drawings, classes, side),
        // One of the archives is missing, and that is what to say.
        _ => Err(background.and(evaluation).expect_err("one of them was not found")),
    }
}

const HOW_TO_GET: &str = "images_background.zip and images_evaluation.zip are in the folder python of \
    brendenlake/omniglot on GitHub; put them into your folder of data sets, under omniglot.";

/// `side` pixels each way, if that makes sense.
fn check_side(side: usize) -> Result<usize, DataError> {
    match side {
        1..=ORIGINAL_SIDE => Ok(side),
        _ => Err(DataError::invalid("side", side, format!("from 1 to {ORIGINAL_SIDE}"))),
    }
}
