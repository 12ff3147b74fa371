//! Images changed at random while training.

use ndarray::{Array4, ArrayViewMut3, s};
use seedbed_kernels::Rng;

use crate::image_set::ImageSet;

/// Random changes that leave an image what it is: shift, mirror, cut out. By default there are none.
///
/// Each image is drawn for by itself, in this order:
///
/// 1. **Shift** by whole pixels down and across, each uniform in [−`shift`, `shift`]; what comes in is `fill`. (It is a random crop of the padded image, as in He et al. 2016, section 4.2.)
/// 2. **Mirror** left and right with probability ½, if `flip`. Not for digits and letters.
/// 3. **Cut out** a square of `cutout` pixels, whose middle is anywhere in the image, so that it may reach beyond the border; it becomes `fill` (DeVries and Taylor 2017).
///
/// ```
/// use seedbed_autodiff::Rng;
/// use seedbed_data::{Augment, Batches, mnist};
///
/// let digits = mnist::embedded().train;
/// let mut rng = Rng::new(0);
/// let mut batches = Batches::new(digits.len(), 64, rng.split())?;
/// let augment = Augment { shift: 2, cutout: 8, ..Augment::default() };
/// let rows = batches.next_rows();
/// let batch = digits.select(&rows).augmented(&augment, &mut rng);
/// assert_eq!(batch.labels(), digits.labels_of(&rows));
/// # Ok::<(), seedbed_data::DataError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Augment {
    /// The largest shift, in pixels.
    pub shift: usize,
    /// Whether half of the images are mirrored.
    pub flip: bool,
    /// The side of the square that is cut out, in pixels; 0 for none.
    pub cutout: usize,
    /// The value of pixels that come in and of those that are cut out.
    pub fill: u8,
}

impl Augment {
    /// Changes images (N, H, W, C) in place.
    pub fn apply(&self, images: &mut Array4<u8>, rng: &mut Rng) {
        for mut image in images.outer_iter_mut() {
            self.one(&mut image, rng);
        }
    }

    fn one(&self, image: &mut ArrayViewMut3<'_, u8>, rng: &mut Rng) {
        let (height, width, _) = image.dim();
        if height == 0 || width == 0 {
            return;
        }
        if self.shift > 0 {
            let mut amount = || rng.below(2 * self.shift + 1) as isize - self.shift as isize;
            let (down, across) = (amount(), amount());
            shift(image, [down, across], self.fill);
        }
        if self.flip && rng.bernoulli(0.5) {
            let mirrored = image.slice(s![.., ..;-1, ..]).to_owned();
            image.assign(&mirrored);
        }
        if self.cutout > 0 {
            let [rows, columns] = [height, width].map(|n| {
                let start = rng.below(n) as isize - (self.cutout / 2) as isize;
                let end = start.saturating_add_unsigned(self.cutout);
                start.max(0)..end.clamp(0, n as isize)
            });
            image.slice_mut(s![rows, columns, ..]).fill(self.fill);
        }
    }
}

/// Moves an image down and across.
fn shift(image: &mut ArrayViewMut3<'_, u8>, [down, across]: [isize; 2], fill: u8) {
    let (height, width, _) = image.dim();
    // Where what stays is taken from, and where it goes to.
    let ranges = |by: isize, n: usize| {
        let kept = n.saturating_sub(by.unsigned_abs());
        let (from, to) = if by < 0 { (n - kept, 0) } else { (0, n - kept) };
        (from..from + kept, to..to + kept)
    };
    let (from_rows, to_rows) = ranges(down, height);
    let (from_columns, to_columns) = ranges(across, width);
    let kept = image.slice(s![from_rows, from_columns, ..]).to_owned();
    image.fill(fill);
    image.slice_mut(s![to_rows, to_columns, ..]).assign(&kept);
}

impl ImageSet {
    /// The same examples with images that are changed at random.
    #[must_use]
    pub fn augmented(&self, augment: &Augment, rng: &mut Rng) -> Self {
        let mut images = self.images().to_owned().into_owned();
        augment.apply(&mut images, rng);
        self.with_images(images)
    }
}
