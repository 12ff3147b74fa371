//! Why codes are not used.

use std::fmt;

use crate::error::rows_of;
use crate::usage::Usage;
use crate::{Codebook, Quantizer, QuantizerError, Vq};

/// What keeps codes from being used, the gravest first.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Cause {
    /// There are fewer vectors than codes: count over more.
    TooFewVectors {
        /// How many vectors there are.
        vectors: usize,
        /// How many codes.
        codes: usize,
    },
    /// Many vectors are alike, or nearly: no codebook can tell them apart.
    FewDifferentVectors {
        /// The variance of the vectors, as a share of their mean square.
        variance: f64,
    },
    /// Codes spread over another range than the data: they were put there, and nothing moved them.
    Scale {
        /// The root mean square of the codes about their mean, divided by that of the vectors.
        ratio: f64,
    },
    /// Codes lie elsewhere than the data.
    Place {
        /// The distance of the means, in standard deviations of the vectors.
        deviations: f64,
    },
    /// Codes are equal to others before them, which are always found first.
    Repeated {
        /// How many are.
        codes: usize,
    },
    /// Dead codes are further from all data than codes in use are: they were left behind as the data moved. Revive them.
    LeftBehind {
        /// The median distance of a dead code to its nearest vector, divided by that of a code in use.
        ratio: f64,
    },
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooFewVectors { vectors, codes } => {
                write!(f, "{vectors} vectors cannot use {codes} codes: count over more")
            }
            Self::FewDifferentVectors { variance } => write!(
                f,
                "the vectors are nearly alike (their variance is {variance:.1e} of their mean square): look at the encoder"
            ),
            Self::Scale { ratio } => write!(
                f,
                "codes spread {ratio:.2} times as far as the vectors: begin at the data (k-means), or normalise the vectors"
            ),
            Self::Place { deviations } => write!(
                f,
                "the codes' mean is {deviations:.1} standard deviations from the vectors': begin at the data (k-means)"
            ),
            Self::Repeated { codes } => {
                write!(f, "{codes} codes are equal to others before them, which are found first")
            }
            Self::LeftBehind { ratio } => write!(
                f,
                "dead codes are {ratio:.1} times as far from the nearest vector as codes in use: turn on revival"
            ),
        }
    }
}

/// What [`why_dead`] found.
#[derive(Clone, Debug, PartialEq)]
pub struct Diagnosis {
    /// How many codes no vector is nearest to.
    pub dead: usize,
    /// How many codes there are.
    pub codes: usize,
    /// 2 to the entropy of the codes in use.
    pub perplexity: f64,
    /// What may be the cause; empty if no code is dead, or none of these is.
    pub causes: Vec<Cause>,
}

impl fmt::Display for Diagnosis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { dead, codes, perplexity, causes } = self;
        write!(f, "{dead} of {codes} codes are dead, perplexity {perplexity:.1}")?;
        causes.iter().try_for_each(|cause| write!(f, "\n- {cause}"))
    }
}

/// Codes whose spread differs from the vectors' by more than this factor are in the wrong range.
const FACTOR: f64 = 4.0;

/// Looks at a codebook and at the vectors that it is used for, over an epoch or a good part of one, and says why codes are dead.
///
/// # Errors
/// If `x` is no rows of the codebook's dimension, there are no vectors, or a number is not finite.
///
/// ```
/// use seedbed_quantizers::{Cause, Codebook, Vq, why_dead};
/// // Codes that begin almost at 0, and vectors that do not.
/// let codes = (0..64).map(|i| 1e-3 * ((i * 37) % 64) as f32).collect();
/// let x: Vec<f32> = (0..400).map(|i| ((i * 31) % 101) as f32 / 20.0).collect();
/// let found = why_dead(&Vq::new(Codebook::new(codes, 2)?), &x)?;
/// assert!(found.dead > 20);
/// assert!(found.causes.iter().any(|c| matches!(c, Cause::Scale { ratio } if *ratio < 0.1)));
/// # Ok::<(), seedbed_quantizers::QuantizerError>(())
/// ```
pub fn why_dead(vq: &Vq, x: &[f32]) -> Result<Diagnosis, QuantizerError> {
    let (codebook, dim) = (vq.codebook(), vq.dim());
    let vectors = rows_of("x", x.len(), dim)?;
    if vectors == 0 {
        return Err(QuantizerError::Empty { what: "vectors" });
    }
    let codes = codebook.len();
    let mut usage = Usage::new(codes as u64);
    usage.count((&vq.encode(x)?).into());
    let dead: Vec<usize> = usage.dead().map(|k| k as usize).collect();
    let mut found =
        Diagnosis { dead: dead.len(), codes, perplexity: usage.perplexity(), causes: Vec::new() };
    if dead.is_empty() {
        return Ok(found);
    }
    if vectors < codes {
        found.causes.push(Cause::TooFewVectors { vectors, codes });
    }
    let (data, book) = (Spread::of(x, dim), Spread::of(codebook.codes(), dim));
    let variance = data.variance / data.mean_square.max(f64::MIN_POSITIVE);
    if variance < 1e-6 {
        found.causes.push(Cause::FewDifferentVectors { variance });
    } else {
        let ratio = (book.variance / data.variance).sqrt();
        if !(1.0 / FACTOR..=FACTOR).contains(&ratio) {
            found.causes.push(Cause::Scale { ratio });
        }
        let apart = data.mean.iter().zip(&book.mean).map(|(a, b)| (a - b) * (a - b)).sum::<f64>();
        let deviations = (apart / (data.variance * dim as f64)).sqrt();
        if deviations > 1.0 {
            found.causes.push(Cause::Place { deviations });
        }
    }
    let repeated = repeated(codebook);
    if repeated > 0 {
        found.causes.push(Cause::Repeated { codes: repeated });
    }
    if let Some(ratio) = left_behind(codebook, &dead, x)? {
        found.causes.push(Cause::LeftBehind { ratio });
    }
    Ok(found)
}

/// Where vectors are, and how far they spread.
struct Spread {
    mean: Vec<f64>,
    /// The mean over dimensions.
    variance: f64,
    mean_square: f64,
}

impl Spread {
    fn of(x: &[f32], dim: usize) -> Self {
        let n = (x.len() / dim) as f64;
        let mut mean = vec![0.0; dim];
        for row in x.chunks_exact(dim) {
            mean.iter_mut().zip(row).for_each(|(m, &x)| *m += f64::from(x) / n);
        }
        let (mut variance, mut mean_square) = (0.0, 0.0);
        for row in x.chunks_exact(dim) {
            for (&x, m) in row.iter().zip(&mean) {
                variance += (f64::from(x) - m).powi(2);
                mean_square += f64::from(x).powi(2);
            }
        }
        let count = x.len() as f64;
        Self { mean, variance: variance / count, mean_square: mean_square / count }
    }
}

/// How many codes are equal to another before them.
fn repeated(codebook: &Codebook) -> usize {
    let mut seen = std::collections::HashSet::new();
    let bits = |code: &[f32]| code.iter().map(|e| (e + 0.0).to_bits()).collect::<Vec<u32>>();
    codebook.codes().chunks_exact(codebook.dim()).filter(|code| !seen.insert(bits(code))).count()
}

/// How much further from data dead codes are than others, if they are twice as far.
fn left_behind(
    codebook: &Codebook,
    dead: &[usize],
    x: &[f32],
) -> Result<Option<f64>, QuantizerError> {
    let dim = codebook.dim();
    // Each code's nearest vector: the vectors are the codebook here.
    let data = Vq::new(Codebook::new(x.to_vec(), dim)?);
    let nearest = data.encode(codebook.codes())?;
    let distance = |k: usize| -> f64 {
        let vector = data.codebook().code(nearest[k] as usize);
        let pairs = codebook.code(k).iter().zip(vector);
        pairs.map(|(&e, &x)| (f64::from(e) - f64::from(x)).powi(2)).sum::<f64>().sqrt()
    };
    let median = |mut all: Vec<f64>| {
        all.sort_by(f64::total_cmp);
        all.get(all.len() / 2).copied()
    };
    let mut is_dead = vec![false; codebook.len()];
    dead.iter().for_each(|&k| is_dead[k] = true);
    let of = |wanted: bool| {
        median((0..codebook.len()).filter(|&k| is_dead[k] == wanted).map(distance).collect())
    };
    let (Some(far), Some(near)) = (of(true), of(false)) else { return Ok(None) };
    let ratio = far / near.max(f64::MIN_POSITIVE);
    Ok((ratio > 2.0).then_some(ratio))
}
