//! What holds of competitions, mechanisms, networks and trainings.

mod bad_input;
mod competition;
mod golden;
mod gradcheck;
mod learn;
mod mechanism;
mod networks;
mod regimes;
mod restore;
mod rims;
mod training;

use seedbed_autodiff::{Rng, Tensor};
use seedbed_mechanisms::competition::Rule;
use seedbed_mechanisms::mechanism::Mechanism;
use seedbed_mechanisms::network::{DiscriminatorConfig, ExpertConfig};
use seedbed_mechanisms::samples::{Truth, Unpaired};
use seedbed_mechanisms::train::{Opening, TrainConfig};
use seedbed_nn::schedule::Schedule;

/// Crosses of random brightness on 8×8 pixels, one arm shorter, so that every direction is told from the others.
fn crosses(n: usize, rng: &mut Rng) -> Tensor<f32> {
    let mut data = Vec::new();
    for _ in 0..n {
        let (bright, arm) = (0.7 + 0.3 * rng.uniform() as f32, 1 + rng.below(2));
        for at in 0..64_usize {
            let (r, c) = (at / 8, at % 8);
            let up = c == 3 && (4 - arm..=5).contains(&r);
            let across = r == 4 && (2..=5).contains(&c);
            data.push(if up || across { bright } else { 0.0 });
        }
    }
    Tensor::new(data, &[n, 8, 8, 1])
}

/// Inverted ones and such as moved to the right.
fn two() -> [Mechanism; 2] {
    [Mechanism::Invert, Mechanism::Shift { down: 0, right: 2 }]
}

fn small_data(seed: u64) -> (Unpaired, Truth) {
    let rng = &mut Rng::new(seed);
    Unpaired::split(&crosses(400, rng), &two(), rng).unwrap()
}

/// Two experts for [`small_data`].
fn small_config() -> TrainConfig {
    TrainConfig {
        experts: 2,
        expert: ExpertConfig { width: 8, layers: 3, ..ExpertConfig::default() },
        discriminator: DiscriminatorConfig {
            image: [8, 8, 1],
            blocks: vec![vec![8], vec![8]],
            hidden: 16,
            spectral: false,
        },
        batch: 16,
        opening: Some(Opening { steps: 60, rule: Rule::Balanced { slack: 0.0 }, fade: false }),
        // Steps at one rate, so that the tests can count on them.
        expert_adam: TrainConfig::default().discriminator_adam,
        schedule: Schedule::Constant,
        judge_decay: 0.0,
        revival: None,
        sharpening: None,
        r1: 0.0,
        ..TrainConfig::default()
    }
}
