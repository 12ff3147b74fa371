//! Values of `scripts/golden.py`, which works hypergradients out by dual numbers.

use approx::assert_relative_eq;
use seedbed_autodiff::{Module as _, Tensor};
use seedbed_meta::bilevel::{
    Bilevel, Hypergradient, InnerAdam, InnerMomentum, InnerOptimizer, InnerSgd, hypergradient,
};
use serde_json::Value;

type T = Tensor<f64>;

/// y = tanh(w x + b) for three points with weights, and two others.
struct Points;

fn error((w, b): &(T, T), points: &[[f64; 2]], weights: &T) -> T {
    let column = |i: usize| T::new(points.iter().map(|point| point[i]).collect(), &[points.len()]);
    let miss = (column(0) * w + b).tanh() - column(1);
    (miss.square() * weights).mean(..)
}

impl Bilevel<f64> for Points {
    /// Where w and b start, and the weights.
    type Upper = ((T, T), T);
    type Lower = (T, T);

    fn start(&self, (start, _): &Self::Upper) -> (T, T) {
        start.clone()
    }

    fn inner(&self, (_, weights): &Self::Upper, lower: &(T, T), _: usize) -> T {
        error(lower, &[[-1.0, 0.3], [0.5, -0.4], [2.0, 0.9]], weights)
    }

    fn outer(&self, _: &Self::Upper, lower: &(T, T)) -> T {
        error(lower, &[[-0.5, 0.1], [1.5, 0.6]], &T::ones(&[2]))
    }
}

fn compare<O: InnerOptimizer<f64, (T, T)>>(name: &str, optimizer: &O) {
    let values: Value = serde_json::from_str(include_str!("../golden/values.json")).unwrap();
    let upper = ((T::scalar(0.7), T::scalar(-0.2)), T::new(vec![1.0, 0.5, 2.0], &[3]));
    for how in [Hypergradient::Nested, Hypergradient::Recomputed] {
        let found = hypergradient(&Points, &upper, optimizer, 4, how);
        let expected = &values[name];
        assert_relative_eq!(
            found.loss.item(),
            expected["loss"].as_f64().unwrap(),
            max_relative = 1e-12
        );
        let gradient: Vec<f64> = found.gradient.params().iter().flat_map(T::to_vec).collect();
        for (found, expected) in gradient.iter().zip(expected["gradient"].as_array().unwrap()) {
            assert_relative_eq!(*found, expected.as_f64().unwrap(), max_relative = 1e-10);
        }
    }
}

#[test]
fn gradient_descent() {
    compare("sgd", &InnerSgd { rate: 0.3 });
}

#[test]
fn momentum() {
    compare("momentum", &InnerMomentum { rate: 0.2, momentum: 0.9 });
}

#[test]
fn adam() {
    compare("adam", &InnerAdam { rate: 0.1, ..Default::default() });
}
