use seedbed_autodiff::{Float, Rng, Tensor, module};
use seedbed_nn::{Check, ConfigError, Init, Linear};

use super::convert::to_f32;
use crate::{Affine, Projected, Quantizer, QuantizerError};

/// The maps into the space of a codebook and out of it, where its dimension differs from the vectors'.
#[derive(Clone, Debug)]
pub struct Projection<F: Float = f32> {
    /// Into the codebook's space.
    pub into: Linear<F>,
    /// Out of it.
    pub out_of: Linear<F>,
}
module!(Projection<F> { into, out_of });

impl<F: Float> Projection<F> {
    /// Maps from `dim` numbers to `inner` and back, or none where they are as many.
    pub fn between(dim: usize, inner: usize, rng: &mut Rng) -> Option<Self> {
        let linear = |from, to, rng: &mut Rng| Linear::with_init(from, to, Init::TorchUniform, rng);
        (dim != inner)
            .then(|| Self { into: linear(dim, inner, rng), out_of: linear(inner, dim, rng) })
    }

    /// `f` between the maps, or by itself where there are none.
    pub(super) fn around(
        maps: Option<&Self>,
        x: &Tensor<F>,
        f: impl FnOnce(&Tensor<F>) -> super::Quantized<F>,
    ) -> super::Quantized<F> {
        let Some(maps) = maps else { return f(x) };
        let mut out = f(&maps.into.forward(x));
        out.values = maps.out_of.forward(&out.values);
        out
    }

    /// The frozen quantizer between the maps as they stand.
    pub(super) fn freeze<Q: Quantizer + 'static>(
        maps: Option<&Self>,
        inner: Q,
    ) -> Result<Box<dyn Quantizer>, QuantizerError> {
        let Some(maps) = maps else { return Ok(Box::new(inner)) };
        let (into, out_of) = (affine(&maps.into)?, affine(&maps.out_of)?);
        Ok(Box::new(Projected::new(into, inner, out_of)?))
    }
}

/// The elements of [`Projection::between`] vectors of `dim` numbers, if they are not as many, and `inner`.
pub(crate) fn maps(dim: Option<usize>, inner: f64) -> f64 {
    match dim.map(|dim| dim as f64) {
        Some(dim) if dim != inner => 2.0 * dim * inner + dim + inner,
        _ => 0.0,
    }
}

/// Whether a loss can have this weight: products of three of them, and of a loss, are numbers of single precision.
pub(super) fn check_weight(check: Check, field: &str, weight: f64) -> Result<(), ConfigError> {
    check.non_negative(field, weight)?;
    check.that(weight <= 1e12, field, weight, "at most 1e12")
}

/// Whether so many codes side by side can be.
pub(super) fn check_heads(check: Check, field: &str, heads: usize) -> Result<(), ConfigError> {
    const MOST: usize = 1 << 16;
    check.at_least_one(field, heads as u64)?;
    check.that(heads <= MOST, field, heads, format!("at most {MOST}"))
}

/// A linear layer as it stands.
fn affine<F: Float>(linear: &Linear<F>) -> Result<Affine, QuantizerError> {
    let bias = linear.bias.as_ref().map(|b| to_f32(b).to_vec());
    Affine::new(to_f32(&linear.weight).to_vec(), bias, linear.weight.shape()[1])
}
