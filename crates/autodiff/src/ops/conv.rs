//! Convolutions over channels-last images and sequences.
//!
//! A convolution `y = x ∗ w` is linear in both arguments, so its two gradients are linear too: the
//! *transposed* convolution `dx = dy ∗ᵀ w` and the *weight gradient* `dw = x ⋆ dy`. The derivatives of
//! each of the three are the other two, so the set is closed and every order of derivative exists:
//!
//! ```text
//! y  = x ∗ w      dx = dy ∗ᵀ w     dw = x ⋆ dy
//! x  = u ∗ᵀ w     du = dx ∗ w      dw = dx ⋆ u
//! w  = x ⋆ u      dx = u ∗ᵀ dw     du = x ∗ dw
//! ```

use smallvec::smallvec;

use crate::kernels::buffers;
use crate::kernels::conv::{self, Geometry};
use crate::shape::{self, Dims};
use crate::{Ctx, Float, Grads, Op, Tensor};

/// How the window of a convolution moves, for `D` spatial axes.
///
/// ```
/// use seedbed_autodiff::ConvOptions;
/// let halve = ConvOptions { stride: [2, 2], padding: [1, 1], ..ConvOptions::default() };
/// assert_eq!((halve.dilation, halve.groups), ([1, 1], 1));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConvOptions<const D: usize> {
    /// Pixels from one window to the next; at least 1.
    pub stride: [usize; D],
    /// Zeros around the image, on either side of each axis.
    pub padding: [usize; D],
    /// Pixels from one tap of the window to the next; at least 1.
    pub dilation: [usize; D],
    /// Blocks into which the channels are cut; each sees only its own.
    pub groups: usize,
}

impl<const D: usize> Default for ConvOptions<D> {
    /// Stride 1, no padding, no dilation, one group.
    fn default() -> Self {
        Self { stride: [1; D], padding: [0; D], dilation: [1; D], groups: 1 }
    }
}

/// Convolutions.
impl<F: Float> Tensor<F> {
    /// The convolution (in the sense of deep learning: cross-correlation) of sequences (N, L, C) with
    /// weights (K, C / groups, O): (N, L', O), `L' = (L + 2·padding − dilation·(K − 1) − 1)/stride + 1`.
    ///
    /// # Panics
    /// If ranks or channels disagree, groups do not divide the channels, the window exceeds the padded sequence,
    /// or a stride, dilation or number of groups is 0.
    ///
    /// ```
    /// use seedbed_autodiff::{ConvOptions, Tensor};
    /// let x = Tensor::<f32>::new(vec![1.0, 2.0, 4.0], &[1, 3, 1]);
    /// let w = Tensor::new(vec![-1.0, 1.0], &[2, 1, 1]);
    /// assert_eq!(x.conv1d(&w, ConvOptions::default()).to_vec(), [1.0, 2.0]);
    /// ```
    #[must_use]
    #[track_caller]
    pub fn conv1d(&self, w: &Self, options: ConvOptions<1>) -> Self {
        forward("conv1d", self, w, options)
    }

    /// The convolution (in the sense of deep learning: cross-correlation) of images (N, H, W, C) with
    /// weights (KH, KW, C / groups, O): (N, H', W', O), `H' = (H + 2·padding − dilation·(KH − 1) − 1)/stride + 1`
    /// and `W'` likewise.
    ///
    /// # Panics
    /// If ranks or channels disagree, groups do not divide the channels, the window exceeds the padded image,
    /// or a stride, dilation or number of groups is 0.
    ///
    /// ```
    /// use seedbed_autodiff::{ConvOptions, Tensor};
    /// let x = Tensor::<f32>::ones(&[8, 28, 28, 3]);
    /// let w = Tensor::ones(&[3, 3, 3, 16]);
    /// let same = ConvOptions { padding: [1, 1], ..ConvOptions::default() };
    /// assert_eq!(x.conv2d(&w, same).shape(), &[8, 28, 28, 16]);
    /// ```
    #[must_use]
    #[track_caller]
    pub fn conv2d(&self, w: &Self, options: ConvOptions<2>) -> Self {
        forward("conv2d", self, w, options)
    }

    /// The transpose of [`conv1d`](Self::conv1d) as a linear map: sequences (N, L', O) with the weights (K, C / groups, O)
    /// of the convolution that is transposed give (N, L, C), `L = (L' − 1)·stride − 2·padding + dilation·(K − 1) + 1 +
    /// output_padding`.
    ///
    /// `output_padding` chooses among the lengths that the convolution maps to `L'`; it is less than the stride.
    ///
    /// # Panics
    /// As `conv1d`; also if `output_padding` is not less than the stride or the padding takes everything away.
    ///
    /// ```
    /// use seedbed_autodiff::{ConvOptions, Tensor};
    /// let x = Tensor::<f32>::new(vec![1.0, 2.0], &[1, 2, 1]);
    /// let w = Tensor::new(vec![1.0, 10.0], &[2, 1, 1]);
    /// assert_eq!(x.conv_transpose1d(&w, ConvOptions::default(), [0]).to_vec(), [1.0, 12.0, 20.0]);
    /// ```
    #[must_use]
    #[track_caller]
    pub fn conv_transpose1d(
        &self,
        w: &Self,
        options: ConvOptions<1>,
        output_padding: [usize; 1],
    ) -> Self {
        backward("conv_transpose1d", self, w, options, output_padding)
    }

    /// The transpose of [`conv2d`](Self::conv2d) as a linear map: images (N, H', W', O) with the weights
    /// (KH, KW, C / groups, O) of the convolution that is transposed give (N, H, W, C), `H = (H' − 1)·stride − 2·padding +
    /// dilation·(KH − 1) + 1 + output_padding` and `W` likewise.
    ///
    /// `output_padding` chooses among the sizes that the convolution maps to (H', W'); it is less than the stride.
    ///
    /// # Panics
    /// As `conv2d`; also if `output_padding` is not less than the stride or the padding takes everything away.
    ///
    /// ```
    /// use seedbed_autodiff::{ConvOptions, Tensor};
    /// let x = Tensor::<f32>::ones(&[1, 14, 14, 16]);
    /// let w = Tensor::ones(&[3, 3, 8, 16]);
    /// let double = ConvOptions { stride: [2, 2], padding: [1, 1], ..ConvOptions::default() };
    /// assert_eq!(x.conv_transpose2d(&w, double, [1, 1]).shape(), &[1, 28, 28, 8]);
    /// ```
    #[must_use]
    #[track_caller]
    pub fn conv_transpose2d(
        &self,
        w: &Self,
        options: ConvOptions<2>,
        output_padding: [usize; 2],
    ) -> Self {
        backward("conv_transpose2d", self, w, options, output_padding)
    }
}

/// Height and width, 1 being the height of a sequence.
fn pair<const D: usize>(sizes: [usize; D], missing: usize) -> [usize; 2] {
    match sizes[..] {
        [w] => [missing, w],
        [h, w] => [h, w],
        _ => unreachable!("one or two spatial axes"),
    }
}

/// Batch, spatial sizes and channels.
fn parts<const D: usize>(shape: &[usize]) -> (usize, [usize; D], usize) {
    (shape[0], std::array::from_fn(|i| shape[i + 1]), shape[D + 1])
}

/// Checks what all convolutions share: ranks and options.
#[track_caller]
fn check<F: Float, const D: usize>(
    op: &str,
    x: &Tensor<F>,
    w: &Tensor<F>,
    ConvOptions { stride, dilation, groups, .. }: ConvOptions<D>,
) {
    let (x, w) = (x.shape(), w.shape());
    let axes = ["", "(N, L, C)", "(N, H, W, C)"][D];
    let window = ["", "(K, C / groups, O)", "(KH, KW, C / groups, O)"][D];
    assert!(x.len() == D + 2, "{op}: the input is {axes}, got {x:?}");
    assert!(w.len() == D + 2, "{op}: the weights are {window}, got {w:?}");
    assert!(
        stride.iter().chain(&dilation).all(|&s| s > 0) && groups > 0,
        "{op}: stride {stride:?}, dilation {dilation:?} and groups {groups} must be at least 1"
    );
    assert!(w[..D].iter().all(|&k| k > 0), "{op}: the window of weights {w:?} is empty");
    assert!(
        w[D + 1] % groups == 0,
        "{op}: {groups} groups do not divide the {} output channels of weights {w:?}",
        w[D + 1]
    );
}

#[track_caller]
fn forward<F: Float, const D: usize>(
    op: &'static str,
    x: &Tensor<F>,
    w: &Tensor<F>,
    options: ConvOptions<D>,
) -> Tensor<F> {
    check(op, x, w, options);
    let (batch, size, channels) = parts::<D>(x.shape());
    let window: [usize; D] = std::array::from_fn(|i| w.shape()[i]);
    assert!(
        w.shape()[D].checked_mul(options.groups) == Some(channels),
        "{op}: channels differ: input {:?}, weights {:?} ({channels} against {} in {} groups)",
        x.shape(),
        w.shape(),
        w.shape()[D],
        options.groups
    );
    // A loop, not a closure: a closure would hide the caller's line from the panic.
    let mut output = [0; D];
    for (i, output) in output.iter_mut().enumerate() {
        // A span that cannot be counted exceeds everything that can.
        let span = options.dilation[i].saturating_mul(window[i] - 1).saturating_add(1);
        let padded = options.padding[i].checked_mul(2).and_then(|p| p.checked_add(size[i]));
        let padded = shape::counted(op, "a padded axis", padded);
        assert!(
            span <= padded,
            "{op}: the window exceeds the padded input: input {:?}, weights {:?} (axis {}: {span} against {padded})",
            x.shape(),
            w.shape(),
            i + 1
        );
        *output = (padded - span) / options.stride[i] + 1;
    }
    let g = geometry(batch, [size, output], window, [channels, w.shape()[D + 1]], options);
    let conv = Conv { op, axes: D, g };
    conv.check_room::<F>(g.output, g.out_channels);
    conv.forward(x, w)
}

#[track_caller]
fn backward<F: Float, const D: usize>(
    op: &'static str,
    x: &Tensor<F>,
    w: &Tensor<F>,
    options: ConvOptions<D>,
    output_padding: [usize; D],
) -> Tensor<F> {
    check(op, x, w, options);
    let (batch, size, channels) = parts::<D>(x.shape());
    let window: [usize; D] = std::array::from_fn(|i| w.shape()[i]);
    assert!(
        channels == w.shape()[D + 1],
        "{op}: channels differ: input {:?}, weights {:?} ({channels} against {})",
        x.shape(),
        w.shape(),
        w.shape()[D + 1]
    );
    let mut output = [0; D];
    for (i, output) in output.iter_mut().enumerate() {
        let (more, stride, padding) = (output_padding[i], options.stride[i], options.padding[i]);
        assert!(more < stride, "{op}: output_padding {more} is not less than the stride {stride}");
        let span = options.dilation[i].checked_mul(window[i] - 1);
        let covered = size[i].saturating_sub(1).checked_mul(stride);
        let covered = covered.zip(span).and_then(|(covered, span)| {
            covered.checked_add(span)?.checked_add(1)?.checked_add(more)
        });
        let covered = shape::counted(op, "an axis of the result", covered);
        assert!(
            size[i] > 0 && covered.checked_sub(padding).is_some_and(|rest| rest > padding),
            "{op}: nothing is left: input {:?}, weights {:?}, padding {padding} (axis {})",
            x.shape(),
            w.shape(),
            i + 1
        );
        *output = covered - 2 * padding;
    }
    let groups = w.shape()[D].checked_mul(options.groups);
    let channels = [shape::counted(op, "the number of channels", groups), channels];
    let g = geometry(batch, [output, size], window, channels, options);
    let conv = Conv { op, axes: D, g };
    conv.check_room::<F>(g.input, g.in_channels);
    conv.transpose(x, w)
}

fn geometry<const D: usize>(
    batch: usize,
    [input, output]: [[usize; D]; 2],
    kernel: [usize; D],
    [in_channels, out_channels]: [usize; 2],
    ConvOptions { stride, padding, dilation, groups }: ConvOptions<D>,
) -> Geometry {
    Geometry {
        batch,
        input: pair(input, 1),
        output: pair(output, 1),
        kernel: pair(kernel, 1),
        stride: pair(stride, 1),
        padding: pair(padding, 0),
        dilation: pair(dilation, 1),
        in_channels,
        out_channels,
        groups,
    }
}

/// One convolution: the sizes on which its three linear maps agree.
#[derive(Clone, Copy, Debug)]
struct Conv {
    op: &'static str,
    /// Spatial axes.
    axes: usize,
    g: Geometry,
}

impl Conv {
    /// The shape of images of one size.
    fn images(&self, size: [usize; 2], channels: usize) -> Dims {
        let mut shape = Dims::from_elem(self.g.batch, 1);
        shape.extend_from_slice(&size[2 - self.axes..]);
        shape.push(channels);
        shape
    }

    /// Whether there is memory for images of one size, and for the table of which pixel meets which.
    #[track_caller]
    fn check_room<F: Float>(&self, size: [usize; 2], channels: usize) {
        shape::room::<F>(self.op, &self.images(size, channels));
        let [pixels, taps] = [size, self.g.kernel];
        shape::room::<u32>(self.op, &[pixels[0], pixels[1], taps[0], taps[1]]);
    }

    fn weights(&self) -> Dims {
        let mut shape = Dims::from_slice(&self.g.kernel[2 - self.axes..]);
        shape.extend([self.g.in_channels / self.g.groups, self.g.out_channels]);
        shape
    }

    /// `y = x ∗ w`.
    #[track_caller]
    fn forward<F: Float>(self, x: &Tensor<F>, w: &Tensor<F>) -> Tensor<F> {
        let mut y = buffers::zeros(self.g.output_len());
        conv::forward(&self.g, x.data(), w.data(), &mut y);
        let shape = self.images(self.g.output, self.g.out_channels);
        Tensor::record(Forward(self), &[x, w], Tensor::new(y, &shape))
    }

    /// `x = u ∗ᵀ w`.
    #[track_caller]
    fn transpose<F: Float>(self, u: &Tensor<F>, w: &Tensor<F>) -> Tensor<F> {
        let mut x = buffers::zeros(self.g.input_len());
        conv::input_gradient(&self.g, u.data(), w.data(), &mut x);
        let shape = self.images(self.g.input, self.g.in_channels);
        Tensor::record(Transpose(self), &[u, w], Tensor::new(x, &shape))
    }

    /// `w = x ⋆ u`.
    #[track_caller]
    fn weight<F: Float>(self, x: &Tensor<F>, u: &Tensor<F>) -> Tensor<F> {
        let mut w = buffers::zeros(self.g.weight_len());
        conv::weight_gradient(&self.g, x.data(), u.data(), &mut w);
        Tensor::record(Weight(self), &[x, u], Tensor::new(w, &self.weights()))
    }
}

#[derive(Debug)]
struct Forward(Conv);

impl<F: Float> Op<F> for Forward {
    fn name(&self) -> &'static str {
        self.0.op
    }

    fn vjp(&self, c: &Ctx<'_, F>, g: Tensor<F>) -> Grads<F> {
        let left = c.needs(0).then(|| self.0.transpose(&g, c.x(1)));
        smallvec![left, c.needs(1).then(|| self.0.weight(c.x(0), &g))]
    }
}

#[derive(Debug)]
struct Transpose(Conv);

impl<F: Float> Op<F> for Transpose {
    fn name(&self) -> &'static str {
        self.0.op
    }

    fn vjp(&self, c: &Ctx<'_, F>, g: Tensor<F>) -> Grads<F> {
        let left = c.needs(0).then(|| self.0.forward(&g, c.x(1)));
        smallvec![left, c.needs(1).then(|| self.0.weight(&g, c.x(0)))]
    }
}

#[derive(Debug)]
struct Weight(Conv);

impl<F: Float> Op<F> for Weight {
    fn name(&self) -> &'static str {
        self.0.op
    }

    fn vjp(&self, c: &Ctx<'_, F>, g: Tensor<F>) -> Grads<F> {
        let left = c.needs(0).then(|| self.0.transpose(c.x(1), &g));
        smallvec![left, c.needs(1).then(|| self.0.forward(c.x(0), &g))]
    }
}
