//! `maml-step`: a step of MAML on sines.

use std::hint::black_box;

use seedbed::meta::fewshot::{SineTrainer, SineTraining};
use seedbed::nn::Config;
use serde_json::json;

use crate::speed::Work;

const HIDDEN: [usize; 2] = [40, 40];

fn config() -> SineTraining {
    // A clip that never acts, as the peers have none.
    SineTraining { clip: 1e30, ..SineTraining::default() }
}

/// For the peers.
pub(super) fn sizes() -> serde_json::Value {
    let SineTraining { tasks, points, inner_rate, rate, .. } = config();
    json!({ "tasks": tasks, "points": points, "hidden": HIDDEN, "inner_rate": inner_rate, "lr": rate })
}

/// Multiplications and additions of the products of a step: a forward pass takes F of a task; the inner gradient is 3 F, its product with the outer gradient through both 6 F, the outer
/// loss and gradient 3 F.
pub const FLOPS: f64 = {
    let config_tasks = 25.0;
    let points = 10.0;
    let [a, b] = HIDDEN;
    let weights = (a + a * b + b) as f64;
    config_tasks * 2.0 * points * weights * 12.0
};

/// A step: new sines and points, one inner step, the outer loss, its exact gradient, Adam.
pub fn step() -> Work {
    let mut trainer = SineTrainer::new(&config().check().expect("sizes that make sense"), 1);
    Box::new(move || {
        black_box(trainer.step());
    })
}
