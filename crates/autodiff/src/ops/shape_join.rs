//! Tensors joined along an axis.

use std::borrow::Borrow;

use crate::kernels::layout;
use crate::shape::{self, Dims};
use crate::{Ctx, Float, Grads, Op, Tensor};

#[derive(Debug)]
struct Concat {
    axis: usize,
}

impl<F: Float> Op<F> for Concat {
    fn name(&self) -> &'static str {
        "concat"
    }

    fn vjp(&self, c: &Ctx<'_, F>, g: Tensor<F>) -> Grads<F> {
        let sizes: Dims = c.inputs().iter().map(|x| x.shape()[self.axis]).collect();
        let parts = g.split(self.axis as isize, &sizes);
        parts.into_iter().enumerate().map(|(i, g)| c.needs(i).then_some(g)).collect()
    }
}

#[derive(Debug)]
struct Stack {
    axis: usize,
}

impl<F: Float> Op<F> for Stack {
    fn name(&self) -> &'static str {
        "stack"
    }

    fn vjp(&self, c: &Ctx<'_, F>, g: Tensor<F>) -> Grads<F> {
        let part = |i| g.index(self.axis as isize, i as isize);
        (0..c.inputs().len()).map(|i| c.needs(i).then(|| part(i))).collect()
    }
}

/// Joining.
impl<F: Float> Tensor<F> {
    /// The tensors one after another along an axis.
    ///
    /// # Panics
    /// If there is none, or if their shapes differ in another axis.
    ///
    /// ```
    /// use seedbed_autodiff::Tensor;
    /// let (a, b) = (Tensor::<f32>::zeros(&[2, 1]), Tensor::ones(&[2, 2]));
    /// assert_eq!(Tensor::concat(&[&a, &b], -1).to_vec(), [0.0, 1.0, 1.0, 0.0, 1.0, 1.0]);
    /// ```
    #[track_caller]
    pub fn concat<T: Borrow<Self>>(tensors: &[T], axis: isize) -> Self {
        let Some(first) = tensors.first() else { panic!("concat: there are no tensors") };
        let first = first.borrow().shape();
        let axis = shape::axis("concat", axis, first.len());
        let mut shape = Dims::from_slice(first);
        for (i, x) in tensors.iter().enumerate().skip(1) {
            let other = x.borrow().shape();
            let fits = other.len() == first.len()
                && (0..first.len()).all(|a| a == axis || other[a] == first[a]);
            assert!(
                fits,
                "concat: tensor {i} has shape {other:?}, the first {first:?}: they must agree but for axis {axis}"
            );
            let size = shape[axis].checked_add(other[axis]);
            shape[axis] = shape::counted("concat", "the joined axis", size);
        }
        shape::room::<F>("concat", &shape);
        let inner = shape::len(&first[axis + 1..]);
        let parts: Vec<_> =
            tensors.iter().map(|x| (x.borrow().data(), x.borrow().shape()[axis] * inner)).collect();
        let value = Self::new(layout::concat(&parts), &shape);
        let inputs: Vec<_> = tensors.iter().map(Borrow::borrow).collect();
        Self::record(Concat { axis }, &inputs, value)
    }

    /// The tensors along a new axis, which is number `axis` of the result.
    ///
    /// # Panics
    /// If there is none, or if their shapes differ.
    ///
    /// ```
    /// use seedbed_autodiff::Tensor;
    /// let (a, b) = (Tensor::<f32>::zeros(&[2]), Tensor::ones(&[2]));
    /// assert_eq!(Tensor::stack(&[a, b], 1).to_vec(), [0.0, 1.0, 0.0, 1.0]);
    /// ```
    #[track_caller]
    pub fn stack<T: Borrow<Self>>(tensors: &[T], axis: isize) -> Self {
        let Some(first) = tensors.first() else { panic!("stack: there are no tensors") };
        let first = first.borrow().shape();
        let axis = shape::axis("stack", axis, first.len() + 1);
        let mut shape = Dims::from_slice(first);
        shape.insert(axis, tensors.len());
        shape::room::<F>("stack", &shape);
        let inner = shape::len(&first[axis..]);
        let mut parts = Vec::with_capacity(tensors.len());
        for (i, x) in tensors.iter().enumerate() {
            let x = x.borrow();
            assert!(
                x.shape() == first,
                "stack: tensor {i} has shape {:?}, the first {first:?}",
                x.shape()
            );
            parts.push((x.data(), inner));
        }
        let value = Self::new(layout::concat(&parts), &shape);
        let inputs: Vec<_> = tensors.iter().map(Borrow::borrow).collect();
        Self::record(Stack { axis }, &inputs, value)
    }

    /// The elements moved on by `shift` places along an axis; those that leave at its end come in at its beginning.
    ///
    /// # Panics
    /// If the axis is out of range.
    ///
    /// ```
    /// use seedbed_autodiff::Tensor;
    /// let x = Tensor::<f32>::arange(4);
    /// assert_eq!(x.roll(0, 1).to_vec(), [3.0, 0.0, 1.0, 2.0]);
    /// assert_eq!(x.roll(0, -1).to_vec(), [1.0, 2.0, 3.0, 0.0]);
    /// ```
    #[track_caller]
    pub fn roll(&self, axis: isize, shift: isize) -> Self {
        let axis = shape::axis("roll", axis, self.ndim());
        let n = self.shape()[axis];
        let shift = shift.checked_rem_euclid(n as isize).unwrap_or(0) as usize;
        if shift == 0 {
            return self.clone();
        }
        let axis = axis as isize;
        let parts = self.split(axis, &[n - shift, shift]);
        Self::concat(&[&parts[1], &parts[0]], axis)
    }
}
