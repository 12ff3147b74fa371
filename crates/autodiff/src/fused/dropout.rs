//! Dropout.

use crate::kernels::dropout;
use crate::{Float, Rng, Tensor};

impl<F: Float> Tensor<F> {
    /// Every element set to 0 with probability `p`, and multiplied by 1/(1 − p) otherwise, so that the mean stays (Srivastava et al. 2014; "inverted").
    ///
    /// The mask depends on `rng` alone, not on the number of threads. With `p` = 0 nothing is drawn. At inference, simply do not
    /// call it.
    ///
    /// # Panics
    /// Unless 0 ≤ p < 1.
    ///
    /// ```
    /// use seedbed_autodiff::{Rng, Tensor};
    /// let y = Tensor::<f32>::ones(&[1000]).dropout(0.75, &mut Rng::new(0));
    /// assert!(y.data().iter().all(|&y| y == 0.0 || y == 4.0));
    /// assert!((y.mean(..).item() - 1.0).abs() < 0.2);
    /// ```
    #[track_caller]
    pub fn dropout(&self, p: f64, rng: &mut Rng) -> Self {
        assert!((0.0..1.0).contains(&p), "dropout: the probability must lie in [0, 1), got {p}");
        if p == 0.0 {
            return self.clone();
        }
        self * Tensor::new(dropout::mask(self.len(), p, rng), self.shape())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_share_that_is_dropped_is_p() {
        let n = 100_000;
        for p in [0.1, 0.5, 0.9] {
            let y = Tensor::<f32>::ones(&[n]).dropout(p, &mut Rng::new(3));
            let dropped = y.data().iter().filter(|&&y| y == 0.0).count() as f64;
            // Five standard deviations of a binomial distribution.
            let slack = 5.0 * (n as f64 * p * (1.0 - p)).sqrt();
            assert!((dropped - p * n as f64).abs() < slack, "{p}: {dropped}");
        }
    }

    #[test]
    fn the_mask_depends_on_the_seed_alone() {
        let x = Tensor::<f32>::ones(&[100, 1000]);
        let draw = |seed| x.dropout(0.5, &mut Rng::new(seed));
        assert_eq!(draw(1), draw(1));
        assert_ne!(draw(1), draw(2));
        let serial = crate::kernels::par::serially(|| draw(1));
        assert_eq!(draw(1), serial);
        // Neighbouring chunks are drawn by different generators.
        assert_ne!(draw(1).data()[..4096], draw(1).data()[4096..8192]);
    }

    #[test]
    fn without_dropout_nothing_is_drawn() {
        let (mut rng, x) = (Rng::new(5), Tensor::<f64>::ones(&[3]));
        assert_eq!(x.dropout(0.0, &mut rng), x);
        assert_eq!(rng, Rng::new(5));
        assert_eq!(Tensor::<f64>::ones(&[0, 3]).dropout(0.5, &mut rng).shape(), [0, 3]);
    }

    #[test]
    #[should_panic(expected = "dropout: the probability must lie in [0, 1), got 1")]
    fn dropping_everything_is_refused() {
        let _ = Tensor::<f32>::ones(&[3]).dropout(1.0, &mut Rng::new(0));
    }
}
