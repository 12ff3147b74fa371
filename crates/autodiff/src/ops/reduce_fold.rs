//! Largest, smallest, product, and where the largest stands.

use smallvec::{SmallVec, smallvec};

use crate::kernels::reduce_fold::{self, Fold};
use crate::shape::{self, Axes, Dims};
use crate::{Ctx, Float, Fused, FusedCtx, Grads, Indices, Op, Tensor};

/// The largest or smallest over the middle of three axes.
#[derive(Debug)]
struct Extreme {
    name: &'static str,
}

impl<F: Float> Op<F> for Extreme {
    fn name(&self) -> &'static str {
        self.name
    }

    /// All of the gradient goes to the first place where the value stands.
    fn vjp(&self, c: &Ctx<'_, F>, g: Tensor<F>) -> Grads<F> {
        let &[outer, n, inner] = c.x(0).shape() else { unreachable!("grouped") };
        let first = reduce_fold::first(c.x(0).data(), c.y().data(), n, inner);
        let at = indices(first, &[outer, 1, inner]);
        smallvec![Some(g.reshape(&[outer, 1, inner]).scatter(1, &at, c.x(0).shape(), false))]
    }
}

/// The product over the middle of three axes.
#[derive(Debug)]
struct Product;

impl<F: Float> Fused<F, 1> for Product {
    type Saved = ();

    fn name(&self) -> &'static str {
        "prod"
    }

    /// The product of the products of two halves: differentiable to any order where factors are zero.
    fn reference(&self, [x]: [&Tensor<F>; 1]) -> Tensor<F> {
        let mut x = x.clone();
        if x.shape()[1] == 0 {
            return Tensor::ones(&[x.shape()[0], x.shape()[2]]);
        }
        while x.shape()[1] > 1 {
            let half = (x.shape()[1] / 2) as isize;
            let both = x.slice(1, ..half) * x.slice(1, half..2 * half);
            let odd = x.slice(1, 2 * half..);
            x = if odd.is_empty() { both } else { Tensor::concat(&[both, odd], 1) };
        }
        x.squeeze(1)
    }

    fn forward(&self, [x]: [&Tensor<F>; 1]) -> (Tensor<F>, ()) {
        let &[outer, n, inner] = x.shape() else { unreachable!("grouped") };
        if n == 0 {
            return (Tensor::ones(&[outer, inner]), ());
        }
        let value = reduce_fold::fold(Fold::Product, x.data(), outer, n, inner);
        (Tensor::new(value, &[outer, inner]), ())
    }

    fn vjp(&self, c: &FusedCtx<'_, F, (), 1>, g: Tensor<F>) -> [Option<Tensor<F>>; 1] {
        let &[_, n, inner] = c.x(0).shape() else { unreachable!("grouped") };
        let gx = reduce_fold::product_backward(c.x(0).data(), g.data(), n, inner);
        [Some(Tensor::new(gx, c.x(0).shape()))]
    }
}

/// Largest, smallest, product.
impl<F: Float> Tensor<F> {
    /// The largest element over some axes; NaN if one is NaN. The gradient goes to the first place where the largest stands (in
    /// row-major order), the one that [`argmax`](Self::argmax) gives.
    ///
    /// # Panics
    /// If an axis is out of range or named twice, or if there are no elements to choose from.
    ///
    /// ```
    /// use seedbed_autodiff::{Tensor, grad};
    /// let x = Tensor::<f32>::new(vec![1.0, 3.0, 3.0], &[3]);
    /// assert_eq!(x.max(..).item(), 3.0);
    /// assert_eq!(grad(&x, |x| x.max(..)).to_vec(), [0.0, 1.0, 0.0]);
    /// ```
    #[track_caller]
    pub fn max(&self, axes: impl Axes) -> Self {
        self.extreme(Fold::Max, "max", &axes, false)
    }

    /// [`max`](Self::max), keeping the reduced axes.
    #[track_caller]
    pub fn max_keepdim(&self, axes: impl Axes) -> Self {
        self.extreme(Fold::Max, "max_keepdim", &axes, true)
    }

    /// The smallest element over some axes; NaN if one is NaN. The gradient goes to the first place where the smallest stands.
    ///
    /// # Panics
    /// If an axis is out of range or named twice, or if there are no elements to choose from.
    ///
    /// ```
    /// use seedbed_autodiff::Tensor;
    /// let x = Tensor::<f32>::new(vec![4.0, 3.0, 5.0, 6.0], &[2, 2]);
    /// assert_eq!(x.min(0).to_vec(), [4.0, 3.0]);
    /// ```
    #[track_caller]
    pub fn min(&self, axes: impl Axes) -> Self {
        self.extreme(Fold::Min, "min", &axes, false)
    }

    /// [`min`](Self::min), keeping the reduced axes.
    #[track_caller]
    pub fn min_keepdim(&self, axes: impl Axes) -> Self {
        self.extreme(Fold::Min, "min_keepdim", &axes, true)
    }

    /// The product over some axes; 1 where there are no factors. The gradient is right also where factors are zero.
    ///
    /// # Panics
    /// If an axis is out of range or named twice.
    ///
    /// ```
    /// use seedbed_autodiff::{Tensor, grad};
    /// let x = Tensor::<f32>::new(vec![0.0, 2.0, 3.0], &[3]);
    /// assert_eq!(grad(&x, |x| x.prod(..)).to_vec(), [6.0, 0.0, 0.0]);
    /// ```
    #[track_caller]
    pub fn prod(&self, axes: impl Axes) -> Self {
        self.product("prod", &axes, false)
    }

    /// [`prod`](Self::prod), keeping the reduced axes.
    #[track_caller]
    pub fn prod_keepdim(&self, axes: impl Axes) -> Self {
        self.product("prod_keepdim", &axes, true)
    }

    /// Where along an axis the largest element stands, the first of equal ones; a NaN counts as the largest. The axis is left out.
    ///
    /// # Panics
    /// If the axis is out of range, or if there are no elements to choose from.
    ///
    /// ```
    /// use seedbed_autodiff::Tensor;
    /// let x = Tensor::<f32>::new(vec![1.0, 3.0, 3.0, 9.0, 8.0, 7.0], &[2, 3]);
    /// assert_eq!(x.argmax(-1).as_slice(), Some(&[1, 0][..]));
    /// ```
    #[track_caller]
    pub fn argmax(&self, axis: isize) -> Indices {
        self.place_of(Fold::Max, "argmax", axis)
    }

    /// Where along an axis the smallest element stands, the first of equal ones; a NaN counts as the smallest. The axis is left out.
    ///
    /// # Panics
    /// If the axis is out of range, or if there are no elements to choose from.
    #[track_caller]
    pub fn argmin(&self, axis: isize) -> Indices {
        self.place_of(Fold::Min, "argmin", axis)
    }

    #[track_caller]
    fn extreme(&self, fold: Fold, name: &'static str, axes: &dyn Axes, keep: bool) -> Self {
        let groups = Groups::new(self, name, axes, keep);
        let x = groups.arrange(self);
        let &[outer, n, inner] = x.shape() else { unreachable!("grouped") };
        assert_not_empty(name, n, self.shape());
        let value = reduce_fold::fold(fold, x.data(), outer, n, inner);
        let y = Self::record(Extreme { name }, &[&x], Self::new(value, &[outer, inner]));
        y.reshape(&groups.shape)
    }

    #[track_caller]
    fn product(&self, name: &'static str, axes: &dyn Axes, keep: bool) -> Self {
        let groups = Groups::new(self, name, axes, keep);
        Self::fused(Product, [&groups.arrange(self)]).reshape(&groups.shape)
    }

    #[track_caller]
    fn place_of(&self, fold: Fold, name: &'static str, axis: isize) -> Indices {
        let axis = shape::axis(name, axis, self.ndim());
        let [outer, n, inner] = shape::around(self.shape(), axis);
        assert_not_empty(name, n, self.shape());
        let value = reduce_fold::fold(fold, self.data(), outer, n, inner);
        let first = reduce_fold::first(self.data(), &value, n, inner);
        indices(first, &super::reduce::reduced_shapes(self.shape(), &[axis]).1)
    }
}

#[track_caller]
fn assert_not_empty(op: &str, n: usize, shape: &[usize]) {
    assert!(n > 0, "{op}: there is nothing to choose from in shape {shape:?}");
}

/// An index set of this shape.
pub(crate) fn indices(data: Vec<usize>, shape: &[usize]) -> Indices {
    Indices::from_shape_vec(ndarray::IxDyn(shape), data).expect("as many as the shape says")
}

/// How a reduction over any axes becomes one over the middle of three axes.
pub(crate) struct Groups {
    /// The order that brings the reduced axes together, where they do not lie so already.
    order: Option<Dims>,
    /// The sizes before, of and after the reduced axes.
    sizes: [usize; 3],
    /// The shape of the result.
    pub(crate) shape: Dims,
}

impl Groups {
    #[track_caller]
    pub(crate) fn new<F: Float>(x: &Tensor<F>, op: &str, axes: &dyn Axes, keep: bool) -> Self {
        let axes = axes.resolve(op, x.ndim());
        let (kept, dropped) = super::reduce::reduced_shapes(x.shape(), &axes);
        let shape = if keep { kept } else { dropped };
        shape::room::<F>(op, &shape);
        let reduced: Dims = axes.iter().map(|&a| x.shape()[a]).collect();
        let reduced = shape::len(&reduced);
        // Axes of size 1 may lie in between.
        let first = axes.iter().position(|&a| x.shape()[a] != 1).map_or(0, |i| axes[i]);
        let end = axes.iter().rposition(|&a| x.shape()[a] != 1).map_or(0, |i| axes[i] + 1);
        let together = shape::len(&x.shape()[first..end]) == reduced
            && (first..end).all(|a| axes.contains(&a) || x.shape()[a] == 1);
        if together {
            let sizes = [shape::len(&x.shape()[..first]), reduced, shape::len(&x.shape()[end..])];
            return Self { order: None, sizes, shape };
        }
        let kept: SmallVec<[usize; 6]> = (0..x.ndim()).filter(|a| !axes.contains(a)).collect();
        let outer: Dims = kept.iter().map(|&a| x.shape()[a]).collect();
        let outer = shape::len(&outer);
        let order = kept.into_iter().chain(axes).collect();
        Self { order: Some(order), sizes: [outer, reduced, 1], shape }
    }

    /// The tensor with three axes, of which the middle one is to be reduced.
    #[track_caller]
    pub(crate) fn arrange<F: Float>(&self, x: &Tensor<F>) -> Tensor<F> {
        match &self.order {
            Some(order) => x.permuted(order.clone()).reshape(&self.sizes),
            None => x.reshape(&self.sizes),
        }
    }
}
