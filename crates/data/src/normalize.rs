//! Shifting and scaling pixels, one pair of numbers a channel.

use serde::{Deserialize, Serialize};

use crate::error::DataError;
use crate::image_set::ImageSet;

/// x = (pixel / 255 − mean) / std, for each channel.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Fields", into = "Fields")]
pub struct Normalize {
    mean: Vec<f64>,
    std: Vec<f64>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Fields {
    mean: Vec<f64>,
    std: Vec<f64>,
}

impl TryFrom<Fields> for Normalize {
    type Error = DataError;

    fn try_from(fields: Fields) -> Result<Self, DataError> {
        Self::new(fields.mean, fields.std)
    }
}

impl From<Normalize> for Fields {
    fn from(Normalize { mean, std }: Normalize) -> Self {
        Self { mean, std }
    }
}

impl Normalize {
    /// With these numbers, one a channel; a single pair is for all channels.
    ///
    /// # Errors
    /// [`DataError::Invalid`] if there are none or not as many of one as of the other, a mean is not
    /// finite, a standard deviation is not positive, or pixels would become larger than 32 bits can hold.
    pub fn new(mean: Vec<f64>, std: Vec<f64>) -> Result<Self, DataError> {
        if mean.is_empty() || mean.len() != std.len() {
            let expected = format!("{}, one a mean, and at least 1", mean.len());
            return Err(DataError::invalid("the number of deviations", std.len(), expected));
        }
        if let Some(mean) = mean.iter().find(|mean| !mean.is_finite()) {
            return Err(DataError::invalid("mean", mean, "a finite number"));
        }
        if let Some(std) = std.iter().find(|&&std| !(std > 0.0 && std.is_finite())) {
            return Err(DataError::invalid("std", std, "a positive, finite number"));
        }
        let ends = |mean: f64, std: f64| [(0.0 - mean) / std, (1.0 - mean) / std];
        let too_large = |x: f64| !(x as f32).is_finite();
        if let Some((mean, std)) =
            mean.iter().zip(&std).find(|&(&mean, &std)| ends(mean, std).into_iter().any(too_large))
        {
            let found = format!("{std:e}, with the mean {mean:e}");
            return Err(DataError::invalid("std", found, "so large that pixels stay below 3.4e38"));
        }
        Ok(Self { mean, std })
    }

    /// Pixels on [0, 1].
    pub fn unit() -> Self {
        Self { mean: vec![0.0], std: vec![1.0] }
    }

    /// The usual numbers for MNIST, 0.1307 and 0.3081: mean and deviation of its training digits.
    pub fn mnist() -> Self {
        Self { mean: vec![0.1307], std: vec![0.3081] }
    }

    /// Mean and standard deviation of each channel of a set, so that it has mean 0 and variance 1.
    ///
    /// ```
    /// use seedbed_data::{Normalize, mnist};
    ///
    /// let digits = mnist::embedded().train;
    /// let normalize = Normalize::fit(&digits)?;
    /// assert!((normalize.mean()[0] - 0.131).abs() < 1e-3);
    /// let x = digits.tensor_with::<f64>(&[0, 1, 2], &normalize);
    /// assert!(x.data()[0] < 0.0); // paper
    /// # Ok::<(), seedbed_data::DataError>(())
    /// ```
    ///
    /// # Errors
    /// [`DataError::Invalid`] if the set is empty, or a channel is the same everywhere.
    pub fn fit(set: &ImageSet) -> Result<Self, DataError> {
        let channels = set.image_shape()[2];
        let pixels = set.images().as_slice().expect("contiguous");
        if pixels.is_empty() {
            return Err(DataError::invalid("the number of pixels", 0, "at least 1"));
        }
        // Counting the values makes the sums exact and short.
        let mut counts = vec![[0_u64; 256]; channels];
        for pixel in pixels.chunks_exact(channels) {
            for (counts, &value) in counts.iter_mut().zip(pixel) {
                counts[usize::from(value)] += 1;
            }
        }
        let n = (pixels.len() / channels) as f64;
        let expectation = |counts: &[u64; 256], f: &dyn Fn(f64) -> f64| {
            let values = counts.iter().enumerate();
            values.map(|(value, &count)| f(value as f64 / 255.0) * count as f64).sum::<f64>() / n
        };
        let mean: Vec<f64> = counts.iter().map(|c| expectation(c, &|x| x)).collect();
        let std = counts.iter().zip(&mean);
        let std = std.map(|(c, mean)| expectation(c, &|x| (x - mean).powi(2)).sqrt()).collect();
        Self::new(mean, std)
    }

    /// What is taken off, a channel (or for all).
    pub fn mean(&self) -> &[f64] {
        &self.mean
    }

    /// What is divided by, a channel (or for all).
    pub fn std(&self) -> &[f64] {
        &self.std
    }

    /// What each value of a pixel becomes, a channel (or for all).
    #[cfg(feature = "tensors")]
    pub(crate) fn tables(&self) -> impl Iterator<Item = [f64; 256]> {
        let pairs = self.mean.iter().zip(&self.std);
        pairs.map(|(mean, std)| std::array::from_fn(|value| (value as f64 / 255.0 - mean) / std))
    }
}
