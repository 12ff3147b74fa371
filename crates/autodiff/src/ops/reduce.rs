//! Sums and broadcasts: each is the other's transpose.

use smallvec::smallvec;

use crate::kernels::{layout, reduce};
use crate::shape::{self, Axes, Dims};
use crate::{Ctx, Float, Grads, Op, Tensor};

/// Sum over axes, or mean.
#[derive(Debug)]
struct Sum {
    name: &'static str,
    /// The shape of the result with the reduced axes kept at size 1.
    kept: Dims,
    /// What the sum is divided by, to give a mean.
    count: Option<usize>,
}

impl<F: Float> Op<F> for Sum {
    fn name(&self) -> &'static str {
        self.name
    }

    fn vjp(&self, c: &Ctx<'_, F>, g: Tensor<F>) -> Grads<F> {
        let g = match self.count {
            Some(n) => g * (n as f64).recip(),
            None => g,
        };
        smallvec![Some(g.reshape(&self.kept).broadcast_to(c.x(0).shape()))]
    }
}

#[derive(Debug)]
struct Broadcast;

impl<F: Float> Op<F> for Broadcast {
    fn name(&self) -> &'static str {
        "broadcast_to"
    }

    fn vjp(&self, c: &Ctx<'_, F>, g: Tensor<F>) -> Grads<F> {
        smallvec![Some(g.sum_to(c.x(0).shape()))]
    }
}

/// Sums and means.
///
/// Reductions take their axes as [`Axes`]: one axis, several, or `..` for all; negative ones count from the end. Those called
/// `…_keep` leave the reduced axes in the shape with size 1, so that the result broadcasts against the argument.
impl<F: Float> Tensor<F> {
    /// The sum over some axes; 0 where there is nothing to add. Partial sums are taken in blocks, so that the rounding error
    /// hardly grows with the number of elements.
    ///
    /// # Panics
    /// If an axis is out of range or named twice.
    ///
    /// ```
    /// use seedbed_autodiff::Tensor;
    /// let x = Tensor::<f32>::arange(6).reshape(&[2, 3]);
    /// assert_eq!(x.sum(..).item(), 15.0);
    /// assert_eq!(x.sum(0).to_vec(), [3.0, 5.0, 7.0]);
    /// assert_eq!(x.sum_keepdim(-1).shape(), &[2, 1]);
    /// ```
    #[track_caller]
    pub fn sum(&self, axes: impl Axes) -> Self {
        self.reduce_sum("sum", &axes, false)
    }

    /// [`sum`](Self::sum), keeping the reduced axes.
    #[track_caller]
    pub fn sum_keepdim(&self, axes: impl Axes) -> Self {
        self.reduce_sum("sum_keepdim", &axes, true)
    }

    /// The mean over some axes; NaN where there is nothing to average, as in NumPy.
    ///
    /// # Panics
    /// If an axis is out of range or named twice.
    ///
    /// ```
    /// use seedbed_autodiff::Tensor;
    /// assert_eq!(Tensor::<f32>::arange(5).mean(..).item(), 2.0);
    /// ```
    #[track_caller]
    pub fn mean(&self, axes: impl Axes) -> Self {
        self.reduce_sum("mean", &axes, false)
    }

    /// [`mean`](Self::mean), keeping the reduced axes.
    #[track_caller]
    pub fn mean_keepdim(&self, axes: impl Axes) -> Self {
        self.reduce_sum("mean_keepdim", &axes, true)
    }

    /// The sum over the axes along which a tensor of shape `shape` was broadcast to this one's shape: the transpose of
    /// [`broadcast_to`](Self::broadcast_to).
    ///
    /// # Panics
    /// If `shape` does not broadcast to this tensor's shape.
    ///
    /// ```
    /// use seedbed_autodiff::Tensor;
    /// assert_eq!(Tensor::<f32>::ones(&[4, 2, 3]).sum_to(&[2, 1]).to_vec(), [12.0, 12.0]);
    /// ```
    #[track_caller]
    pub fn sum_to(&self, shape: &[usize]) -> Self {
        if self.shape() == shape {
            return self.clone();
        }
        assert!(
            shape::broadcasts_to(shape, self.shape()),
            "sum_to: {shape:?} does not broadcast to the tensor's shape {:?}",
            self.shape()
        );
        let mut kept = Dims::from_elem(1, self.ndim() - shape.len());
        kept.extend_from_slice(shape);
        let value = Self::new(sum_values(self, &kept), shape);
        Self::record(Sum { name: "sum_to", kept, count: None }, &[self], value)
    }

    /// The tensor repeated along axes of size 1 and along new leading axes, by NumPy's rule.
    ///
    /// # Panics
    /// If an axis has another size than 1 and than asked for.
    ///
    /// ```
    /// use seedbed_autodiff::Tensor;
    /// let x = Tensor::<f32>::new(vec![1.0, 2.0], &[2, 1]);
    /// assert_eq!(x.broadcast_to(&[2, 3]).to_vec(), [1.0, 1.0, 1.0, 2.0, 2.0, 2.0]);
    /// ```
    #[track_caller]
    pub fn broadcast_to(&self, shape: &[usize]) -> Self {
        if self.shape() == shape {
            return self.clone();
        }
        assert!(
            shape::broadcasts_to(self.shape(), shape),
            "broadcast_to: the tensor's shape {:?} does not broadcast to {shape:?}",
            self.shape()
        );
        shape::room::<F>("broadcast_to", shape);
        let strides: Vec<_> =
            shape::broadcast_strides(self.shape(), shape).iter().map(|&s| s as isize).collect();
        let value = Self::new(layout::read(self.data(), 0, shape, &strides), shape);
        Self::record(Broadcast, &[self], value)
    }

    #[track_caller]
    fn reduce_sum(&self, name: &'static str, axes: &dyn Axes, keep: bool) -> Self {
        let axes = axes.resolve(name, self.ndim());
        let (kept, dropped) = reduced_shapes(self.shape(), &axes);
        shape::room::<F>(name, &kept);
        let mut value = sum_values(self, &kept);
        let mut count = None;
        if name.starts_with("mean") {
            let reduced: Dims = axes.iter().map(|&a| self.shape()[a]).collect();
            let n = shape::len(&reduced);
            reduce::divide(&mut value, F::of(n as f64));
            count = Some(n);
        }
        let value = Self::new(value, if keep { &kept } else { &dropped });
        Self::record(Sum { name, kept, count }, &[self], value)
    }
}

/// A shape without `axes`: with these kept at size 1, and with these left out.
pub(crate) fn reduced_shapes(shape: &[usize], axes: &[usize]) -> (Dims, Dims) {
    let kept = (0..shape.len()).map(|a| if axes.contains(&a) { 1 } else { shape[a] }).collect();
    let dropped = (0..shape.len()).filter(|a| !axes.contains(a)).map(|a| shape[a]).collect();
    (kept, dropped)
}

/// The elements of the sum over the axes that have size 1 in `kept`, a shape of equal rank.
fn sum_values<F: Float>(x: &Tensor<F>, kept: &[usize]) -> Vec<F> {
    if x.is_empty() {
        return vec![F::zero(); shape::len(kept)];
    }
    // Neighbouring axes of one kind are taken together, and one group of axes is summed after the other.
    let mut groups: Vec<(usize, bool)> = Vec::with_capacity(kept.len());
    for (&n, &k) in x.shape().iter().zip(kept) {
        match groups.last_mut() {
            _ if n == 1 => {}
            Some((len, summed)) if *summed == (k != n) => *len *= n,
            _ => groups.push((n, k != n)),
        }
    }
    let mut data: Option<Vec<F>> = None;
    while let Some(at) = groups.iter().rposition(|&(_, summed)| summed) {
        let size = |groups: &[(usize, bool)]| groups.iter().map(|g| g.0).product();
        let (outer, inner) = (size(&groups[..at]), size(&groups[at + 1..]));
        let x = data.as_deref().unwrap_or(x.data());
        data = Some(reduce::sum(x, outer, groups[at].0, inner));
        groups.remove(at);
    }
    data.unwrap_or_else(|| x.to_vec())
}
