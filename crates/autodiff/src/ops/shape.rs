//! The same elements in another shape or order.

use smallvec::smallvec;

use crate::kernels::layout;
use crate::shape::{self, Axes, Dims};
use crate::{Ctx, Float, Grads, Op, Tensor};

#[derive(Debug)]
struct Reshape;

impl<F: Float> Op<F> for Reshape {
    fn name(&self) -> &'static str {
        "reshape"
    }

    fn vjp(&self, c: &Ctx<'_, F>, g: Tensor<F>) -> Grads<F> {
        smallvec![Some(g.reshape(c.x(0).shape()))]
    }
}

/// Axis `k` of the result is axis `order[k]` of the argument.
#[derive(Debug)]
struct Permute {
    order: Dims,
}

impl<F: Float> Op<F> for Permute {
    fn name(&self) -> &'static str {
        "permute"
    }

    fn vjp(&self, _: &Ctx<'_, F>, g: Tensor<F>) -> Grads<F> {
        let mut inverse = self.order.clone();
        for (k, &a) in self.order.iter().enumerate() {
            inverse[a] = k;
        }
        smallvec![Some(g.permuted(inverse))]
    }
}

/// Shapes.
impl<F: Float> Tensor<F> {
    /// The same elements in another shape, in row-major order. Nothing is copied.
    ///
    /// # Panics
    /// If the shapes have different numbers of elements.
    ///
    /// ```
    /// use seedbed_autodiff::Tensor;
    /// assert_eq!(Tensor::<f32>::arange(6).reshape(&[2, 3]).shape(), &[2, 3]);
    /// ```
    #[track_caller]
    pub fn reshape(&self, shape: &[usize]) -> Self {
        if self.shape() == shape {
            return self.clone();
        }
        assert!(
            shape::len(shape) == self.len(),
            "reshape: the tensor's shape {:?} has {} elements, {shape:?} has {}",
            self.shape(),
            self.len(),
            shape::len(shape)
        );
        let value = self.part(0, shape);
        Self::record(Reshape, &[self], value)
    }

    /// All elements along one axis.
    ///
    /// ```
    /// use seedbed_autodiff::Tensor;
    /// assert_eq!(Tensor::<f32>::ones(&[2, 3]).flatten().shape(), &[6]);
    /// ```
    #[track_caller]
    pub fn flatten(&self) -> Self {
        self.reshape(&[self.len()])
    }

    /// Without some axes of size 1; `..` leaves out all that have size 1.
    ///
    /// # Panics
    /// If a named axis has another size.
    ///
    /// ```
    /// use seedbed_autodiff::Tensor;
    /// let x = Tensor::<f32>::ones(&[1, 3, 1]);
    /// assert_eq!(x.squeeze(-1).shape(), &[1, 3]);
    /// assert_eq!(x.squeeze(..).shape(), &[3]);
    /// ```
    #[track_caller]
    pub fn squeeze(&self, axes: impl Axes) -> Self {
        let all = axes.are_all();
        let mut axes = axes.resolve("squeeze", self.ndim());
        if all {
            axes.retain(|a| self.shape()[*a] == 1);
        }
        for &a in &axes {
            assert!(
                self.shape()[a] == 1,
                "squeeze: axis {a} of shape {:?} has not size 1",
                self.shape()
            );
        }
        self.reshape(&super::reduce::reduced_shapes(self.shape(), &axes).1)
    }

    /// With a new axis of size 1, which is number `axis` of the result.
    ///
    /// # Panics
    /// If `axis` is out of range for the result.
    ///
    /// ```
    /// use seedbed_autodiff::Tensor;
    /// let x = Tensor::<f32>::ones(&[2, 3]);
    /// assert_eq!(x.unsqueeze(0).shape(), &[1, 2, 3]);
    /// assert_eq!(x.unsqueeze(-1).shape(), &[2, 3, 1]);
    /// ```
    #[track_caller]
    pub fn unsqueeze(&self, axis: isize) -> Self {
        let axis = shape::axis("unsqueeze", axis, self.ndim() + 1);
        let mut shape = Dims::from_slice(self.shape());
        shape.insert(axis, 1);
        self.reshape(&shape)
    }

    /// The axes in another order: axis `k` of the result is axis `order[k]` of this tensor.
    ///
    /// # Panics
    /// Unless `order` names every axis once.
    ///
    /// ```
    /// use seedbed_autodiff::Tensor;
    /// let x = Tensor::<f32>::zeros(&[2, 3, 4]);
    /// assert_eq!(x.permute(&[2, 0, 1]).shape(), &[4, 2, 3]);
    /// ```
    #[track_caller]
    pub fn permute(&self, order: &[isize]) -> Self {
        assert!(
            order.len() == self.ndim(),
            "permute: the order {order:?} has {} axes, the shape {:?} has {}",
            order.len(),
            self.shape(),
            self.ndim()
        );
        // This also finds an axis that is named twice.
        order.resolve("permute", self.ndim());
        self.permuted(order.iter().map(|&a| shape::axis("permute", a, self.ndim())).collect())
    }

    /// The transpose of a matrix.
    ///
    /// # Panics
    /// Unless the tensor has rank 2.
    ///
    /// ```
    /// use seedbed_autodiff::Tensor;
    /// let x = Tensor::<f32>::arange(4).reshape(&[2, 2]);
    /// assert_eq!(x.t().to_vec(), [0.0, 2.0, 1.0, 3.0]);
    /// ```
    #[track_caller]
    pub fn t(&self) -> Self {
        assert!(self.ndim() == 2, "t: needs a matrix, the shape is {:?}", self.shape());
        self.permuted(smallvec![1, 0])
    }

    /// With two axes exchanged.
    ///
    /// # Panics
    /// If an axis is out of range.
    ///
    /// ```
    /// use seedbed_autodiff::Tensor;
    /// assert_eq!(Tensor::<f32>::zeros(&[2, 3, 4]).swap_axes(0, -1).shape(), &[4, 3, 2]);
    /// ```
    #[track_caller]
    pub fn swap_axes(&self, a: isize, b: isize) -> Self {
        let mut order: Dims = (0..self.ndim()).collect();
        let (a, b) =
            (shape::axis("swap_axes", a, self.ndim()), shape::axis("swap_axes", b, self.ndim()));
        order.swap(a, b);
        self.permuted(order)
    }

    #[track_caller]
    pub(crate) fn permuted(&self, order: Dims) -> Self {
        let shape: Dims = order.iter().map(|&a| self.shape()[a]).collect();
        let moved = order.iter().filter(|&&a| self.shape()[a] != 1);
        if self.is_empty() || moved.is_sorted() {
            return self.reshape(&shape);
        }
        let strides = shape::strides(self.shape());
        let strides: Vec<_> = order.iter().map(|&a| strides[a] as isize).collect();
        let value = Self::new(layout::read(self.data(), 0, &shape, &strides), &shape);
        Self::record(Permute { order }, &[self], value)
    }
}
