//! A small network learns two spirals, with fixed seeds: optimiser, schedule, averaging and trainer together.

use std::f32::consts::PI;

use seedbed_autodiff::{Rng, Tensor};
use seedbed_nn::ema::EmaConfig;
use seedbed_nn::optim::{OptimizerConfig, PerParam};
use seedbed_nn::schedule::Schedule;
use seedbed_nn::train::{Metrics, Stream, TrainConfig, Trainer};
use seedbed_nn::{Activation, Config, Init, Mlp};

/// `n` points (N, 2) on two spirals that wind around each other, and their signs (N, 1).
fn spirals(n: usize, noise: f64, rng: &mut Rng) -> (Tensor, Tensor) {
    let (mut points, mut signs) = (Vec::new(), Vec::new());
    for _ in 0..n {
        let sign = if rng.bernoulli(0.5) { 1.0 } else { -1.0 };
        let t = 0.3 + 2.7 * rng.uniform() as f32;
        let jitter = [rng.normal() * noise, rng.normal() * noise].map(|x| x as f32);
        points.extend([
            sign * t * (PI * t).cos() / 3.0 + jitter[0],
            sign * t * (PI * t).sin() / 3.0 + jitter[1],
        ]);
        signs.push(sign);
    }
    (Tensor::new(points, &[n, 2]), Tensor::new(signs, &[n, 1]))
}

/// The mean of `−ln σ(sign · logit)`.
fn cross_entropy(m: &Mlp, (x, sign): &(Tensor, Tensor)) -> Tensor {
    (m.forward(x) * sign * -1.0).softplus().mean(..)
}

fn accuracy(m: &Mlp, (x, sign): &(Tensor, Tensor)) -> f64 {
    let right = (m.forward(x) * sign).data().iter().filter(|x| **x > 0.0).count();
    right as f64 / sign.len() as f64
}

/// The accuracy of the averaged weights on new points.
fn train(optimizer: &str, steps: u64) -> f64 {
    let mut rng = Rng::new(11);
    // Glorot's first layer of two inputs starts so nearly linear that SGD stays there.
    let model =
        Mlp::<f32>::with_init(&[2, 32, 32, 1], Activation::Tanh, Init::LecunNormal, &mut rng);
    let test = spirals(1000, 0.0, &mut rng);
    let config: OptimizerConfig = serde_json::from_str(optimizer).unwrap();
    let optimizer = config.check().unwrap().build(&model, PerParam::default());
    let config = TrainConfig {
        steps,
        schedule: Schedule::cosine(steps).warm_up(steps / 20),
        clip_norm: Some(5.0),
        ema: Some(EmaConfig { decay: 0.98, warm_up: true }),
        ..Default::default()
    };
    let mut batches = Stream::new(
        rng.split(),
        |rng: &mut Rng| Some(spirals(64, 0.02, rng)),
        |rng| rng.to_bytes().to_vec(),
        |_, _| Err("not resumed in this test"),
    );
    let mut trainer = Trainer::new(model, optimizer, rng, config.check().unwrap());
    assert!(accuracy(trainer.averaged(), &test) < 0.75, "it does not know it yet");
    trainer.fit(&mut batches, |m, batch, _| cross_entropy(m, batch), |_| Metrics::new()).unwrap();
    accuracy(trainer.averaged(), &test)
}

#[test]
fn every_optimizer_learns_two_spirals() {
    for optimizer in [
        r#"{ "kind": "adamw", "lr": 0.01 }"#,
        r#"{ "kind": "adam", "lr": 0.01 }"#,
        r#"{ "kind": "adamax", "lr": 0.02 }"#,
        r#"{ "kind": "sgd", "lr": 0.3, "momentum": 0.9, "nesterov": true }"#,
        r#"{ "kind": "rmsprop", "lr": 0.003 }"#,
        r#"{ "kind": "graves_rmsprop", "lr": 0.0005 }"#,
    ] {
        let accuracy = train(optimizer, 2500);
        assert!(accuracy > 0.95, "{optimizer}: {accuracy}");
    }
}
