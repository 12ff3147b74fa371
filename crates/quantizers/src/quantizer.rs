use std::fmt::Debug;
use std::sync::Arc;

use ndarray::{ArrayD, ArrayViewD};

use crate::error::{rows_of, same_length};
use crate::{Indices, IndicesMut, QuantizerError, Scratch};

/// What turns vectors into indices of codes, and indices into vectors.
///
/// Vectors are rows of [`dim`](Self::dim) numbers, one after the other, with any leading shape: a picture of channels-last
/// pixels is a row a pixel. A vector has [`tokens`](Self::tokens) indices, beside one another: one for each stage or group.
///
/// Every number must be finite. Indices depend on the numbers alone: not on threads, on vector instructions, or on
/// what else is in the batch.
pub trait Quantizer: Send + Sync + Debug {
    /// Numbers in a vector.
    fn dim(&self) -> usize;

    /// Indices of a vector.
    fn tokens(&self) -> usize {
        1
    }

    /// How many codes the `token`-th index of a vector tells apart: at most 2⁶³.
    fn codebook_size(&self, token: usize) -> u64;

    /// Quantizes vectors: their indices, and where they are asked for the vectors that the indices stand for.
    ///
    /// # Errors
    /// If `x` is no rows of `dim` numbers, an output has not as many entries, a number is not finite, or the indices do not fit into
    /// their type. What the outputs then hold is unspecified.
    fn quantize_into(
        &self,
        x: &[f32],
        values: Option<&mut [f32]>,
        indices: IndicesMut<'_>,
        scratch: &mut Scratch,
    ) -> Result<(), QuantizerError>;

    /// The vectors that indices stand for.
    ///
    /// # Errors
    /// If there is no whole number of vectors, `values` has not as many numbers, or an index is out of range.
    fn decode_into(
        &self,
        indices: Indices<'_>,
        values: &mut [f32],
        scratch: &mut Scratch,
    ) -> Result<(), QuantizerError>;

    /// The indices of vectors.
    ///
    /// # Errors
    /// As [`quantize_into`](Self::quantize_into).
    fn encode_into(
        &self,
        x: &[f32],
        indices: IndicesMut<'_>,
        scratch: &mut Scratch,
    ) -> Result<(), QuantizerError> {
        self.quantize_into(x, None, indices, scratch)
    }

    /// The indices of vectors, in new memory.
    ///
    /// # Errors
    /// As [`quantize_into`](Self::quantize_into).
    fn encode(&self, x: &[f32]) -> Result<Vec<u64>, QuantizerError> {
        let rows = rows_of("x", x.len(), self.dim())?;
        let mut indices = vec![0; rows * self.tokens()];
        self.encode_into(x, (&mut indices).into(), &mut Scratch::new())?;
        Ok(indices)
    }

    /// The vectors that indices stand for, in new memory.
    ///
    /// # Errors
    /// As [`decode_into`](Self::decode_into).
    fn decode(&self, indices: &[u64]) -> Result<Vec<f32>, QuantizerError> {
        let rows = rows_of("indices", indices.len(), self.tokens())?;
        let mut values = vec![0.0; rows * self.dim()];
        self.decode_into(indices.into(), &mut values, &mut Scratch::new())?;
        Ok(values)
    }

    /// The indices of vectors that are the last axis of an array of any shape and layout: `[…, dim]` to `[…, tokens]`.
    ///
    /// # Errors
    /// As [`quantize_into`](Self::quantize_into), or if the last axis is not `dim` long.
    ///
    /// ```
    /// use ndarray::ArrayD;
    /// use seedbed_quantizers::{Fsq, Quantizer};
    /// // A batch of pictures, channels last.
    /// let x = ArrayD::<f32>::zeros(vec![2, 7, 7, 4]);
    /// let fsq = Fsq::new(&[8, 5, 5, 5])?;
    /// let tokens = fsq.encode_array(x.view())?;
    /// assert_eq!(tokens.shape(), [2, 7, 7, 1]);
    /// assert_eq!(fsq.decode_array(tokens.view())?, x);
    /// # Ok::<(), seedbed_quantizers::QuantizerError>(())
    /// ```
    fn encode_array(&self, x: ArrayViewD<'_, f32>) -> Result<ArrayD<u64>, QuantizerError> {
        let last = x.shape().last().copied().unwrap_or(0);
        same_length("the last axis of x", last, self.dim())?;
        let mut shape = x.shape().to_vec();
        shape[x.ndim() - 1] = self.tokens();
        let x = x.as_standard_layout();
        let indices = self.encode(x.as_slice().expect("the layout is standard"))?;
        Ok(ArrayD::from_shape_vec(shape, indices).expect("as many indices as the shape says"))
    }

    /// The vectors that indices stand for: `[…, tokens]` to `[…, dim]`.
    ///
    /// # Errors
    /// As [`decode_into`](Self::decode_into), or if the last axis is not `tokens` long.
    fn decode_array(&self, indices: ArrayViewD<'_, u64>) -> Result<ArrayD<f32>, QuantizerError> {
        let last = indices.shape().last().copied().unwrap_or(0);
        same_length("the last axis of the indices", last, self.tokens())?;
        let mut shape = indices.shape().to_vec();
        shape[indices.ndim() - 1] = self.dim();
        let indices = indices.as_standard_layout();
        let values = self.decode(indices.as_slice().expect("the layout is standard"))?;
        Ok(ArrayD::from_shape_vec(shape, values).expect("as many numbers as the shape says"))
    }

    /// Bits that all indices of a vector hold together, log₂ of the number of combinations.
    fn bits(&self) -> f64 {
        (0..self.tokens()).map(|token| (self.codebook_size(token) as f64).log2()).sum()
    }
}

/// What points to a quantizer is one.
macro_rules! pointers {
    ($($Pointer:ident)*) => { $(
        impl<Q: Quantizer + ?Sized> Quantizer for $Pointer<Q> {
            fn dim(&self) -> usize {
                (**self).dim()
            }
            fn tokens(&self) -> usize {
                (**self).tokens()
            }
            fn codebook_size(&self, token: usize) -> u64 {
                (**self).codebook_size(token)
            }
            fn quantize_into(
                &self,
                x: &[f32],
                values: Option<&mut [f32]>,
                indices: IndicesMut<'_>,
                scratch: &mut Scratch,
            ) -> Result<(), QuantizerError> {
                (**self).quantize_into(x, values, indices, scratch)
            }
            fn decode_into(
                &self,
                indices: Indices<'_>,
                values: &mut [f32],
                scratch: &mut Scratch,
            ) -> Result<(), QuantizerError> {
                (**self).decode_into(indices, values, scratch)
            }
        }
    )* };
}
pointers! { Box Arc }

/// Checks what [`Quantizer::quantize_into`] was given, and tells the number of vectors.
pub(crate) fn check_quantize<Q: Quantizer + ?Sized>(
    quantizer: &Q,
    x: &[f32],
    values: Option<&mut [f32]>,
    indices: &IndicesMut<'_>,
) -> Result<usize, QuantizerError> {
    let rows = rows_of("x", x.len(), quantizer.dim())?;
    if let Some(values) = values {
        same_length("values", values.len(), x.len())?;
    }
    same_length("indices", indices.len(), rows * quantizer.tokens())?;
    for token in 0..quantizer.tokens() {
        crate::indices::check_type(quantizer.codebook_size(token), indices.bits())?;
    }
    Ok(rows)
}

/// Checks the sizes that [`Quantizer::decode_into`] was given, and tells the number of vectors.
pub(crate) fn check_decode<Q: Quantizer + ?Sized>(
    quantizer: &Q,
    indices: Indices<'_>,
    values: &[f32],
) -> Result<usize, QuantizerError> {
    let rows = rows_of("indices", indices.len(), quantizer.tokens())?;
    same_length("values", values.len(), rows * quantizer.dim())?;
    Ok(rows)
}
