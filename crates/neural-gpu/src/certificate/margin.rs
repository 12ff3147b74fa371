//! How far a rule is from another one, by interval arithmetic.

use crate::DiagonalCell;

/// An interval that holds a number.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Interval {
    low: f64,
    high: f64,
}

/// Half the distance between 1 and the next number of 32 bits: the relative error of one operation.
const UNIT: f64 = 0.5 * f32::EPSILON as f64;

impl Interval {
    fn around(x: f64, error: f64) -> Self {
        Self { low: x - error, high: x + error }
    }

    fn magnitude(self) -> f64 {
        self.low.abs().max(self.high.abs())
    }

    fn wider(self, error: f64) -> Self {
        Self { low: self.low - error, high: self.high + error }
    }

    fn times(self, x: f64) -> Self {
        let (a, b) = (self.low * x, self.high * x);
        Self { low: a.min(b), high: a.max(b) }
    }

    fn clamp(self, low: f64, high: f64) -> Self {
        Self { low: self.low.clamp(low, high), high: self.high.clamp(low, high) }
    }
}

/// A bound on the error of a sum of so many products in 32 bits, in any order, fused or not, relative to the sum of the magnitudes: γ of Higham, "Accuracy and stability of
/// numerical algorithms", section 3.1. The sums of this module, of 64 bits, have an error that is smaller by 2⁻²⁹: the bound is doubled for them.
fn gamma(terms: usize) -> f64 {
    let n = terms as f64 * UNIT;
    2.0 * n / (1.0 - n)
}

/// The error of a sum of so many products whose magnitudes have this sum; NaN, which is no distance, where a part of the sum may overflow in 32 bits.
fn error_of(terms: usize, magnitude: f64) -> f64 {
    let fits = magnitude < 0.5 * f64::from(f32::MAX);
    if fits { gamma(terms) * magnitude } else { f64::NAN }
}

/// The weights of a cell, for intervals.
pub(super) struct Margins {
    maps: usize,
    weights: [Vec<f64>; 4],
    moving: crate::Moving,
}

impl Margins {
    pub(super) fn new(cell: &DiagonalCell<f32>) -> Self {
        let weights = cell.weights().map(|w| w.data().iter().map(|&w| f64::from(w)).collect());
        Self { maps: cell.maps(), weights, moving: cell.moving }
    }

    /// The least distance from ±½ of the numbers that become the next state of the middle one of five cells, whatever rounding errors do; `None` if one may be on both sides, or
    /// if the state is not `next`. `None` as a cell is one outside of the string.
    pub(super) fn of(&self, cells: [Option<&[i8]>; 5], next: &[i8]) -> Option<f64> {
        let reset: Vec<_> = (1..4).map(|i| self.reset_state(cells, i)).collect();
        let mut least = f64::INFINITY;
        for (unit, &next) in next.iter().enumerate() {
            let value = self.value(cells, &reset, unit);
            let distance = match next {
                1 => value.low - 0.5,
                -1 => -0.5 - value.high,
                _ => 0.5 - value.magnitude(),
            };
            // A NaN is no distance.
            if distance.is_nan() || distance <= 0.0 {
                return None;
            }
            least = least.min(distance);
        }
        Some(least)
    }

    fn unit(cells: [Option<&[i8]>; 5], cell: usize, unit: usize) -> f64 {
        cells[cell].map_or(0.0, |units| units[unit].into())
    }

    /// The gate number `gate` of one of the middle three cells.
    fn gate(&self, cells: [Option<&[i8]>; 5], cell: usize, gate: usize) -> Interval {
        let [weight, bias, ..] = &self.weights;
        let offset = if gate < self.maps { 0.5 } else { 0.7 };
        let (mut sum, mut magnitude) = (bias[gate] + offset, bias[gate].abs() + offset);
        for tap in 0..3 {
            for unit in 0..self.maps {
                let row = tap * self.maps + unit;
                let product =
                    weight[row * 2 * self.maps + gate] * Self::unit(cells, cell + tap - 1, unit);
                sum += product;
                magnitude += product.abs();
            }
        }
        let x = Interval::around(sum, error_of(3 * self.maps + 3, magnitude));
        let half = x.times(0.5);
        let sum = Interval { low: half.low + 0.5, high: half.high + 0.5 };
        sum.wider(2.0 * gamma(2) * (half.magnitude() + 0.5)).clamp(0.0, 1.0)
    }

    /// `r ⊙ s` of one of the middle three cells; products with −1, 0 and 1 are exact.
    fn reset_state(&self, cells: [Option<&[i8]>; 5], cell: usize) -> Vec<Interval> {
        let of = |unit| match Self::unit(cells, cell, unit) {
            0.0 => Interval::around(0.0, 0.0),
            s => self.gate(cells, cell, unit).times(s),
        };
        (0..self.maps).map(of).collect()
    }

    /// A number that becomes a unit of the next state, before it is rounded.
    fn value(&self, cells: [Option<&[i8]>; 5], reset: &[Vec<Interval>], unit: usize) -> Interval {
        let [.., weight, bias] = &self.weights;
        let mut x = Interval::around(bias[unit], 0.0);
        let mut magnitude = bias[unit].abs();
        for (tap, reset) in reset.iter().enumerate() {
            for (from, &reset) in reset.iter().enumerate() {
                let product = reset.times(weight[(tap * self.maps + from) * self.maps + unit]);
                x = Interval { low: x.low + product.low, high: x.high + product.high };
                magnitude += product.magnitude();
            }
        }
        let c = x.wider(error_of(3 * self.maps + 3, magnitude)).clamp(-1.0, 1.0);
        let g = self.gate(cells, 2, self.maps + unit);
        let crate::Moving { right, left } = self.moving;
        let from = match unit {
            unit if unit < self.maps - right - left => 2,
            unit if unit < self.maps - left => 1,
            _ => 3,
        };
        let held = Self::unit(cells, from, unit);
        // Linear in each of the two, so the extremes are at corners.
        let at = |g: f64, c: f64| g * held + (1.0 - g) * c;
        let corners = [at(g.low, c.low), at(g.low, c.high), at(g.high, c.low), at(g.high, c.high)];
        if corners.iter().any(|x| x.is_nan()) {
            return Interval::around(f64::NAN, f64::NAN);
        }
        let low = corners.into_iter().fold(f64::INFINITY, f64::min);
        let high = corners.into_iter().fold(f64::NEG_INFINITY, f64::max);
        // Four operations on numbers of at most 2.
        Interval { low, high }.wider(2.0 * gamma(4))
    }
}

#[cfg(test)]
mod tests {
    use seedbed_autodiff::{Module as _, Rng, Tensor};

    use super::*;
    use crate::automaton::{Automaton, Halt};
    use crate::{DiagonalConfig, DiagonalGpu};
    use seedbed_nn::Config as _;

    #[test]
    fn margins_agree_with_the_network() {
        let config =
            DiagonalConfig { maps: 5, moving: crate::Moving::thirds(5), ..Default::default() };
        let rng = &mut Rng::new(0);
        let model = DiagonalGpu::<f32>::new(&config.check().unwrap(), rng);
        let model = model.map_params(|x| x * 3.0 + Tensor::uniform(x.shape(), -0.2, 0.2, rng));
        let margins = Margins::new(&model.cell);
        let mut automaton = Automaton::new(&model).unwrap();
        let symbols: Vec<u8> = (0..40).map(|_| 1 + rng.below(3) as u8).collect();
        let run = |automaton: &mut Automaton, steps| {
            let run = automaton.run(&symbols, Halt::AfterSteps(steps)).unwrap();
            run.states.iter().map(|&state| automaton.units(state).to_vec()).collect::<Vec<_>>()
        };
        let (before, after) = (run(&mut automaton, 3), run(&mut automaton, 4));
        assert_ne!(before, after);
        for (i, after) in after.iter().enumerate() {
            let cell = |offset: usize| (i + offset).checked_sub(2).and_then(|j| before.get(j));
            let cells = [0, 1, 2, 3, 4].map(|offset| cell(offset).map(|units| &units[..]));
            assert!(margins.of(cells, after).unwrap() < 0.5);
            let wrong: Vec<i8> = after.iter().map(|&x| if x == 1 { 0 } else { x + 1 }).collect();
            assert_eq!(margins.of(cells, &wrong), None);
        }
    }

    #[test]
    fn what_may_overflow_has_no_margin() {
        let config =
            DiagonalConfig { maps: 2, moving: crate::Moving::thirds(2), ..Default::default() };
        let model = DiagonalGpu::<f32>::new(&config.check().unwrap(), &mut Rng::new(0));
        // Without weights, a cell of blanks stays blank.
        let zeros = model.map_params(|x| x * 0.0);
        let of = |model: &DiagonalGpu| {
            Margins::new(&model.cell).of([None, None, Some(&[0, 0]), None, None], &[0, 0])
        };
        assert!(of(&zeros).unwrap() > 0.49);
        for bias in [3e38, f32::INFINITY, f32::NAN] {
            for gate in 0..4 {
                let mut broken = zeros.clone();
                broken.cell.gate_bias.data_mut()[gate] = bias;
                // The gates of resets are of no account where the state is 0.
                assert_eq!(of(&broken).is_none(), gate >= 2, "{bias} at {gate}");
            }
            for unit in 0..2 {
                let mut broken = zeros.clone();
                broken.cell.candidate_bias.data_mut()[unit] = bias;
                assert_eq!(of(&broken), None, "{bias} at {unit}");
            }
        }
    }
}
