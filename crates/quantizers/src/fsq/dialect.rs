//! The dialects of finite scalar quantization: how a number becomes a level, and a level a number.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::QuantizerError;

/// How a number becomes one of `L` levels. Trained networks disagree on it, so that it has a name and a version, and is part
/// of what must be kept with a checkpoint.
///
/// All of them bound a number `z` by a squashing function `s`, stretch it, and round: the level is
/// `round(s(z + shift) · half + centre)`, and stands for the number `(scale · level + offset) / width`
/// ([`Axis`]). They differ in the function and the constants:
///
/// | name | s(z) | levels | zero is a level |
/// |---|---|---|---|
/// | `google-1` | tanh | (L−1)(1−ε)/2 · s, shift tan(½/half) for even L | nearly: z = 0 gives 0 |
/// | `lucidrains-1` | tanh | (L−1)(1+ε)/2 · s, shift artanh(½/half) for even L | z = 0 gives 0 |
/// | `lucidrains-clamp-1` | clamp to ±1 | the same, shift ½/half | z = 0 gives 0 |
/// | `symmetric-1` | tanh | (L−1)/2 · (s + 1) | for odd L |
/// | `symmetric-clamp-1` | clamp to ±1 | (L−1)/2 · (s + 1) | for odd L |
/// | `s3-1` | tanh | 0.999 s + 1, three levels | yes |
/// | `ifsq-1` | 2σ(1.6z) − 1 | L bins of equal width in s | for odd L |
/// | `ifsq-rounded-1` | 2σ(1.6z) − 1 | (L−1)/2 · (s + 1), odd L | yes |
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
#[non_exhaustive]
pub enum Dialect {
    /// `google-1`: of the paper's authors (Mentzer et al. 2023), and of NVIDIA NeMo. Even levels are shifted by a tangent where the
    /// inverse of tanh was meant; networks were trained so.
    Google,
    /// `lucidrains-1`: of vector-quantize-pytorch, Cosmos tokenizers, XCodec2.
    #[default]
    Lucidrains,
    /// `lucidrains-clamp-1`: the same with `bound_hard_clamp`.
    LucidrainsClamp,
    /// `symmetric-1`: the same distance from −1 to 1 in `L − 1` steps (Parker et al. 2024, equation 2; `preserve_symmetry`, stable-codec).
    Symmetric,
    /// `symmetric-clamp-1`: the same with a clamp, as stages of residual FSQ have it.
    SymmetricClamp,
    /// `s3-1`: of the S3 tokenizer (CosyVoice 2): three levels a dimension.
    S3,
    /// `ifsq-1`: iFSQ (2026), which maps a normal distribution nearly to a uniform one, with bins of equal width: levels are used
    /// alike.
    Ifsq,
    /// `ifsq-rounded-1`: the same function with rounding, as it is often written: the outer bins are half as wide.
    IfsqRounded,
}

/// How numbers are bounded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Squash {
    /// tanh z.
    Tanh,
    /// z in [−1, 1].
    Clamp,
    /// 2σ(1.6 z) − 1 = tanh(0.8 z).
    Sigmoid,
}

impl Squash {
    /// The factor inside of tanh, or none for a clamp.
    pub fn gain(self) -> Option<f64> {
        match self {
            Self::Tanh => Some(1.0),
            Self::Sigmoid => Some(0.8),
            Self::Clamp => None,
        }
    }

    /// `s⁻¹(y)`; infinite where no `z` reaches `y`.
    fn inverse(self, y: f64) -> f64 {
        match self.gain() {
            None if y > 1.0 => f64::INFINITY,
            None if y < -1.0 => f64::NEG_INFINITY,
            None => y,
            Some(_) if y >= 1.0 => f64::INFINITY,
            Some(_) if y <= -1.0 => f64::NEG_INFINITY,
            Some(gain) => y.atanh() / gain,
        }
    }
}

/// One dimension of a grid, in numbers: `level = round(s(z + shift) · half + centre)`, `value = (scale · level + offset) / width`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Axis {
    /// How many levels.
    pub levels: u32,
    /// How numbers are bounded.
    pub squash: Squash,
    /// What is added before.
    pub shift: f64,
    /// Levels from the middle to either end.
    pub half: f64,
    /// The level in the middle.
    pub centre: f64,
    /// A step of the level in the value, times `width`: 1 or 2.
    pub scale: f32,
    /// The value of level 0, times `width`.
    pub offset: f32,
    /// By what values are divided.
    pub width: f32,
}

impl Axis {
    /// The value that a level stands for, rounded once.
    #[inline(always)]
    pub fn value(&self, level: u32) -> f32 {
        (self.scale * level as f32 + self.offset) / self.width
    }

    /// By how much a step of `s` moves the value: the factor of the straight-through gradient beside `s'(z + shift)`.
    pub fn slope(&self) -> f64 {
        self.half * f64::from(self.scale) / f64::from(self.width)
    }

    /// The least numbers of the levels from 1 on, in order: a number's level is how many of them it reaches.
    ///
    /// They are computed in double precision and rounded up, so that no number gets another level than the formula's
    /// exact value has, whatever the error of a fast tanh.
    pub(crate) fn thresholds(&self) -> impl Iterator<Item = f32> + '_ {
        (1..self.levels).map(|level| {
            let bounded = (f64::from(level) - 0.5 - self.centre) / self.half;
            round_up(self.squash.inverse(bounded) - self.shift)
        })
    }
}

/// The least `f32` from `x` on.
fn round_up(x: f64) -> f32 {
    let nearest = x as f32;
    if f64::from(nearest) < x { nearest.next_up() } else { nearest }
}

/// Names, in the order of the table above.
const NAMES: [(&str, Dialect); 8] = [
    ("google-1", Dialect::Google),
    ("lucidrains-1", Dialect::Lucidrains),
    ("lucidrains-clamp-1", Dialect::LucidrainsClamp),
    ("symmetric-1", Dialect::Symmetric),
    ("symmetric-clamp-1", Dialect::SymmetricClamp),
    ("s3-1", Dialect::S3),
    ("ifsq-1", Dialect::Ifsq),
    ("ifsq-rounded-1", Dialect::IfsqRounded),
];

/// The most levels of a dimension: `f32` still counts them one by one, in halves.
const MOST_LEVELS: u32 = 1 << 22;

impl Dialect {
    /// All of them.
    pub fn all() -> impl Iterator<Item = Self> {
        NAMES.iter().map(|&(_, dialect)| dialect)
    }

    /// Its name, version included: what [`FromStr`] reads.
    pub fn name(self) -> &'static str {
        NAMES.iter().find(|(_, d)| *d == self).expect("every dialect has a name").0
    }

    /// The squashing function.
    pub fn squash(self) -> Squash {
        match self {
            Self::Google | Self::Lucidrains | Self::Symmetric | Self::S3 => Squash::Tanh,
            Self::LucidrainsClamp | Self::SymmetricClamp => Squash::Clamp,
            Self::Ifsq | Self::IfsqRounded => Squash::Sigmoid,
        }
    }

    /// A dimension of `levels` levels; `at` is its position, for messages.
    ///
    /// # Errors
    /// If the dialect has no such dimension.
    pub fn axis(self, at: usize, levels: u32) -> Result<Axis, QuantizerError> {
        if !(2..=MOST_LEVELS).contains(&levels) {
            return Err(QuantizerError::Levels { at, levels, least: 2, most: MOST_LEVELS });
        }
        let of_dialect = |ok: bool, expected| {
            let dialect = self.name();
            if ok {
                Ok(())
            } else {
                Err(QuantizerError::LevelsOfDialect { at, levels, dialect, expected })
            }
        };
        let l = f64::from(levels);
        let axis = Axis {
            levels,
            squash: self.squash(),
            shift: 0.0,
            half: (l - 1.0) / 2.0,
            centre: (l - 1.0) / 2.0,
            scale: 2.0,
            offset: 1.0 - levels as f32,
            width: levels as f32 - 1.0,
        };
        Ok(match self {
            Self::Symmetric | Self::SymmetricClamp => axis,
            Self::Google => shifted(axis, -1e-3, f64::tan),
            Self::Lucidrains => shifted(axis, 1e-3, f64::atanh),
            Self::LucidrainsClamp => shifted(axis, 1e-3, |x| x),
            Self::S3 => {
                of_dialect(levels == 3, "3 levels")?;
                // The constant is the authors', as f32 has it.
                let half = f64::from(0.999_f32);
                Axis { half, scale: 1.0, offset: -1.0, width: 1.0, ..axis }
            }
            Self::Ifsq => Axis { half: l / 2.0, width: levels as f32, ..axis },
            Self::IfsqRounded => {
                of_dialect(levels % 2 == 1, "odd numbers of levels")?;
                axis
            }
        })
    }
}

/// The bound of the paper, appendix A.1: `s(z + shift) · half − ½` for even `L`, without the half for odd, divided by ⌊L/2⌋.
fn shifted(axis: Axis, eps: f64, shift: impl Fn(f64) -> f64) -> Axis {
    let half = axis.half * (1.0 + eps);
    let offset = if axis.levels.is_multiple_of(2) { 0.5 } else { 0.0 };
    let middle = axis.levels / 2;
    Axis {
        half,
        shift: shift(offset / half),
        centre: f64::from(middle) - offset,
        scale: 1.0,
        offset: -(middle as f32),
        width: middle as f32,
        ..axis
    }
}

impl fmt::Display for Dialect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Dialect {
    type Err = QuantizerError;

    fn from_str(name: &str) -> Result<Self, QuantizerError> {
        NAMES.iter().find(|(n, _)| *n == name).map(|&(_, dialect)| dialect).ok_or_else(|| {
            let known = NAMES.map(|(name, _)| name).join(", ");
            QuantizerError::UnknownDialect { name: name.into(), known }
        })
    }
}

impl TryFrom<String> for Dialect {
    type Error = QuantizerError;
    fn try_from(name: String) -> Result<Self, QuantizerError> {
        name.parse()
    }
}

impl From<Dialect> for String {
    fn from(dialect: Dialect) -> Self {
        dialect.name().into()
    }
}
