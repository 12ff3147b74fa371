//! Values of `scripts/golden.py`, which works them out by loops of its own.

use seedbed_autodiff::{ConvOptions, Rng, Tensor};
use seedbed_mechanisms::competition::{Competition, Rule};
use seedbed_mechanisms::mechanism::Mechanism;
use seedbed_mechanisms::network::{Discriminator, Expert, Head};
use seedbed_mechanisms::train::{TrainConfig, discriminator_loss};
use seedbed_nn::{Conv2d, Linear};
use serde_json::Value;

fn values() -> Value {
    serde_json::from_str(include_str!("../golden/values.json")).unwrap()
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect()
}

fn image(values: &Value) -> Tensor<f64> {
    Tensor::new(numbers(&values["image"]), &[1, 6, 6, 1])
}

fn conv(value: &Value, inputs: usize, outputs: usize) -> Conv2d<f64> {
    Conv2d {
        weight: Tensor::new(numbers(&value[0]), &[3, 3, inputs, outputs]),
        bias: Some(Tensor::new(numbers(&value[1]), &[outputs])),
        options: ConvOptions { padding: [1, 1], ..ConvOptions::default() },
    }
}

fn linear(value: &Value, inputs: usize, outputs: usize) -> Linear<f64> {
    let mut linear = Linear::new(inputs, outputs, &mut Rng::new(0));
    linear.weight = Tensor::new(numbers(&value[0]), &[inputs, outputs]);
    linear.bias = Some(Tensor::new(numbers(&value[1]), &[outputs]));
    linear
}

#[track_caller]
fn close(found: &[f64], expected: &Value) {
    let expected = numbers(expected);
    assert_eq!(found.len(), expected.len());
    for (a, b) in found.iter().zip(&expected) {
        assert!((a - b).abs() < 1e-12, "{a} and not {b}");
    }
}

#[test]
fn networks_and_the_loss() {
    let values = values();
    let x = image(&values);
    let of = &values["expert"];
    let expert = Expert {
        convs: vec![conv(&of[0], 1, 2), conv(&of[1], 2, 2), conv(&of[2], 2, 1)],
        batch_norms: vec![],
        group_norms: vec![],
        head: Head::Residual { std: 0.0 },
    };
    let restored = expert.forward(&x);
    close(restored.data(), &values["restored"]);
    let of = &values["judge"];
    let judge = Discriminator {
        blocks: vec![vec![conv(&of[0], 1, 2)]],
        hidden: linear(&of[1], 18, 3),
        output: linear(&of[2], 3, 1),
        singular: vec![],
    };
    let logits = judge.forward(&Tensor::concat(&[&x, &restored], 0));
    close(logits.data(), &values["logits"]);
    let (loss, _) = discriminator_loss(&judge, &TrainConfig::paper(), &x, &restored);
    assert!((loss.item() - values["discriminator_loss"].as_f64().unwrap()).abs() < 1e-12);
}

#[test]
fn mechanisms() {
    let values = values();
    let x = image(&values);
    for (mechanism, name) in [
        (Mechanism::Rotate { degrees: 20.0 }, "rotate_20"),
        (Mechanism::Shear { slope: 0.3 }, "shear_0.3"),
        (Mechanism::Blur { sigma: 0.8 }, "blur_0.8"),
    ] {
        close(mechanism.apply(&x, &mut Rng::new(0)).unwrap().data(), &values[name]);
    }
}

#[test]
fn the_best_balanced_assignment() {
    let values = values();
    let scores = Tensor::<f64>::new(numbers(&values["scores"]), &[6, 3]);
    let mut competition = Competition::new(3, Rule::Balanced { slack: 0.0 }).unwrap();
    let round = competition.judge(&scores, &mut Rng::new(0)).unwrap();
    let winners: Vec<f64> = round.winners().iter().map(|&w| w as f64).collect();
    close(&winners, &values["balanced"]);
}
