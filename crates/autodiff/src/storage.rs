use crate::{Float, Tensor, shape};

/// Where a tensor's elements lie, always in row-major order.
///
/// A computed tensor owns its elements: the shared, counted box is the tensor itself, so that a small op
/// allocates twice, and not three times as with a shared array inside.
pub(crate) enum Storage<F: Float> {
    /// As many as the tensor's shape says.
    Own(Vec<F>),
    /// A run of another tensor's elements, from `start`. The owner is never a part itself.
    Part { owner: Tensor<F>, start: usize },
}

impl<F: Float> Storage<F> {
    /// The elements of a tensor of the given shape.
    pub(crate) fn slice(&self, shape: &[usize]) -> &[F] {
        match self {
            Self::Own(elements) => elements,
            Self::Part { owner, start } => &owner.data()[*start..*start + shape::len(shape)],
        }
    }

    /// The elements, if they are this tensor's own.
    pub(crate) fn own(&mut self) -> Option<&mut Vec<F>> {
        match self {
            Self::Own(elements) => Some(elements),
            Self::Part { .. } => None,
        }
    }
}

impl<F: Float> Tensor<F> {
    /// A constant of the given shape over a run of this tensor's elements, from `start`. Nothing is copied.
    pub(crate) fn part(&self, start: usize, shape: &[usize]) -> Self {
        debug_assert!(start + shape::len(shape) <= self.len());
        Self::constant(self.storage_of_part(start), shape)
    }

    pub(crate) fn storage_of_part(&self, start: usize) -> Storage<F> {
        match &self.0.storage {
            Storage::Own(_) => Storage::Part { owner: self.clone(), start },
            Storage::Part { owner, start: offset } => {
                Storage::Part { owner: owner.clone(), start: offset + start }
            }
        }
    }
}
