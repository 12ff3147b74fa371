//! Parts of a tensor, and their transpose: a part embedded in zeros.

use ndarray::Slice as Range;
use smallvec::{SmallVec, smallvec};

use crate::kernels::{accumulate, layout};
use crate::shape::{self, Axes, Dims};
use crate::{Ctx, Float, Grads, Op, Tensor};

/// A part of a tensor of shape `whole`: `part[k]` places along axis `k`, from `start[k]` on in steps of `step[k]`.
#[derive(Clone, Debug)]
struct Window {
    whole: Dims,
    part: Dims,
    start: Dims,
    step: SmallVec<[isize; 6]>,
}

impl Window {
    /// Everything.
    fn full(shape: &[usize]) -> Self {
        let part = Dims::from_slice(shape);
        let (start, step) = (Dims::from_elem(0, shape.len()), SmallVec::from_elem(1, shape.len()));
        Self { whole: part.clone(), part, start, step }
    }

    /// Where the part begins in memory, and its strides.
    fn layout(&self) -> (usize, SmallVec<[isize; 6]>) {
        let strides = shape::strides(&self.whole);
        let start = strides.iter().zip(&self.start).map(|(s, i)| s * i).sum();
        (start, strides.iter().zip(&self.step).map(|(&s, &k)| s as isize * k).collect())
    }

    /// Whether the part is everything, in order.
    fn is_full(&self) -> bool {
        self.part == self.whole && self.step.iter().all(|&s| s == 1)
    }

    /// Whether the part lies in one piece, in order.
    fn is_contiguous(&self) -> bool {
        let whole = |a: usize| self.part[a] == self.whole[a] && self.step[a] == 1;
        // It is cut along one axis, with nothing but axes of size 1 before.
        let cut = (0..self.whole.len()).rfind(|&a| !whole(a)).unwrap_or(0);
        self.whole[..cut].iter().all(|&n| n == 1)
            && self.part[..cut].iter().all(|&n| n == 1)
            && self.step[cut] == 1
    }
}

/// A part.
#[derive(Debug)]
struct Cut {
    name: &'static str,
    window: Window,
}

impl<F: Float> Op<F> for Cut {
    fn name(&self) -> &'static str {
        self.name
    }

    fn vjp(&self, c: &Ctx<'_, F>, g: Tensor<F>) -> Grads<F> {
        let Some(mut sum) = c.accumulated(0) else {
            return smallvec![Some(g.embed(self.name, &self.window, 0.0))];
        };
        // The other parts have been here: this one is added in its place.
        let (start, strides) = self.window.layout();
        layout::add(g.data(), sum.data_mut(), start, &self.window.part, &strides);
        smallvec![Some(sum)]
    }
}

/// A part that lies in one piece, in a shape of its own: from the `start`-th element on.
#[derive(Debug)]
struct Piece {
    name: &'static str,
    start: usize,
}

impl<F: Float> Op<F> for Piece {
    fn name(&self) -> &'static str {
        self.name
    }

    fn vjp(&self, c: &Ctx<'_, F>, g: Tensor<F>) -> Grads<F> {
        let (x, start) = (c.x(0), self.start);
        if c.recording() {
            let around = (start, x.len() - start - g.len());
            return smallvec![Some(g.flatten().pad(&[around], 0.0).reshape(x.shape()))];
        }
        let mut sum = c.accumulated(0).unwrap_or_else(|| Tensor::zeros(x.shape()));
        accumulate::add_assign(&mut sum.data_mut()[start..][..g.len()], g.data());
        smallvec![Some(sum)]
    }
}

/// A part in its place, everything else constant.
#[derive(Debug)]
struct Embed {
    name: &'static str,
    window: Window,
}

impl<F: Float> Op<F> for Embed {
    fn name(&self) -> &'static str {
        self.name
    }

    fn vjp(&self, _: &Ctx<'_, F>, g: Tensor<F>) -> Grads<F> {
        smallvec![Some(g.cut(self.name, self.window.clone()))]
    }
}

/// Parts.
impl<F: Float> Tensor<F> {
    /// The part within a range of one axis. Negative ends count from the end of the axis; a step other than 1 is set with
    /// [`ndarray::Slice::step_by`], and a negative one goes through the range backwards.
    ///
    /// Along the first axis nothing is copied (the whole buffer then lives as long as the part).
    ///
    /// # Panics
    /// If the range leaves the axis.
    ///
    /// ```
    /// use ndarray::Slice;
    /// use seedbed_autodiff::Tensor;
    /// let x = Tensor::<f32>::arange(5);
    /// assert_eq!(x.slice(0, 1..3).to_vec(), [1.0, 2.0]);
    /// assert_eq!(x.slice(0, 1..-1).to_vec(), [1.0, 2.0, 3.0]);
    /// assert_eq!(x.slice(0, Slice::from(..).step_by(2)).to_vec(), [0.0, 2.0, 4.0]);
    /// assert_eq!(x.slice(0, Slice::from(..4).step_by(-1)).to_vec(), [3.0, 2.0, 1.0, 0.0]);
    /// ```
    #[track_caller]
    pub fn slice(&self, axis: isize, range: impl Into<Range>) -> Self {
        let axis = shape::axis("slice", axis, self.ndim());
        let (range, n) = (range.into(), self.shape()[axis] as isize);
        let absolute = |i: isize| if i < 0 { i + n } else { i };
        let (start, end) = (absolute(range.start), absolute(range.end.unwrap_or(n)));
        assert!(
            0 <= start && start <= end && end <= n,
            "slice: {}..{} is no range of axis {axis} of shape {:?}",
            range.start,
            range.end.map_or(String::new(), |e| e.to_string()),
            self.shape()
        );
        assert!(range.step != 0, "slice: the step must not be 0");
        let count = (end - start) as usize;
        if range.step == 1
            && let Some(part) = self.cut_across("slice", axis, start as usize, count)
        {
            return part;
        }
        let mut window = Window::full(self.shape());
        window.part[axis] = count.div_ceil(range.step.unsigned_abs());
        // A step that is not taken may be as long as it likes.
        window.step[axis] = if window.part[axis] > 1 { range.step } else { range.step.signum() };
        // A walk backwards begins at the last place of the range.
        window.start[axis] =
            if range.step < 0 && count > 0 { end as usize - 1 } else { start as usize };
        self.cut("slice", window)
    }

    /// The part at one place of an axis, without that axis.
    ///
    /// # Panics
    /// If `i` is out of range; negative ones count from the end.
    ///
    /// ```
    /// use seedbed_autodiff::Tensor;
    /// let x = Tensor::<f32>::arange(6).reshape(&[2, 3]);
    /// assert_eq!(x.index(0, 1).to_vec(), [3.0, 4.0, 5.0]);
    /// assert_eq!(x.index(1, -1).to_vec(), [2.0, 5.0]);
    /// ```
    #[track_caller]
    pub fn index(&self, axis: isize, i: isize) -> Self {
        let axis = shape::axis("index", axis, self.ndim());
        let n = self.shape()[axis] as isize;
        assert!(
            (-n..n).contains(&i),
            "index: {i} is out of range for axis {axis} of shape {:?}",
            self.shape()
        );
        let (_, shape) = super::reduce::reduced_shapes(self.shape(), &[axis]);
        let i = i.rem_euclid(n) as usize;
        if let Some(place) = self.place(axis) {
            return self.piece("index", i * place, &shape);
        }
        let mut window = Window::full(self.shape());
        (window.start[axis], window.part[axis]) = (i, 1);
        self.cut("index", window).reshape(&shape)
    }

    /// Consecutive parts of given sizes along one axis.
    ///
    /// # Panics
    /// If the sizes do not add up to the axis.
    ///
    /// ```
    /// use seedbed_autodiff::Tensor;
    /// let parts = Tensor::<f32>::arange(5).split(0, &[2, 3]);
    /// assert_eq!(parts[1].to_vec(), [2.0, 3.0, 4.0]);
    /// ```
    #[track_caller]
    pub fn split(&self, axis: isize, sizes: &[usize]) -> Vec<Self> {
        let axis = shape::axis("split", axis, self.ndim());
        let sum = sizes.iter().try_fold(0_usize, |sum, &size| sum.checked_add(size));
        assert!(
            sum == Some(self.shape()[axis]),
            "split: the sizes {sizes:?} do not add up to axis {axis} of shape {:?}",
            self.shape()
        );
        self.parts("split", axis, sizes.iter().copied())
    }

    /// `n` consecutive parts of equal size along one axis.
    ///
    /// # Panics
    /// If `n` does not divide the axis.
    ///
    /// ```
    /// use seedbed_autodiff::Tensor;
    /// let parts = Tensor::<f32>::arange(6).chunk(0, 3);
    /// assert_eq!(parts[2].to_vec(), [4.0, 5.0]);
    /// ```
    #[track_caller]
    pub fn chunk(&self, axis: isize, n: usize) -> Vec<Self> {
        let axis = shape::axis("chunk", axis, self.ndim());
        assert!(
            n > 0 && self.shape()[axis].is_multiple_of(n),
            "chunk: axis {axis} of shape {:?} does not split into {n} equal parts",
            self.shape()
        );
        self.parts("chunk", axis, std::iter::repeat_n(self.shape()[axis] / n, n))
    }

    #[track_caller]
    fn parts(
        &self,
        name: &'static str,
        axis: usize,
        sizes: impl Iterator<Item = usize>,
    ) -> Vec<Self> {
        let (mut parts, mut start) = (Vec::new(), 0);
        for size in sizes {
            let part = self.cut_across(name, axis, start, size).unwrap_or_else(|| {
                let mut window = Window::full(self.shape());
                (window.start[axis], window.part[axis]) = (start, size);
                self.cut(name, window)
            });
            parts.push(part);
            start += size;
        }
        parts
    }

    /// The elements in reverse order along some axes.
    ///
    /// # Panics
    /// If an axis is out of range or named twice.
    ///
    /// ```
    /// use seedbed_autodiff::Tensor;
    /// assert_eq!(Tensor::<f32>::arange(3).flip(0).to_vec(), [2.0, 1.0, 0.0]);
    /// ```
    #[track_caller]
    pub fn flip(&self, axes: impl Axes) -> Self {
        let mut window = Window::full(self.shape());
        for axis in axes.resolve("flip", self.ndim()) {
            (window.start[axis], window.step[axis]) = (self.shape()[axis].saturating_sub(1), -1);
        }
        self.cut("flip", window)
    }

    /// With `value` added before and after: `amounts[k]` is how often along axis `k`.
    ///
    /// # Panics
    /// Unless there is one pair of amounts for every axis.
    ///
    /// ```
    /// use seedbed_autodiff::Tensor;
    /// let x = Tensor::<f32>::ones(&[2]);
    /// assert_eq!(x.pad(&[(1, 2)], 0.5).to_vec(), [0.5, 1.0, 1.0, 0.5, 0.5]);
    /// ```
    #[track_caller]
    pub fn pad(&self, amounts: &[(usize, usize)], value: f64) -> Self {
        assert!(
            amounts.len() == self.ndim(),
            "pad: {amounts:?} names {} axes, the shape {:?} has {}",
            amounts.len(),
            self.shape(),
            self.ndim()
        );
        let mut window = Window::full(self.shape());
        for (k, &(before, after)) in amounts.iter().enumerate() {
            let size = window.whole[k].checked_add(before).and_then(|n| n.checked_add(after));
            window.whole[k] = shape::counted("pad", "a padded axis", size);
            window.start[k] = before;
        }
        shape::room::<F>("pad", &window.whole);
        self.embed("pad", &window, value)
    }

    /// The numbers of one place of an axis, if they lie in one piece.
    fn place(&self, axis: usize) -> Option<usize> {
        let (before, rest) = self.shape().split_at(axis);
        before.iter().all(|&n| n == 1).then(|| rest[1..].iter().product())
    }

    /// `count` places of an axis from the `start`-th on, if they lie in one piece.
    #[track_caller]
    fn cut_across(
        &self,
        name: &'static str,
        axis: usize,
        start: usize,
        count: usize,
    ) -> Option<Self> {
        let place = self.place(axis)?;
        let mut shape = Dims::from_slice(self.shape());
        shape[axis] = count;
        Some(self.piece(name, start * place, &shape))
    }

    /// The elements from the `start`-th on, as many as the shape needs. Nothing is copied.
    #[track_caller]
    pub(crate) fn piece(&self, name: &'static str, start: usize, shape: &[usize]) -> Self {
        if self.len() == shape::len(shape) {
            return self.reshape(shape);
        }
        Self::record(Piece { name, start }, &[self], self.part(start, shape))
    }

    #[track_caller]
    fn cut(&self, name: &'static str, window: Window) -> Self {
        if window.is_full() {
            return self.clone();
        }
        let (start, strides) = window.layout();
        if window.is_contiguous() {
            return self.piece(name, start, &window.part);
        }
        let value =
            Self::new(layout::read(self.data(), start, &window.part, &strides), &window.part);
        Self::record(Cut { name, window }, &[self], value)
    }

    #[track_caller]
    fn embed(&self, name: &'static str, window: &Window, value: f64) -> Self {
        if window.is_full() {
            return self.clone();
        }
        let mut out = vec![F::of(value); shape::len(&window.whole)];
        let (start, strides) = window.layout();
        layout::write(self.data(), &mut out, start, &window.part, &strides);
        let value = Self::new(out, &window.whole);
        Self::record(Embed { name, window: window.clone() }, &[self], value)
    }
}
