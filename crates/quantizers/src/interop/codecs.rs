//! Quantizers of speech and sound codecs.

use super::{InteropError, StateDict};
use crate::{
    Affine, Codebook, Dialect, Fsq, Projected, Quantizer, QuantizerError, Residual, Summed, Vq,
};

/// EnCodec's residual quantizer under `prefix` (`quantizer.` in its checkpoints), of Hugging Face or the original.
///
/// # Errors
/// If a tensor is missing, or does not fit.
pub fn encodec(dict: &StateDict, prefix: &str) -> Result<Residual<Vq>, InteropError> {
    let original = |i: usize| format!("{prefix}vq.layers.{i}._codebook.embed");
    let hugging_face = |i: usize| format!("{prefix}layers.{i}.codebook.embed");
    let stages = match dict.count(original) {
        0 => read(dict, dict.count(hugging_face), hugging_face)?,
        count => read(dict, count, original)?,
    };
    Ok(Residual::new(stages)?)
}

/// Codebooks by their names; at least the first, so that its absence is told.
fn read(
    dict: &StateDict,
    count: usize,
    name: impl Fn(usize) -> String,
) -> Result<Vec<Vq>, InteropError> {
    let one = |i| {
        let ([_, dim], codes) = dict.squeezed(&name(i), "[codes, dimension]")?;
        Ok(Vq::new(Codebook::new(codes.to_vec(), dim)?))
    };
    (0..count.max(1)).map(one).collect()
}

/// Mimi's split residual quantizer under `prefix` (`quantizer.` in its checkpoints): a stage for what is said, the others for how it sounds.
///
/// # Errors
/// If a tensor is missing, or does not fit.
pub fn mimi(
    dict: &StateDict,
    prefix: &str,
) -> Result<Summed<Projected<Residual<Vq>>>, InteropError> {
    let part = |name: &str| -> Result<Projected<Residual<Vq>>, InteropError> {
        let path = format!("{prefix}{name}_residual_vector_quantizer");
        let sums = |i: usize| format!("{path}.layers.{i}.codebook.embed_sum");
        let stage = |i: usize| {
            let ([size, dim], sums) = dict.squeezed(&sums(i), "[codes, dimension]")?;
            let name = format!("{path}.layers.{i}.codebook.cluster_usage");
            let ([found], usage) = dict.squeezed(&name, "[codes]")?;
            if found != size {
                let (shape, expected) = (vec![found], format!("[{size}]"));
                return Err(InteropError::Shape { name, shape, expected });
            }
            // Codes are averages: sums by counts.
            let codes = sums.chunks_exact(dim).zip(usage);
            let codes = codes.flat_map(|(sum, n)| sum.iter().map(move |s| s / n.max(1e-5)));
            Ok(Vq::new(Codebook::new(codes.collect(), dim)?))
        };
        let stages =
            (0..dict.count(sums).max(1)).map(stage).collect::<Result<_, InteropError>>()?;
        let (into, out_of) = (format!("{path}.input_proj"), format!("{path}.output_proj"));
        Ok(Projected::new(dict.affine(&into)?, Residual::new(stages)?, dict.affine(&out_of)?)?)
    };
    Ok(Summed::new(vec![part("semantic")?, part("acoustic")?])?)
}

/// DAC's residual quantizer under `prefix` (`quantizer.` in its checkpoints): each stage projects to few dimensions, compares directions, and projects
/// back.
///
/// # Errors
/// If a tensor is missing, or does not fit.
pub fn dac(dict: &StateDict, prefix: &str) -> Result<Residual<Projected<Vq>>, InteropError> {
    let path = |i: usize| format!("{prefix}quantizers.{i}");
    let count = dict.count(|i| format!("{}.codebook.weight", path(i))).max(1);
    let stage = |i: usize| -> Result<Projected<Vq>, InteropError> {
        let name = format!("{}.codebook.weight", path(i));
        let ([_, dim], codes) = dict.squeezed(&name, "[codes, dimension]")?;
        let vq = Vq::by_direction(codes.to_vec(), dim)?;
        let into = normalized(dict, &format!("{}.in_proj", path(i)))?;
        Ok(Projected::new(into, vq, normalized(dict, &format!("{}.out_proj", path(i)))?)?)
    };
    Ok(Residual::new((0..count).map(stage).collect::<Result<_, _>>()?)?)
}

/// A convolution with windows of 1, whose weight may be given as a length and a direction for each output (weight normalisation).
fn normalized(dict: &StateDict, name: &str) -> Result<Affine, InteropError> {
    let names = [
        [format!("{name}.weight_g"), format!("{name}.weight_v")],
        [
            format!("{name}.parametrizations.weight.original0"),
            format!("{name}.parametrizations.weight.original1"),
        ],
    ];
    let Some([length, direction]) = names.iter().find(|[length, _]| dict.has(length)) else {
        return dict.affine(name);
    };
    let ([outputs, inputs], direction) = dict.squeezed(direction, "[outputs, inputs, 1]")?;
    let (_, lengths) = dict.get(length)?;
    if lengths.len() != outputs {
        let (shape, expected) = (vec![lengths.len()], format!("[{outputs}, 1, 1]"));
        return Err(InteropError::Shape { name: length.clone(), shape, expected });
    }
    let rows = direction.chunks_exact(inputs).zip(lengths);
    let weight: Vec<f32> = rows
        .flat_map(|(row, &length)| {
            let norm = row.iter().map(|&v| f64::from(v) * f64::from(v)).sum::<f64>().sqrt();
            row.iter().map(move |&v| (f64::from(length) * f64::from(v) / norm) as f32)
        })
        .collect();
    dict.affine_of(name, outputs, inputs, &weight)
}

/// The S3 tokenizer's quantizer: a projection to eight numbers of three levels. It has no way back: the network that reads its tokens has embeddings of its
/// own.
#[derive(Clone, Debug)]
pub struct S3 {
    into: Affine,
    fsq: Fsq,
}

impl S3 {
    /// Numbers in a vector.
    pub fn dim(&self) -> usize {
        self.into.inputs()
    }

    /// How many tokens there are: 6561 of eight numbers.
    pub fn codebook_size(&self) -> u64 {
        self.fsq.codebook_size(0)
    }

    /// The tokens of vectors, below 6561.
    ///
    /// # Errors
    /// If `x` is no rows of [`dim`](Self::dim) numbers, or one is not finite.
    pub fn encode(&self, x: &[f32]) -> Result<Vec<u64>, QuantizerError> {
        let rows = crate::error::rows_of("x", x.len(), self.dim())?;
        if let Some(error) = crate::error::not_finite(x, self.dim()) {
            return Err(error);
        }
        let mut low = vec![0.0; rows * self.fsq.dim()];
        self.into.apply(x, &mut low);
        self.fsq.encode(&low)
    }
}

/// The quantizer of the S3 tokenizer (CosyVoice 2) under `prefix` (`quantizer.` in its checkpoints).
///
/// # Errors
/// If a tensor is missing, or does not fit.
pub fn s3(dict: &StateDict, prefix: &str) -> Result<S3, InteropError> {
    let into = dict.affine(&format!("{prefix}_codebook.project_down"))?;
    let fsq = Fsq::with_dialect(&vec![3; into.outputs()], Dialect::S3)?;
    Ok(S3 { into, fsq })
}
