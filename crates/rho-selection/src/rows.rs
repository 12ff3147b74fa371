use crate::SelectionError;

/// A borrowed matrix: rows of equal width, one after the other.
///
/// ```
/// use seedbed_rho_selection::Rows;
/// let logits = Rows::new(&[0.1, 0.9, 2.0, -2.0], 2)?;
/// assert_eq!((logits.len(), logits.row(1)), (2, &[2.0, -2.0][..]));
/// assert!(Rows::new(&[0.1, 0.9, 2.0], 2).is_err());
/// # Ok::<(), seedbed_rho_selection::SelectionError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rows<'a> {
    data: &'a [f32],
    width: usize,
}

impl<'a> Rows<'a> {
    /// The matrix with these numbers, row by row, `width` a row.
    ///
    /// # Errors
    /// If `width` is 0, or does not divide the count of numbers.
    pub fn new(data: &'a [f32], width: usize) -> Result<Self, SelectionError> {
        if width == 0 || !data.len().is_multiple_of(width) {
            return Err(SelectionError::Width { numbers: data.len(), width });
        }
        Ok(Self { data, width })
    }

    /// The number of rows.
    pub fn len(&self) -> usize {
        self.data.len() / self.width
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.data.is_empty()
    }

    /// Numbers in a row.
    pub fn width(&self) -> usize {
        self.width
    }

    /// All numbers, row by row.
    pub fn data(&self) -> &'a [f32] {
        self.data
    }

    /// One row.
    ///
    /// # Panics
    /// If there is no such row.
    #[track_caller]
    pub fn row(&self, i: usize) -> &'a [f32] {
        &self.data[i * self.width..][..self.width]
    }

    /// The rows, in order.
    pub fn iter(&self) -> std::slice::ChunksExact<'a, f32> {
        self.data.chunks_exact(self.width)
    }

    /// How many samples a matrix of `samples · n` rows holds for each of `n` examples.
    pub(crate) fn samples(&self, n: usize) -> Result<usize, SelectionError> {
        if n == 0 || self.is_empty() || !self.len().is_multiple_of(n) {
            return Err(SelectionError::Samples { rows: self.len(), examples: n });
        }
        Ok(self.len() / n)
    }
}
