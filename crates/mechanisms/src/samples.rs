//! Unpaired samples, and the truth about them, which no training sees.

use seedbed_autodiff::{Float, Rng, Tensor};

use crate::MechanismsError;
use crate::error::all_finite;
use crate::mechanism::Mechanism;

/// What experts learn from: samples of the canonical distribution, and other samples that something was done to. No pairs, no labels.
#[derive(Clone, Debug)]
pub struct Unpaired<F: Float = f32> {
    canonical: Tensor<F>,
    transformed: Tensor<F>,
}

/// What was done to the transformed samples; for evaluation only.
#[derive(Clone, Debug)]
pub struct Truth<F: Float = f32> {
    /// The images before, `[n, height, width, channels]`.
    pub clean: Tensor<F>,
    /// Which mechanism each went through.
    pub mechanism: Vec<usize>,
    /// The mechanisms' names.
    pub names: Vec<String>,
}

impl<F: Float> Unpaired<F> {
    /// Images `[n, height, width, channels]` of both kinds, from wherever they are.
    ///
    /// # Errors
    /// If there is none of a kind, they have other shapes than one another, or a pixel is not finite.
    pub fn new(canonical: Tensor<F>, transformed: Tensor<F>) -> Result<Self, MechanismsError> {
        for (images, what) in
            [(&canonical, "canonical images"), (&transformed, "transformed images")]
        {
            if images.ndim() != 4 {
                let expected = "[n, height, width, channels]";
                return Err(MechanismsError::shape(what, images.shape(), expected));
            }
            if images.is_empty() {
                return Err(MechanismsError::Empty { what });
            }
            all_finite(images, || format!("a pixel of the {what}"))?;
        }
        if canonical.shape()[1..] != transformed.shape()[1..] {
            let expected = format!("[n, {:?}], as canonical ones are", &canonical.shape()[1..]);
            return Err(MechanismsError::shape(
                "transformed images",
                transformed.shape(),
                expected,
            ));
        }
        Ok(Self { canonical, transformed })
    }

    /// One half of the images, drawn at random, stays; the other goes through the mechanisms, an equal share through each.
    ///
    /// # Errors
    /// If there are fewer than two images, there is no mechanism, or one fails.
    pub fn split(
        images: &Tensor<F>,
        mechanisms: &[Mechanism<F>],
        rng: &mut Rng,
    ) -> Result<(Self, Truth<F>), MechanismsError> {
        let n = images.shape().first().copied().unwrap_or(0);
        if n < 2 {
            return Err(MechanismsError::Empty { what: "one half of the images" });
        }
        let order = rng.permutation(n);
        let canonical = images.index_select(0, &order[..n / 2]);
        let (transformed, truth) =
            transform(&images.index_select(0, &order[n / 2..]), mechanisms, rng)?;
        Ok((Self::new(canonical, transformed)?, truth))
    }

    /// Samples of the canonical distribution, `[n, height, width, channels]`.
    pub fn canonical(&self) -> &Tensor<F> {
        &self.canonical
    }

    /// Samples that something was done to, `[n, height, width, channels]`.
    pub fn transformed(&self) -> &Tensor<F> {
        &self.transformed
    }

    /// Height, width and channels.
    pub fn image_shape(&self) -> [usize; 3] {
        [1, 2, 3].map(|axis| self.canonical.shape()[axis])
    }
}

/// Images that go through the mechanisms in turn: the first through the first, the second through the second, and so on around; and the truth.
///
/// # Errors
/// If there are no images or no mechanisms, or a mechanism fails.
pub fn transform<F: Float>(
    images: &Tensor<F>,
    mechanisms: &[Mechanism<F>],
    rng: &mut Rng,
) -> Result<(Tensor<F>, Truth<F>), MechanismsError> {
    if mechanisms.is_empty() {
        return Err(MechanismsError::Empty { what: "the list of mechanisms" });
    }
    if images.is_empty() {
        return Err(MechanismsError::Empty { what: "the set of images" });
    }
    let n = images.shape()[0];
    let mechanism: Vec<usize> = (0..n).map(|i| i % mechanisms.len()).collect();
    // One call a mechanism, then back into the order of the images.
    let mut parts = Vec::new();
    let mut place = vec![0; n];
    let mut done = 0;
    for (m, by) in mechanisms.iter().enumerate().take(n) {
        let rows: Vec<usize> = (m..n).step_by(mechanisms.len()).collect();
        for (i, &row) in rows.iter().enumerate() {
            place[row] = done + i;
        }
        done += rows.len();
        parts.push(by.apply(&images.index_select(0, &rows), rng)?);
    }
    let transformed = Tensor::concat(&parts, 0).index_select(0, &place);
    let names = mechanisms.iter().map(Mechanism::name).collect();
    Ok((transformed, Truth { clean: images.clone(), mechanism, names }))
}
