//! A quantizer for numbers of another range: shifted and stretched before, and back after.

use crate::error::same_length;
use crate::quantizer::{check_decode, check_quantize};
use crate::{Indices, IndicesMut, Quantizer, QuantizerError, Scratch};

/// `Q((x − shift) / scale) · scale + shift`, number by number. As stages of a residual quantizer these are RFSQ (2025): FSQ whose grid follows the size of
/// what is left.
///
/// ```
/// use seedbed_quantizers::{Lfq, Quantizer, Scaled};
/// let q = Scaled::new(Lfq::new(2)?, vec![10.0, 0.0], vec![0.5, 3.0])?;
/// assert_eq!(q.encode(&[10.1, -4.0])?, [0b10]);
/// assert_eq!(q.decode(&[0b10])?, [10.5, -3.0]);
/// # Ok::<(), seedbed_quantizers::QuantizerError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Scaled<Q> {
    inner: Q,
    shift: Vec<f32>,
    scale: Vec<f32>,
}

impl<Q: Quantizer> Scaled<Q> {
    /// A quantizer with a shift and a scale for each number.
    ///
    /// # Errors
    /// If there are not as many as numbers, one is not finite, or a scale is not above 0.
    pub fn new(inner: Q, shift: Vec<f32>, scale: Vec<f32>) -> Result<Self, QuantizerError> {
        same_length("shift", shift.len(), inner.dim())?;
        same_length("scale", scale.len(), inner.dim())?;
        if let Some(bad) = scale.iter().find(|s| !(**s > 0.0 && s.is_finite())) {
            return Err(QuantizerError::setting("scale", bad, "finite and above 0"));
        }
        if let Some(bad) = shift.iter().find(|s| !s.is_finite()) {
            return Err(QuantizerError::setting("shift", bad, "finite"));
        }
        Ok(Self { inner, shift, scale })
    }

    /// What is shifted and stretched.
    pub fn inner(&self) -> &Q {
        &self.inner
    }

    fn back(&self, values: &mut [f32]) {
        for row in values.chunks_exact_mut(self.dim()) {
            for ((v, shift), scale) in row.iter_mut().zip(&self.shift).zip(&self.scale) {
                *v = *v * scale + shift;
            }
        }
    }
}

impl<Q: Quantizer> Quantizer for Scaled<Q> {
    fn dim(&self) -> usize {
        self.inner.dim()
    }

    fn tokens(&self) -> usize {
        self.inner.tokens()
    }

    fn codebook_size(&self, token: usize) -> u64 {
        self.inner.codebook_size(token)
    }

    fn quantize_into(
        &self,
        x: &[f32],
        mut values: Option<&mut [f32]>,
        indices: IndicesMut<'_>,
        scratch: &mut Scratch,
    ) -> Result<(), QuantizerError> {
        check_quantize(self, x, values.as_deref_mut(), &indices)?;
        let dim = self.dim();
        if let Some(error) = crate::error::not_finite(x, dim) {
            return Err(error);
        }
        let mut own = scratch.floats(x.len());
        for (own, x) in own.chunks_exact_mut(dim).zip(x.chunks_exact(dim)) {
            let constants = self.shift.iter().zip(&self.scale);
            for ((o, x), (shift, scale)) in own.iter_mut().zip(x).zip(constants) {
                // What is beyond range is beyond every code, too.
                *o = ((x - shift) / scale).clamp(f32::MIN, f32::MAX);
            }
        }
        let outcome = self.inner.quantize_into(&own, values.as_deref_mut(), indices, scratch);
        scratch.give_floats(own);
        outcome?;
        if let Some(values) = values {
            self.back(values);
        }
        Ok(())
    }

    fn decode_into(
        &self,
        indices: Indices<'_>,
        values: &mut [f32],
        scratch: &mut Scratch,
    ) -> Result<(), QuantizerError> {
        check_decode(self, indices, values)?;
        self.inner.decode_into(indices, values, scratch)?;
        self.back(values);
        Ok(())
    }
}
