//! Finite scalar quantization that learns: the rounding, its gradient, and the noise of training.

use seedbed_autodiff::{Float, Fused, FusedCtx, Rng, Tensor, module};
use seedbed_kernels::simd::{Kernel, Lane};
use seedbed_kernels::{par, simd};
use seedbed_nn::{Check, Checked, Config, ConfigError};
use serde::{Deserialize, Serialize};

use super::convert::{of_f32, to_f32};
use super::projection::{check_heads, maps};
use super::{Learner, Losses, Pass, Projection, Quantized, Seen};
use crate::{Axis, Dialect, Fsq, Heads, Quantizer, QuantizerError, Scratch, Squash};

/// Finite scalar quantization.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FsqConfig {
    /// Levels of each number of a code.
    pub levels: Vec<u32>,
    /// How numbers become levels.
    pub dialect: Dialect,
    /// Numbers in a vector; by default as many as `codebooks` codes have. Others are projected.
    pub dim: Option<usize>,
    /// How many codes a vector has, side by side.
    pub codebooks: usize,
    /// In training an item of the batch is left unquantized with this probability; and, apart from that, has noise of one step's width in the
    /// place of rounding with 1 less this (Parker et al. 2024, as the authors' code has it). `None`: always rounded.
    pub noise_dropout: Option<f64>,
}

impl Default for FsqConfig {
    /// The paper's 2¹⁰ codes.
    fn default() -> Self {
        Self {
            levels: vec![8, 5, 5, 5],
            dialect: Dialect::default(),
            dim: None,
            codebooks: 1,
            noise_dropout: None,
        }
    }
}

impl FsqConfig {
    /// The elements of all tensors.
    pub(crate) fn elements(&self) -> f64 {
        maps(self.dim, self.levels.len() as f64 * self.codebooks as f64)
    }
}

impl Config for FsqConfig {
    fn validate(&self) -> Result<(), ConfigError> {
        const CHECK: Check = Check::of("FsqConfig");
        if let Err(error) = Fsq::with_dialect(&self.levels, self.dialect) {
            let levels = format!("{:?}", self.levels);
            CHECK.that(false, "levels", levels, format!("levels of {} ({error})", self.dialect))?;
        }
        check_heads(CHECK, "codebooks", self.codebooks)?;
        CHECK.size("dim", self.dim.unwrap_or(1))?;
        CHECK.elements("dim", self.elements())?;
        if let Some(p) = self.noise_dropout {
            CHECK.that((0.0..=1.0).contains(&p), "noise_dropout", p, "a probability")?;
        }
        Ok(())
    }
}

/// [`Fsq`] with its projections.
///
/// ```
/// use seedbed_autodiff::{Rng, Tensor, value_and_grad};
/// use seedbed_nn::Config;
/// use seedbed_quantizers::train::{FiniteScalar, FsqConfig, Learner};
/// let rng = &mut Rng::new(0);
/// let fsq = FiniteScalar::<f32>::new(&FsqConfig { dim: Some(16), ..Default::default() }.check()?, rng);
/// let x = Tensor::normal(&[3, 16], 0.0, 1.0, rng);
/// let out = fsq.forward_train(&x, None, rng);
/// assert_eq!(fsq.quantize(&x)?, (out.values, out.indices));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct FiniteScalar<F: Float = f32> {
    /// The maps around it.
    pub projection: Option<Projection<F>>,
    fsq: Fsq,
    config: FsqConfig,
}
module!(FiniteScalar<F> { projection } config { fsq, config });

impl<F: Float> FiniteScalar<F> {
    /// A quantizer of this configuration.
    pub fn new(config: &Checked<FsqConfig>, rng: &mut Rng) -> Self {
        let fsq = Fsq::with_dialect(&config.levels, config.dialect).expect("levels were checked");
        let inner = config.levels.len() * config.codebooks;
        let dim = config.dim.unwrap_or(inner);
        let config = FsqConfig { dim: Some(dim), ..FsqConfig::clone(config) };
        Self { projection: Projection::between(dim, inner, rng), fsq, config }
    }

    /// Its configuration.
    pub fn config(&self) -> &FsqConfig {
        &self.config
    }

    /// The grid.
    pub fn grid(&self) -> &Fsq {
        &self.fsq
    }

    fn round(&self, x: &Tensor<F>, pass: &mut Pass<'_>) -> Quantized<F> {
        let (rows, width) = (x.shape()[0], self.fsq.dim());
        let x = x.reshape(&[rows * self.config.codebooks, width]);
        let x32 = to_f32(&x);
        let mut values = vec![0.0; x.len()];
        let mut indices = vec![0_u64; x.shape()[0]];
        let wanted = Some(&mut values[..]);
        self.fsq
            .quantize_into(x32.data(), wanted, (&mut indices).into(), &mut Scratch::new())
            .unwrap_or_else(|error| panic!("FiniteScalar: {error}"));
        if let Some(p) = self.config.noise_dropout {
            self.disturb(p, x32.data(), &mut values, pass);
        }
        let values = of_f32(values, x.shape());
        let op = Round { axes: self.fsq.axes().to_vec(), values };
        let values = Tensor::fused(op, [&x]).reshape(&[rows, self.config.codebooks * width]);
        Quantized { values, indices, losses: Losses::default(), seen: Seen::default() }
    }

    /// Leaves items unrounded, or adds noise: see [`FsqConfig::noise_dropout`].
    fn disturb(&self, p: f64, x: &[f32], values: &mut [f32], pass: &mut Pass<'_>) {
        let width = self.fsq.dim();
        // What becomes of the item at hand: whether it is left as it is, and whether noise comes in the place of rounding.
        let mut item = (usize::MAX, false, false);
        for (row, (x, values)) in
            x.chunks_exact(width).zip(values.chunks_exact_mut(width)).enumerate()
        {
            let own = pass.item(row / self.config.codebooks);
            if own != item.0 {
                item = (own, pass.rng.bernoulli(p), !pass.rng.bernoulli(p));
            }
            for ((value, &x), axis) in values.iter_mut().zip(x).zip(self.fsq.axes()) {
                let unrounded = |level: f64| {
                    (f64::from(axis.scale) * level + f64::from(axis.offset)) / f64::from(axis.width)
                };
                if item.2 {
                    let noise = pass.rng.uniform() - 0.5;
                    *value = unrounded(position(axis, f64::from(x)) + noise) as f32;
                } else if item.1 {
                    *value = unrounded(position(axis, f64::from(x))) as f32;
                }
            }
        }
    }
}

/// The level before it is rounded.
fn position(axis: &Axis, x: f64) -> f64 {
    let z = x + axis.shift;
    let bounded = match axis.squash.gain() {
        Some(gain) => (gain * z).tanh(),
        None => z.clamp(-1.0, 1.0),
    };
    bounded * axis.half + axis.centre
}

impl<F: Float> Learner<F> for FiniteScalar<F> {
    fn dim(&self) -> usize {
        self.config.dim.expect("set by new")
    }

    fn tokens(&self) -> usize {
        self.config.codebooks
    }

    fn train_rows(&self, x: &Tensor<F>, pass: &mut Pass<'_>) -> Quantized<F> {
        Projection::around(self.projection.as_ref(), x, |x| self.round(x, pass))
    }

    fn freeze(&self) -> Result<Box<dyn Quantizer>, QuantizerError> {
        if self.config.codebooks == 1 {
            return Projection::freeze(self.projection.as_ref(), self.fsq.clone());
        }
        let heads = Heads::new(self.fsq.clone(), self.config.codebooks)?;
        Projection::freeze(self.projection.as_ref(), heads)
    }
}

/// The rounded values, with the gradient of the unrounded: `slope · s'(z + shift)`.
#[derive(Debug)]
struct Round<F: Float> {
    axes: Vec<Axis>,
    values: Tensor<F>,
}

impl<F: Float> Round<F> {
    /// A number of each dimension, as a row.
    fn row(&self, f: impl Fn(&Axis) -> f64) -> Tensor<F> {
        Tensor::new(self.axes.iter().map(|a| F::of(f(a))).collect(), &[self.axes.len()])
    }
}

impl<F: Float> Fused<F, 1> for Round<F> {
    type Saved = ();

    fn name(&self) -> &'static str {
        "fsq"
    }

    fn reference(&self, [x]: [&Tensor<F>; 1]) -> Tensor<F> {
        let z = x + self.row(|a| a.shift);
        let bounded = match self.axes[0].squash {
            Squash::Clamp => z.clamp(-1.0, 1.0),
            squash => (z * squash.gain().expect("only a clamp has none")).tanh(),
        };
        let unrounded = bounded * self.row(Axis::slope);
        // The rounding itself: a constant.
        &unrounded + (&self.values - &unrounded).stop_gradient()
    }

    fn forward(&self, _: [&Tensor<F>; 1]) -> (Tensor<F>, ()) {
        (self.values.clone(), ())
    }

    fn vjp(&self, c: &FusedCtx<'_, F, (), 1>, g: Tensor<F>) -> [Option<Tensor<F>>; 1] {
        let x = c.x(0);
        let width = self.axes.len();
        let vectors = (BLOCK / width).max(1);
        let tiled = |f: &dyn Fn(&Axis) -> f64| -> Vec<F> {
            (0..vectors).flat_map(|_| self.axes.iter().map(|a| F::of(f(a)))).collect()
        };
        let gain = self.axes[0].squash.gain();
        let (shift, slope) = (tiled(&|a| a.shift), tiled(&|a| a.slope() * gain.unwrap_or(1.0)));
        let mut out = vec![F::zero(); x.len()];
        let chunk = shift.len() * 64;
        par::chunks_mut(&mut out, chunk, x.len() * 24, |i, out| {
            let part = i * chunk..i * chunk + out.len();
            let (x, g) = (&x.data()[part.clone()], &g.data()[part]);
            simd::dispatch(Slope { x, g, shift: &shift, slope: &slope, gain, out });
        });
        [Some(Tensor::new(out, x.shape()))]
    }
}

/// Numbers in a block.
const BLOCK: usize = 128;

/// `g · slope · (1 − tanh²(gain (x + shift)))`, or `g · slope` inside of a clamp.
struct Slope<'a, F> {
    x: &'a [F],
    g: &'a [F],
    shift: &'a [F],
    slope: &'a [F],
    gain: Option<f64>,
    out: &'a mut [F],
}

impl<F: Float> Kernel for Slope<'_, F> {
    type Out = ();

    #[inline(always)]
    fn run<const FMA: bool>(self) {
        let block = self.shift.len();
        let parts = self.x.chunks(block).zip(self.g.chunks(block));
        for ((x, g), out) in parts.zip(self.out.chunks_mut(block)) {
            let constants = self.shift.iter().zip(self.slope);
            let numbers = x.iter().zip(g).zip(out).zip(constants);
            match self.gain {
                Some(gain) => {
                    let gain = Lane::<F, FMA>::of(gain);
                    for (((&x, &g), out), (&shift, &slope)) in numbers {
                        let y = ((Lane(x) + Lane(shift)) * gain).tanh();
                        *out = (Lane(g) * Lane(slope) * (1.0 - y * y)).0;
                    }
                }
                None => {
                    for (((&x, &g), out), (&shift, &slope)) in numbers {
                        let inside = (Lane::<F, FMA>(x) + Lane(shift)).abs().le(1.0);
                        *out = inside.select(Lane(g) * Lane(slope), 0.0).0;
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use seedbed_autodiff::check_fused;

    use super::*;

    #[test]
    fn the_fast_gradient_is_the_reference_s() {
        let rng = &mut Rng::new(0);
        for dialect in Dialect::all() {
            let levels: &[u32] = if dialect == Dialect::S3 { &[3, 3] } else { &[5, 7] };
            let fsq = Fsq::with_dialect(levels, dialect).unwrap();
            let x = Tensor::<f64>::uniform(&[301, 2], -2.0, 2.0, rng);
            let values = Tensor::uniform(&[301, 2], -1.0, 1.0, rng);
            let op = || Round { axes: fsq.axes().to_vec(), values: values.clone() };
            check_fused(op, [&x], 1e-12);
        }
    }
}
