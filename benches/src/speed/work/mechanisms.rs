//! `mechanisms-step`: a step of training of experts that compete.

use std::hint::black_box;

use seedbed::autodiff::{Rng, Tensor};
use seedbed::mechanisms::network::{Discriminator, Expert};
use seedbed::mechanisms::samples::Unpaired;
use seedbed::mechanisms::train::{TrainConfig, Trainer};
use seedbed::nn::Config;
use seedbed::nn::schedule::Schedule;

use crate::speed::Work;

const EXPERTS: usize = 10;
const BATCH: usize = 32;
/// Pixels of a side. A build that is not optimised times nothing: its tests only see that the work can be done.
const SIDE: usize = if cfg!(debug_assertions) { 8 } else { 32 };

/// Networks of half width, and the plain algorithm: the highest score wins, no regulariser, no average.
fn config() -> TrainConfig {
    let config = TrainConfig {
        experts: EXPERTS,
        batch: BATCH,
        opening: None,
        revival: None,
        sharpening: None,
        schedule: Schedule::Constant,
        judge_decay: 0.0,
        r1: 0.0,
        ..TrainConfig::default()
    };
    config.half().for_images([SIDE, SIDE, 1])
}

/// For the peers.
pub(super) fn sizes() -> serde_json::Value {
    let config = config();
    serde_json::json!({
        "experts": EXPERTS, "batch": BATCH, "side": SIDE, "width": config.expert.width, "layers": config.expert.layers,
        "blocks": config.discriminator.blocks, "hidden": config.discriminator.hidden,
        "lrs": [config.expert_adam.lr, config.discriminator_adam.lr], "beta1": config.expert_adam.beta1,
    })
}

/// Floating-point operations of convolutions and products of a step: every expert forward on every image; the discriminator forward and backward on what
/// they made and on canonical images; winners forward and backward, through the discriminator.
pub fn flops() -> f64 {
    let (config, rng) = (config(), &mut Rng::new(1));
    let checked = "sizes that make sense";
    let expert = Expert::<f32>::new(&config.expert.check().expect(checked), rng);
    let judge = Discriminator::<f32>::new(&config.discriminator.check().expect(checked), rng);
    let (of_expert, of_judge) = (expert.flops(SIDE, SIDE), judge.flops(SIDE, SIDE));
    let (batch, all) = (BATCH as f64, (EXPERTS * BATCH) as f64);
    all * of_expert + 3.0 * (all + batch) * of_judge + batch * (3.0 * of_expert + 2.0 * of_judge)
}

/// A step.
pub fn step() -> Work {
    let rng = &mut Rng::new(1);
    let mut images = || Tensor::uniform(&[8 * BATCH, SIDE, SIDE, 1], 0.0, 1.0, rng);
    let data = Unpaired::new(images(), images()).expect("images of one shape");
    let config = config().check().expect("sizes that make sense");
    let mut trainer = Trainer::<f32>::new(&config, &data, 1).expect("images of this size");
    Box::new(move || {
        black_box(trainer.step(&data).expect("finite scores"));
    })
}
