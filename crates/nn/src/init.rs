//! Initial values of weights, by name.
//!
//! A rule draws weights with a standard deviation that keeps the size of activations, or of gradients, from layer to
//! layer. It depends on how many inputs feed an output (*fan-in*) and how many outputs an input feeds
//! (*fan-out*): see [`Fans`].
//!
//! ```
//! use seedbed_autodiff::{Rng, Tensor};
//! use seedbed_nn::{Fans, Init};
//!
//! let init: Init = "he-normal".parse()?;
//! let shape = [512, 256];
//! let weight: Tensor = init.draw(&shape, Fans::of(&shape), &mut Rng::new(0));
//! let variance = weight.square().mean(..).item();
//! assert!((variance - 2.0 / 512.0).abs() < 1e-4);
//! # Ok::<(), seedbed_nn::UnknownInit>(())
//! ```

mod name;
mod orthogonal;

pub use name::UnknownInit;

use seedbed_autodiff::{Float, Rng, Tensor};

/// How many numbers feed an output, and how many an input feeds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fans {
    /// Inputs of an output.
    pub fan_in: usize,
    /// Outputs of an input.
    pub fan_out: usize,
}

impl Fans {
    /// The fans of a weight `[…, inputs, outputs]`, whose leading axes are the positions of a kernel: `inputs` and
    /// `outputs`, both multiplied by the number of positions (He et al. 2015, section 2.2).
    ///
    /// A matrix `[inputs, outputs]` has just these; a convolution `[height, width, inputs / groups, outputs]` has fan-in
    /// `height · width · inputs / groups`. A vector has its length as both.
    ///
    /// ```
    /// use seedbed_nn::Fans;
    /// assert_eq!(Fans::of(&[3, 3, 16, 32]), Fans { fan_in: 144, fan_out: 288 });
    /// ```
    pub fn of(shape: &[usize]) -> Self {
        match shape {
            [] => Self { fan_in: 1, fan_out: 1 },
            [n] => Self { fan_in: *n, fan_out: *n },
            [kernel @ .., inputs, outputs] => {
                // A shape that is too large for a tensor is refused where the tensor is made.
                let positions =
                    kernel.iter().fold(1, |product: usize, &n| product.saturating_mul(n));
                Self {
                    fan_in: positions.saturating_mul(*inputs),
                    fan_out: positions.saturating_mul(*outputs),
                }
            }
        }
    }

    /// The fans of the transposed layer.
    #[must_use]
    pub fn transposed(self) -> Self {
        Self { fan_in: self.fan_out, fan_out: self.fan_in }
    }
}

/// How weights are drawn. It is parsed from its name: `glorot-uniform`, `truncated-normal(0.02)`.
///
/// Wherever a rule has a variance v, its uniform form is drawn from ±√(3 v).
#[derive(Clone, Copy, Debug, PartialEq, Default)]
pub enum Init {
    /// 0 everywhere.
    Zeros,
    /// The same number everywhere.
    Constant(f64),
    /// Uniform on ±a.
    Uniform(f64),
    /// Normal with mean 0 and this standard deviation.
    Normal(f64),
    /// Normal with mean 0 and this standard deviation σ, drawn again outside of ±2σ; what is left has the deviation
    /// 0.88 σ.
    TruncatedNormal(f64),
    /// Variance 2/(fan-in + fan-out), uniform (Glorot & Bengio 2010, equation 16). For tanh, and the default. Also named Xavier.
    #[default]
    GlorotUniform,
    /// Variance 2/(fan-in + fan-out), normal (Glorot & Bengio 2010, equation 12).
    GlorotNormal,
    /// Variance 2/fan-in, uniform (He et al. 2015, equation 10). For ReLU. Also named Kaiming.
    HeUniform,
    /// Variance 2/fan-in, normal (He et al. 2015, equation 10).
    HeNormal,
    /// Variance 1/fan-in, uniform (LeCun et al. 1998, "Efficient backprop", equation 16). For SELU.
    LecunUniform,
    /// Variance 1/fan-in, normal (LeCun et al. 1998, equation 16).
    LecunNormal,
    /// Variance 1/(3 fan-in), uniform: ±1/√fan-in, what PyTorch draws for its linear and convolutional layers.
    TorchUniform,
    /// A random matrix with orthonormal rows or columns, whichever are fewer, times a gain (Saxe, McClelland & Ganguli
    /// 2014). All axes but the last are taken together as rows.
    Orthogonal(f64),
}

impl Init {
    /// A tensor of this shape, for a layer with these fans.
    ///
    /// # Panics
    /// If a number given with the rule is not finite, or so large that weights would not be, in their element type; if a deviation or
    /// bound is negative; if the shape has more elements than can be held.
    #[track_caller]
    pub fn draw<F: Float>(self, shape: &[usize], fans: Fans, rng: &mut Rng) -> Tensor<F> {
        let Fans { fan_in, fan_out } = fans;
        // No inputs: any deviation will do.
        let (fan_in, both) = (fan_in.max(1) as f64, fan_in.saturating_add(fan_out).max(1) as f64);
        match self {
            Self::Zeros => Tensor::zeros(shape),
            Self::Constant(x) => Tensor::full(shape, check::<F>("Constant", x)),
            Self::Uniform(0.0) => Tensor::zeros(shape),
            Self::Uniform(a) => {
                check::<F>("Uniform", 2.0 * a);
                Tensor::uniform(shape, -a, a, rng)
            }
            Self::Normal(std) => {
                check::<F>("Normal", FAR * std);
                Tensor::normal(shape, 0.0, std, rng)
            }
            Self::TruncatedNormal(std) => {
                check::<F>("TruncatedNormal", 2.0 * std);
                truncated_normal(shape, std, rng)
            }
            Self::GlorotUniform => uniform(shape, 2.0 / both, rng),
            Self::GlorotNormal => normal(shape, 2.0 / both, rng),
            Self::HeUniform => uniform(shape, 2.0 / fan_in, rng),
            Self::HeNormal => normal(shape, 2.0 / fan_in, rng),
            Self::LecunUniform => uniform(shape, 1.0 / fan_in, rng),
            Self::LecunNormal => normal(shape, 1.0 / fan_in, rng),
            Self::TorchUniform => uniform(shape, 1.0 / (3.0 * fan_in), rng),
            Self::Orthogonal(gain) => orthogonal::draw(shape, check::<F>("Orthogonal", gain), rng),
        }
    }

    /// A weight `[…, inputs, outputs]`, with the fans of its shape.
    ///
    /// # Panics
    /// As [`draw`](Self::draw).
    #[track_caller]
    pub fn weight<F: Float>(self, shape: &[usize], rng: &mut Rng) -> Tensor<F> {
        self.draw(shape, Fans::of(shape), rng)
    }
}

/// No normal draw is further from the mean, in deviations.
const FAR: f64 = 64.0;

/// The number, of which weights of the type are to be made.
#[track_caller]
fn check<F: Float>(rule: &str, x: f64) -> f64 {
    assert!(
        F::of(x).is_finite(),
        "Init::{rule}: weights up to {x} are not finite in their element type"
    );
    x
}

/// How many elements a shape has.
#[track_caller]
fn len(shape: &[usize]) -> usize {
    let product = shape.iter().try_fold(1_usize, |product, &n| product.checked_mul(n));
    product.unwrap_or_else(|| panic!("Init: shape {shape:?} has more elements than can be counted"))
}

#[track_caller]
fn uniform<F: Float>(shape: &[usize], variance: f64, rng: &mut Rng) -> Tensor<F> {
    let bound = (3.0 * variance).sqrt();
    Tensor::uniform(shape, -bound, bound, rng)
}

#[track_caller]
fn normal<F: Float>(shape: &[usize], variance: f64, rng: &mut Rng) -> Tensor<F> {
    Tensor::normal(shape, 0.0, variance.sqrt(), rng)
}

#[track_caller]
fn truncated_normal<F: Float>(shape: &[usize], std: f64, rng: &mut Rng) -> Tensor<F> {
    assert!(
        std >= 0.0 && std.is_finite(),
        "Init::TruncatedNormal: needs a finite deviation >= 0, got {std}"
    );
    let mut draw = || {
        loop {
            let z = rng.normal();
            if z.abs() <= 2.0 {
                return F::of(std * z);
            }
        }
    };
    Tensor::new((0..len(shape)).map(|_| draw()).collect(), shape)
}
