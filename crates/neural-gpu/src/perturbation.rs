use std::ops::Range;

use rand::RngCore as _;
use seedbed_autodiff::{Float, Rng, Tensor};
use serde::{Deserialize, Serialize};

/// What is done to the state at every step beside the rule itself: noise and rounding, which make a network keep digits instead of
/// analog values. Gradients pass as if nothing was done.
///
/// - Noise on the **pre-activations** of both gates and of the candidate, uniform with this standard deviation: a unit that is to be certain has to be
///   driven well into its saturation. (Salakhutdinov & Hinton 2009, "Semantic hashing", do so in one layer of an autoencoder; Kaiser & Sutskever's
///   program had noise on the state, tied to progress.)
/// - Noise on the **state**, uniform with this standard deviation, before it is rounded.
/// - **Rounding** of each unit of the state, with this probability, to the nearest of −1, 0 and 1.
///
/// A network is deployed without noise, and with or without rounding; with it every state is digital, and the learnt rule is a finite table.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Perturbation {
    /// The standard deviation of the noise on pre-activations.
    pub pre_activation: f64,
    /// The standard deviation of the noise on the state.
    pub state: f64,
    /// The probability of rounding.
    pub rounding: f64,
}

impl Perturbation {
    /// Nothing at all.
    pub const NONE: Self = Self { pre_activation: 0.0, state: 0.0, rounding: 0.0 };

    /// No noise; every unit is rounded.
    pub const ROUNDED: Self = Self { pre_activation: 0.0, state: 0.0, rounding: 1.0 };

    /// The kinds of bytes that a step draws.
    fn draws(&self) -> [bool; 3] {
        let by_chance = self.rounding > 0.0 && self.rounding < 1.0;
        [self.pre_activation > 0.0, self.state > 0.0, by_chance]
    }

    /// The bytes of the next step on `units` units of state.
    pub(crate) fn draw(&self, units: usize, bytes: &mut StepBytes, rng: &mut Rng) {
        let [pre_activation, state, rounding] = self.draws();
        let mut fill = |wanted: bool, units: usize, bytes: &mut Vec<u8>| {
            bytes.resize(if wanted { units } else { 0 }, 0);
            rng.fill_bytes(bytes);
        };
        fill(pre_activation, 2 * units, &mut bytes.gates);
        fill(pre_activation, units, &mut bytes.candidate);
        fill(state, units, &mut bytes.state);
        fill(rounding, units, &mut bytes.rounding);
    }

    /// The bytes for a start state, which has no pre-activations.
    pub(crate) fn draw_start(&self, units: usize, bytes: &mut StepBytes, rng: &mut Rng) {
        Self { pre_activation: 0.0, ..*self }.draw(units, bytes, rng);
    }
}

/// Random bytes of a step, one a unit; empty where none are wanted.
#[derive(Debug, Default)]
pub(crate) struct StepBytes {
    pub(crate) gates: Vec<u8>,
    pub(crate) candidate: Vec<u8>,
    pub(crate) state: Vec<u8>,
    pub(crate) rounding: Vec<u8>,
}

/// Uniform noise of a standard deviation, made from a byte: one of 256 values, symmetric around 0.
#[derive(Clone, Copy)]
pub(crate) struct ByteNoise<F> {
    scale: F,
    shift: F,
}

impl<F: Float> ByteNoise<F> {
    pub(crate) fn new(deviation: f64) -> Self {
        // n values around 0 with distance d have the variance d² (n² − 1) / 12.
        let scale = deviation * (12.0_f64 / (256.0 * 256.0 - 1.0)).sqrt();
        Self { scale: F::of(scale), shift: F::of(-127.5 * scale) }
    }

    #[inline(always)]
    pub(crate) fn at(self, byte: u8) -> F {
        F::of(f64::from(byte)) * self.scale + self.shift
    }

    /// The noise of all units, for the specification.
    pub(crate) fn tensor(self, bytes: &[u8], shape: &[usize]) -> Tensor<F> {
        Tensor::new(bytes.iter().map(|&byte| self.at(byte)).collect(), shape)
    }
}

/// What is done to a new state: noise, then rounding.
pub(crate) struct Finish<F> {
    noise: ByteNoise<F>,
    always: bool,
    threshold: u16,
}

impl<F: Float> Finish<F> {
    pub(crate) fn new(perturbation: Perturbation) -> Self {
        Self {
            noise: ByteNoise::new(perturbation.state),
            always: perturbation.rounding >= 1.0,
            threshold: rounding_threshold(perturbation.rounding),
        }
    }

    /// Changes the state of some units.
    pub(crate) fn row(&self, units: Range<usize>, bytes: &StepBytes, x: &mut [F]) {
        if !bytes.state.is_empty() {
            let bytes = &bytes.state[units.clone()];
            x.iter_mut().zip(bytes).for_each(|(x, &byte)| *x += self.noise.at(byte));
        }
        if self.always {
            x.iter_mut().for_each(|x| *x = ternary(*x));
        } else if !bytes.rounding.is_empty() {
            for (x, &byte) in x.iter_mut().zip(&bytes.rounding[units]) {
                *x = if u16::from(byte) < self.threshold { ternary(*x) } else { *x };
            }
        }
    }
}

impl Perturbation {
    /// What [`Finish`] does, as the specification: gradients pass as if nothing was done. Rows for which there are no bytes stay as they are.
    pub(crate) fn finished<F: Float>(&self, x: Tensor<F>, bytes: &StepBytes) -> Tensor<F> {
        let [rows, units] = x.shape()[..] else { panic!("a state of rows") };
        let noise = ByteNoise::new(self.state);
        let noisy = bytes.state.len() / units;
        let noise =
            noise.tensor(&bytes.state, &[noisy, units]).pad(&[(0, rows - noisy), (0, 0)], 0.0);
        let x = x + noise;
        let threshold = rounding_threshold(self.rounding);
        let rounded = |i: usize| {
            self.rounding >= 1.0 || bytes.rounding.get(i).is_some_and(|&b| u16::from(b) < threshold)
        };
        let change = (x.data().iter().enumerate())
            .map(|(i, &x)| if rounded(i) { ternary(x) - x } else { F::zero() });
        let change = Tensor::new(change.collect(), x.shape());
        x + change
    }
}

/// The nearest of −1, 0 and 1, of a number between −1.5 and 1.5; ±0.5 is 0.
#[inline(always)]
pub(crate) fn ternary<F: Float>(x: F) -> F {
    let half = F::of(0.5);
    let digit = |on: bool| if on { F::one() } else { F::zero() };
    // What went wrong must not become a digit.
    if x.is_nan() { x } else { digit(x > half) - digit(x < -half) }
}

/// Bytes below this are rounded.
pub(crate) fn rounding_threshold(probability: f64) -> u16 {
    (probability * 256.0).round() as u16
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_make_noise_of_the_deviation() {
        let noise = ByteNoise::<f64>::new(0.25);
        let all: Vec<f64> = (0..=255).map(|byte| noise.at(byte)).collect();
        let mean = all.iter().sum::<f64>() / 256.0;
        let variance = all.iter().map(|x| x * x).sum::<f64>() / 256.0;
        assert!(mean.abs() < 1e-12 && (variance - 0.0625).abs() < 1e-12);
    }

    #[test]
    fn ternary_is_the_nearest_digit() {
        let x = [-1.4, -0.51, -0.5, 0.0, 0.5, 0.51, 1.4];
        assert_eq!(x.map(ternary::<f32>), [-1.0, -1.0, 0.0, 0.0, 0.0, 1.0, 1.0]);
        assert!(ternary(f32::NAN).is_nan());
    }
}
