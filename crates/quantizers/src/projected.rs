//! A quantizer between two linear maps: a codebook of few dimensions for vectors of many.

use seedbed_kernels::gemm::{Mat, Store, gemm_then};

use crate::error::{not_finite, rows_of, same_length};
use crate::quantizer::{check_decode, check_quantize};
use crate::{Indices, IndicesMut, Quantizer, QuantizerError, Scratch};

/// Vectors that are projected together.
const BLOCK: usize = 4096;

/// An affine map of rows: `y = x · W + b`.
#[derive(Clone, Debug, PartialEq)]
pub struct Affine {
    /// `inputs × outputs`, row by row.
    weight: Vec<f32>,
    bias: Option<Vec<f32>>,
    inputs: usize,
    outputs: usize,
}

impl Affine {
    /// The map with these weights, `inputs × outputs` row by row.
    ///
    /// # Errors
    /// If the numbers are no matrix of rows of `outputs`, the bias has not as many, or a number is not finite.
    pub fn new(
        weight: Vec<f32>,
        bias: Option<Vec<f32>>,
        outputs: usize,
    ) -> Result<Self, QuantizerError> {
        let inputs = rows_of("weight", weight.len(), outputs)?;
        if inputs == 0 {
            return Err(QuantizerError::Empty { what: "rows of the weight" });
        }
        if let Some(bias) = &bias {
            same_length("bias", bias.len(), outputs)?;
        }
        let bias_error = bias.as_deref().and_then(|bias| not_finite(bias, outputs));
        match not_finite(&weight, outputs).or(bias_error) {
            Some(error) => Err(error),
            None => Ok(Self { weight, bias, inputs, outputs }),
        }
    }

    /// Numbers in an input row.
    pub fn inputs(&self) -> usize {
        self.inputs
    }

    /// Numbers in an output row.
    pub fn outputs(&self) -> usize {
        self.outputs
    }

    /// Writes the image of each row of `x`.
    ///
    /// # Panics
    /// If `x` is no rows of inputs, or `out` not as many rows of outputs.
    #[track_caller]
    pub fn apply(&self, x: &[f32], out: &mut [f32]) {
        assert!(
            x.len().is_multiple_of(self.inputs),
            "Affine::apply: x is no rows of {}",
            self.inputs
        );
        let rows = x.len() / self.inputs;
        let (a, b) = (Mat::new(x, self.inputs), Mat::new(&self.weight, self.outputs));
        let add = |_: usize, column: usize, part: &mut [f32]| {
            if let Some(bias) = &self.bias {
                part.iter_mut().zip(&bias[column..]).for_each(|(y, b)| *y += b);
            }
        };
        gemm_then([rows, self.outputs, self.inputs], a, b, out, Store::Set, add);
    }
}

/// `into → quantizer → out of`.
#[derive(Clone, Debug)]
pub struct Projected<Q> {
    into: Affine,
    inner: Q,
    out_of: Affine,
}

impl<Q: Quantizer> Projected<Q> {
    /// A quantizer between two maps.
    ///
    /// # Errors
    /// If they do not fit together.
    pub fn new(into: Affine, inner: Q, out_of: Affine) -> Result<Self, QuantizerError> {
        same_length("an output of the first map", into.outputs(), inner.dim())?;
        same_length("an input of the second map", out_of.inputs(), inner.dim())?;
        same_length("an output of the second map", out_of.outputs(), into.inputs())?;
        Ok(Self { into, inner, out_of })
    }

    /// What lies between the maps.
    pub fn inner(&self) -> &Q {
        &self.inner
    }
}

impl<Q: Quantizer> Quantizer for Projected<Q> {
    fn dim(&self) -> usize {
        self.into.inputs()
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
        mut indices: IndicesMut<'_>,
        scratch: &mut Scratch,
    ) -> Result<(), QuantizerError> {
        check_quantize(self, x, values.as_deref_mut(), &indices)?;
        let (dim, tokens, inner) = (self.dim(), self.tokens(), self.inner.dim());
        for (block, x) in x.chunks(BLOCK * dim).enumerate() {
            let (from, rows) = (block * BLOCK, x.len() / dim);
            if let Some(error) = not_finite(x, dim) {
                return Err(error.shifted(from, tokens));
            }
            let mut low = scratch.floats(rows * inner);
            self.into.apply(x, &mut low);
            let mut codes = scratch.floats(if values.is_some() { low.len() } else { 0 });
            let wanted = values.is_some().then_some(&mut codes[..]);
            let part = indices.part(from * tokens, (from + rows) * tokens);
            let outcome = self.inner.quantize_into(&low, wanted, part, scratch);
            if let (Ok(()), Some(values)) = (&outcome, &mut values) {
                self.out_of.apply(&codes, &mut values[from * dim..][..x.len()]);
            }
            scratch.give_floats(low);
            scratch.give_floats(codes);
            outcome.map_err(|error| error.shifted(from, tokens))?;
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
        let (dim, tokens, inner) = (self.dim(), self.tokens(), self.inner.dim());
        for (block, values) in values.chunks_mut(BLOCK * dim).enumerate() {
            let (from, rows) = (block * BLOCK, values.len() / dim);
            let mut codes = scratch.floats(rows * inner);
            let part = indices.part(from * tokens, (from + rows) * tokens);
            let outcome = self.inner.decode_into(part, &mut codes, scratch);
            if outcome.is_ok() {
                self.out_of.apply(&codes, values);
            }
            scratch.give_floats(codes);
            outcome.map_err(|error| error.shifted(from, tokens))?;
        }
        Ok(())
    }
}
