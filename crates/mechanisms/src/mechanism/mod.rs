//! What is done to images: the mechanisms that experts learn to undo.

mod blur;
mod warp;

use std::fmt;
use std::sync::Arc;

use seedbed_autodiff::{Float, Rng, Tensor};

use crate::MechanismsError;
use crate::error::all_finite;

/// The type of a user's own mechanism on images of type `F`.
pub type OwnMechanism<F> = dyn Fn(&Tensor<F>, &mut Rng) -> Tensor<F> + Send + Sync;

/// Something that is done to images `[n, height, width, channels]` on [0, 1]. What comes from outside of the image is 0.
///
/// ```
/// use seedbed_autodiff::{Rng, Tensor};
/// use seedbed_mechanisms::mechanism::Mechanism;
///
/// let x = Tensor::<f32>::new(vec![0.0, 1.0, 0.0, 0.5], &[1, 2, 2, 1]);
/// let right = Mechanism::Shift { down: 0, right: 1 };
/// let both = right.clone().then(Mechanism::Invert);
/// assert_eq!(right.apply(&x, &mut Rng::new(0))?.to_vec(), [0.0, 0.0, 0.0, 0.0]);
/// assert_eq!(both.name(), "right 1, invert");
/// # Ok::<(), seedbed_mechanisms::MechanismsError>(())
/// ```
#[derive(Clone)]
pub enum Mechanism<F: Float = f32> {
    /// Nothing.
    Identity,
    /// A translation by whole pixels; negative is up and left.
    Shift {
        /// Pixels downwards.
        down: isize,
        /// Pixels to the right.
        right: isize,
    },
    /// Normal noise on every pixel, then clipped to [0, 1].
    Noise {
        /// Its standard deviation.
        std: f64,
    },
    /// 1 − x.
    Invert,
    /// A rotation about the centre, anticlockwise; bilinear.
    Rotate {
        /// The angle in degrees.
        degrees: f64,
    },
    /// A Gaussian blur.
    Blur {
        /// The standard deviation in pixels.
        sigma: f64,
    },
    /// A horizontal shear about the centre: rows move right by `slope` pixels for each row above the centre; bilinear.
    Shear {
        /// Pixels a row.
        slope: f64,
    },
    /// A random smooth displacement of every pixel (Simard et al. 2003), drawn anew for each image; bilinear.
    Elastic {
        /// The standard deviation of the displacement in pixels.
        strength: f64,
        /// The standard deviation, in pixels, of the Gaussian that smooths it.
        smoothness: f64,
    },
    /// Several, one after the other.
    Chain(Vec<Mechanism<F>>),
    /// A user's own.
    Own {
        /// What it is called.
        name: String,
        /// What it does; the shape has to stay.
        apply: Arc<OwnMechanism<F>>,
    },
}

impl<F: Float> Mechanism<F> {
    /// The translations of the paper: up, down, left, right, and the four diagonals, by so many pixels along each axis.
    pub fn shifts(pixels: usize) -> Vec<Self> {
        let pixels = isize::try_from(pixels).unwrap_or(isize::MAX);
        [(-1, 0), (1, 0), (0, -1), (0, 1), (-1, -1), (-1, 1), (1, -1), (1, 1)]
            .map(|(down, right)| Self::Shift { down: down * pixels, right: right * pixels })
            .into()
    }

    /// The ten of the paper: eight translations, noise of variance 0.25, and contrast inversion (Parascandolo et al. 2018, section 4).
    pub fn ten(pixels: usize) -> Vec<Self> {
        let mut all = Self::shifts(pixels);
        all.extend([Self::Noise { std: 0.5 }, Self::Invert]);
        all
    }

    /// A user's own.
    pub fn own(
        name: impl Into<String>,
        apply: impl Fn(&Tensor<F>, &mut Rng) -> Tensor<F> + Send + Sync + 'static,
    ) -> Self {
        Self::Own { name: name.into(), apply: Arc::new(apply) }
    }

    /// This one, and `next` after it.
    #[must_use]
    pub fn then(self, next: Self) -> Self {
        match self {
            Self::Chain(mut all) => {
                all.push(next);
                Self::Chain(all)
            }
            first => Self::Chain(vec![first, next]),
        }
    }

    /// A short name for tables and pictures.
    pub fn name(&self) -> String {
        match self {
            Self::Identity => "identity".into(),
            Self::Shift { down, right } => {
                let part = |n: isize, before: &str, after: &str| match n {
                    0 => String::new(),
                    n if n < 0 => format!("{before} {}", n.unsigned_abs()),
                    n => format!("{after} {n}"),
                };
                let (v, h) = (part(*down, "up", "down"), part(*right, "left", "right"));
                let space = if v.is_empty() || h.is_empty() { "" } else { " " };
                format!("{v}{space}{h}")
            }
            Self::Noise { std } => format!("noise {std}"),
            Self::Invert => "invert".into(),
            Self::Rotate { degrees } => format!("rotate {degrees}"),
            Self::Blur { sigma } => format!("blur {sigma}"),
            Self::Shear { slope } => format!("shear {slope}"),
            Self::Elastic { strength, .. } => format!("elastic {strength}"),
            Self::Chain(all) => all.iter().map(Self::name).collect::<Vec<_>>().join(", "),
            Self::Own { name, .. } => name.clone(),
        }
    }

    /// The images, changed.
    ///
    /// # Errors
    /// If these are no images `[n, height, width, channels]`, the mechanism changes the shape, a setting makes no sense, or a number comes out
    /// that is not finite.
    pub fn apply(&self, images: &Tensor<F>, rng: &mut Rng) -> Result<Tensor<F>, MechanismsError> {
        if images.ndim() != 4 {
            let expected = "[n, height, width, channels]";
            return Err(MechanismsError::shape("the images", images.shape(), expected));
        }
        let out = self.changed(images, rng)?;
        if out.shape() != images.shape() {
            return Err(MechanismsError::ShapeChanged {
                name: self.name(),
                from: images.shape().to_vec(),
                to: out.shape().to_vec(),
            });
        }
        all_finite(&out, || format!("a pixel of the mechanism {}", self.name()))?;
        Ok(out)
    }

    fn changed(&self, x: &Tensor<F>, rng: &mut Rng) -> Result<Tensor<F>, MechanismsError> {
        Ok(match self {
            Self::Identity => x.clone(),
            &Self::Shift { down, right } => warp::shift(x, [down, right]),
            &Self::Noise { std } => {
                let std = positive("std", std)?;
                (x + Tensor::normal(x.shape(), 0.0, std, rng)).clamp(0.0, 1.0)
            }
            Self::Invert => 1.0 - x,
            &Self::Rotate { degrees } => {
                let (sin, cos) = finite("degrees", degrees)?.to_radians().sin_cos();
                warp::linear(x, [[cos, sin], [-sin, cos]])
            }
            &Self::Blur { sigma } => blur::gaussian(x, positive("sigma", sigma)?),
            &Self::Shear { slope } => warp::linear(x, [[1.0, 0.0], [finite("slope", slope)?, 1.0]]),
            &Self::Elastic { strength, smoothness } => {
                let (strength, smoothness) =
                    (positive("strength", strength)?, positive("smoothness", smoothness)?);
                warp::elastic(x, strength, smoothness, rng)
            }
            Self::Chain(all) => {
                let mut y = x.clone();
                for mechanism in all {
                    y = mechanism.apply(&y, rng)?;
                }
                y
            }
            Self::Own { apply, .. } => apply(x, rng),
        })
    }
}

impl<F: Float> fmt::Debug for Mechanism<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Mechanism({})", self.name())
    }
}

fn finite(setting: &'static str, value: f64) -> Result<f64, MechanismsError> {
    match value.is_finite() {
        true => Ok(value),
        false => Err(MechanismsError::setting(setting, value, "a finite number")),
    }
}

/// At most a million, because a Gaussian has that many numbers.
fn positive(setting: &'static str, value: f64) -> Result<f64, MechanismsError> {
    match value > 0.0 && value <= 1e6 {
        true => Ok(value),
        false => Err(MechanismsError::setting(setting, value, "above 0, and at most 1e6")),
    }
}
