//! Model-agnostic meta-learning (Finn et al. 2017) in ten lines: a gradient through a gradient step.

use seedbed::nn::Config;
use seedbed::nn::optim::{AdamW, AdamWConfig};
use seedbed::prelude::*;

// ANCHOR: model
#[derive(Clone, Debug)]
struct Sine<F: Float = f32> {
    w1: Tensor<F>,
    b1: Tensor<F>,
    w2: Tensor<F>,
    b2: Tensor<F>,
}
module!(Sine<F> { w1, b1, w2, b2 });

impl Sine {
    fn new(rng: &mut Rng) -> Self {
        Self {
            w1: Tensor::normal(&[1, 40], 0.0, 1.0, rng),
            b1: Tensor::zeros(&[40]),
            w2: Tensor::normal(&[40, 1], 0.0, 0.1, rng),
            b2: Tensor::zeros(&[1]),
        }
    }

    fn loss(&self, (x, y): &(Tensor, Tensor)) -> Tensor {
        let hidden = (x.matmul(&self.w1) + &self.b1).tanh();
        (hidden.matmul(&self.w2) + &self.b2 - y).square().mean(..)
    }
}
// ANCHOR_END: model

/// Ten points of a sine of random amplitude and phase, to adapt on, and ten more to be judged on.
fn task(rng: &mut Rng) -> [(Tensor, Tensor); 2] {
    let (amplitude, phase) = (0.1 + 4.9 * rng.uniform(), std::f64::consts::PI * rng.uniform());
    [(); 2].map(|()| {
        let x = Tensor::uniform(&[10, 1], -5.0, 5.0, rng);
        let y = (&x + phase).sin() * amplitude;
        (x, y)
    })
}

/// The mean loss on unseen points of 500 new tasks, before a step of adaptation and after it.
fn judge(model: &Sine) -> [f32; 2] {
    let (mut rng, mut sums) = (Rng::new(1), [0.0; 2]);
    for _ in 0..500 {
        let [train, test] = task(&mut rng);
        let g = grad(model, |m| m.loss(&train));
        let adapted = model.zip_params(&g, |p, g| p - 0.05 * g);
        sums[0] += model.loss(&test).item();
        sums[1] += adapted.loss(&test).item();
    }
    sums.map(|sum| sum / 500.0)
}

fn show(name: &str, model: &Sine) {
    let [before, after] = judge(model);
    println!(
        "{name}: loss {before:.3} before one step of adaptation, {after:.3} after it (500 new tasks)"
    );
}

fn main() -> Result<(), seedbed::nn::ConfigError> {
    let mut rng = Rng::new(0);
    let mut model = Sine::new(&mut rng);

    let config = AdamWConfig { lr: 3e-3, weight_decay: 0.0, ..Default::default() };
    let mut optimizer = AdamW::new(&model, config.check()?);
    show("random start", &model);

    // ANCHOR: maml
    // The loss after one step of adaptation, a function of where adaptation starts.
    let adapted = |m: &Sine, [train, test]: &[(Tensor, Tensor); 2]| {
        let g = grad(m, |m| m.loss(train));
        m.zip_params(&g, |p, g| p - 0.05 * g).loss(test)
    };
    for step in 0..=4_000 {
        let tasks: Vec<_> = (0..8).map(|_| task(&mut rng)).collect();
        // Its exact gradient differentiates through the inner gradient.
        let (loss, g) = par_value_and_grad(&model, &tasks, adapted);
        optimizer.step(&mut model, &g);
        if step % 1_000 == 0 {
            println!("step {step:4}: loss after adaptation {:.3}", loss.item());
        }
    }
    // ANCHOR_END: maml
    show("learnt start", &model);
    Ok(())
}
