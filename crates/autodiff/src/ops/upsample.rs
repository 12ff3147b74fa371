//! Upsampling by nearest neighbours, with the sum that transposes it, and on straight lines of channels-last images and sequences.

use smallvec::smallvec;

use crate::kernels::pool;
use crate::shape::{self, Dims};
use crate::{Ctx, Float, Grads, Op, Tensor};

/// Upsampling.
impl<F: Float> Tensor<F> {
    /// Each place of sequences (N, L, C) repeated `factor` times: (N, L·factor, C).
    ///
    /// # Panics
    /// Unless the rank is 3 and the factor at least 1.
    ///
    /// ```
    /// use seedbed_autodiff::Tensor;
    /// let x = Tensor::<f32>::new(vec![1.0, 2.0], &[1, 2, 1]);
    /// assert_eq!(x.upsample_nearest1d(2).to_vec(), [1.0, 1.0, 2.0, 2.0]);
    /// ```
    #[must_use]
    #[track_caller]
    pub fn upsample_nearest1d(&self, factor: usize) -> Self {
        let shape = self.shape();
        assert!(shape.len() == 3, "upsample_nearest1d: the input is (N, L, C), got {shape:?}");
        assert!(factor > 0, "upsample_nearest1d: the factor must be at least 1, got {factor}");
        let small = Dims::from_slice(shape);
        Nearest { op: "upsample_nearest1d", small, factor: [1, factor] }.forward(self)
    }

    /// Each pixel of images (N, H, W, C) repeated `factor` = (down, across) times: (N, H·down, W·across, C).
    ///
    /// # Panics
    /// Unless the rank is 4 and the factors at least 1.
    ///
    /// ```
    /// use seedbed_autodiff::Tensor;
    /// let x = Tensor::<f32>::new(vec![1.0, 2.0], &[1, 1, 2, 1]);
    /// assert_eq!(x.upsample_nearest2d([2, 1]).to_vec(), [1.0, 2.0, 1.0, 2.0]);
    /// ```
    #[must_use]
    #[track_caller]
    pub fn upsample_nearest2d(&self, factor: [usize; 2]) -> Self {
        let shape = self.shape();
        assert!(shape.len() == 4, "upsample_nearest2d: the input is (N, H, W, C), got {shape:?}");
        assert!(
            factor.iter().all(|&f| f > 0),
            "upsample_nearest2d: the factors must be at least 1, got {factor:?}"
        );
        let small = Dims::from_slice(shape);
        Nearest { op: "upsample_nearest2d", small, factor }.forward(self)
    }

    /// Images (N, H, W, C) enlarged by `factor` = (down, across) with numbers in between on straight lines: (N, H·down, W·across, C). Pixels are squares whose values stand in their
    /// middle; beyond the outermost middles the image goes on as it ends (PyTorch's `mode="bilinear"` with `align_corners=False`).
    ///
    /// # Panics
    /// Unless the rank is 4 and the factors at least 1.
    ///
    /// ```
    /// use seedbed_autodiff::Tensor;
    /// let x = Tensor::<f32>::new(vec![0.0, 4.0], &[1, 1, 2, 1]);
    /// assert_eq!(x.upsample_bilinear2d([1, 2]).to_vec(), [0.0, 1.0, 3.0, 4.0]);
    /// ```
    #[must_use]
    #[track_caller]
    pub fn upsample_bilinear2d(&self, factor: [usize; 2]) -> Self {
        let shape = self.shape();
        assert!(shape.len() == 4, "upsample_bilinear2d: the input is (N, H, W, C), got {shape:?}");
        assert!(
            factor.iter().all(|&f| f > 0),
            "upsample_bilinear2d: the factors must be at least 1, got {factor:?}"
        );
        let mut large = Dims::from_slice(shape);
        for (size, factor) in large[1..3].iter_mut().zip(factor) {
            let counted = size.checked_mul(factor);
            *size = shape::counted("upsample_bilinear2d", "an axis of the result", counted);
        }
        shape::room::<F>("upsample_bilinear2d", &large);
        in_between(&in_between(self, 1, factor[0]), 2, factor[1])
    }
}

/// An axis of images enlarged: each place of the result is a mean of two neighbours.
#[track_caller]
fn in_between<F: Float>(x: &Tensor<F>, axis: isize, factor: usize) -> Tensor<F> {
    let n = x.shape()[axis as usize];
    if factor == 1 || n == 0 {
        return x.clone();
    }
    let (mut before, mut after, mut weights) = (Vec::new(), Vec::new(), Vec::new());
    for i in 0..n * factor {
        let place = ((i as f64 + 0.5) / factor as f64 - 0.5).clamp(0.0, (n - 1) as f64);
        let whole = place.floor() as usize;
        before.push(whole);
        after.push((whole + 1).min(n - 1));
        weights.push(F::of(place - whole as f64));
    }
    let mut shape = [1; 4];
    shape[axis as usize] = n * factor;
    let weights = Tensor::new(weights, &shape);
    x.index_select(axis, &before) * (1.0 - &weights) + x.index_select(axis, &after) * weights
}

#[derive(Clone, Debug)]
struct Nearest {
    op: &'static str,
    /// The shape before.
    small: Dims,
    factor: [usize; 2],
}

impl Nearest {
    /// Height, width and channels before.
    fn sizes(&self) -> ([usize; 2], usize) {
        match self.small[..] {
            [_, w, c] => ([1, w], c),
            [_, h, w, c] => ([h, w], c),
            _ => unreachable!("one or two spatial axes"),
        }
    }

    /// The shape after.
    #[track_caller]
    fn large(&self) -> Dims {
        let mut shape = self.small.clone();
        let axes = shape.len() - 2;
        for (size, factor) in shape[1..].iter_mut().zip(&self.factor[2 - axes..]) {
            *size = shape::counted(self.op, "an axis of the result", size.checked_mul(*factor));
        }
        shape
    }

    #[track_caller]
    fn forward<F: Float>(&self, x: &Tensor<F>) -> Tensor<F> {
        let large = self.large();
        let mut y = vec![F::zero(); shape::room::<F>(self.op, &large)];
        let (size, channels) = self.sizes();
        pool::upsample(x.data(), size, channels, self.factor, &mut y);
        Tensor::record(self.clone(), &[x], Tensor::new(y, &large))
    }

    #[track_caller]
    fn transpose<F: Float>(&self, y: &Tensor<F>) -> Tensor<F> {
        let mut x = vec![F::zero(); shape::len(&self.small)];
        let (size, channels) = self.sizes();
        pool::upsample_gradient(y.data(), size, channels, self.factor, &mut x);
        Tensor::record(SumCopies(self.clone()), &[y], Tensor::new(x, &self.small))
    }
}

impl<F: Float> Op<F> for Nearest {
    fn name(&self) -> &'static str {
        self.op
    }

    fn vjp(&self, _: &Ctx<'_, F>, g: Tensor<F>) -> Grads<F> {
        smallvec![Some(self.transpose(&g))]
    }
}

/// The transpose of [`Nearest`].
#[derive(Debug)]
struct SumCopies(Nearest);

impl<F: Float> Op<F> for SumCopies {
    fn name(&self) -> &'static str {
        self.0.op
    }

    fn vjp(&self, _: &Ctx<'_, F>, g: Tensor<F>) -> Grads<F> {
        smallvec![Some(self.0.forward(&g))]
    }
}
