//! Shapes, axes and broadcasting, with the messages that a caller sees when they disagree.

use smallvec::SmallVec;

/// A shape or a list of axes; short ones stay off the heap.
pub(crate) type Dims = SmallVec<[usize; 4]>;

/// Which axes an op works on: one, several or all of them. Negative axes count from the end.
///
/// ```
/// use seedbed_autodiff::Tensor;
/// let x = Tensor::<f32>::ones(&[2, 3, 4]);
/// assert_eq!(x.sum(..).shape(), &[] as &[usize]);
/// assert_eq!(x.sum(-1).shape(), &[2, 3]);
/// assert_eq!(x.sum([0, 2]).shape(), &[3]);
/// ```
pub trait Axes {
    /// Whether all axes are meant, however many there are.
    fn are_all(&self) -> bool {
        false
    }

    /// The axes of a tensor of rank `ndim`, ascending.
    ///
    /// # Panics
    /// If an axis is out of range or named twice; `op` is the name for the message.
    #[track_caller]
    fn resolve(&self, op: &str, ndim: usize) -> SmallVec<[usize; 4]>;
}

impl Axes for std::ops::RangeFull {
    fn are_all(&self) -> bool {
        true
    }

    fn resolve(&self, _: &str, ndim: usize) -> Dims {
        (0..ndim).collect()
    }
}

impl Axes for isize {
    #[track_caller]
    fn resolve(&self, op: &str, ndim: usize) -> Dims {
        Dims::from_elem(axis(op, *self, ndim), 1)
    }
}

impl Axes for [isize] {
    #[track_caller]
    fn resolve(&self, op: &str, ndim: usize) -> Dims {
        let mut axes = Dims::new();
        for &a in self {
            let a = axis(op, a, ndim);
            assert!(!axes.contains(&a), "{op}: axis {a} is named twice in {self:?}");
            axes.push(a);
        }
        axes.sort_unstable();
        axes
    }
}

impl<const N: usize> Axes for [isize; N] {
    #[track_caller]
    fn resolve(&self, op: &str, ndim: usize) -> Dims {
        self.as_slice().resolve(op, ndim)
    }
}

impl Axes for Vec<isize> {
    #[track_caller]
    fn resolve(&self, op: &str, ndim: usize) -> Dims {
        self.as_slice().resolve(op, ndim)
    }
}

impl<A: Axes + ?Sized> Axes for &A {
    fn are_all(&self) -> bool {
        (**self).are_all()
    }

    #[track_caller]
    fn resolve(&self, op: &str, ndim: usize) -> Dims {
        (**self).resolve(op, ndim)
    }
}

/// One axis of a tensor of rank `ndim`; negative ones count from the end.
#[track_caller]
pub(crate) fn axis(op: &str, axis: isize, ndim: usize) -> usize {
    let n = ndim as isize;
    assert!(
        (-n..n).contains(&axis),
        "{op}: axis {axis} is out of range for a tensor of rank {ndim}"
    );
    if axis < 0 { (axis + n) as usize } else { axis as usize }
}

/// The numbers of elements before, of and after an axis.
#[track_caller]
pub(crate) fn around(shape: &[usize], axis: usize) -> [usize; 3] {
    [len(&shape[..axis]), shape[axis], len(&shape[axis + 1..])]
}

/// The number of elements of a shape.
///
/// # Panics
/// If no memory could hold them.
#[track_caller]
pub(crate) fn len(shape: &[usize]) -> usize {
    let mut product = 1_usize;
    for &n in shape {
        product = match product.checked_mul(n) {
            Some(product) => product,
            None if shape.contains(&0) => return 0,
            None => panic!("the shape {shape:?} has more elements than can be counted"),
        };
    }
    product
}

/// Bytes from which it is tried out whether there is memory.
const LARGE: usize = 1 << 28;

/// [`len`] of a tensor that is to be made.
///
/// # Panics
/// If there is no memory for it. Without this look the program would end in the middle of an op, and not at the caller's line.
#[track_caller]
pub(crate) fn room<F>(op: &str, shape: &[usize]) -> usize {
    let n = len(shape);
    let bytes = n.saturating_mul(size_of::<F>());
    if bytes >= LARGE && Vec::<F>::new().try_reserve_exact(n).is_err() {
        panic!(
            "{op}: there is no memory for the shape {shape:?} ({n} numbers of {} bytes)",
            size_of::<F>()
        );
    }
    n
}

/// A size that was computed by `op`, if it can be counted.
#[track_caller]
pub(crate) fn counted(op: &str, what: &str, size: Option<usize>) -> usize {
    match size {
        Some(size) => size,
        None => panic!("{op}: {what} is larger than can be counted"),
    }
}

/// The shape that two shapes broadcast to by NumPy's rule: aligned at the end, sizes equal or 1.
#[track_caller]
pub(crate) fn broadcast(op: &str, lhs: &[usize], rhs: &[usize]) -> Dims {
    let ndim = lhs.len().max(rhs.len());
    let size = |s: &[usize], i: usize| (i + s.len()).checked_sub(ndim).map_or(1, |j| s[j]);
    // No closure: a panic in one would not be at the caller's line.
    let mut shape = Dims::with_capacity(ndim);
    for i in 0..ndim {
        shape.push(match (size(lhs, i), size(rhs, i)) {
            (l, r) if l == r => l,
            (1, r) => r,
            (l, 1) => l,
            (l, r) => panic!(
                "{op}: shapes do not broadcast: lhs {lhs:?}, rhs {rhs:?} (axis {}: {l} against {r})",
                i as isize - ndim as isize
            ),
        });
    }
    shape
}

/// Whether a tensor of shape `from` broadcasts to exactly `to`.
pub(crate) fn broadcasts_to(from: &[usize], to: &[usize]) -> bool {
    from.len() <= to.len()
        && from.iter().rev().zip(to.iter().rev()).all(|(&f, &t)| f == t || f == 1)
}

/// Row-major strides of `shape`, in elements.
pub(crate) fn strides(shape: &[usize]) -> Dims {
    let mut strides = Dims::from_elem(1, shape.len());
    if shape.contains(&0) {
        // Nothing is read, and the other sizes may have no product.
        return strides;
    }
    for i in (0..shape.len().saturating_sub(1)).rev() {
        strides[i] = strides[i + 1] * shape[i + 1];
    }
    strides
}

/// The strides with which a tensor of shape `from` is read as one of shape `to`: 0 along the axes
/// that are repeated.
pub(crate) fn broadcast_strides(from: &[usize], to: &[usize]) -> Dims {
    let offset = to.len() - from.len();
    let mut out = Dims::from_elem(0, to.len());
    for (i, s) in strides(from).into_iter().enumerate() {
        if from[i] != 1 {
            out[i + offset] = s;
        }
    }
    out
}
