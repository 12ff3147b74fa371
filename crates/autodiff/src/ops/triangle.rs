//! Triangles of matrices: each is its own transpose, as a mask is.

use smallvec::smallvec;

use crate::{Ctx, Float, Grads, Op, Tensor};

/// What stays of the last two axes: at or below a diagonal, or at or above it.
#[derive(Clone, Debug)]
struct Triangle {
    lower: bool,
    diagonal: isize,
}

impl Triangle {
    fn name(&self) -> &'static str {
        if self.lower { "tril" } else { "triu" }
    }

    #[track_caller]
    fn of<F: Float>(&self, x: &Tensor<F>) -> Tensor<F> {
        let &[.., rows, columns] = x.shape() else {
            panic!("{}: needs at least two axes, the shape is {:?}", self.name(), x.shape())
        };
        let mut y = x.to_vec();
        for (i, row) in y.chunks_mut(columns.max(1)).enumerate() {
            // The first column above the diagonal, or on it.
            let first = (i % rows) as isize;
            let first = first.saturating_add(self.diagonal).saturating_add(isize::from(self.lower));
            let first = first.clamp(0, columns as isize) as usize;
            if self.lower {
                row[first..].fill(F::zero());
            } else {
                row[..first].fill(F::zero());
            }
        }
        Tensor::record(self.clone(), &[x], Tensor::new(y, x.shape()))
    }
}

impl<F: Float> Op<F> for Triangle {
    fn name(&self) -> &'static str {
        self.name()
    }

    fn vjp(&self, _: &Ctx<'_, F>, g: Tensor<F>) -> Grads<F> {
        smallvec![Some(self.of(&g))]
    }
}

/// Triangles.
impl<F: Float> Tensor<F> {
    /// The lower triangles of matrices `[…, m, n]`: elements with column ≤ row + `diagonal`, and 0 elsewhere, whatever stands there.
    ///
    /// # Panics
    /// If there are fewer than two axes.
    ///
    /// ```
    /// use seedbed_autodiff::Tensor;
    /// let x = Tensor::<f32>::ones(&[2, 3]);
    /// assert_eq!(x.tril(0).to_vec(), [1.0, 0.0, 0.0, 1.0, 1.0, 0.0]);
    /// assert_eq!(x.tril(-1).to_vec(), [0.0, 0.0, 0.0, 1.0, 0.0, 0.0]);
    /// ```
    #[must_use]
    #[track_caller]
    pub fn tril(&self, diagonal: isize) -> Self {
        Triangle { lower: true, diagonal }.of(self)
    }

    /// The upper triangles of matrices `[…, m, n]`: elements with column ≥ row + `diagonal`, and 0 elsewhere, whatever stands there.
    ///
    /// # Panics
    /// If there are fewer than two axes.
    ///
    /// ```
    /// use seedbed_autodiff::Tensor;
    /// let x = Tensor::<f32>::ones(&[2, 3]);
    /// assert_eq!(x.triu(1).to_vec(), [0.0, 1.0, 1.0, 0.0, 0.0, 1.0]);
    /// ```
    #[must_use]
    #[track_caller]
    pub fn triu(&self, diagonal: isize) -> Self {
        Triangle { lower: false, diagonal }.of(self)
    }
}
