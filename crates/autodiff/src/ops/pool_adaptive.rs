//! Pooling to a given size, and means that leave the padding out: made of other ops.

use crate::{Float, Tensor};

/// Pooling to a size, and without padding in the mean.
impl<F: Float> Tensor<F> {
    /// [`avg_pool1d`](Self::avg_pool1d) in which the padding does not count: the mean of those places of a window that lie inside (PyTorch's
    /// `count_include_pad=False`).
    ///
    /// # Panics
    /// As `avg_pool1d`.
    ///
    /// ```
    /// use seedbed_autodiff::Tensor;
    /// let x = Tensor::<f32>::new(vec![3.0, 5.0, 7.0], &[1, 3, 1]);
    /// assert_eq!(x.avg_pool1d_inside(3, 1, 1).to_vec(), [4.0, 5.0, 6.0]);
    /// ```
    #[must_use]
    #[track_caller]
    pub fn avg_pool1d_inside(&self, kernel: usize, stride: usize, padding: usize) -> Self {
        let y = self.avg_pool1d(kernel, stride, padding);
        let n = y.shape()[1];
        let shares = shares(self.shape()[1], n, [kernel, stride, padding]);
        y * Self::new(shares, &[n, 1])
    }

    /// [`avg_pool2d`](Self::avg_pool2d) in which the padding does not count: the mean of those pixels of a window that lie inside the image (PyTorch's
    /// `count_include_pad=False`).
    ///
    /// # Panics
    /// As `avg_pool2d`.
    ///
    /// ```
    /// use seedbed_autodiff::Tensor;
    /// let x = Tensor::<f32>::ones(&[1, 4, 5, 2]);
    /// let y = x.avg_pool2d_inside([3, 3], [2, 2], [1, 1]);
    /// assert!(y.data().iter().all(|y| (y - 1.0).abs() < 1e-6));
    /// ```
    #[must_use]
    #[track_caller]
    pub fn avg_pool2d_inside(
        &self,
        kernel: [usize; 2],
        stride: [usize; 2],
        padding: [usize; 2],
    ) -> Self {
        let mut y = self.avg_pool2d(kernel, stride, padding);
        for i in 0..2 {
            let n = y.shape()[i + 1];
            let shares = shares(self.shape()[i + 1], n, [kernel[i], stride[i], padding[i]]);
            y = y * Self::new(shares, if i == 0 { [n, 1, 1] } else { [1, n, 1] }.as_slice());
        }
        y
    }

    /// The means of `size` = (down, across) parts of images (N, H, W, C), of sizes as equal as can be: (N, down, across, C). Part i of n of an axis of length L goes from ⌊i L/n⌋ to
    /// ⌈(i + 1) L/n⌉, so that neighbours may share a pixel (as in PyTorch).
    ///
    /// # Panics
    /// Unless the rank is 4, and height, width and both sizes are at least 1.
    ///
    /// ```
    /// use seedbed_autodiff::Tensor;
    /// let x = Tensor::<f32>::arange(6).reshape(&[1, 2, 3, 1]);
    /// assert_eq!(x.adaptive_avg_pool2d([1, 2]).to_vec(), [2.0, 3.0]);
    /// ```
    #[must_use]
    #[track_caller]
    pub fn adaptive_avg_pool2d(&self, size: [usize; 2]) -> Self {
        check("adaptive_avg_pool2d", self, size);
        let mean = |x: &Self, axis: isize| x.mean_keepdim(axis);
        parts(&parts(self, 1, size[0], mean), 2, size[1], mean)
    }

    /// The largest numbers of `size` = (down, across) parts of images (N, H, W, C): (N, down, across, C), with the parts of
    /// [`adaptive_avg_pool2d`](Self::adaptive_avg_pool2d). Of equal ones, the gradient goes to one.
    ///
    /// # Panics
    /// As `adaptive_avg_pool2d`.
    ///
    /// ```
    /// use seedbed_autodiff::Tensor;
    /// let x = Tensor::<f32>::arange(6).reshape(&[1, 2, 3, 1]);
    /// assert_eq!(x.adaptive_max_pool2d([1, 2]).to_vec(), [4.0, 5.0]);
    /// ```
    #[must_use]
    #[track_caller]
    pub fn adaptive_max_pool2d(&self, size: [usize; 2]) -> Self {
        check("adaptive_max_pool2d", self, size);
        let max = |x: &Self, axis: isize| x.max_keepdim(axis);
        parts(&parts(self, 1, size[0], max), 2, size[1], max)
    }
}

#[track_caller]
fn check<F: Float>(op: &str, x: &Tensor<F>, size: [usize; 2]) {
    let shape = x.shape();
    assert!(shape.len() == 4, "{op}: the input is (N, H, W, C), got {shape:?}");
    assert!(
        shape[1] > 0 && shape[2] > 0 && !size.contains(&0),
        "{op}: height, width and the size must be at least 1, got {shape:?} and {size:?}"
    );
}

/// Every part of an axis reduced to one place.
#[track_caller]
fn parts<F: Float>(
    x: &Tensor<F>,
    axis: isize,
    n: usize,
    reduce: impl Fn(&Tensor<F>, isize) -> Tensor<F>,
) -> Tensor<F> {
    let length = x.shape()[axis as usize];
    if n == length {
        return x.clone();
    }
    let mut all = Vec::with_capacity(n);
    for i in 0..n {
        let (start, end) = (i * length / n, ((i + 1) * length).div_ceil(n));
        all.push(reduce(&x.slice(axis, start as isize..end as isize), axis));
    }
    Tensor::concat(&all, axis)
}

/// By what the mean over each window has to be multiplied along an axis, so that the padding does not count.
fn shares<F: Float>(
    length: usize,
    windows: usize,
    [kernel, stride, padding]: [usize; 3],
) -> Vec<F> {
    let share = |i: usize| {
        let (start, end) = (i * stride, i * stride + kernel);
        let inside = end.min(length + padding).saturating_sub(start.max(padding));
        F::of(kernel as f64 / inside as f64)
    };
    (0..windows).map(share).collect()
}
