//! Elements chosen by position, and their transpose: elements added at positions.

use std::sync::Arc;

use smallvec::smallvec;

use crate::kernels::index;
use crate::shape::{self, Dims};
use crate::{Ctx, Float, Grads, Indices, Op, Tensor};

/// `y[o, i, j] = x[o, at[o, i, j], j]`.
#[derive(Debug)]
struct Gather {
    axis: usize,
    at: Indices,
    /// Whether a place may be named twice.
    repeated: bool,
}

impl<F: Float> Op<F> for Gather {
    fn name(&self) -> &'static str {
        "gather"
    }

    fn vjp(&self, c: &Ctx<'_, F>, g: Tensor<F>) -> Grads<F> {
        smallvec![Some(g.scatter(self.axis, &self.at, c.x(0).shape(), self.repeated))]
    }
}

/// [`Gather`]'s transpose: the elements added up in zeros.
#[derive(Debug)]
struct Scatter {
    axis: usize,
    at: Indices,
    repeated: bool,
}

impl<F: Float> Op<F> for Scatter {
    fn name(&self) -> &'static str {
        "scatter_add"
    }

    fn vjp(&self, _: &Ctx<'_, F>, g: Tensor<F>) -> Grads<F> {
        smallvec![Some(g.gathered(self.axis, &self.at, self.repeated))]
    }
}

/// `y[o, i, j] = x[o, at[i], j]`.
#[derive(Debug)]
struct Select {
    axis: usize,
    at: Arc<[usize]>,
}

impl<F: Float> Op<F> for Select {
    fn name(&self) -> &'static str {
        "index_select"
    }

    fn vjp(&self, c: &Ctx<'_, F>, g: Tensor<F>) -> Grads<F> {
        smallvec![Some(g.select_transposed(self.axis, &self.at, c.x(0).shape()[self.axis]))]
    }
}

/// [`Select`]'s transpose.
#[derive(Debug)]
struct SelectTransposed {
    axis: usize,
    at: Arc<[usize]>,
}

impl<F: Float> Op<F> for SelectTransposed {
    fn name(&self) -> &'static str {
        "index_add"
    }

    fn vjp(&self, _: &Ctx<'_, F>, g: Tensor<F>) -> Grads<F> {
        smallvec![Some(g.selected(self.axis, &self.at))]
    }
}

/// Positions.
impl<F: Float> Tensor<F> {
    /// Along an axis, the elements at given positions: `y[…, i, …] = x[…, at[…, i, …], …]`. `at` has this tensor's shape but
    /// for the axis.
    ///
    /// # Panics
    /// If a position is out of range, or the shapes differ in another axis.
    ///
    /// ```
    /// use ndarray::array;
    /// use seedbed_autodiff::{Indices, Tensor};
    /// let x = Tensor::<f32>::arange(6).reshape(&[2, 3]);
    /// let at: Indices = array![[2, 0], [1, 1]].into_dyn().into_shared();
    /// assert_eq!(x.gather(1, &at).to_vec(), [2.0, 0.0, 4.0, 4.0]);
    /// ```
    #[track_caller]
    pub fn gather(&self, axis: isize, at: &Indices) -> Self {
        let axis = shape::axis("gather", axis, self.ndim());
        check_positions("gather", at, axis, self.shape());
        self.gathered(axis, &contiguous(at), true)
    }

    /// This tensor with `src` added at given positions along an axis: `y[…, at[…, i, …], …] += src[…, i, …]`. The transpose of
    /// [`gather`](Self::gather). Repeated positions add up, in the order of `src`.
    ///
    /// # Panics
    /// If a position is out of range, `at` and `src` have different shapes, or theirs differs from this tensor's in another axis.
    ///
    /// ```
    /// use ndarray::array;
    /// use seedbed_autodiff::{Indices, Tensor};
    /// let at: Indices = array![2, 0, 2].into_dyn().into_shared();
    /// let y = Tensor::<f32>::zeros(&[3]).scatter_add(0, &at, &Tensor::ones(&[3]));
    /// assert_eq!(y.to_vec(), [1.0, 0.0, 2.0]);
    /// ```
    #[track_caller]
    pub fn scatter_add(&self, axis: isize, at: &Indices, src: &Self) -> Self {
        let axis = shape::axis("scatter_add", axis, self.ndim());
        assert!(
            at.shape() == src.shape(),
            "scatter_add: the positions have shape {:?}, the source {:?}",
            at.shape(),
            src.shape()
        );
        check_positions("scatter_add", at, axis, self.shape());
        self + &src.scatter(axis, &contiguous(at), self.shape(), true)
    }

    /// The parts at given places of an axis, in the order of `at`: rows of a table, for example.
    ///
    /// # Panics
    /// If a place is out of range.
    ///
    /// ```
    /// use seedbed_autodiff::Tensor;
    /// let table = Tensor::<f32>::arange(6).reshape(&[3, 2]);
    /// assert_eq!(table.index_select(0, &[2, 0]).to_vec(), [4.0, 5.0, 0.0, 1.0]);
    /// ```
    #[track_caller]
    pub fn index_select(&self, axis: isize, at: &[usize]) -> Self {
        let axis = shape::axis("index_select", axis, self.ndim());
        check_range("index_select", at, axis, self.shape());
        self.selected(axis, &at.into())
    }

    /// This tensor with the parts of `src` added at given places of an axis: the transpose of
    /// [`index_select`](Self::index_select). Repeated places add up, in the order of `src`.
    ///
    /// # Panics
    /// If a place is out of range, or `src` has not the shape of `index_select(axis, at)`.
    ///
    /// ```
    /// use seedbed_autodiff::Tensor;
    /// let y = Tensor::<f32>::zeros(&[3]).index_add(0, &[1, 1], &Tensor::ones(&[2]));
    /// assert_eq!(y.to_vec(), [0.0, 2.0, 0.0]);
    /// ```
    #[track_caller]
    pub fn index_add(&self, axis: isize, at: &[usize], src: &Self) -> Self {
        let axis = shape::axis("index_add", axis, self.ndim());
        check_range("index_add", at, axis, self.shape());
        let mut expected = Dims::from_slice(self.shape());
        expected[axis] = at.len();
        assert!(
            src.shape() == &expected[..],
            "index_add: the source has shape {:?}, {} places on axis {axis} of shape {:?} need {:?}",
            src.shape(),
            at.len(),
            self.shape(),
            &expected[..]
        );
        self + &src.select_transposed(axis, &at.into(), self.shape()[axis])
    }

    /// A row for every label: 1 at the label, 0 elsewhere. Shape `[labels.len(), classes]`.
    ///
    /// # Panics
    /// If a label is not below `classes`.
    ///
    /// ```
    /// use seedbed_autodiff::Tensor;
    /// assert_eq!(Tensor::<f32>::one_hot(&[1, 0], 2).to_vec(), [0.0, 1.0, 1.0, 0.0]);
    /// ```
    #[track_caller]
    pub fn one_hot(labels: &[usize], classes: usize) -> Self {
        let mut data = vec![F::zero(); shape::room::<F>("one_hot", &[labels.len(), classes])];
        for (i, &label) in labels.iter().enumerate() {
            assert!(
                label < classes,
                "one_hot: label {label} is out of range for {classes} classes"
            );
            data[i * classes + label] = F::one();
        }
        Self::new(data, &[labels.len(), classes])
    }

    /// [`gather`](Self::gather) at positions that have been checked; `repeated` says whether a place may be named twice.
    #[track_caller]
    pub(crate) fn gathered(&self, axis: usize, at: &Indices, repeated: bool) -> Self {
        let [_, n, inner] = shape::around(self.shape(), axis);
        let positions = at.as_slice().expect("positions are made contiguous");
        let data = index::gather(self.data(), positions, [n, at.shape()[axis], inner]);
        let value = Self::new(data, at.shape());
        Self::record(Gather { axis, at: at.clone(), repeated }, &[self], value)
    }

    /// Zeros of shape `shape` with these elements added at positions that have been checked.
    #[track_caller]
    pub(crate) fn scatter(
        &self,
        axis: usize,
        at: &Indices,
        shape: &[usize],
        repeated: bool,
    ) -> Self {
        let [_, n, inner] = shape::around(shape, axis);
        let positions = at.as_slice().expect("positions are made contiguous");
        let mut out = vec![F::zero(); shape::len(shape)];
        let sizes = [n, at.shape()[axis], inner];
        index::scatter_add(&mut out, self.data(), positions, sizes, repeated);
        let value = Self::new(out, shape);
        Self::record(Scatter { axis, at: at.clone(), repeated }, &[self], value)
    }

    #[track_caller]
    fn selected(&self, axis: usize, at: &Arc<[usize]>) -> Self {
        let [outer, n, inner] = shape::around(self.shape(), axis);
        let mut shape = Dims::from_slice(self.shape());
        shape[axis] = at.len();
        shape::room::<F>("index_select", &shape);
        let value = Self::new(index::select(self.data(), at, outer, n, inner), &shape);
        Self::record(Select { axis, at: at.clone() }, &[self], value)
    }

    #[track_caller]
    fn select_transposed(&self, axis: usize, at: &Arc<[usize]>, n: usize) -> Self {
        let [_, _, inner] = shape::around(self.shape(), axis);
        let mut shape = Dims::from_slice(self.shape());
        shape[axis] = n;
        let mut out = vec![F::zero(); shape::len(&shape)];
        index::select_add(&mut out, self.data(), at, n, inner);
        let value = Self::new(out, &shape);
        Self::record(SelectTransposed { axis, at: at.clone() }, &[self], value)
    }
}

fn contiguous(at: &Indices) -> Indices {
    if at.is_standard_layout() {
        at.clone()
    } else {
        at.as_standard_layout().into_owned().into_shared()
    }
}

#[track_caller]
fn check_positions(op: &str, at: &Indices, axis: usize, shape: &[usize]) {
    let fits = at.ndim() == shape.len()
        && (0..shape.len()).all(|a| a == axis || at.shape()[a] == shape[a]);
    assert!(
        fits,
        "{op}: the positions have shape {:?}, the tensor {shape:?}: they must agree but for axis {axis}",
        at.shape()
    );
    check_range(op, at.iter(), axis, shape);
}

#[track_caller]
fn check_range<'a>(
    op: &str,
    at: impl IntoIterator<Item = &'a usize>,
    axis: usize,
    shape: &[usize],
) {
    let n = shape[axis];
    if let Some(i) = at.into_iter().find(|&&i| i >= n) {
        panic!("{op}: position {i} is out of range for axis {axis} of shape {shape:?}");
    }
}
