//! Stages, each of which quantizes what the stages before left over.

use crate::error::same_length;
use crate::quantizer::{check_decode, check_quantize};
use crate::{Indices, IndicesMut, Quantizer, QuantizerError, Scratch};

/// Vectors that go through all stages together: what they leave stays in cache, and memory does not grow with the data.
const BLOCK: usize = 4096;

/// Residual quantization: `r₀ = x`, `qᵢ = Qᵢ(rᵢ)`, `rᵢ₊₁ = rᵢ − qᵢ`; the value is `Σ qᵢ`. Stages may be of any kind and of
/// different sizes.
///
/// ```
/// use seedbed_quantizers::{BitOrder, Lfq, Quantizer, Residual};
/// // Residual LFQ: codes of half the size at each stage.
/// let stage = |i| Lfq::with_options(2, BitOrder::default(), 0.5_f32.powi(i), false);
/// let lfq = Residual::new((0..3).map(stage).collect::<Result<_, _>>()?)?;
/// assert_eq!(lfq.encode(&[1.6, -0.3])?, [0b10, 0b11, 0b11]);
/// assert_eq!(lfq.decode(&[0b10, 0b11, 0b11])?, [1.75, -0.25]);
/// # Ok::<(), seedbed_quantizers::QuantizerError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Residual<Q> {
    stages: Vec<Q>,
    /// Where each stage's indices begin, and the number of all.
    starts: Vec<usize>,
}

/// Where the indices of each of some quantizers begin among those of a vector, and how many there are in all.
pub(crate) fn starts<Q: Quantizer>(parts: &[Q]) -> Vec<usize> {
    let mut sum = 0;
    let starts = parts.iter().map(|q| {
        sum += q.tokens();
        sum - q.tokens()
    });
    let mut starts: Vec<usize> = starts.collect();
    starts.push(sum);
    starts
}

/// The size of the codebook of a vector's `token`-th index.
pub(crate) fn size_of<Q: Quantizer>(parts: &[Q], starts: &[usize], token: usize) -> u64 {
    let part = starts.partition_point(|&start| start <= token) - 1;
    parts[part].codebook_size(token - starts[part])
}

impl<Q: Quantizer> Residual<Q> {
    /// These stages, the coarsest first.
    ///
    /// # Errors
    /// If there are none, or they take vectors of different dimensions.
    pub fn new(stages: Vec<Q>) -> Result<Self, QuantizerError> {
        let first = stages.first().ok_or(QuantizerError::Empty { what: "stages" })?;
        for stage in &stages {
            same_length("a vector of a later stage", stage.dim(), first.dim())?;
        }
        let starts = starts(&stages);
        Ok(Self { stages, starts })
    }

    /// The stages.
    pub fn stages(&self) -> &[Q] {
        &self.stages
    }

    /// The first stages only: what is left out is the finest.
    ///
    /// # Errors
    /// If there are fewer stages, or none are asked for.
    pub fn first(&self, stages: usize) -> Result<Self, QuantizerError>
    where
        Q: Clone,
    {
        if stages == 0 || stages > self.stages.len() {
            let expected = format!("from 1 to {}", self.stages.len());
            return Err(QuantizerError::setting("stages", stages, expected));
        }
        Self::new(self.stages[..stages].to_vec())
    }

    fn quantize_block(
        &self,
        x: &[f32],
        values: Option<&mut [f32]>,
        mut indices: IndicesMut<'_>,
        scratch: &mut Scratch,
    ) -> Result<(), QuantizerError> {
        let (tokens, rows) = (self.tokens(), x.len() / self.dim());
        let mut residual = scratch.floats(x.len());
        residual.copy_from_slice(x);
        let mut code = scratch.floats(x.len());
        let mut outcome = Ok(());
        for (i, stage) in self.stages.iter().enumerate() {
            let own = stage.tokens();
            let mut column = scratch.indices(rows * own);
            let is_last = i + 1 == self.stages.len();
            let wanted = (!is_last).then_some(&mut code[..]);
            outcome = stage.quantize_into(&residual, wanted, (&mut column).into(), scratch);
            if outcome.is_ok() {
                for (row, own_indices) in column.chunks_exact(own).enumerate() {
                    for (k, &index) in own_indices.iter().enumerate() {
                        indices.set(row * tokens + self.starts[i] + k, index);
                    }
                }
                if !is_last {
                    residual.iter_mut().zip(&code).for_each(|(r, q)| *r -= q);
                }
            }
            scratch.give_indices(column);
            if outcome.is_err() {
                break;
            }
        }
        scratch.give_floats(residual);
        scratch.give_floats(code);
        outcome?;
        // The sum of the codes as decoding has it: not x less what is left, which is rounded otherwise.
        match values {
            Some(values) => self.decode_block(indices.as_read(), values, scratch),
            None => Ok(()),
        }
    }

    fn decode_block(
        &self,
        indices: Indices<'_>,
        values: &mut [f32],
        scratch: &mut Scratch,
    ) -> Result<(), QuantizerError> {
        let (tokens, rows) = (self.tokens(), values.len() / self.dim());
        let mut code = scratch.floats(values.len());
        let mut outcome = Ok(());
        values.fill(0.0);
        for (i, stage) in self.stages.iter().enumerate() {
            let own = stage.tokens();
            let mut column = scratch.indices(rows * own);
            for row in 0..rows {
                for k in 0..own {
                    column[row * own + k] = indices.get(row * tokens + self.starts[i] + k);
                }
            }
            outcome = stage.decode_into((&column).into(), &mut code, scratch);
            scratch.give_indices(column);
            if outcome.is_err() {
                outcome = outcome.map_err(|error| self.in_place(error, i, own));
                break;
            }
            values.iter_mut().zip(&code).for_each(|(v, c)| *v += c);
        }
        scratch.give_floats(code);
        outcome
    }

    /// The error of a stage, with the position among the indices of all stages.
    fn in_place(&self, error: QuantizerError, stage: usize, own: usize) -> QuantizerError {
        match error {
            QuantizerError::IndexRange { position, index, size } => {
                let row = position / own;
                let position = row * self.tokens() + self.starts[stage] + position % own;
                QuantizerError::IndexRange { position, index, size }
            }
            other => other,
        }
    }
}

impl<Q: Quantizer> Quantizer for Residual<Q> {
    fn dim(&self) -> usize {
        self.stages[0].dim()
    }

    fn tokens(&self) -> usize {
        self.starts[self.stages.len()]
    }

    fn codebook_size(&self, token: usize) -> u64 {
        size_of(&self.stages, &self.starts, token)
    }

    fn quantize_into(
        &self,
        x: &[f32],
        mut values: Option<&mut [f32]>,
        mut indices: IndicesMut<'_>,
        scratch: &mut Scratch,
    ) -> Result<(), QuantizerError> {
        check_quantize(self, x, values.as_deref_mut(), &indices)?;
        let (dim, tokens) = (self.dim(), self.tokens());
        for (block, x) in x.chunks(BLOCK * dim).enumerate() {
            let (from, rows) = (block * BLOCK, x.len() / dim);
            let values = values.as_deref_mut().map(|v| &mut v[from * dim..][..x.len()]);
            let indices = indices.part(from * tokens, (from + rows) * tokens);
            self.quantize_block(x, values, indices, scratch)
                .map_err(|error| error.shifted(from, tokens))?;
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
        let (dim, tokens) = (self.dim(), self.tokens());
        for (block, values) in values.chunks_mut(BLOCK * dim).enumerate() {
            let (from, rows) = (block * BLOCK, values.len() / dim);
            let indices = indices.part(from * tokens, (from + rows) * tokens);
            self.decode_block(indices, values, scratch)
                .map_err(|error| error.shifted(from, tokens))?;
        }
        Ok(())
    }
}
