//! Values worked out without the engine.

use seedbed_autodiff::{Rng, Tensor};
use seedbed_nn::Linear;
use seedbed_template_model::{TemplateModel, ring};

/// Two hidden units: h = tanh([x₀ + 1, x₁ − x₀]), z = 2 h₀ − 3 h₁ + 0.5.
fn model() -> TemplateModel<f64> {
    let linear = |weight, bias| Linear { weight, bias: Some(bias) };
    TemplateModel {
        hidden: linear(
            Tensor::new(vec![1.0, -1.0, 0.0, 1.0], &[2, 2]),
            Tensor::new(vec![1.0, 0.0], &[2]),
        ),
        output: linear(Tensor::new(vec![2.0, -3.0], &[2, 1]), Tensor::new(vec![0.5], &[1])),
    }
}

#[test]
fn logits_and_loss() {
    let x = Tensor::new(vec![0.0, 0.0, 1.0, 0.5], &[2, 2]);
    let y = Tensor::new(vec![1.0, 0.0], &[2, 1]);
    // z₀ = 2 tanh 1 + 0.5; z₁ = 2 tanh 2 − 3 tanh(−½) + 0.5.
    let expected = [2.023_188_311_911_529_7, 3.814_406_631_931_663];
    for (z, expected) in model().forward(&x).data().iter().zip(expected) {
        assert!((z - expected).abs() < 1e-12, "{z} against {expected}");
    }
    // (log(1 + e^−z₀) + log(1 + e^z₁)) / 2.
    let loss = model().loss(&x, &y).item();
    assert!((loss - 1.980_204_891_038_813_7).abs() < 1e-12, "{loss}");
    // Both are on the side of 1, and only the first should be.
    assert_eq!(model().accuracy(&x, &y), 0.5);
}

#[test]
fn half_of_the_square_is_outside() {
    let (x, y) = ring::<f64>(10_000, &mut Rng::new(7));
    let outside: f64 = y.data().iter().sum();
    assert!((outside / 10_000.0 - 0.5).abs() < 0.02, "{outside}");
    for (point, y) in x.data().chunks(2).zip(y.data()) {
        assert_eq!(point[0].hypot(point[1]) > 0.797_884_560_802_865_4, *y == 1.0);
    }
}
