use seedbed_autodiff::Float;
use seedbed_autodiff::update::Update;
use seedbed_nn::optim::{Method, Optim};
use seedbed_nn::{Check, Config, ConfigError};
use serde::{Deserialize, Serialize};

/// [`ClippedAdaMaxConfig`] as an optimiser.
pub type ClippedAdaMax<M> = Optim<M, ClippedAdaMaxConfig, 2>;

/// AdaMax with a clip relative to the greatest gradient so far, by element (Freivalds & Liepins 2017, their `adamax.py`). At step t:
///
/// ```text
/// g ← clamp(g, ±(1.2 v + 10⁻⁴))
/// m ← 0.9 m + 0.1 g
/// v ← max(β v, |g|)        β = 1 − max(5·10⁻⁴, 0.01 · 0.5^(t / 2000))
/// x ← x − η (m / (v + 10⁻⁸) + λ x)
/// ```
///
/// Gradients through hundreds of steps of a recurrent network now and then explode. Here one such gradient can raise the scale of an element by a fifth at most, and moves it
/// no further than others do.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClippedAdaMaxConfig {
    /// η.
    pub lr: f64,
    /// λ, decoupled from the gradient as in AdamW.
    pub weight_decay: f64,
}

impl Config for ClippedAdaMaxConfig {
    fn validate(&self) -> Result<(), ConfigError> {
        let check = Check::of("ClippedAdaMaxConfig");
        check.positive_f32("lr", self.lr)?;
        check.non_negative_f32("weight_decay", self.weight_decay)
    }
}

impl<F: Float> Method<F, 2> for ClippedAdaMaxConfig {
    type Update = ClippedAdaMaxUpdate<F>;
    const NAME: &'static str = "clipped-adamax";
    const STATES: [&'static str; 2] = ["m", "v"];

    fn lr(&self) -> f64 {
        self.lr
    }
    fn weight_decay(&self) -> f64 {
        self.weight_decay
    }
    fn update(&self, step: u64, lr: f64, weight_decay: f64) -> ClippedAdaMaxUpdate<F> {
        let forgetting = 0.01 * 0.5_f64.powf((step - 1) as f64 / 2000.0);
        ClippedAdaMaxUpdate {
            lr: F::of(lr),
            weight_decay: F::of(weight_decay),
            keep: F::of(1.0 - forgetting.max(5e-4)),
        }
    }
}

/// One step of [`ClippedAdaMax`] on one number.
#[derive(Clone, Copy, Debug)]
pub struct ClippedAdaMaxUpdate<F> {
    lr: F,
    weight_decay: F,
    keep: F,
}

impl<F: Float> Update<F, 2> for ClippedAdaMaxUpdate<F> {
    #[inline(always)]
    fn at(self, x: F, g: F, [m, v]: [F; 2]) -> (F, [F; 2]) {
        let limit = F::of(1.2) * v + F::of(1e-4);
        // Written so that a NaN stays one.
        let g = if g > limit { limit } else { g };
        let g = if g < -limit { -limit } else { g };
        let m = F::of(0.9) * m + F::of(0.1) * g;
        let (decayed, size) = (self.keep * v, g.abs());
        let v = if decayed > size { decayed } else { size };
        (x - self.lr * (m / (v + F::of(1e-8)) + self.weight_decay * x), [m, v])
    }
}

#[cfg(test)]
mod tests {
    use seedbed_autodiff::Tensor;

    use super::*;

    #[test]
    fn the_first_steps_are_those_of_the_formula() {
        let mut x = Tensor::<f64>::scalar(1.0);
        let config = ClippedAdaMaxConfig { lr: 0.1, weight_decay: 0.0 }.check().unwrap();
        let mut optimizer = ClippedAdaMax::new(&x, config);
        optimizer.step(&mut x, &Tensor::scalar(5.0));
        // g = 1e-4, m = 1e-5, v = 1e-4.
        let first = 1.0 - 0.1 * 1e-5 / (1e-4 + 1e-8);
        assert!((x.item() - first).abs() < 1e-15);
        optimizer.step(&mut x, &Tensor::scalar(-1e-5));
        // m = 0.9e-5 - 0.1e-5, v decays.
        let keep = 1.0 - 0.01 * 0.5_f64.powf(1.0 / 2000.0);
        let second = first - 0.1 * 0.8e-5 / (keep * 1e-4 + 1e-8);
        assert!((x.item() - second).abs() < 1e-15);
        optimizer.step(&mut x, &Tensor::scalar(f64::NAN));
        assert!(x.item().is_nan());
    }
}
