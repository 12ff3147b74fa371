//! Residual finite scalar quantization: each stage rounds what the stages before left over, on a finer grid.

use serde::{Deserialize, Serialize};

use super::{Dialect, Fsq};
use crate::error::not_finite;
use crate::indices::with_indices;
use crate::quantizer::{check_decode, check_quantize};
use crate::rows::in_pieces;
use crate::{Index, Indices, IndicesMut, Quantizer, QuantizerError, Radix, Scratch};

/// By how much each stage's grid is finer than that of the stage before. Networks must be read with the one they were
/// trained with: the same indices stand for other numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StageScale {
    /// `levels-1`: L⁻ⁱ. With a clamp, indices are the digits of an expansion in base L.
    #[default]
    #[serde(rename = "levels-1")]
    Levels,
    /// `steps-1`: (L − 1)⁻ⁱ, as vector-quantize-pytorch had it until November 2025.
    #[serde(rename = "steps-1")]
    Steps,
}

/// Residual FSQ: `r₀ = x`, `qᵢ = sᵢ · FSQ(rᵢ / sᵢ)`, `rᵢ₊₁ = rᵢ − qᵢ`; the value is `Σ qᵢ`.
///
/// All stages have the same levels, a symmetric grid from −1 to 1, and scales `sᵢ` ([`StageScale`]). With clamped stages the
/// input is first squashed to `c · tanh(x / c)`, `c = 1 + 1/(L−1)`: then what `n` stages leave is at most
/// `L⁻ⁿ · L/(L−1)` a number. Sums are in double precision: stages beyond 2²⁴ levels a number would be made of rounding errors.
///
/// ```
/// use seedbed_quantizers::{Quantizer, ResidualFsq};
/// let fsq = ResidualFsq::new(&[5, 5], 4)?;
/// let x = [0.3, -0.8];
/// let tokens = fsq.encode(&x)?;
/// assert_eq!(tokens.len(), 4);
/// let y = fsq.decode(&tokens)?;
/// let expected = x.map(|x| 1.25 * (x / 1.25_f32).tanh());
/// assert!(y.iter().zip(expected).all(|(y, e)| (y - e).abs() < 0.003));
/// # Ok::<(), seedbed_quantizers::QuantizerError>(())
/// ```
#[derive(Clone, Debug)]
pub struct ResidualFsq {
    levels: Vec<u32>,
    radix: Radix,
    /// `sᵢ` of each number, stage by stage.
    scales: Vec<Vec<f64>>,
    scale: StageScale,
    clamp: bool,
}

/// The most stages.
const MOST_STAGES: usize = 64;

impl ResidualFsq {
    /// This many clamped stages of these levels, with scales L⁻ⁱ.
    ///
    /// # Errors
    /// If there are no stages or more than 64, their steps become too small for double precision, or [`Fsq::with_dialect`] refuses the levels.
    pub fn new(levels: &[u32], stages: usize) -> Result<Self, QuantizerError> {
        Self::with_scale(levels, stages, StageScale::Levels, true)
    }

    /// This many stages. Without `clamp`, each stage has a tanh of its own, and the input is taken as it is.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn with_scale(
        levels: &[u32],
        stages: usize,
        scale: StageScale,
        clamp: bool,
    ) -> Result<Self, QuantizerError> {
        if !(1..=MOST_STAGES).contains(&stages) {
            return Err(QuantizerError::setting("stages", stages, "from 1 to 64"));
        }
        let dialect = if clamp { Dialect::SymmetricClamp } else { Dialect::Symmetric };
        let fsq = Fsq::with_dialect(levels, dialect)?;
        let base = |levels: u32| match scale {
            StageScale::Levels => levels,
            StageScale::Steps => levels - 1,
        };
        // The last stage's scale is a number that others are divided by.
        let least = |&l: &u32| f64::from(base(l)).powi(1 - stages as i32);
        if let Some(at) = levels.iter().position(|l| least(l) < f64::MIN_POSITIVE) {
            let expected =
                format!("fewer with {} levels: double precision has no smaller steps", levels[at]);
            return Err(QuantizerError::setting("stages", stages, expected));
        }
        let scales = levels
            .iter()
            .map(|&l| (0..stages).map(|i| f64::from(base(l)).powi(-(i as i32))).collect())
            .collect();
        Ok(Self { levels: levels.to_vec(), radix: fsq.radix, scales, scale, clamp })
    }

    /// The levels of each number, the same in every stage.
    pub fn levels(&self) -> &[u32] {
        &self.levels
    }

    /// How fine the stages are.
    pub fn scale(&self) -> StageScale {
        self.scale
    }

    /// Whether stages clamp, and the input is squashed before.
    pub fn clamps(&self) -> bool {
        self.clamp
    }

    fn stages(&self) -> usize {
        self.scales[0].len()
    }

    /// What stages are given of a number: squashed where they clamp.
    fn squashed(&self, x: f32, steps: f64) -> f64 {
        if !self.clamp {
            return f64::from(x);
        }
        let c = 1.0 + 1.0 / steps;
        c * (f64::from(x) / c).tanh()
    }

    /// Calls `f(stage, level, bounded)` for every stage of a number, and gives the sum of its parts.
    fn stages_of(&self, k: usize, x: f32, mut f: impl FnMut(usize, f64, f64)) -> f64 {
        let steps = f64::from(self.levels[k] - 1);
        let mut residual = self.squashed(x, steps);
        let mut value = 0.0;
        for (stage, &scale) in self.scales[k].iter().enumerate() {
            let scaled = residual / scale;
            let bounded = if self.clamp { scaled.clamp(-1.0, 1.0) } else { scaled.tanh() };
            let level = (steps * (bounded + 1.0) / 2.0 + 0.5).floor();
            f(stage, level, if self.clamp { scaled } else { bounded });
            let part = (2.0 * level / steps - 1.0) * scale;
            residual -= part;
            value += part;
        }
        value
    }

    fn quantize_row<I: Index>(&self, x: &[f32], values: &mut [f32], indices: &mut [I]) {
        let mut sums = [0_u64; MOST_STAGES];
        for (k, &x) in x.iter().enumerate() {
            let basis = self.radix.basis()[k];
            let value = self.stages_of(k, x, |stage, level, _| sums[stage] += level as u64 * basis);
            if let Some(v) = values.get_mut(k) {
                *v = value as f32;
            }
        }
        for (index, &sum) in indices.iter_mut().zip(&sums) {
            *index = I::of(sum);
        }
    }

    /// The factor of each number's straight-through gradient: that of the squashing, times the sum over the stages of theirs.
    #[cfg(feature = "train")]
    pub(crate) fn slopes(&self, x: &[f32], out: &mut [f32]) {
        let dim = self.levels.len();
        for (i, (&x, out)) in x.iter().zip(out).enumerate() {
            let mut sum = 0.0;
            self.stages_of(i % dim, x, |_, _, bounded| {
                sum += match self.clamp {
                    true => f64::from(bounded.abs() <= 1.0),
                    false => 1.0 - bounded * bounded,
                };
            });
            if self.clamp {
                let c = 1.0 + 1.0 / f64::from(self.levels[i % dim] - 1);
                let tanh = (f64::from(x) / c).tanh();
                sum *= 1.0 - tanh * tanh;
            }
            *out = sum as f32;
        }
    }
}

impl Quantizer for ResidualFsq {
    fn dim(&self) -> usize {
        self.levels.len()
    }

    fn tokens(&self) -> usize {
        self.stages()
    }

    fn codebook_size(&self, _: usize) -> u64 {
        self.radix.size()
    }

    fn quantize_into(
        &self,
        x: &[f32],
        mut values: Option<&mut [f32]>,
        indices: IndicesMut<'_>,
        _: &mut Scratch,
    ) -> Result<(), QuantizerError> {
        let rows = check_quantize(self, x, values.as_deref_mut(), &indices)?;
        let values = values.unwrap_or_default();
        let (dim, stages) = (self.dim(), self.stages());
        let work = rows * dim * (stages + 1) * 128;
        with_indices!(IndicesMut, indices, |indices| {
            in_pieces(rows, work, values, indices, |rows, values, indices| {
                let x = &x[rows.start * dim..rows.end * dim];
                if let Some(error) = not_finite(x, dim) {
                    return Err(error);
                }
                let mut values = values.chunks_exact_mut(dim);
                for (x, indices) in x.chunks_exact(dim).zip(indices.chunks_exact_mut(stages)) {
                    self.quantize_row(x, values.next().unwrap_or_default(), indices);
                }
                Ok(())
            })
        })
    }

    fn decode_into(
        &self,
        indices: Indices<'_>,
        values: &mut [f32],
        _: &mut Scratch,
    ) -> Result<(), QuantizerError> {
        let rows = check_decode(self, indices, values)?;
        with_indices!(Indices, indices, |x| crate::indices::check_range(x, self.radix.size()))?;
        let (dim, work) = (self.dim(), rows * self.dim() * self.stages() * 16);
        in_pieces(rows, work, values, &mut [(); 0], |rows, values, _| {
            for (row, values) in rows.zip(values.chunks_exact_mut(dim)) {
                for (k, (value, &levels)) in values.iter_mut().zip(&self.levels).enumerate() {
                    let (steps, basis) = (f64::from(levels - 1), self.radix.basis()[k]);
                    let mut sum = 0.0;
                    for (stage, scale) in self.scales[k].iter().enumerate() {
                        let index = indices.get(row * self.stages() + stage);
                        let level = (index / basis % u64::from(levels)) as f64;
                        sum += (2.0 * level / steps - 1.0) * scale;
                    }
                    *value = sum as f32;
                }
            }
            Ok(())
        })
    }
}
