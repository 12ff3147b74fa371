//! Residual VQ that looks ahead: several sums of codes are kept from stage to stage.

use crate::error::not_finite;
use crate::indices::with_indices;
use crate::quantizer::{check_decode, check_quantize};
use crate::rows::in_pieces;
use crate::{Index, Indices, IndicesMut, Metric, Quantizer, QuantizerError, Residual, Scratch, Vq};

/// Residual VQ whose codes are found by beam search.
///
/// The nearest code of the first stage need not be part of the best sum. So of every vector the `width` best partial sums are kept: each stage extends each of
/// them by its `width` nearest codes, and the best of all extensions go on. A partial sum is as good as the error that it leaves is small, `‖x − Σ qᵢ‖²`; or with
/// [`summed`](Self::summed) by the errors after all stages so far. A width of 1 is the greedy search of [`Residual`]; decoding is that of [`Residual`], too, so that tokens of
/// either are read by both.
///
/// All distances are compared in double precision, and of equally good sums the one of the better prefix, then of the first code, is taken: the same tokens on every
/// machine. Encoding takes `width` times as long as the greedy search, and allocates.
///
/// ```
/// use seedbed_quantizers::{Beam, Codebook, Quantizer, Residual, Vq};
/// let stage = |codes: &[f32]| Vq::new(Codebook::new(codes.to_vec(), 1).unwrap());
/// let residual = Residual::new(vec![stage(&[0.0, 1.0]), stage(&[-0.4, 0.0])])?;
/// // 0 is nearer to 0.45 than 1 is; but 1 − 0.4 is the better sum.
/// assert_eq!(residual.encode(&[0.45])?, [0, 1]);
/// let beam = Beam::new(residual, 2)?;
/// assert_eq!(beam.encode(&[0.45])?, [1, 0]);
/// assert_eq!(beam.decode(&[1, 0])?, [0.6]);
/// # Ok::<(), seedbed_quantizers::QuantizerError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Beam {
    residual: Residual<Vq>,
    width: usize,
    /// The weights of the errors after each stage, where they are added up.
    weights: Option<Vec<f64>>,
}

/// The most sums that are kept.
const MOST: usize = 1 << 16;

/// The most candidates of a vector at a stage: 1 GiB of them.
const MOST_CANDIDATES: usize = 1 << 26;

/// Scores of codes that are computed at a time.
const AT_ONCE: usize = 1 << 18;

/// A partial sum of codes.
#[derive(Clone, Copy)]
struct Candidate {
    score: f64,
    /// Which of the sums before it extends.
    prefix: u32,
    code: u32,
}

impl Beam {
    /// Keeps the `width` sums that leave the least.
    ///
    /// # Errors
    /// If the width is 0 or above 65,536, or so large that the candidates of a vector take more than 1 GiB; or if a stage compares by cosine.
    pub fn new(residual: Residual<Vq>, width: usize) -> Result<Self, QuantizerError> {
        if width == 0 {
            return Err(QuantizerError::setting("width", width, "at least 1"));
        }
        if width > MOST {
            return Err(QuantizerError::setting("width", width, format!("at most {MOST}")));
        }
        // Of one vector: so many sums, each with so many codes that may go on.
        let largest = residual.stages().iter().map(|stage| stage.codebook().len()).max();
        let candidates = width * width.min(largest.unwrap_or(1));
        if candidates > MOST_CANDIDATES {
            let expected = format!(
                "so small that a vector has at most {MOST_CANDIDATES} candidates, not {candidates}"
            );
            return Err(QuantizerError::setting("width", width, expected));
        }
        if residual.stages().iter().any(|stage| stage.metric() == Metric::Cosine) {
            let expected = "Euclidean in every stage: a sum is judged by the distance it leaves";
            return Err(QuantizerError::setting("metric", "cosine", expected));
        }
        Ok(Self { residual, width, weights: None })
    }

    /// The same, which judges a sum as vector-quantize-pytorch does: by `Σᵢ wᵢ ‖rᵢ − qᵢ‖² / dim`, the weighted errors after all stages so far.
    ///
    /// # Errors
    /// Unless there is a finite weight from 0 on for each stage.
    pub fn summed(mut self, weights: &[f32]) -> Result<Self, QuantizerError> {
        crate::error::same_length("weights", weights.len(), self.residual.stages().len())?;
        if let Some(wrong) = weights.iter().find(|w| !(w.is_finite() && **w >= 0.0)) {
            return Err(QuantizerError::setting("weights", wrong, "finite and not below 0"));
        }
        self.weights = Some(weights.iter().map(|&w| w.into()).collect());
        Ok(self)
    }

    /// The stages.
    pub fn residual(&self) -> &Residual<Vq> {
        &self.residual
    }

    /// The codes of some vectors, stage by stage for each.
    fn search<I: Index>(&self, x: &[f32], indices: &mut [I]) {
        let (dim, stages) = (self.dim(), self.residual.stages());
        let largest = stages.iter().map(|stage| stage.codebook().len()).max().unwrap_or(1);
        let block = (AT_ONCE / (self.width * largest)).max(1);
        for (x, indices) in x.chunks(block * dim).zip(indices.chunks_mut(block * stages.len())) {
            self.search_block(x, indices);
        }
    }

    fn search_block<I: Index>(&self, x: &[f32], indices: &mut [I]) {
        let (dim, stages) = (self.dim(), self.residual.stages());
        let rows = x.len() / dim;
        // Of each vector: what its sums leave, their scores, and their codes so far.
        let mut kept = 1;
        let (mut left, mut scores) = (x.to_vec(), vec![0.0; rows]);
        let mut codes: Vec<u32> = Vec::new();
        let mut all = Vec::new();
        for (i, stage) in stages.iter().enumerate() {
            let count = self.width.min(stage.codebook().len());
            let mut found = vec![(0.0, 0); rows * kept * count];
            stage.nearest_few(&left, count, &mut found);
            let is_last = i + 1 == stages.len();
            let keep = if is_last { 1 } else { self.width.min(kept * count) };
            let (mut next_left, mut next_scores) = (Vec::new(), Vec::new());
            let mut next_codes = Vec::with_capacity(rows * keep * (i + 1));
            for row in 0..rows {
                all.clear();
                for prefix in row * kept..(row + 1) * kept {
                    for &(error, code) in &found[prefix * count..][..count] {
                        let score = match &self.weights {
                            Some(weights) => scores[prefix] + weights[i] * error / dim as f64,
                            None => error,
                        };
                        all.push(Candidate { score, prefix: prefix as u32, code });
                    }
                }
                // Prefixes lie best first, and codes nearest first: the sort must keep equals in their order.
                all.sort_by(|a, b| a.score.total_cmp(&b.score));
                for &Candidate { score, prefix, code } in &all[..keep] {
                    let (prefix, own) = (prefix as usize, stage.codebook().code(code as usize));
                    next_left
                        .extend(left[prefix * dim..][..dim].iter().zip(own).map(|(l, q)| l - q));
                    next_scores.push(score);
                    next_codes.extend_from_slice(&codes[prefix * i..][..i]);
                    next_codes.push(code);
                }
            }
            (kept, left, scores, codes) = (keep, next_left, next_scores, next_codes);
        }
        for (index, code) in indices.iter_mut().zip(codes) {
            *index = I::of(code.into());
        }
    }
}

impl Quantizer for Beam {
    fn dim(&self) -> usize {
        self.residual.dim()
    }

    fn tokens(&self) -> usize {
        self.residual.tokens()
    }

    fn codebook_size(&self, token: usize) -> u64 {
        self.residual.codebook_size(token)
    }

    fn quantize_into(
        &self,
        x: &[f32],
        mut values: Option<&mut [f32]>,
        mut indices: IndicesMut<'_>,
        scratch: &mut Scratch,
    ) -> Result<(), QuantizerError> {
        let rows = check_quantize(self, x, values.as_deref_mut(), &indices)?;
        let dim = self.dim();
        if let Some(error) = not_finite(x, dim) {
            return Err(error);
        }
        let all: usize = self.residual.stages().iter().map(|stage| stage.codebook().len()).sum();
        let work = rows * dim * all * self.width / 8;
        let every = indices.len();
        with_indices!(IndicesMut, indices.part(0, every), |indices| {
            in_pieces(rows, work, indices, &mut [(); 0], |rows, indices, _| {
                self.search(&x[rows.start * dim..rows.end * dim], indices);
                Ok(())
            })
        })?;
        match values {
            Some(values) => self.residual.decode_into(indices.as_read(), values, scratch),
            None => Ok(()),
        }
    }

    fn decode_into(
        &self,
        indices: Indices<'_>,
        values: &mut [f32],
        scratch: &mut Scratch,
    ) -> Result<(), QuantizerError> {
        check_decode(self, indices, values)?;
        self.residual.decode_into(indices, values, scratch)
    }
}
