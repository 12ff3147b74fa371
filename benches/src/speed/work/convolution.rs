//! `conv3x3-24` and `conv3x3-128`: the convolution of a Neural GPU's step, forward and both gradients.

use std::hint::black_box;

use seedbed::autodiff::{ConvOptions, Rng, Tensor, vjp};

use super::normal;
use crate::speed::Work;

const BATCH: usize = 32;
const HEIGHT: usize = 41;
const WIDTH: usize = 4;
const KERNEL: usize = 3;

/// The channels of the rows.
pub const CHANNELS: [usize; 2] = [24, 128];

/// For the peers.
pub(super) fn sizes() -> serde_json::Value {
    serde_json::json!({
        "batch": BATCH, "height": HEIGHT, "width": WIDTH, "kernel": KERNEL, "channels": CHANNELS,
    })
}

/// Floating-point operations: one product forward, two backward; the zeros around the image count.
pub const fn flops(channels: usize) -> f64 {
    let forward = 2 * BATCH * HEIGHT * WIDTH * KERNEL * KERNEL * channels * channels;
    3.0 * forward as f64
}

/// A 3×3 convolution of `channels` to as many on 32 images of 41×4 positions, and the gradients of
/// image and weights.
pub fn both_ways(channels: usize) -> Work {
    let mut rng = Rng::new(1);
    let images = [BATCH, HEIGHT, WIDTH, channels];
    let inputs =
        (normal(&images, &mut rng), normal(&[KERNEL, KERNEL, channels, channels], &mut rng));
    let cotangent = normal(&images, &mut rng);
    let same = ConvOptions { padding: [KERNEL / 2; 2], ..ConvOptions::default() };
    Box::new(move || {
        let forward = |(x, w): &(Tensor, Tensor)| x.conv2d(w, same);
        let (y, pull) = vjp(&inputs, forward);
        black_box((y, pull(&cotangent)));
    })
}
