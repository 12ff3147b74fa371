use std::fmt;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::Arc;

use ndarray::{ArcArray, Array, ArrayBase, ArrayD, ArrayViewD, Data, Dimension, IxDyn};
use ndarray_rand::RandomExt;
use ndarray_rand::rand_distr::{Normal, Uniform};

use crate::graph::Inner;
use crate::kernels::buffers;
use crate::shape::{self, Dims};
use crate::storage::Storage;
use crate::{Float, Rng};

/// An immutable n-dimensional array that remembers how it was made, if a derivative will want to know.
///
/// Elements are `f32` or `f64`, in row-major order without gaps. A clone shares the data and costs one
/// atomic increment; a tensor can be sent to and shared between threads.
///
/// ```
/// use seedbed_autodiff::Tensor;
/// let x: Tensor = Tensor::new(vec![1.0, 2.0, 3.0, 4.0], &[2, 2]);
/// let y = &x * &x + 1.0;
/// assert_eq!(y.to_vec(), [2.0, 5.0, 10.0, 17.0]);
/// ```
pub struct Tensor<F: Float = f32>(pub(crate) Arc<Inner<F>>);

impl<F: Float> Clone for Tensor<F> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

// A tensor never changes once others can see it, so a panic cannot leave one half-written.
impl<F: Float> UnwindSafe for Tensor<F> {}
impl<F: Float> RefUnwindSafe for Tensor<F> {}

/// Construction.
impl<F: Float> Tensor<F> {
    /// The tensor of these elements in row-major order.
    ///
    /// # Panics
    /// If `data` has not as many elements as `shape` says.
    #[track_caller]
    pub fn new(data: Vec<F>, shape: &[usize]) -> Self {
        assert!(
            data.len() == shape::len(shape),
            "Tensor::new: shape {shape:?} has {} elements, the data {}",
            shape::len(shape),
            data.len()
        );
        Self::constant(Storage::Own(data), shape)
    }

    /// A tensor of rank 0.
    #[track_caller]
    pub fn scalar(x: f64) -> Self {
        Self::new(vec![F::of(x)], &[])
    }

    /// Every element `x`.
    ///
    /// # Panics
    /// As all functions that make large tensors out of small ones: if there is no memory for it.
    #[track_caller]
    pub fn full(shape: &[usize], x: f64) -> Self {
        let len = shape::room::<F>("Tensor::full", shape);
        Self::new(buffers::filled(len, F::of(x)), shape)
    }

    /// Every element 0.
    #[track_caller]
    pub fn zeros(shape: &[usize]) -> Self {
        Self::full(shape, 0.0)
    }

    /// Every element 1.
    #[track_caller]
    pub fn ones(shape: &[usize]) -> Self {
        Self::full(shape, 1.0)
    }

    /// `0, 1, …, n − 1`.
    #[track_caller]
    pub fn arange(n: usize) -> Self {
        shape::room::<F>("Tensor::arange", &[n]);
        Self::new((0..n).map(|i| F::of(i as f64)).collect(), &[n])
    }

    /// `n` numbers at equal distances from `start` to `end`, both included and exact; `start` alone where `n` is 1.
    ///
    /// # Panics
    /// Unless both ends are finite.
    ///
    /// ```
    /// use seedbed_autodiff::Tensor;
    /// assert_eq!(Tensor::<f32>::linspace(0.0, 1.0, 5).to_vec(), [0.0, 0.25, 0.5, 0.75, 1.0]);
    /// ```
    #[track_caller]
    pub fn linspace(start: f64, end: f64, n: usize) -> Self {
        assert!(
            start.is_finite() && end.is_finite(),
            "Tensor::linspace: needs finite ends, got {start} and {end}"
        );
        shape::room::<F>("Tensor::linspace", &[n]);
        let intervals = n.saturating_sub(1).max(1) as f64;
        // Not (end − start)/intervals, which may overflow. From either end, so that both are exact.
        let step = end / intervals - start / intervals;
        let at = |i: usize| match 2 * i < n {
            true => start + step * i as f64,
            false => end - step * (n - 1 - i) as f64,
        };
        Self::new((0..n).map(|i| F::of(at(i))).collect(), &[n])
    }

    /// The `n × n` identity matrix.
    #[track_caller]
    pub fn eye(n: usize) -> Self {
        let mut data = vec![F::zero(); shape::room::<F>("Tensor::eye", &[n, n])];
        data.iter_mut().step_by(n.saturating_add(1)).for_each(|x| *x = F::one());
        Self::new(data, &[n, n])
    }

    /// Independent draws from the uniform distribution on [`low`, `high`).
    ///
    /// # Panics
    /// Unless `low < high` and both are finite.
    #[track_caller]
    pub fn uniform(shape: &[usize], low: f64, high: f64, rng: &mut Rng) -> Self {
        let Ok(distribution) = Uniform::new(low, high) else {
            panic!("Tensor::uniform: needs finite bounds with low < high, got {low} and {high}")
        };
        shape::room::<f64>("Tensor::uniform", shape);
        // What is rounded up to `high` is taken down again.
        let top = F::of(high);
        let step = if top > F::zero() { 0.5 } else { 1.0 };
        let below = top - top.abs() * F::epsilon() * F::of(step);
        let rounded = |x| {
            let x = F::of(x);
            if x < top { x } else { below }
        };
        Self::from(ArrayD::<f64>::random_using(IxDyn(shape), distribution, rng).mapv(rounded))
    }

    /// Independent draws from the normal distribution.
    ///
    /// # Panics
    /// If `std` is negative or not finite.
    #[track_caller]
    pub fn normal(shape: &[usize], mean: f64, std: f64, rng: &mut Rng) -> Self {
        assert!(
            std >= 0.0 && std.is_finite() && mean.is_finite(),
            "Tensor::normal: needs a finite mean and a finite std >= 0, got {mean} and {std}"
        );
        shape::room::<f64>("Tensor::normal", shape);
        let distribution = Normal::new(mean, std).expect("the parameters were checked");
        Self::from(ArrayD::<f64>::random_using(IxDyn(shape), distribution, rng).mapv(F::of))
    }
}

/// Reading.
impl<F: Float> Tensor<F> {
    /// The size of each axis.
    pub fn shape(&self) -> &[usize] {
        &self.0.shape
    }

    /// The number of axes.
    pub fn ndim(&self) -> usize {
        self.0.shape.len()
    }

    /// The number of elements.
    pub fn len(&self) -> usize {
        shape::len(self.shape())
    }

    /// Whether there are no elements.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The elements in row-major order.
    pub fn data(&self) -> &[F] {
        self.0.storage.slice(self.shape())
    }

    /// The elements in row-major order, copied.
    pub fn to_vec(&self) -> Vec<F> {
        self.data().to_vec()
    }

    /// The only element.
    ///
    /// # Panics
    /// Unless there is exactly one.
    #[track_caller]
    pub fn item(&self) -> F {
        let [x] = self.data() else {
            panic!("item: needs exactly one element, the shape is {:?}", self.shape())
        };
        *x
    }

    /// The value, lent to `ndarray`.
    pub fn view(&self) -> ArrayViewD<'_, F> {
        ArrayViewD::from_shape(self.shape(), self.data()).expect("the shape fits the data")
    }

    /// The elements in row-major order, taken over from the tensor; copied unless this is the only owner.
    ///
    /// ```
    /// use seedbed_autodiff::Tensor;
    /// assert_eq!(Tensor::<f32>::arange(3).into_vec(), [0.0, 1.0, 2.0]);
    /// ```
    pub fn into_vec(mut self) -> Vec<F> {
        let own =
            Arc::get_mut(&mut self.0).and_then(|inner| inner.storage.own()).map(std::mem::take);
        own.unwrap_or_else(|| self.to_vec())
    }

    /// The value as an owned `ndarray` array; copied unless this is the only owner.
    pub fn into_ndarray(self) -> ArrayD<F> {
        let shape = IxDyn(self.shape());
        ArrayD::from_shape_vec(shape, self.into_vec()).expect("the shape fits the data")
    }

    /// The same value as a constant: nothing is differentiated through it.
    ///
    /// ```
    /// use seedbed_autodiff::{Tensor, grad};
    /// let x = Tensor::<f64>::scalar(3.0);
    /// assert_eq!(grad(&x, |x| x * x.stop_gradient()).item(), 3.0);
    /// ```
    #[must_use]
    pub fn stop_gradient(&self) -> Self {
        if self.0.level == 0 {
            self.clone()
        } else if self.0.is_free() {
            self.part(0, self.shape())
        } else {
            // A shared buffer would keep the graph alive.
            Self::new(self.to_vec(), self.shape())
        }
    }

    /// The same value in another element type, as a constant.
    pub fn cast<G: Float>(&self) -> Tensor<G> {
        Tensor::new(self.data().iter().map(|x| G::of(x.f64())).collect(), self.shape())
    }
}

impl<F: Float, D: Dimension> From<Array<F, D>> for Tensor<F> {
    /// Takes the array over; copies only what does not lie in row-major order.
    fn from(array: Array<F, D>) -> Self {
        let shape = Dims::from_slice(array.shape());
        let array = match array.is_standard_layout() {
            true => array,
            false => array.as_standard_layout().into_owned(),
        };
        let n = array.len();
        let data = match array.into_raw_vec_and_offset() {
            (data, None | Some(0)) if data.len() == n => data,
            // A part of a larger array.
            (data, offset) => data[offset.unwrap_or(0)..][..n].to_vec(),
        };
        Self::constant(Storage::Own(data), &shape)
    }
}

impl<F: Float, D: Dimension> From<ArcArray<F, D>> for Tensor<F> {
    /// Takes the array over if nobody shares it, else copies it.
    fn from(array: ArcArray<F, D>) -> Self {
        Self::from(array.into_owned())
    }
}

impl<F: Float, S: Data<Elem = F>, D: Dimension> From<&ArrayBase<S, D>> for Tensor<F> {
    /// Copies the array, whatever its strides.
    fn from(array: &ArrayBase<S, D>) -> Self {
        Self::from(array.to_owned())
    }
}

// One by one: the compiler has to rule out that `F` is an array.
impl From<f32> for Tensor<f32> {
    fn from(x: f32) -> Self {
        Self::new(vec![x], &[])
    }
}

impl From<f64> for Tensor<f64> {
    fn from(x: f64) -> Self {
        Self::new(vec![x], &[])
    }
}

impl<F: Float> fmt::Debug for Tensor<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Tensor{:?} ", self.shape())?;
        fmt::Display::fmt(&self.view(), f)
    }
}

impl<F: Float> fmt::Display for Tensor<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.view(), f)
    }
}

impl<F: Float> PartialEq for Tensor<F> {
    /// Equal shapes and equal elements; how they were made plays no part.
    fn eq(&self, other: &Self) -> bool {
        self.shape() == other.shape() && self.data() == other.data()
    }
}
