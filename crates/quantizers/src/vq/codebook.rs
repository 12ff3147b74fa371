use crate::QuantizerError;
use crate::error::{not_finite, rows_of};

/// Codes that are stored, laid out for the search of the nearest.
#[derive(Clone, Debug, PartialEq)]
pub struct Codebook {
    dim: usize,
    /// Code after code.
    codes: Vec<f32>,
    /// The same matrix transposed: the search multiplies by it, block by block of codes.
    pub(super) transposed: Vec<f32>,
    /// `‖e‖²/2` of each code.
    pub(super) half_norms: Vec<f32>,
    /// The largest `‖e‖`.
    pub(super) longest: f64,
}

impl Codebook {
    /// The codebook of these codes, `dim` numbers each, one after the other.
    ///
    /// # Errors
    /// If there are no codes, the numbers are no rows of `dim`, or one is not finite.
    pub fn new(codes: Vec<f32>, dim: usize) -> Result<Self, QuantizerError> {
        let size = rows_of("codebook", codes.len(), dim)?;
        if size == 0 {
            return Err(QuantizerError::Empty { what: "codes" });
        }
        if let Some(error) = not_finite(&codes, dim) {
            return Err(error);
        }
        let mut transposed = vec![0.0; codes.len()];
        for (k, code) in codes.chunks_exact(dim).enumerate() {
            for (j, &e) in code.iter().enumerate() {
                transposed[j * size + k] = e;
            }
        }
        let norms: Vec<f64> = codes
            .chunks_exact(dim)
            .map(|code| code.iter().map(|&e| f64::from(e) * f64::from(e)).sum())
            .collect();
        let longest = norms.iter().fold(0.0, |max: f64, &n| max.max(n)).sqrt();
        let half_norms = norms.iter().map(|n| (n / 2.0) as f32).collect();
        Ok(Self { dim, codes, transposed, half_norms, longest })
    }

    /// Numbers in a code.
    pub fn dim(&self) -> usize {
        self.dim
    }

    /// How many codes there are.
    pub fn len(&self) -> usize {
        self.half_norms.len()
    }

    /// Whether there are no codes: never.
    pub fn is_empty(&self) -> bool {
        false
    }

    /// All codes, one after the other.
    pub fn codes(&self) -> &[f32] {
        &self.codes
    }

    /// One code.
    ///
    /// # Panics
    /// If there is no such code.
    #[track_caller]
    pub fn code(&self, k: usize) -> &[f32] {
        &self.codes[k * self.dim..][..self.dim]
    }
}
