//! Convolutions over channels-last images, without an im2col matrix.
//!
//! With images `x` of (N, H, W, C), weights `w` of (KH, KW, C / groups, O), stride `s`, padding `p` and
//! dilation `d`, the three kernels are
//!
//! ```text
//! forward           y[n, i, o]   = Σ_{t, c} x[n, i·s − p + t·d, c] · w[t, c, o]
//! input gradient    dx[n, j, c]  = Σ_{t, o} dy[n, i, o] · w[t, c, o]      over i·s − p + t·d = j
//! weight gradient   dw[t, c, o]  = Σ_{n, i} x[n, i·s − p + t·d, c] · dy[n, i, o]
//! ```
//!
//! where `i`, `j` and `t` are pairs (row, column). Which pixel meets which under a tap `t` is written
//! once into a table (`table`) for one image; every stride, padding and dilation is then the same loop.
//! The first two are one kernel (`gather`): a matrix product whose rows of `A` are pixels looked up
//! in the table. The third is one product `Xᵀ · G` a tap (`weight`).

mod depthwise;
mod gather;
mod table;
mod weight;

#[cfg(test)]
mod tests;

use crate::Float;

/// The sizes of one convolution. Pairs are (height, width); a 1-D convolution has height 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Geometry {
    /// The number of images.
    pub batch: usize,
    /// Size of the input images (the larger side of a transposed convolution).
    pub input: [usize; 2],
    /// Size of the output images.
    pub output: [usize; 2],
    /// Size of the kernel.
    pub kernel: [usize; 2],
    /// Steps of the kernel between neighbouring output pixels.
    pub stride: [usize; 2],
    /// Zeros before the first row and column.
    pub padding: [usize; 2],
    /// Distance between neighbouring taps of the kernel.
    pub dilation: [usize; 2],
    /// Channels of the input.
    pub in_channels: usize,
    /// Channels of the output.
    pub out_channels: usize,
    /// Groups of channels that do not see one another; 1 is an ordinary convolution.
    pub groups: usize,
}

impl Geometry {
    fn taps(&self) -> usize {
        self.kernel[0] * self.kernel[1]
    }

    /// Channels of the input that one output channel sees.
    fn group_in(&self) -> usize {
        self.in_channels / self.groups
    }

    /// Output channels of a group.
    fn group_out(&self) -> usize {
        self.out_channels / self.groups
    }

    /// Elements of the input.
    pub fn input_len(&self) -> usize {
        self.batch * self.input[0] * self.input[1] * self.in_channels
    }

    /// Elements of the output.
    pub fn output_len(&self) -> usize {
        self.batch * self.output[0] * self.output[1] * self.out_channels
    }

    /// Elements of the weights.
    pub fn weight_len(&self) -> usize {
        self.taps() * self.group_in() * self.out_channels
    }

    /// One filter a channel.
    fn is_depthwise(&self) -> bool {
        self.groups > 1 && self.group_in() == 1 && self.group_out() == 1
    }

    /// The cost in the units of [`par`](crate::par).
    fn work(&self) -> usize {
        self.output_len().saturating_mul(self.taps() * self.group_in()) / 16
    }

    fn check<F>(&self, x: &[F], w: &[F], y: &[F]) {
        assert!(self.groups > 0 && self.stride.iter().all(|&s| s > 0));
        assert_eq!(self.in_channels % self.groups, 0, "conv: groups do not divide the channels");
        assert_eq!(self.out_channels % self.groups, 0, "conv: groups do not divide the channels");
        assert_eq!(x.len(), self.input_len(), "conv: input of {self:?}");
        assert_eq!(w.len(), self.weight_len(), "conv: weights of {self:?}");
        assert_eq!(y.len(), self.output_len(), "conv: output of {self:?}");
    }
}

/// `y = conv(x, w)`, then `epilogue(pixel, channel, part)` once on every piece of every pixel of `y`.
pub fn forward_then<F: Float>(
    g: &Geometry,
    x: &[F],
    w: &[F],
    y: &mut [F],
    epilogue: impl Fn(usize, usize, &mut [F]) + Send + Sync,
) {
    g.check(x, w, y);
    if g.is_depthwise() {
        return depthwise::gather(g, table::Side::Output, x, w, y, epilogue);
    }
    gather::run(g, table::Side::Output, x, w, y, epilogue);
}

/// `y = conv(x, w)`.
pub fn forward<F: Float>(g: &Geometry, x: &[F], w: &[F], y: &mut [F]) {
    forward_then(g, x, w, y, crate::gemm::no_epilogue);
}

/// `dx`, the gradient of the input: the transposed convolution of `dy`.
pub fn input_gradient<F: Float>(g: &Geometry, dy: &[F], w: &[F], dx: &mut [F]) {
    g.check(dx, w, dy);
    let epilogue = crate::gemm::no_epilogue;
    if g.is_depthwise() {
        return depthwise::gather(g, table::Side::Input, dy, w, dx, epilogue);
    }
    gather::run(g, table::Side::Input, dy, w, dx, epilogue);
}

/// `dw`, the gradient of the weights.
pub fn weight_gradient<F: Float>(g: &Geometry, x: &[F], dy: &[F], dw: &mut [F]) {
    g.check(x, dw, dy);
    if g.is_depthwise() {
        return depthwise::weight(g, x, dy, dw);
    }
    weight::run(g, x, dy, dw);
}
