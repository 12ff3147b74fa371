//! Parts of a vector, each with a quantizer of its own: product quantization, grouped residual quantization, several heads.

use crate::quantizer::{check_decode, check_quantize};
use crate::residual::{size_of, starts};
use crate::{Indices, IndicesMut, Quantizer, QuantizerError, Scratch};

/// The numbers of a vector cut into neighbouring parts, a quantizer each; the indices of the parts follow one another.
///
/// ```
/// use seedbed_quantizers::{Fsq, Grouped, Quantizer};
/// let fsq = Grouped::new(vec![Fsq::new(&[5, 5])?, Fsq::new(&[7, 3])?])?;
/// assert_eq!((fsq.dim(), fsq.tokens()), (4, 2));
/// assert_eq!(fsq.encode(&[0.0; 4])?, [12, 3 + 7]);
/// # Ok::<(), seedbed_quantizers::QuantizerError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Grouped<Q> {
    parts: Vec<Q>,
    /// Where each part's indices begin, and the number of all.
    starts: Vec<usize>,
    dim: usize,
}

impl<Q: Quantizer> Grouped<Q> {
    /// These quantizers, side by side.
    ///
    /// # Errors
    /// If there are none.
    pub fn new(parts: Vec<Q>) -> Result<Self, QuantizerError> {
        if parts.is_empty() {
            return Err(QuantizerError::Empty { what: "groups" });
        }
        let (starts, dim) = (starts(&parts), parts.iter().map(Quantizer::dim).sum());
        Ok(Self { parts, starts, dim })
    }

    /// The quantizers.
    pub fn parts(&self) -> &[Q] {
        &self.parts
    }
}

/// Copies `width` columns from column `from` on out of rows of `dim` numbers.
fn columns_out(x: &[f32], dim: usize, from: usize, width: usize, out: &mut [f32]) {
    for (row, out) in x.chunks_exact(dim).zip(out.chunks_exact_mut(width)) {
        out.copy_from_slice(&row[from..from + width]);
    }
}

/// The reverse of [`columns_out`].
fn columns_in(part: &[f32], width: usize, x: &mut [f32], dim: usize, from: usize) {
    for (row, part) in x.chunks_exact_mut(dim).zip(part.chunks_exact(width)) {
        row[from..from + width].copy_from_slice(part);
    }
}

impl<Q: Quantizer> Quantizer for Grouped<Q> {
    fn dim(&self) -> usize {
        self.dim
    }

    fn tokens(&self) -> usize {
        self.starts[self.parts.len()]
    }

    fn codebook_size(&self, token: usize) -> u64 {
        size_of(&self.parts, &self.starts, token)
    }

    fn quantize_into(
        &self,
        x: &[f32],
        mut values: Option<&mut [f32]>,
        mut indices: IndicesMut<'_>,
        scratch: &mut Scratch,
    ) -> Result<(), QuantizerError> {
        let rows = check_quantize(self, x, values.as_deref_mut(), &indices)?;
        let (dim, tokens) = (self.dim, self.tokens());
        let mut from = 0;
        for (part, &start) in self.parts.iter().zip(&self.starts) {
            let (width, own) = (part.dim(), part.tokens());
            let mut own_x = scratch.floats(rows * width);
            let mut own_values = scratch.floats(if values.is_some() { rows * width } else { 0 });
            let mut own_indices = scratch.indices(rows * own);
            columns_out(x, dim, from, width, &mut own_x);
            let wanted = values.is_some().then_some(&mut own_values[..]);
            let outcome = part.quantize_into(&own_x, wanted, (&mut own_indices).into(), scratch);
            if outcome.is_ok() {
                if let Some(values) = &mut values {
                    columns_in(&own_values, width, values, dim, from);
                }
                for (row, own_indices) in own_indices.chunks_exact(own).enumerate() {
                    for (k, &index) in own_indices.iter().enumerate() {
                        indices.set(row * tokens + start + k, index);
                    }
                }
            }
            scratch.give_floats(own_x);
            scratch.give_floats(own_values);
            scratch.give_indices(own_indices);
            outcome.map_err(|error| match error {
                QuantizerError::NotFinite { vector, channel, value } => {
                    QuantizerError::NotFinite { vector, channel: channel + from, value }
                }
                other => other,
            })?;
            from += width;
        }
        Ok(())
    }

    fn decode_into(
        &self,
        indices: Indices<'_>,
        values: &mut [f32],
        scratch: &mut Scratch,
    ) -> Result<(), QuantizerError> {
        let rows = check_decode(self, indices, values)?;
        let (dim, tokens) = (self.dim, self.tokens());
        let mut from = 0;
        for (part, &start) in self.parts.iter().zip(&self.starts) {
            let (width, own) = (part.dim(), part.tokens());
            let mut own_values = scratch.floats(rows * width);
            let mut own_indices = scratch.indices(rows * own);
            for row in 0..rows {
                for k in 0..own {
                    own_indices[row * own + k] = indices.get(row * tokens + start + k);
                }
            }
            let outcome = part.decode_into((&own_indices).into(), &mut own_values, scratch);
            if outcome.is_ok() {
                columns_in(&own_values, width, values, dim, from);
            }
            scratch.give_floats(own_values);
            scratch.give_indices(own_indices);
            outcome.map_err(|error| match error {
                QuantizerError::IndexRange { position, index, size } => {
                    let position = position / own * tokens + start + position % own;
                    QuantizerError::IndexRange { position, index, size }
                }
                other => other,
            })?;
            from += width;
        }
        Ok(())
    }
}

/// Several heads that share one quantizer: vectors are cut into equal parts.
#[derive(Clone, Debug)]
pub struct Heads<Q> {
    inner: Q,
    heads: usize,
}

impl<Q: Quantizer> Heads<Q> {
    /// This many heads of one quantizer.
    ///
    /// # Errors
    /// If there are none, or more than 65,536.
    pub fn new(inner: Q, heads: usize) -> Result<Self, QuantizerError> {
        const MOST: usize = 1 << 16;
        if heads == 0 {
            return Err(QuantizerError::Empty { what: "heads" });
        }
        if heads > MOST {
            return Err(QuantizerError::setting("heads", heads, format!("at most {MOST}")));
        }
        Ok(Self { inner, heads })
    }

    /// What the heads share.
    pub fn inner(&self) -> &Q {
        &self.inner
    }
}

impl<Q: Quantizer> Quantizer for Heads<Q> {
    fn dim(&self) -> usize {
        self.inner.dim() * self.heads
    }

    fn tokens(&self) -> usize {
        self.inner.tokens() * self.heads
    }

    fn codebook_size(&self, token: usize) -> u64 {
        self.inner.codebook_size(token % self.inner.tokens())
    }

    fn quantize_into(
        &self,
        x: &[f32],
        mut values: Option<&mut [f32]>,
        indices: IndicesMut<'_>,
        scratch: &mut Scratch,
    ) -> Result<(), QuantizerError> {
        check_quantize(self, x, values.as_deref_mut(), &indices)?;
        // The parts of a vector lie one after the other, like vectors.
        self.inner.quantize_into(x, values, indices, scratch).map_err(|error| match error {
            QuantizerError::NotFinite { vector, channel, value } => {
                let channel = vector % self.heads * self.inner.dim() + channel;
                QuantizerError::NotFinite { vector: vector / self.heads, channel, value }
            }
            other => other,
        })
    }

    fn decode_into(
        &self,
        indices: Indices<'_>,
        values: &mut [f32],
        scratch: &mut Scratch,
    ) -> Result<(), QuantizerError> {
        check_decode(self, indices, values)?;
        self.inner.decode_into(indices, values, scratch)
    }
}
