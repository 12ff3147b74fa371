//! Convolutions as layers, channels last.

use seedbed_autodiff::{ConvOptions, Float, Rng, Tensor, module};

use crate::{Fans, Init};

/// A convolution over `D` axes with a bias: [`Conv1d`] over sequences, [`Conv2d`] over images.
///
/// ```
/// use seedbed_autodiff::{ConvOptions, Rng, Tensor};
/// use seedbed_nn::Conv2d;
///
/// let halve = ConvOptions { stride: [2, 2], padding: [1, 1], ..Default::default() };
/// let conv = Conv2d::<f32>::new(3, 16, [3, 3], halve, &mut Rng::new(0));
/// assert_eq!(conv.forward(&Tensor::zeros(&[8, 28, 28, 3])).shape(), [8, 14, 14, 16]);
/// ```
#[derive(Clone, Debug)]
pub struct Conv<const D: usize, F: Float = f32> {
    /// `[kernel…, inputs / groups, outputs]`.
    pub weight: Tensor<F>,
    /// `[outputs]`.
    pub bias: Option<Tensor<F>>,
    /// Stride, padding, dilation and groups.
    pub options: ConvOptions<D>,
}
module!([const D: usize, F: Float] Conv<D, F>: F { weight, bias } config { options });

/// A convolution over sequences `[samples, length, channels]`.
pub type Conv1d<F = f32> = Conv<1, F>;

/// A convolution over images `[samples, height, width, channels]`.
pub type Conv2d<F = f32> = Conv<2, F>;

/// `[kernel…, inputs / groups, outputs]`.
#[track_caller]
fn weight_shape<const D: usize>(
    inputs: usize,
    outputs: usize,
    kernel: [usize; D],
    groups: usize,
) -> Vec<usize> {
    assert!(
        groups > 0 && inputs.is_multiple_of(groups) && outputs.is_multiple_of(groups),
        "Conv: {groups} groups do not divide {inputs} inputs and {outputs} outputs"
    );
    kernel.into_iter().chain([inputs / groups, outputs]).collect()
}

impl<const D: usize, F: Float> Conv<D, F> {
    /// Weights by He's uniform rule, bias 0.
    ///
    /// # Panics
    /// If the groups do not divide inputs and outputs.
    #[track_caller]
    pub fn new(
        inputs: usize,
        outputs: usize,
        kernel: [usize; D],
        options: ConvOptions<D>,
        rng: &mut Rng,
    ) -> Self {
        Self::with_init(inputs, outputs, kernel, options, Init::HeUniform, rng)
    }

    /// Weights by another rule, bias 0.
    ///
    /// # Panics
    /// If the groups do not divide inputs and outputs.
    #[track_caller]
    pub fn with_init(
        inputs: usize,
        outputs: usize,
        kernel: [usize; D],
        options: ConvOptions<D>,
        init: Init,
        rng: &mut Rng,
    ) -> Self {
        let shape = weight_shape(inputs, outputs, kernel, options.groups);
        let bias = Some(Tensor::zeros(&[outputs]));
        Self { weight: init.weight(&shape, rng), bias, options }
    }

    /// A convolution with stride 1 that keeps the size of its input.
    ///
    /// # Panics
    /// If a side of the kernel is even: then no padding is the same on both sides.
    #[track_caller]
    pub fn same(inputs: usize, outputs: usize, kernel: [usize; D], rng: &mut Rng) -> Self {
        assert!(
            kernel.iter().all(|k| k % 2 == 1),
            "Conv::same: needs a kernel with odd sides, got {kernel:?}"
        );
        let padding = kernel.map(|k| k / 2);
        Self::new(inputs, outputs, kernel, ConvOptions { padding, ..Default::default() }, rng)
    }

    /// The same convolution without a bias, as before a normalisation.
    #[must_use]
    pub fn without_bias(self) -> Self {
        Self { bias: None, ..self }
    }
}

impl<F: Float> Conv<1, F> {
    /// See [`Tensor::conv1d`].
    ///
    /// # Panics
    /// If rank or channels do not fit, or the kernel exceeds the padded input.
    #[track_caller]
    pub fn forward(&self, x: &Tensor<F>) -> Tensor<F> {
        shifted(x.conv1d(&self.weight, self.options), self.bias.as_ref())
    }
}

impl<F: Float> Conv<2, F> {
    /// See [`Tensor::conv2d`].
    ///
    /// # Panics
    /// If rank or channels do not fit, or the kernel exceeds the padded input.
    #[track_caller]
    pub fn forward(&self, x: &Tensor<F>) -> Tensor<F> {
        shifted(x.conv2d(&self.weight, self.options), self.bias.as_ref())
    }
}

/// The transpose of a convolution, with a bias: it enlarges where that one shrinks. [`ConvTranspose1d`], [`ConvTranspose2d`].
///
/// ```
/// use seedbed_autodiff::{ConvOptions, Rng, Tensor};
/// use seedbed_nn::ConvTranspose2d;
///
/// let double = ConvOptions { stride: [2, 2], padding: [1, 1], ..Default::default() };
/// let conv = ConvTranspose2d::<f32>::new(16, 3, [4, 4], double, &mut Rng::new(0));
/// assert_eq!(conv.forward(&Tensor::zeros(&[8, 14, 14, 16])).shape(), [8, 28, 28, 3]);
/// ```
#[derive(Clone, Debug)]
pub struct ConvTranspose<const D: usize, F: Float = f32> {
    /// `[kernel…, outputs / groups, inputs]`: the weight of the convolution that is transposed.
    pub weight: Tensor<F>,
    /// `[outputs]`.
    pub bias: Option<Tensor<F>>,
    /// Stride, padding, dilation and groups of the convolution that is transposed.
    pub options: ConvOptions<D>,
    /// Added to the size of the output, on one side; less than the stride.
    pub output_padding: [usize; D],
}
module!([const D: usize, F: Float] ConvTranspose<D, F>: F { weight, bias } config { options, output_padding });

/// A transposed convolution over sequences `[samples, length, channels]`.
pub type ConvTranspose1d<F = f32> = ConvTranspose<1, F>;

/// A transposed convolution over images `[samples, height, width, channels]`.
pub type ConvTranspose2d<F = f32> = ConvTranspose<2, F>;

impl<const D: usize, F: Float> ConvTranspose<D, F> {
    /// Weights by He's uniform rule, bias 0, no output padding. The fan-in is that of stride 1: kernel positions times
    /// inputs (a group's).
    ///
    /// # Panics
    /// If the groups do not divide inputs and outputs.
    #[track_caller]
    pub fn new(
        inputs: usize,
        outputs: usize,
        kernel: [usize; D],
        options: ConvOptions<D>,
        rng: &mut Rng,
    ) -> Self {
        let shape = weight_shape(outputs, inputs, kernel, options.groups);
        let mut fans = Fans::of(&shape).transposed();
        fans.fan_in /= options.groups;
        Self {
            weight: Init::HeUniform.draw(&shape, fans, rng),
            bias: Some(Tensor::zeros(&[outputs])),
            options,
            output_padding: [0; D],
        }
    }

    /// The same layer without a bias, as before a normalisation.
    #[must_use]
    pub fn without_bias(self) -> Self {
        Self { bias: None, ..self }
    }
}

impl<F: Float> ConvTranspose<1, F> {
    /// See [`Tensor::conv_transpose1d`].
    ///
    /// # Panics
    /// If rank or channels do not fit.
    #[track_caller]
    pub fn forward(&self, x: &Tensor<F>) -> Tensor<F> {
        let y = x.conv_transpose1d(&self.weight, self.options, self.output_padding);
        shifted(y, self.bias.as_ref())
    }
}

impl<F: Float> ConvTranspose<2, F> {
    /// See [`Tensor::conv_transpose2d`].
    ///
    /// # Panics
    /// If rank or channels do not fit.
    #[track_caller]
    pub fn forward(&self, x: &Tensor<F>) -> Tensor<F> {
        let y = x.conv_transpose2d(&self.weight, self.options, self.output_padding);
        shifted(y, self.bias.as_ref())
    }
}

fn shifted<F: Float>(y: Tensor<F>, bias: Option<&Tensor<F>>) -> Tensor<F> {
    match bias {
        Some(bias) => y + bias,
        None => y,
    }
}
