//! The pictures: digits to learn from, and banks that went through the mechanisms, with the truth.

use anyhow::Result;
use seedbed::autodiff::{Rng, Tensor};
use seedbed::data::{ImageSet, TrainTest, fashion_mnist, mnist};
use seedbed::mechanisms::mechanism::Mechanism;
use seedbed::mechanisms::samples::{Truth, transform};

use crate::experiment::{Context, Profile};

/// Everything that is drawn on.
pub(super) struct Pictures {
    /// Digits to learn from, and their classes.
    pub(super) train: (Tensor, Vec<usize>),
    /// Digits of the test set that went through the mechanisms, what they were, and their classes.
    pub(super) digits: (Tensor, Truth, Vec<usize>),
    /// Clothes likewise, which no expert ever learns from.
    pub(super) clothes: (Tensor, Truth),
    /// Pixels of a shift.
    pub(super) shift: usize,
}

/// Pictures of a bank.
const BANK: usize = 1000;
/// The seed of the noise on the banks, which are the same for all seeds of training.
const BANK_SEED: u64 = 77;

impl Pictures {
    /// Digits of 16×16 and shifts of 2 pixels; where all of MNIST is used, 32×32 and 4 pixels.
    pub(super) fn new(context: &Context) -> Result<Self> {
        let (digits, clothes, shift) = match context.profile {
            Profile::Quick => (mnist::embedded(), fashion_mnist::embedded(), 2),
            Profile::Full => {
                let folder = context.data_dir()?;
                (mnist::load(&folder)?, fashion_mnist::load(&folder)?, 4)
            }
        };
        let side = 8 * shift;
        // Ink of a digit lies in 20 of 28 pixels. 28 pixels within 32 leave room for a shift of 4; 16 of 16, reduced from 28, for one of 2.
        let inner = context.pick(side, 28);
        let framed = |set: &ImageSet, inner| framed(set, inner, side);
        let TrainTest { train, test } = digits;
        let bank = |x: Tensor| transform(&x, &Mechanism::ten(shift), &mut Rng::new(BANK_SEED));
        let (x, truth) = bank(framed(&test, inner).slice(0, ..BANK))?;
        Ok(Self {
            train: (framed(&train, inner), train.labels().to_vec()),
            digits: (x, truth, test.labels()[..BANK].to_vec()),
            // Clothes fill their frame: with a margin as wide as a shift, none is cut off.
            clothes: bank(framed(&clothes.test, side - 2 * shift).slice(0, ..BANK))?,
            shift,
        })
    }
}

/// All pictures of a set, reduced to `inner` pixels a side, in the middle of `side`.
fn framed(set: &ImageSet, inner: usize, side: usize) -> Tensor {
    let all: Vec<usize> = (0..set.len()).collect();
    let images = set.resized([inner; 2]).tensor(&all);
    let margin = (side - inner) / 2;
    let around = (margin, side - inner - margin);
    images.pad(&[(0, 0), around, around, (0, 0)], 0.0)
}
