//! Quantizers of one vector, whose codes are added up.

use crate::error::same_length;
use crate::quantizer::{check_decode, check_quantize};
use crate::residual::{size_of, starts};
use crate::{Indices, IndicesMut, Quantizer, QuantizerError, Scratch};

/// Quantizers that all see the same vector, and whose values are added up: unlike [`Residual`](crate::Residual), none sees what another leaves. Mimi
/// quantizes so what a sound means and how it sounds.
#[derive(Clone, Debug)]
pub struct Summed<Q> {
    parts: Vec<Q>,
    starts: Vec<usize>,
}

impl<Q: Quantizer> Summed<Q> {
    /// These quantizers.
    ///
    /// # Errors
    /// If there are none, or they take vectors of different dimensions.
    pub fn new(parts: Vec<Q>) -> Result<Self, QuantizerError> {
        let first = parts.first().ok_or(QuantizerError::Empty { what: "parts" })?;
        for part in &parts {
            same_length("a vector of a later part", part.dim(), first.dim())?;
        }
        let starts = starts(&parts);
        Ok(Self { parts, starts })
    }
}

impl<Q: Quantizer> Quantizer for Summed<Q> {
    fn dim(&self) -> usize {
        self.parts[0].dim()
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
        let tokens = self.tokens();
        if let Some(values) = &mut values {
            values.fill(0.0);
        }
        for (part, &start) in self.parts.iter().zip(&self.starts) {
            let own = part.tokens();
            let mut own_indices = scratch.indices(rows * own);
            let mut own_values = scratch.floats(if values.is_some() { x.len() } else { 0 });
            let wanted = values.is_some().then_some(&mut own_values[..]);
            let outcome = part.quantize_into(x, wanted, (&mut own_indices).into(), scratch);
            for (row, own_indices) in own_indices.chunks_exact(own).enumerate() {
                for (k, &index) in own_indices.iter().enumerate() {
                    indices.set(row * tokens + start + k, index);
                }
            }
            if let Some(values) = &mut values {
                values.iter_mut().zip(&own_values).for_each(|(v, own)| *v += own);
            }
            scratch.give_indices(own_indices);
            scratch.give_floats(own_values);
            outcome?;
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
        let tokens = self.tokens();
        values.fill(0.0);
        for (part, &start) in self.parts.iter().zip(&self.starts) {
            let own = part.tokens();
            let mut own_indices = scratch.indices(rows * own);
            let mut own_values = scratch.floats(values.len());
            for row in 0..rows {
                for k in 0..own {
                    own_indices[row * own + k] = indices.get(row * tokens + start + k);
                }
            }
            let outcome = part.decode_into((&own_indices).into(), &mut own_values, scratch);
            values.iter_mut().zip(&own_values).for_each(|(v, own)| *v += own);
            scratch.give_indices(own_indices);
            scratch.give_floats(own_values);
            outcome.map_err(|error| match error {
                QuantizerError::IndexRange { position, index, size } => {
                    let position = position / own * tokens + start + position % own;
                    QuantizerError::IndexRange { position, index, size }
                }
                other => other,
            })?;
        }
        Ok(())
    }
}
