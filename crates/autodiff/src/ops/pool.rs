//! Pooling over windows of channels-last images and sequences.
//!
//! The gradient of the mean is a linear map whose gradient is the mean again; that of the maximum puts
//! each number where the maximum was found, and the gradient of that picks it up again. So both have
//! derivatives of every order.

use std::sync::Arc;

use smallvec::smallvec;

use crate::kernels::pool::{self, Pooling};
use crate::shape::{self, Dims};
use crate::{Ctx, Float, Grads, Op, Tensor};

/// Pooling.
impl<F: Float> Tensor<F> {
    /// The largest number in each window of sequences (N, L, C): (N, L', C), `L' = (L + 2·padding − kernel)/stride + 1`.
    ///
    /// Where several are equal, the gradient goes to the first. A NaN is the largest. Padding is never
    /// chosen.
    ///
    /// # Panics
    /// Unless the rank is 3, `kernel` and `stride` are at least 1, `2·padding ≤ kernel`, a window fits, and L is not 0.
    ///
    /// ```
    /// use seedbed_autodiff::Tensor;
    /// let x = Tensor::<f32>::new(vec![1.0, 3.0, 2.0, 0.0], &[1, 4, 1]);
    /// assert_eq!(x.max_pool1d(2, 2, 0).to_vec(), [3.0, 2.0]);
    /// ```
    #[must_use]
    #[track_caller]
    pub fn max_pool1d(&self, kernel: usize, stride: usize, padding: usize) -> Self {
        max("max_pool1d", self, [kernel], [stride], [padding])
    }

    /// The largest number in each window of images (N, H, W, C): (N, H', W', C), `H' = (H + 2·padding − kernel)/stride + 1`
    /// and `W'` likewise; pairs are (height, width).
    ///
    /// Where several are equal, the gradient goes to the first. A NaN is the largest. Padding is never
    /// chosen.
    ///
    /// # Panics
    /// Unless the rank is 4, `kernel` and `stride` are at least 1, `2·padding ≤ kernel`, a window fits, and neither H nor W is 0.
    ///
    /// ```
    /// use seedbed_autodiff::Tensor;
    /// let x = Tensor::<f32>::arange(16).reshape(&[1, 4, 4, 1]);
    /// assert_eq!(x.max_pool2d([2, 2], [2, 2], [0, 0]).to_vec(), [5.0, 7.0, 13.0, 15.0]);
    /// ```
    #[must_use]
    #[track_caller]
    pub fn max_pool2d(&self, kernel: [usize; 2], stride: [usize; 2], padding: [usize; 2]) -> Self {
        max("max_pool2d", self, kernel, stride, padding)
    }

    /// The mean of each window of sequences (N, L, C): (N, L', C), `L' = (L + 2·padding − kernel)/stride + 1`.
    /// Padding counts as zeros.
    ///
    /// # Panics
    /// Unless the rank is 3, `kernel` and `stride` are at least 1, `2·padding ≤ kernel`, and a window fits.
    ///
    /// ```
    /// use seedbed_autodiff::Tensor;
    /// let x = Tensor::<f32>::new(vec![1.0, 3.0, 2.0, 0.0], &[1, 4, 1]);
    /// assert_eq!(x.avg_pool1d(2, 2, 0).to_vec(), [2.0, 1.0]);
    /// ```
    #[must_use]
    #[track_caller]
    pub fn avg_pool1d(&self, kernel: usize, stride: usize, padding: usize) -> Self {
        mean("avg_pool1d", self, [kernel], [stride], [padding])
    }

    /// The mean of each window of images (N, H, W, C): (N, H', W', C), `H' = (H + 2·padding − kernel)/stride + 1`
    /// and `W'` likewise; pairs are (height, width). Padding counts as zeros.
    ///
    /// # Panics
    /// Unless the rank is 4, `kernel` and `stride` are at least 1, `2·padding ≤ kernel`, and a window fits.
    ///
    /// ```
    /// use seedbed_autodiff::Tensor;
    /// let x = Tensor::<f32>::arange(16).reshape(&[1, 4, 4, 1]);
    /// assert_eq!(x.avg_pool2d([2, 2], [2, 2], [0, 0]).to_vec(), [2.5, 4.5, 10.5, 12.5]);
    /// ```
    #[must_use]
    #[track_caller]
    pub fn avg_pool2d(&self, kernel: [usize; 2], stride: [usize; 2], padding: [usize; 2]) -> Self {
        mean("avg_pool2d", self, kernel, stride, padding)
    }
}

/// Checks the arguments, and gives the sizes.
#[track_caller]
fn pooling<F: Float, const D: usize>(
    op: &str,
    x: &Tensor<F>,
    kernel: [usize; D],
    stride: [usize; D],
    padding: [usize; D],
) -> Pooling {
    let sizes = x.shape();
    let axes = ["", "(N, L, C)", "(N, H, W, C)"][D];
    assert!(sizes.len() == D + 2, "{op}: the input is {axes}, got {sizes:?}");
    let mut p = Pooling {
        batch: sizes[0],
        input: [1; 2],
        output: [1; 2],
        kernel: [1; 2],
        stride: [1; 2],
        padding: [0; 2],
        channels: sizes[D + 1],
    };
    for (i, axis) in (2 - D..2).enumerate() {
        let (size, kernel, stride, padding) = (sizes[i + 1], kernel[i], stride[i], padding[i]);
        assert!(
            kernel > 0 && stride > 0 && padding <= kernel / 2,
            "{op}: needs kernel >= 1, stride >= 1 and 2 * padding <= kernel, got kernel {kernel}, stride \
             {stride}, padding {padding}"
        );
        let padded = shape::counted(op, "a padded axis", size.checked_add(2 * padding));
        assert!(
            kernel <= padded,
            "{op}: the window exceeds the padded input {sizes:?} (axis {}: {kernel} against {padded})",
            i + 1
        );
        (p.input[axis], p.kernel[axis], p.stride[axis]) = (size, kernel, stride);
        (p.padding[axis], p.output[axis]) = (padding, (padded - kernel) / stride + 1);
    }
    shape::room::<F>(op, &images(&p, p.output, D));
    p
}

/// The shape of images of one size, with `axes` spatial axes.
fn images(p: &Pooling, size: [usize; 2], axes: usize) -> Dims {
    let mut shape = Dims::from_elem(p.batch, 1);
    shape.extend_from_slice(&size[2 - axes..]);
    shape.push(p.channels);
    shape
}

#[track_caller]
fn mean<F: Float, const D: usize>(
    op: &'static str,
    x: &Tensor<F>,
    kernel: [usize; D],
    stride: [usize; D],
    padding: [usize; D],
) -> Tensor<F> {
    Mean { op, axes: D, p: pooling(op, x, kernel, stride, padding) }.forward(x)
}

#[derive(Clone, Copy, Debug)]
struct Mean {
    op: &'static str,
    axes: usize,
    p: Pooling,
}

impl Mean {
    #[track_caller]
    fn forward<F: Float>(self, x: &Tensor<F>) -> Tensor<F> {
        let mut y = vec![F::zero(); self.p.output_len()];
        pool::mean(&self.p, x.data(), &mut y);
        let shape = images(&self.p, self.p.output, self.axes);
        Tensor::record(self, &[x], Tensor::new(y, &shape))
    }

    #[track_caller]
    fn transpose<F: Float>(self, y: &Tensor<F>) -> Tensor<F> {
        let mut x = vec![F::zero(); self.p.input_len()];
        pool::mean_gradient(&self.p, y.data(), &mut x);
        let shape = images(&self.p, self.p.input, self.axes);
        Tensor::record(Spread(self), &[y], Tensor::new(x, &shape))
    }
}

impl<F: Float> Op<F> for Mean {
    fn name(&self) -> &'static str {
        self.op
    }

    fn vjp(&self, _: &Ctx<'_, F>, g: Tensor<F>) -> Grads<F> {
        smallvec![Some(self.transpose(&g))]
    }
}

/// The transpose of [`Mean`].
#[derive(Debug)]
struct Spread(Mean);

impl<F: Float> Op<F> for Spread {
    fn name(&self) -> &'static str {
        self.0.op
    }

    fn vjp(&self, _: &Ctx<'_, F>, g: Tensor<F>) -> Grads<F> {
        smallvec![Some(self.0.forward(&g))]
    }
}

#[track_caller]
fn max<F: Float, const D: usize>(
    op: &'static str,
    x: &Tensor<F>,
    kernel: [usize; D],
    stride: [usize; D],
    padding: [usize; D],
) -> Tensor<F> {
    let p = pooling(op, x, kernel, stride, padding);
    assert!(
        !p.input.contains(&0),
        "{op}: there is nothing to choose from in shape {:?}: an axis that is pooled is empty",
        x.shape()
    );
    let (mut y, mut at) = (vec![F::zero(); p.output_len()], vec![0; p.output_len()]);
    pool::max(&p, x.data(), &mut y, &mut at);
    let y = Tensor::new(y, &images(&p, p.output, D));
    Tensor::record(Pick(Chosen { op, axes: D, p, at: at.into() }), &[x], y)
}

/// Where in the input each output of a maximum was found.
#[derive(Clone, Debug)]
struct Chosen {
    op: &'static str,
    axes: usize,
    p: Pooling,
    at: Arc<[usize]>,
}

impl Chosen {
    /// `y[i] = x[at[i]]`.
    #[track_caller]
    fn pick<F: Float>(&self, x: &Tensor<F>) -> Tensor<F> {
        let y = self.at.iter().map(|&at| x.data()[at]).collect();
        let shape = images(&self.p, self.p.output, self.axes);
        Tensor::record(Pick(self.clone()), &[x], Tensor::new(y, &shape))
    }

    /// `x[at[i]] += y[i]`.
    #[track_caller]
    fn put<F: Float>(&self, y: &Tensor<F>) -> Tensor<F> {
        let mut x = vec![F::zero(); self.p.input_len()];
        for (&at, &y) in self.at.iter().zip(y.data()) {
            x[at] += y;
        }
        let shape = images(&self.p, self.p.input, self.axes);
        Tensor::record(Put(self.clone()), &[y], Tensor::new(x, &shape))
    }
}

#[derive(Debug)]
struct Pick(Chosen);

impl<F: Float> Op<F> for Pick {
    fn name(&self) -> &'static str {
        self.0.op
    }

    fn vjp(&self, _: &Ctx<'_, F>, g: Tensor<F>) -> Grads<F> {
        smallvec![Some(self.0.put(&g))]
    }
}

#[derive(Debug)]
struct Put(Chosen);

impl<F: Float> Op<F> for Put {
    fn name(&self) -> &'static str {
        self.0.op
    }

    fn vjp(&self, _: &Ctx<'_, F>, g: Tensor<F>) -> Grads<F> {
        smallvec![Some(self.0.pick(&g))]
    }
}
