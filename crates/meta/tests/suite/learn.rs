//! Learning to learn, in small.

use seedbed_autodiff::Rng;
use seedbed_meta::fewshot::{FewShotConfig, FewShotTrainer, Method, SineTrainer, SineTraining};
use seedbed_nn::Config as _;

use crate::fewshot::{small, tasks};

#[test]
fn every_method_learns_to_learn() {
    const STEPS: usize = 60;
    let tasks = tasks(4);
    for method in [
        Method::Maml,
        Method::FirstOrderMaml,
        Method::Anil,
        Method::MetaSgd,
        Method::Reptile,
        Method::Prototypes,
    ] {
        let usual = small(method, STEPS as u64);
        let config = match method {
            Method::Reptile => FewShotConfig { inner_rate: 1e-2, ..usual },
            Method::Prototypes => FewShotConfig { rate: 1e-2, ..usual },
            Method::Anil => FewShotConfig { rate: 1e-2, ..usual },
            _ => FewShotConfig { inner_rate: 0.05, rate: 1e-2, ..usual },
        };
        let config = FewShotConfig { tasks: 2, ..config };
        let mut trainer = FewShotTrainer::new(&config.check().unwrap(), 8, 1);
        // The loss of queries after adaptation, before each outer step.
        let losses: Vec<f64> = (0..STEPS).map(|_| trainer.step(&tasks)).collect();
        let mean = |part: &[f64]| part.iter().sum::<f64>() / part.len() as f64;
        let (before, after) = (mean(&losses[..15]), mean(&losses[STEPS - 15..]));
        assert!(after < 0.92 * before, "{method:?}: {before} to {after}");
    }
}

#[test]
fn a_network_learns_to_adapt_to_sines() {
    let config = SineTraining { steps: 600, tasks: 10, ..Default::default() }.check().unwrap();
    for seed in 0..2 {
        let mut trainer = SineTrainer::new(&config, seed);
        (0..600).for_each(|_| {
            trainer.step();
        });
        let errors = trainer.errors(100, &[0, 1, 10], &mut Rng::new(seed));
        assert!(errors[1] < 0.8 * errors[0] && errors[2] < errors[1], "{errors:?}");
    }
}
