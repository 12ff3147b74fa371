//! vector-quantize-pytorch.

use super::{InteropError, StateDict};
use crate::{
    Affine, BitOrder, Codebook, Dialect, Fsq, Grouped, Heads, Lfq, Metric, Projected, Quantizer,
    Residual, Vq,
};

/// A quantizer between the projections `{prefix}project_in` and `{prefix}project_out`, if there are any.
fn projected<Q: Quantizer + 'static>(
    dict: &StateDict,
    prefix: &str,
    inner: Q,
) -> Result<Box<dyn Quantizer>, InteropError> {
    let name = |what: &str| format!("{prefix}{what}");
    if !dict.has(&name("project_in.weight")) {
        return Ok(Box::new(inner));
    }
    let (into, out_of) = (dict.affine(&name("project_in"))?, dict.affine(&name("project_out"))?);
    Ok(Box::new(Projected::new(into, inner, out_of)?))
}

/// The codes `{prefix}_codebook.embed`: a codebook for each head, or one.
fn codebooks(dict: &StateDict, prefix: &str, metric: Metric) -> Result<Vec<Vq>, InteropError> {
    let name = format!("{prefix}_codebook.embed");
    let (shape, numbers) = dict.get(&name)?;
    let sides = <[usize; 3]>::try_from(shape).ok().filter(|sides| !sides.contains(&0));
    let Some([codebooks, size, dim]) = sides else {
        let (shape, expected) = (shape.to_vec(), "[codebooks, codes, dimension]".into());
        return Err(InteropError::Shape { name, shape, expected });
    };
    let parts = numbers.chunks_exact(size * dim).take(codebooks);
    let vqs = parts.map(|codes| -> Result<Vq, InteropError> {
        let codebook = Codebook::new(codes.to_vec(), dim)?;
        Ok(match metric {
            Metric::Euclidean => Vq::new(codebook),
            Metric::Cosine => Vq::cosine(codebook),
        })
    });
    vqs.collect()
}

/// A `VectorQuantize` under `prefix` (with its dot, or empty). `heads` is its `heads` where they share a codebook; heads with codebooks of their own are
/// seen in the state dict.
///
/// # Errors
/// If a tensor is missing, or does not fit.
pub fn vector_quantize(
    dict: &StateDict,
    prefix: &str,
    metric: Metric,
    heads: usize,
) -> Result<Box<dyn Quantizer>, InteropError> {
    let vqs = codebooks(dict, prefix, metric)?;
    match (&vqs[..], heads) {
        ([vq], 1) => projected(dict, prefix, vq.clone()),
        ([vq], _) => projected(dict, prefix, Heads::new(vq.clone(), heads)?),
        _ => projected(dict, prefix, Grouped::new(vqs)?),
    }
}

/// A `ResidualVQ` under `prefix`.
///
/// # Errors
/// If a tensor is missing, or does not fit.
pub fn residual_vq(
    dict: &StateDict,
    prefix: &str,
    metric: Metric,
) -> Result<Box<dyn Quantizer>, InteropError> {
    let layer = |i: usize| format!("{prefix}layers.{i}.");
    // At least the first, so that its absence is told.
    let count = dict.count(|i| format!("{}_codebook.embed", layer(i))).max(1);
    let stages = (0..count).map(|i| vector_quantize(dict, &layer(i), metric, 1));
    projected(dict, prefix, Residual::new(stages.collect::<Result<_, _>>()?)?)
}

/// An `FSQ` under `prefix`, with the levels and the dialect that its state dict does not have. Cosmos tokenizers are `lucidrains-1`.
///
/// # Errors
/// If the levels are none, or a projection does not fit.
pub fn fsq(
    dict: &StateDict,
    prefix: &str,
    levels: &[u32],
    dialect: Dialect,
) -> Result<Box<dyn Quantizer>, InteropError> {
    let fsq = Fsq::with_dialect(levels, dialect)?;
    let inner = dict.outputs(&format!("{prefix}project_in"), fsq.dim())?;
    match inner / fsq.dim() {
        0 | 1 => projected(dict, prefix, fsq),
        codebooks => projected(dict, prefix, Heads::new(fsq, codebooks)?),
    }
}

/// An `LFQ` under `prefix`, on the sphere if it is `spherical`.
///
/// # Errors
/// If a tensor is missing, or does not fit.
pub fn lfq(
    dict: &StateDict,
    prefix: &str,
    spherical: bool,
) -> Result<Box<dyn Quantizer>, InteropError> {
    let bits = dict.get(&format!("{prefix}mask"))?.1.len() as u32;
    let lfq = Lfq::with_options(bits, BitOrder::FirstIsHighest, 1.0, spherical)?;
    let inner = dict.outputs(&format!("{prefix}project_in"), lfq.dim())?;
    match inner / lfq.dim() {
        0 | 1 => projected(dict, prefix, lfq),
        codebooks => projected(dict, prefix, Heads::new(lfq, codebooks)?),
    }
}

/// A `SimVQ` under `prefix` whose transform is one linear map.
///
/// # Errors
/// If a tensor is missing, or does not fit.
pub fn sim_vq(dict: &StateDict, prefix: &str) -> Result<Box<dyn Quantizer>, InteropError> {
    let name = format!("{prefix}frozen_codebook");
    let ([size, width], frozen) = dict.squeezed(&name, "[codes, dimension]")?;
    let map: Affine = dict.affine(&format!("{prefix}code_transform"))?;
    if map.inputs() != width {
        let (shape, expected) = (vec![size, width], format!("rows of {}", map.inputs()));
        return Err(InteropError::Shape { name, shape, expected });
    }
    let mut codes = vec![0.0; size * map.outputs()];
    map.apply(frozen, &mut codes);
    Ok(Box::new(Vq::new(Codebook::new(codes, map.outputs())?)))
}
